//! The stories of the matrix, each in a simulation of its own, on as many threads as there are processors.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use super::ends::{End, end_of};
use super::settings::{Row, Switch};
use super::{actions, credentials};
use crate::explore::on_all_processors;
use crate::stand::{Judged, Setup};
use crate::story::{Error, InMemory, World, play};

/// A scenario that the switches touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scenario {
    /// A first provisioning, then the rotation of an action's secret.
    Actions,
    /// Credentials of two integrations follow their secret, and Lockstep's own client takes its turn.
    Credentials,
}

impl Scenario {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Actions, Self::Credentials];
}

/// What makes the platform show what its switches are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provocations {
    /// What the settings that are not the default need.
    OfSettings,
    /// What any switch needs.
    All,
}

/// What makes the platform show what a switch is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Provocation {
    /// Another writer comes in between reading and writing an action.
    Conflict,
    /// The rate limit is used up in the middle.
    Throttled,
    /// The secret of Lockstep's own client is reset before the rotation.
    ClientReset,
    /// A web service refuses a credential's new values.
    Refused,
}

/// Which switches need which provocation.
const NEEDS: [(&str, Provocation); 5] = [
    ("stale_action_version", Provocation::Conflict),
    ("rate_limit_answer", Provocation::Throttled),
    ("old_client_secret", Provocation::ClientReset),
    ("tokens_after_reset", Provocation::ClientReset),
    ("upstream_refusal", Provocation::Refused),
];

/// A story to play.
#[derive(Clone, Debug)]
pub struct Job {
    /// What happens in it.
    pub scenario: Scenario,
    /// Its settings, in words.
    pub name: String,
    pub(super) row: Row,
    settings: Vec<(String, String)>,
    provocations: Vec<Provocation>,
    pub(super) end: End,
    judged: Judged,
}

/// A story that was played.
#[derive(Clone, Debug)]
pub struct Played {
    /// The story.
    pub job: Job,
    /// What went wrong.
    pub problem: Option<String>,
}

impl Job {
    pub(super) fn new(
        all: &[Switch],
        scenario: Scenario,
        row: Row,
        provocations: Provocations,
    ) -> Self {
        let changed = row.changed(all);
        let is_needed = |switch: &str| match provocations {
            Provocations::All => true,
            Provocations::OfSettings => changed.iter().any(|(name, _)| *name == switch),
        };
        let needs = NEEDS.iter().filter(|(switch, _)| is_needed(switch));
        let settings = row.settings(all);
        Self {
            scenario,
            name: row.named(all),
            settings: settings
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            provocations: needs.map(|(_, provocation)| *provocation).collect(),
            end: end_of(all, &row),
            judged: match provocations {
                Provocations::All => Judged::Everything,
                // What is said to AWS is the same with most settings, and the rows of pairs have them all.
                Provocations::OfSettings => Judged::GenesysCloud,
            },
            row,
        }
    }

    pub(super) fn provokes(&self, provocation: Provocation) -> bool {
        self.provocations.contains(&provocation)
    }

    /// The value of a switch.
    pub(super) fn setting(&self, switch: &str) -> &str {
        let found = self.settings.iter().find(|(name, _)| name == switch);
        found
            .map(|(_, value)| value)
            .expect("there is such a switch")
    }

    /// What goes wrong; a simulator that is asked for what it does not know complains with a panic.
    fn problem(&self) -> Option<String> {
        match catch_unwind(AssertUnwindSafe(|| self.play())) {
            Ok(played) => played.err().map(|error| error.to_string()),
            Err(panic) => Some(match panic.downcast::<String>() {
                Ok(text) => *text,
                Err(_) => "it panicked".to_owned(),
            }),
        }
    }

    fn play(&self) -> Result<(), Error> {
        play(async || {
            let setup = Setup {
                judged: self.judged,
                genesys_events: true,
                ..Setup::of(1)
            };
            let world = World {
                stack: InMemory::set_up(setup).await?,
            };
            for (name, value) in &self.settings {
                world.stack.genesys.set_switch(name, value)?;
            }
            match self.scenario {
                Scenario::Actions => actions::play(&world, self).await?,
                Scenario::Credentials => credentials::play(&world, self).await?,
            }
            let against = world.stack.genesys.violations();
            match against.is_empty() {
                true => Ok(()),
                false => Err(format!("against the contract: {}", against.join("\n")).into()),
            }
        })
    }
}

/// Plays all stories, also after a failure; answers them in their order.
#[must_use]
pub fn play_all(jobs: Vec<Job>) -> Vec<Played> {
    let next = AtomicUsize::new(0);
    let problems = Mutex::new(BTreeMap::new());
    on_all_processors(|| {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = jobs.get(index) else { break };
            let began = Instant::now();
            let problem = job.problem();
            let (scenario, name) = (job.scenario, &job.name);
            let end = problem.as_deref().unwrap_or("it came to its end");
            let seconds = began.elapsed().as_secs_f32();
            println!("{scenario:?}: {name}: {seconds:.1} s: {end}");
            if let Some(problem) = problem {
                let mut problems = problems.lock().expect("no thread panics in here");
                problems.insert(index, problem);
            }
        }
    });
    let mut problems = problems.into_inner().expect("no thread panics in here");
    let played = jobs.into_iter().enumerate().map(|(index, job)| Played {
        job,
        problem: problems.remove(&index),
    });
    played.collect()
}
