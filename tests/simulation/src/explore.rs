//! Trying faults: each run in a simulation of its own, on as many threads as there are processors.

use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::faults::{Fault, Site};
use crate::house::House;
use crate::judge::Problem;
use crate::scenario::Scenario;
use crate::stand::{Judged, Simulation, Snapshot, run, run_from};

/// What came of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The calls of the functions once the story had begun.
    pub calls: Vec<Site>,
    /// How many of them were made until everything came to rest for the first time.
    pub story: usize,
    /// The faults that happened.
    pub hit: Vec<(Fault, Site)>,
    /// What does not hold.
    pub problems: Vec<Problem>,
    /// Everything that happened, in lines.
    pub transcript: String,
}

/// Plays a scenario from its beginning, with nothing that goes wrong.
#[must_use]
pub fn undisturbed(scenario: Scenario, seed: u64, judged: Judged) -> Outcome {
    run(seed, judged, async |simulation| {
        let house = scenario.house();
        scenario.prepare(simulation, &house).await;
        play(simulation, scenario, house).await
    })
}

async fn play(simulation: &Simulation, scenario: Scenario, mut house: House) -> Outcome {
    let before = simulation.faults.calls().len();
    scenario.play(simulation, &mut house).await;
    simulation.try_rest().await;
    let story = simulation.faults.calls().len() - before;
    let problems = simulation.conclude(&house).await;
    Outcome {
        calls: simulation.faults.calls().split_off(before),
        story,
        hit: simulation.faults.hit(),
        problems,
        transcript: simulation.transcript(),
    }
}

/// A scenario that is about to begin, as often as one likes.
pub struct Prepared {
    scenario: Scenario,
    begin: Snapshot,
}

impl Prepared {
    /// Brings a scenario to where its story begins.
    #[must_use]
    pub fn of(scenario: Scenario, seed: u64) -> Self {
        let begin = run(seed, Judged::Nothing, async |simulation| {
            scenario.prepare(simulation, &scenario.house()).await;
            simulation.snapshot()
        });
        Self { scenario, begin }
    }

    /// Plays the story with these faults; calls are counted from its beginning.
    #[must_use]
    pub fn play(&self, faults: &[Fault]) -> Outcome {
        run_from(&self.begin, Judged::Nothing, async |simulation| {
            for fault in faults {
                simulation.faults.plan(*fault);
            }
            play(simulation, self.scenario, self.scenario.house()).await
        })
    }

    /// The calls that the story makes where nothing goes wrong, until it comes to rest.
    #[must_use]
    pub fn calls(&self) -> Vec<Site> {
        let mut outcome = self.play(&[]);
        outcome.calls.truncate(outcome.story);
        outcome.calls
    }

    /// Plays every plan of faults; answers what came of those after which something does not hold, in
    /// their order, each without the faults that do not matter.
    #[must_use]
    pub fn failures(&self, plans: &[Vec<Fault>]) -> Vec<Outcome> {
        let next = AtomicUsize::new(0);
        let failed = Mutex::new(Vec::new());
        on_all_processors(|| {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Some(faults) = plans.get(number) else {
                    break;
                };
                if !self.play(faults).problems.is_empty() {
                    let shrunk = self.shrunk(faults);
                    let mut failed = failed.lock().expect("no thread panics in here");
                    failed.push((number, shrunk));
                }
            }
        });
        let mut failed = failed.into_inner().expect("no thread panics in here");
        failed.sort_by_key(|(number, _)| *number);
        failed.into_iter().map(|(_, outcome)| outcome).collect()
    }

    /// Of a plan after which something does not hold, the faults that it takes; and what came of them.
    #[must_use]
    pub fn shrunk(&self, faults: &[Fault]) -> Outcome {
        let mut shortest = (faults.to_vec(), self.play(faults));
        loop {
            let without = (0..shortest.0.len()).map(|number| {
                let mut fewer = shortest.0.clone();
                fewer.remove(number);
                let outcome = self.play(&fewer);
                (fewer, outcome)
            });
            let Some(fails) = without
                .into_iter()
                .find(|(_, one)| !one.problems.is_empty())
            else {
                return shortest.1;
            };
            shortest = fails;
        }
    }
}

/// Does the same on as many threads as there are processors.
pub fn on_all_processors(work: impl Fn() + Sync) {
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(&work);
        }
    });
}

/// Each of these faults in a run of its own.
#[must_use]
pub fn alone(faults: impl IntoIterator<Item = Fault>) -> Vec<Vec<Fault>> {
    faults.into_iter().map(|fault| vec![fault]).collect()
}

/// All of these faults in few runs, `each` in one, as far from each other as that allows: each must be
/// survived although the others happen as well.
#[must_use]
pub fn spread(faults: &[Fault], each: usize) -> Vec<Vec<Fault>> {
    let runs = faults.len().div_ceil(each);
    (0..runs)
        .map(|first| faults.iter().skip(first).step_by(runs).copied().collect())
        .collect()
}

/// What a person reads of an outcome: the faults that happened, and what does not hold.
#[must_use]
pub fn report(outcome: &Outcome) -> String {
    let mut lines: Vec<String> = outcome
        .hit
        .iter()
        .map(|(fault, site)| {
            format!(
                "  call {} was {} to {} {}: {:?}\n",
                fault.call, site.function, site.operation, site.resource, fault.kind
            )
        })
        .collect();
    let problems = outcome.problems.iter();
    lines.extend(problems.map(|problem| format!("  => {}\n", problem.0)));
    lines.concat()
}

/// Figures of many runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Runs.
    pub runs: usize,
    /// Calls of the functions.
    pub calls: usize,
    /// Faults that happened.
    pub faults: usize,
    /// Runs in which something did not hold.
    pub failed: usize,
}

impl Figures {
    /// Adds a run.
    pub fn add(&mut self, outcome: &Outcome) {
        self.runs += 1;
        self.calls += outcome.calls.len();
        self.faults += outcome.hit.len();
        self.failed += usize::from(!outcome.problems.is_empty());
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            runs,
            calls,
            faults,
            failed,
        } = self;
        write!(
            f,
            "{runs} runs, {calls} calls, {faults} faults, {failed} failed"
        )
    }
}
