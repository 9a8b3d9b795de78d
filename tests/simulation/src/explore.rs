//! Trying faults: each run in a simulation of its own, on as many threads as there are processors.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::faults::{Fault, Kind, Site};
use crate::judge::Problem;
use crate::scenario::Scenario;
use crate::stand::{Judged, run};

/// One run: a scenario, and what goes wrong in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Run {
    /// The story.
    pub scenario: Scenario,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// Everything else follows from it.
    pub seed: u64,
}

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

impl Run {
    /// Plays it.
    #[must_use]
    pub fn play(&self) -> Outcome {
        self.play_judged(Judged::Nothing)
    }

    /// Plays it before the judges.
    #[must_use]
    pub fn play_judged(&self, judged: Judged) -> Outcome {
        run(self.seed, judged, async |simulation| {
            let mut house = self.scenario.house();
            self.scenario.prepare(simulation, &house).await;
            let before = simulation.faults.calls().len();
            let offset = u64::try_from(before).unwrap_or(u64::MAX);
            for fault in &self.faults {
                simulation.faults.plan(Fault {
                    call: fault.call + offset,
                    kind: fault.kind,
                });
            }
            self.scenario.play(simulation, &mut house).await;
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
        })
    }
}

/// Which calls of a scenario go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Calls {
    /// Every one.
    Every,
    /// The first of each operation that changes something, on each resource by each function.
    Writes,
}

impl Calls {
    fn include(self, site: &Site) -> bool {
        match self {
            Self::Every => true,
            Self::Writes => site.is_write(),
        }
    }
}

/// Calls of a scenario until it comes to rest, each with every one of these faults.
#[must_use]
pub fn each_call(scenario: Scenario, calls: Calls, kinds: &[Kind], seed: u64) -> Vec<Run> {
    let undisturbed = Run {
        scenario,
        faults: Vec::new(),
        seed,
    };
    let outcome = undisturbed.play();
    let mut seen = BTreeSet::new();
    let story = outcome.calls.iter().take(outcome.story);
    story
        .zip(1..)
        .filter(|(site, _)| calls.include(site))
        .filter(|(site, _)| seen.insert(*site) || calls == Calls::Every)
        .flat_map(|(_, call)| kinds.iter().map(move |kind| Fault { call, kind: *kind }))
        .map(|fault| Run {
            scenario,
            faults: vec![fault],
            seed,
        })
        .collect()
}

/// Plays all of them; answers those in which something does not hold, in their order.
#[must_use]
pub fn play_all(runs: &[Run]) -> Vec<(Run, Outcome)> {
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(run) = runs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcome = run.play();
                    if !outcome.problems.is_empty() {
                        failed
                            .lock()
                            .expect("no thread panics in here")
                            .push((run.clone(), outcome));
                    }
                }
            });
        }
    });
    let mut failed = failed.into_inner().expect("no thread panics in here");
    failed.sort_by(|(a, _), (b, _)| a.cmp(b));
    failed
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
