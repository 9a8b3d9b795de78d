//! Seeded histories: manifests, edits, rotations, foreign writers and outages in an order that nobody
//! thought of, each with a call or two that go wrong; and shrinking one that fails to what a person
//! can read.

use std::fmt;
use std::time::Duration;

use crate::driver::Weather;
use crate::explore::Outcome;
use crate::faults::{Fault, Kind};
use crate::functions::Name;
use crate::house::{Action, House};
use crate::stand::{Judged, Simulation, run};

/// Something that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Happening {
    /// The nth action's secret gets a new version.
    Rotate(usize),
    /// The manifest names another function for the nth action, and is uploaded.
    MoveFunction(usize),
    /// The manifest gets one more action, and is uploaded.
    AddAction,
    /// The manifest is uploaded as it is.
    UploadAgain,
    /// A person overwrites what the role grants.
    OverwriteRolePolicy,
    /// The resync's schedule fires.
    Resync,
    /// The sweep's schedule fires.
    Sweep,
    /// Every execution environment of a function ends when it is idle.
    GoCold(Name),
    /// So many seconds pass.
    Pass(u64),
}

/// A history.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct History {
    /// Everything that is not listed follows from it.
    pub seed: u64,
    /// In order.
    pub happenings: Vec<Happening>,
    /// What goes wrong, counted from the first happening.
    pub faults: Vec<Fault>,
    /// Whether events come twice and out of order.
    pub rough: bool,
}

/// How many happenings a history has.
const HAPPENINGS: std::ops::Range<usize> = 5..10;
/// Within how many calls its faults are.
const CALLS: u64 = 250;

impl History {
    /// The history of a seed: at least three bindings, five happenings and one fault.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let count = rng.usize(HAPPENINGS);
        let mut happenings: Vec<Happening> = (0..count).map(|_| happening(&mut rng)).collect();
        for after in (1..=count).rev() {
            if rng.bool() {
                happenings.insert(after, Happening::Pass(rng.u64(1..200)));
            }
        }
        let faults = (0..rng.usize(1..4)).map(|_| Fault {
            call: rng.u64(1..CALLS),
            kind: Kind::ALL[rng.usize(0..Kind::ALL.len())],
        });
        Self {
            seed,
            faults: faults.collect(),
            happenings,
            rough: rng.bool(),
        }
    }

    /// Plays it.
    #[must_use]
    pub fn play(&self) -> Outcome {
        run(self.seed, Judged::Nothing, async |simulation| {
            let mut house = House::of(&["orders", "invoices", "customers"]);
            simulation.furnish(&house);
            if self.rough {
                simulation.set_weather(Weather {
                    twice_in: 4,
                    reordered: true,
                });
            }
            for fault in &self.faults {
                simulation.faults.plan(*fault);
            }
            simulation.upload(&house).await;
            for happening in &self.happenings {
                happen(simulation, &mut house, *happening).await;
            }
            let problems = simulation.conclude(&house).await;
            Outcome {
                story: 0,
                calls: simulation.faults.calls(),
                hit: simulation.faults.hit(),
                problems,
                transcript: simulation.transcript(),
            }
        })
    }

    /// The shortest history found that still fails: without the happenings and faults that do not
    /// matter.
    #[must_use]
    pub fn shrunk(&self) -> Self {
        let fails = |history: &Self| !history.play().problems.is_empty();
        let mut shortest = self.clone();
        loop {
            let without = shortest.smaller().into_iter().find(fails);
            match without {
                Some(smaller) => shortest = smaller,
                None => return shortest,
            }
        }
    }

    /// Each history with one thing less.
    fn smaller(&self) -> Vec<Self> {
        let mut all = Vec::new();
        for left_out in 0..self.happenings.len() {
            let mut one = self.clone();
            one.happenings.remove(left_out);
            all.push(one);
        }
        for left_out in 0..self.faults.len() {
            let mut one = self.clone();
            one.faults.remove(left_out);
            all.push(one);
        }
        if self.rough {
            all.push(Self {
                rough: false,
                ..self.clone()
            });
        }
        all
    }
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "LOCKSTEP_SEED={}", self.seed)?;
        if self.rough {
            writeln!(f, "  events come twice and out of order")?;
        }
        writeln!(f, "  the manifest is uploaded")?;
        for happening in &self.happenings {
            writeln!(f, "  {happening:?}")?;
        }
        for fault in &self.faults {
            writeln!(f, "  call {}: {:?}", fault.call, fault.kind)?;
        }
        Ok(())
    }
}

fn happening(rng: &mut fastrand::Rng) -> Happening {
    match rng.u32(0..12) {
        0..4 => Happening::Rotate(rng.usize(0..3)),
        4 => Happening::MoveFunction(rng.usize(0..3)),
        5 => Happening::AddAction,
        6 => Happening::UploadAgain,
        7 => Happening::OverwriteRolePolicy,
        8 => Happening::Resync,
        9 => Happening::Sweep,
        10 => Happening::GoCold(Name::ALL[rng.usize(0..Name::ALL.len())]),
        _ => Happening::Pass(rng.u64(1..4_000)),
    }
}

async fn happen(simulation: &Simulation, house: &mut House, happening: Happening) {
    match happening {
        Happening::Rotate(nth) => simulation.rotate(&house.actions[nth]).await,
        Happening::MoveFunction(nth) => {
            let action = &mut house.actions[nth];
            action.moved = !action.moved;
            simulation.furnish_functions(house);
            simulation.upload(house).await;
        }
        Happening::AddAction => {
            let action = Action {
                key: format!("added-{}", house.actions.len()),
                tested: house.actions.len().is_multiple_of(2),
                alternating: false,
                moved: false,
            };
            simulation.furnish_action(&action);
            house.actions.push(action);
            simulation.furnish_functions(house);
            simulation.upload(house).await;
        }
        Happening::UploadAgain => simulation.upload(house).await,
        Happening::OverwriteRolePolicy => {
            house.tampered = true;
            simulation.overwrite_role_policy().await;
        }
        Happening::Resync => simulation.fire("ResyncSchedule"),
        Happening::Sweep => simulation.fire("ComplianceSchedule"),
        Happening::GoCold(function) => simulation.function(function).go_cold(),
        Happening::Pass(seconds) => simulation.pass(Duration::from_secs(seconds)).await,
    }
}
