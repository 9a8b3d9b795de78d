//! Playing histories, many side by side; and shrinking one that fails to what a person can read.

use std::any::Any;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::explore::{Figures, Outcome, on_all_processors};
use crate::history::{Begin, FAMILY, History};
use crate::house::House;
use crate::judge::Problem;
use crate::stand::{Judged, Snapshot, run, run_from};

/// Plays histories one after the other, and keeps what the last of them began with: its neighbours begin
/// with the same.
#[derive(Default)]
pub struct Player {
    provisioned: Option<(House, Snapshot)>,
}

impl Player {
    /// Plays a history. A panic, of a function or of the simulation itself, is a problem too.
    pub fn play(&mut self, history: &History) -> Outcome {
        let played = std::panic::AssertUnwindSafe(|| self.played(history));
        std::panic::catch_unwind(played).unwrap_or_else(|panic| Outcome {
            problems: vec![Problem(format!("it panicked: {}", message(&*panic)))],
            ..Outcome::default()
        })
    }

    fn played(&mut self, history: &History) -> Outcome {
        let seed = history.seed;
        match history.begin {
            Begin::Upload => run(seed, Judged::Nothing, async |simulation| {
                history.furnish(simulation).await;
                history.happen(simulation).await
            }),
            Begin::Provisioned => {
                let snapshot = self.provisioned(history);
                run_from(snapshot, seed, Judged::Nothing, async |simulation| {
                    history.happen(simulation).await
                })
            }
        }
    }

    fn provisioned(&mut self, history: &History) -> &Snapshot {
        let known = self.provisioned.take();
        let known = known.filter(|(house, _)| *house == history.house);
        let known = known.unwrap_or_else(|| (history.house.clone(), provision(history)));
        &self.provisioned.insert(known).1
    }

    /// The shortest history found that still fails: without what does not matter.
    #[must_use]
    pub fn shrunk(&mut self, history: &History) -> History {
        let by_call = history.with_faults_by_call(self.play(history));
        let mut shortest = match self.fails(&by_call) {
            true => by_call,
            false => history.clone(),
        };
        loop {
            let mut smaller = shortest.smaller().into_iter();
            match smaller.find(|history| self.fails(history)) {
                Some(smaller) => shortest = smaller,
                None => return shortest,
            }
        }
    }

    fn fails(&mut self, history: &History) -> bool {
        !self.play(history).problems.is_empty()
    }
}

/// What there is once everything that the manifest of a history names is provisioned and verified.
fn provision(history: &History) -> Snapshot {
    // The same for all that share the manifest.
    run(1, Judged::Nothing, async |simulation| {
        history.furnish(simulation).await;
        simulation.upload(&history.house).await;
        simulation.rest().await;
        simulation.snapshot()
    })
}

/// Plays the histories of these seeds, on all processors; `failed` gets each one in which something does
/// not hold.
pub fn play_histories(
    seeds: Range<u64>,
    failed: impl Fn(&mut Player, &History, &Outcome) + Sync,
) -> Figures {
    let next = AtomicU64::new(seeds.start / FAMILY);
    let figures = Mutex::new(Figures::default());
    on_all_processors(|| {
        let mut player = Player::default();
        loop {
            let family = next.fetch_add(1, Ordering::Relaxed) * FAMILY;
            if family >= seeds.end {
                break;
            }
            for seed in (family..family + FAMILY).filter(|seed| seeds.contains(seed)) {
                let history = History::of(seed);
                let outcome = player.play(&history);
                figures
                    .lock()
                    .expect("no thread panics in here")
                    .add(&outcome);
                if !outcome.problems.is_empty() {
                    failed(&mut player, &history, &outcome);
                }
            }
        }
    });
    figures.into_inner().expect("no thread panics in here")
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default()
}
