//! Trying faults: each run in a simulation of its own, on as many threads as there are processors.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::fault::{Fault, Site, Struck};
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
    /// The planned faults that happened.
    pub struck: Vec<Struck>,
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
        play(simulation, scenario, house, true).await
    })
}

/// Plays a scenario to its end; with `called`, flows call the bound actions all the time.
async fn play(
    simulation: &Simulation,
    scenario: Scenario,
    mut house: House,
    called: bool,
) -> Outcome {
    let before = simulation.faults.calls().len();
    let canary = called.then(|| simulation.canary(&house, None));
    if let Some((_, watch)) = &canary {
        scenario.excuse(watch);
    }
    scenario.play(simulation, &mut house).await;
    simulation.try_rest().await;
    let story = simulation.faults.calls().len() - before;
    let mut problems = simulation.conclude(&house).await;
    if let Some((canary, watch)) = canary {
        problems.extend(canary.ends(&watch, &house).await);
    }
    Outcome {
        calls: simulation.faults.calls().split_off(before),
        story,
        struck: simulation.faults.struck(),
        problems,
        transcript: simulation.transcript(),
    }
}

/// What the functions' execution environments are when a story begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Environments {
    /// There are none yet.
    Cold,
    /// Each function has one that has signed in and read everything.
    Warm,
}

impl Environments {
    /// Those of the nth run: warm ones in every second.
    fn alternately(run: usize) -> Self {
        match run.is_multiple_of(2) {
            true => Self::Cold,
            false => Self::Warm,
        }
    }
}

/// A scenario that is about to begin, as often as one likes.
pub struct Prepared {
    scenario: Scenario,
    seed: u64,
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
        Self {
            scenario,
            seed,
            begin,
        }
    }

    /// Plays the story with these faults; calls are counted from its beginning.
    #[must_use]
    pub fn play(&self, faults: &[Fault], environments: Environments) -> Outcome {
        run_from(
            &self.begin,
            self.seed,
            Judged::Nothing,
            async |simulation| {
                match environments {
                    Environments::Cold => {}
                    Environments::Warm => simulation.warm_up().await,
                }
                for fault in faults {
                    simulation.faults.plan(fault.clone());
                }
                // Calls cost as much as Lockstep's own work. What many faults of reads share is judged
                // without them.
                let called = faults.len() <= 1;
                play(simulation, self.scenario, self.scenario.house(), called).await
            },
        )
    }

    /// The calls that the story makes where nothing goes wrong, until it comes to rest.
    #[must_use]
    pub fn calls(&self) -> Vec<Site> {
        let mut outcome = self.play(&[], Environments::Cold);
        outcome.calls.truncate(outcome.story);
        outcome.calls
    }

    /// Plays every plan of faults. What did not happen in its run, since the faults before it led
    /// elsewhere, is played again with fewer others, and in the end alone. At first every second run begins
    /// with warm execution environments, which make fewer calls.
    #[must_use]
    pub fn explore(&self, mut plans: Vec<Vec<Fault>>) -> Explored {
        let mut explored = Explored {
            faults: plans.iter().map(Vec::len).sum(),
            ..Explored::default()
        };
        // Cold ones make the calls that the faults were planned at.
        let mut of_run: fn(usize) -> Environments = Environments::alternately;
        let mut is_last = false;
        loop {
            explored.runs += plans.len();
            let missed = self.play_all(&plans, of_run, &mut explored.failed);
            if missed.is_empty() || is_last {
                explored.unplayed = missed;
                return explored;
            }
            explored.again += missed.len();
            let widest = plans.iter().map(Vec::len).max().unwrap_or_default();
            let each = widest.div_ceil(3);
            (of_run, is_last) = (|_| Environments::Cold, each <= 1);
            plans = spread(&missed, each);
        }
    }

    /// Plays every plan, and adds what failed, without the faults that do not matter. Answers the
    /// faults that did not happen.
    fn play_all(
        &self,
        plans: &[Vec<Fault>],
        of_run: fn(usize) -> Environments,
        failed: &mut Vec<Outcome>,
    ) -> Vec<Fault> {
        let next = AtomicUsize::new(0);
        let played = Mutex::new(BTreeMap::new());
        on_all_processors(|| {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Some(faults) = plans.get(number) else {
                    break;
                };
                let environments = of_run(number);
                let outcome = self.play(faults, environments);
                let happened = |fault: &Fault| outcome.struck.iter().any(|one| one.fault == *fault);
                let missed = faults.iter().filter(|fault| !happened(fault)).cloned();
                let missed: Vec<Fault> = missed.collect();
                let shrunk =
                    (!outcome.problems.is_empty()).then(|| self.shrunk(faults, environments));
                let mut played = played.lock().expect("no thread panics in here");
                played.insert(number, (missed, shrunk));
            }
        });
        let played = played.into_inner().expect("no thread panics in here");
        let mut all_missed = Vec::new();
        for (missed, shrunk) in played.into_values() {
            all_missed.extend(missed);
            failed.extend(shrunk);
        }
        all_missed
    }

    /// Of a plan after which something does not hold, the faults that it takes; and what came of them.
    #[must_use]
    pub fn shrunk(&self, faults: &[Fault], environments: Environments) -> Outcome {
        let mut shortest = (faults.to_vec(), self.play(faults, environments));
        loop {
            let without = (0..shortest.0.len()).map(|number| {
                let mut fewer = shortest.0.clone();
                fewer.remove(number);
                let outcome = self.play(&fewer, environments);
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

/// What came of many faults.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explored {
    /// Planned faults.
    pub faults: usize,
    /// Runs.
    pub runs: usize,
    /// How many faults were played again, since they had not happened.
    pub again: usize,
    /// What came of the runs after which something does not hold, each without the faults that do not
    /// matter.
    pub failed: Vec<Outcome>,
    /// The faults that happened in no run.
    pub unplayed: Vec<Fault>,
}

impl Explored {
    /// Adds those of another scenario.
    pub fn add(&mut self, other: Self) {
        self.faults += other.faults;
        self.runs += other.runs;
        self.again += other.again;
        self.failed.extend(other.failed);
        self.unplayed.extend(other.unplayed);
    }
}

impl fmt::Display for Explored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            faults,
            runs,
            again,
            failed,
            unplayed,
        } = self;
        write!(
            f,
            "{faults} faults in {runs} runs, {again} of them again; {} runs failed, {} faults unplayed",
            failed.len(),
            unplayed.len()
        )?;
        for outcome in failed {
            write!(f, "\n{}", report(outcome).trim_end())?;
        }
        for fault in unplayed {
            write!(f, "\n  unplayed: {fault}")?;
        }
        Ok(())
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
        .map(|first| faults.iter().skip(first).step_by(runs).cloned().collect())
        .collect()
}

/// What a person reads of an outcome: the faults that happened, and what does not hold.
#[must_use]
pub fn report(outcome: &Outcome) -> String {
    let struck = outcome.struck.iter();
    let mut lines: Vec<String> = struck
        .map(|struck| format!("  {}: {:?}\n", struck.call, struck.fault.kind))
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
        self.faults += outcome.struck.len();
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
