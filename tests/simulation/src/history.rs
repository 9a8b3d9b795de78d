//! Seeded histories: manifests, edits, rotations, foreign writers and outages in an order that nobody
//! thought of, each with a call or two that go wrong.

use std::fmt;
use std::time::Duration;

use crate::driver::Weather;
use crate::explore::Outcome;
use crate::fault::{Fault, Kind, Which};
use crate::happening::Happening;
use crate::house::{Action, House};
use crate::stand::Simulation;

/// A history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// Everything that is not listed follows from it.
    pub seed: u64,
    /// What the manifest names at first.
    pub house: House,
    /// What was there before.
    pub begin: Begin,
    /// In order, after the manifest was uploaded.
    pub happenings: Vec<Happening>,
    /// What goes wrong, counted from the first happening.
    pub faults: Vec<Fault>,
    /// Whether events come twice and out of order.
    pub rough: bool,
    /// How many seconds late IAM and STS show a change.
    pub iam_late: u8,
}

/// What a history begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// Nothing: the upload of the manifest is part of it.
    Upload,
    /// Everything that the manifest names is provisioned and verified, and no execution environment is warm.
    Provisioned,
}

/// How many histories in a row have the same manifest. The first begins with its upload; the others share
/// what came of that, undisturbed.
pub(crate) const FAMILY: u64 = 8;

/// How many happenings wake a function.
const TRIGGERS: std::ops::Range<usize> = 5..9;
/// How many more disturb.
const DISTURBANCES: std::ops::Range<usize> = 0..4;
/// Within how many calls its faults are.
const CALLS: u64 = 400;
/// "Changes that I make are not always immediately visible" (IAM user guide): mostly within seconds.
/// Lockstep waits for a minute (`SettleSeconds`).
const IAM_LATE: std::ops::Range<u8> = 0..40;

/// How often flows call where nothing is written.
const EVERY: Duration = Duration::from_secs(600);

impl History {
    /// The history of a seed: at least three bindings, five happenings that wake a function, and one
    /// fault.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let house = house(&mut fastrand::Rng::with_seed(seed / FAMILY));
        let mut rng = fastrand::Rng::with_seed(seed);
        let count = rng.usize(TRIGGERS);
        let triggers = (0..count).map(|_| Happening::trigger(&mut rng));
        let mut happenings: Vec<Happening> = triggers.collect();
        for _ in 0..rng.usize(DISTURBANCES) {
            let at = rng.usize(0..=happenings.len());
            happenings.insert(at, Happening::disturbance(&mut rng));
        }
        for after in (1..=happenings.len()).rev() {
            match rng.u32(0..4) {
                0 => {}
                1..3 => happenings.insert(after, Happening::Pass(rng.u64(1..200))),
                _ => happenings.insert(after, Happening::Pass(rng.u64(200..4_000))),
            }
        }
        let faults = (0..rng.usize(1..4)).map(|_| Fault {
            which: Which::Number(rng.u64(1..CALLS)),
            kind: Kind::ALL[rng.usize(0..Kind::ALL.len())],
        });
        Self {
            seed,
            faults: faults.collect(),
            house,
            begin: match seed.is_multiple_of(FAMILY) {
                true => Begin::Upload,
                false => Begin::Provisioned,
            },
            happenings,
            rough: rng.bool(),
            iam_late: match rng.bool() {
                true => rng.u8(IAM_LATE),
                false => 0,
            },
        }
    }

    /// The happenings in a world where nothing else goes wrong.
    #[must_use]
    pub fn undisturbed(house: House, happenings: &[Happening]) -> Self {
        Self {
            seed: 1,
            house,
            begin: Begin::Upload,
            happenings: happenings.to_vec(),
            faults: Vec::new(),
            rough: false,
            iam_late: 0,
        }
    }

    /// Its house, as it is before anything happens.
    pub(crate) async fn furnish(&self, simulation: &Simulation) {
        simulation.furnish(&self.house);
        if self.house.credential {
            simulation.create_web_services().await;
        }
        if self.house.pair {
            simulation.plant_use();
        }
    }

    /// Everything that happens, to its end.
    pub(crate) async fn happen(&self, simulation: &Simulation) -> Outcome {
        let mut house = self.house.clone();
        self.disturb(simulation);
        let (canary, watch) = simulation.canary(&house, Some(EVERY));
        if self.begin == Begin::Upload {
            simulation.upload(&house).await;
        }
        for happening in &self.happenings {
            happening.happen(simulation, &mut house, &watch).await;
        }
        simulation.outlast_troubles().await;
        let mut problems = simulation.conclude(&house).await;
        problems.extend(canary.ends(&watch, &house).await);
        Outcome {
            story: 0,
            calls: simulation.faults.calls(),
            struck: simulation.faults.struck(),
            problems,
            transcript: simulation.transcript(),
        }
    }

    fn disturb(&self, simulation: &Simulation) {
        if self.rough {
            simulation.set_weather(Weather {
                twice_in: 4,
                reordered: true,
            });
        }
        let late = jiff::SignedDuration::from_secs(i64::from(self.iam_late));
        simulation.account.with_state(|state| {
            state.services.iam.lateness.reads = late;
            state.services.iam.lateness.decisions = late;
        });
        for fault in &self.faults {
            simulation.faults.plan(fault.clone());
        }
    }

    /// The same, each fault at the call that it struck, as it was played: what is left out does not move it
    /// to another.
    pub(crate) fn with_faults_by_call(&self, played: Outcome) -> Self {
        let struck = played.struck.into_iter();
        let faults = struck.map(|struck| Fault {
            which: Which::Call(struck.call),
            kind: struck.fault.kind,
        });
        Self {
            faults: faults.collect(),
            ..self.clone()
        }
    }

    /// Each history with one thing less.
    pub(crate) fn smaller(&self) -> Vec<Self> {
        let mut all = Vec::new();
        let mut add = |change: &dyn Fn(&mut Self)| {
            let mut one = self.clone();
            change(&mut one);
            if one != *self {
                all.push(one);
            }
        };
        for left_out in 0..self.happenings.len() {
            add(&|one| {
                one.happenings.remove(left_out);
            });
        }
        for left_out in 0..self.faults.len() {
            add(&|one| {
                one.faults.remove(left_out);
            });
        }
        add(&|one| one.rough = false);
        add(&|one| one.iam_late = 0);
        add(&|one| one.house.pair = false);
        add(&|one| one.house.credential = false);
        add(&|one| {
            if one.house.actions.len() > 1 {
                one.house.actions.pop();
            }
        });
        all
    }
}

/// What a manifest names at first: three or four actions of every kind, and perhaps a credential and a
/// pair.
fn house(rng: &mut fastrand::Rng) -> House {
    let keys = ["orders", "invoices", "customers", "returns"];
    let count = rng.usize(3..=keys.len());
    let actions = keys.iter().take(count).map(|key| Action {
        key: (*key).to_owned(),
        tested: rng.bool(),
        alternating: rng.bool(),
        moved: false,
        delivered: rng.u32(0..5) > 0,
        broken: false,
        timeout: None,
    });
    House {
        actions: actions.collect(),
        credential: rng.u32(0..3) == 0,
        pair: rng.u32(0..4) == 0,
        ..House::of(&[])
    }
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "LOCKSTEP_SEED={}", self.seed)?;
        for (number, action) in self.house.actions.iter().enumerate() {
            let mut traits = vec![match action.alternating {
                true => "overlap: alternating",
                false => "overlap: none",
            }];
            traits.extend(action.tested.then_some("with a live test"));
            traits.extend((!action.delivered).then_some("delivery: none"));
            writeln!(
                f,
                "  action {number} ({}): {}",
                action.key,
                traits.join(", ")
            )?;
        }
        if self.house.credential {
            writeln!(f, "  a credential carries the values of a secret")?;
        }
        if self.house.pair {
            writeln!(f, "  a pair of OAuth clients is rotated")?;
        }
        if self.rough {
            writeln!(f, "  events come twice and out of order")?;
        }
        if self.iam_late > 0 {
            writeln!(f, "  IAM shows a change {} s late", self.iam_late)?;
        }
        match self.begin {
            Begin::Upload => writeln!(f, "  - the manifest is uploaded")?,
            Begin::Provisioned => writeln!(f, "  everything is provisioned and verified")?,
        }
        for happening in &self.happenings {
            writeln!(f, "  - {happening}")?;
        }
        for fault in &self.faults {
            writeln!(f, "  ! {fault}")?;
        }
        Ok(())
    }
}
