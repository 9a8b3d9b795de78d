//! Rotating the secret of an OAuth client: what each of the four steps of Secrets Manager has to do.
//!
//! Genesys Cloud gives a client one secret, and a reset ends the old one at once (official Python
//! SDK 269.0.0, `OAuthApi.post_oauth_client_secret`; there is no second secret). So the default
//! strategy alternates two clients: the secret's JSON names the pair, and a rotation puts the
//! *other* one current, with a new secret. The previous client keeps working until the next
//! rotation, which first looks whether anybody still uses it.
//!
//! The steps and the labels are AWS's (Secrets Manager user guide, "Lambda rotation functions").
//! [`plan`] is the whole decision: from labels, the shapes of the values, and what was recorded, to
//! what is to be done now, what is done already, or why it is refused.

mod grants;
mod proof;
mod record;
mod refusal;
mod repair;
mod reset;
mod state;
mod usage;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::ids::ClientId;

pub use grants::{Grant, missing};
pub use proof::{
    Proof, SignIn, ensure_current_signs_in, ensure_granted, judge_pending, reset_at, token_lives,
};
pub use record::{Head, Rotated};
pub use refusal::{RotationRefusal, Side, Unknown};
pub use repair::{RepairRequest, RepairStep, RepairVerb, Stuck, may_be_given_up, stuck};
pub use reset::{
    Force, ObservedClient, OtherSecret, ensure_all_known, ensure_fit, ensure_pending, guard,
};
pub use state::{Busy, EmittedFailure, Ended, PreviousClient, Rotation, RotationState};
pub use usage::{
    LONGEST_TOKEN, MOST_DAYS, OwnCall, Use, Window, ensure_shown, ensure_unused, window,
};

/// The staging label of the current version.
pub const CURRENT: &str = "AWSCURRENT";

/// The staging label of the version that a rotation is making.
pub const PENDING: &str = "AWSPENDING";

/// The label of the version that was current before.
pub const PREVIOUS: &str = "AWSPREVIOUS";

/// The tag that lets a single client be rotated, with a gap, where it says `single`.
pub const STRATEGY_TAG: &str = "lockstep:rotation";

/// The tag that lets a client be reset although it may be in use, until the time that it says.
pub const FORCE_TAG: &str = "lockstep:force-until";

/// The steps of a rotation, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum RotationStep {
    /// A new value, under AWSPENDING.
    #[serde(rename = "createSecret", alias = "create_secret")]
    Create,
    /// The other side learns the value.
    #[serde(rename = "setSecret", alias = "set_secret")]
    Set,
    /// The value is tried.
    #[serde(rename = "testSecret", alias = "test_secret")]
    Test,
    /// AWSCURRENT moves to it.
    #[serde(rename = "finishSecret", alias = "finish_secret")]
    Finish,
}

impl RotationStep {
    /// All, in their order.
    pub const ALL: [Self; 4] = [Self::Create, Self::Set, Self::Test, Self::Finish];

    /// As Secrets Manager writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "createSecret",
            Self::Set => "setSecret",
            Self::Test => "testSecret",
            Self::Finish => "finishSecret",
        }
    }
}

/// How a rotation goes about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Two clients alternate. No consumer notices.
    Pair,
    /// One client is reset. Between the reset and the move of the label no secret of it works.
    Single,
}

/// Labels and rotation of a secret, as its metadata shows them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    /// Whether Secrets Manager rotates it.
    pub rotation_enabled: bool,
    /// The labels of each version that has any.
    pub versions: BTreeMap<String, BTreeSet<String>>,
}

impl Labels {
    /// The version that carries a label.
    #[must_use]
    pub fn holder(&self, label: &str) -> Option<&str> {
        let mut versions = self.versions.iter();
        let found = versions.find(|(_, labels)| labels.contains(label));
        found.map(|(version, _)| version.as_str())
    }

    /// The current version.
    #[must_use]
    pub fn current(&self) -> Option<&str> {
        self.holder(CURRENT)
    }

    /// The version that a rotation is making, or has left behind.
    #[must_use]
    pub fn pending(&self) -> Option<&str> {
        self.holder(PENDING)
    }
}

/// The clients that a version of a secret names. Ids only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The client that one signs in with.
    pub client: ClientId,
    /// The other one of the pair, if there is a pair.
    pub alternate: Option<ClientId>,
}

/// What is under AWSPENDING.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pending {
    /// Nothing yet: Secrets Manager makes the version, the function its value.
    Empty,
    /// The very value of AWSCURRENT.
    Current,
    /// A value of the right shape.
    Value(Pair),
    /// A value of another shape.
    Unreadable,
}

impl Pending {
    /// Whether it can be the version of a trial, into which no createSecret stored anything.
    fn is_trial(&self) -> bool {
        match self {
            Self::Empty | Self::Current => true,
            Self::Value(_) | Self::Unreadable => false,
        }
    }
}

/// Which client a rotation makes current, and which one it replaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RotationTarget {
    /// How.
    pub strategy: Strategy,
    /// The client that gets a new secret and becomes current.
    pub rotates: ClientId,
    /// The client that is current until then; the same one if there is only one.
    pub leaves: ClientId,
}

impl RotationTarget {
    /// What AWSPENDING has to name: the pair with their roles swapped.
    #[must_use]
    pub fn outcome(&self, current: &Pair) -> Pair {
        match self.strategy {
            Strategy::Pair => Pair {
                client: self.rotates.clone(),
                alternate: Some(self.leaves.clone()),
            },
            Strategy::Single => current.clone(),
        }
    }
}

/// What is known when a step begins.
#[derive(Clone, Debug)]
pub struct Seen<'a> {
    /// The secret's labels.
    pub labels: &'a Labels,
    /// The version of this rotation.
    pub token: &'a str,
    /// The step.
    pub step: RotationStep,
    /// The current clients; `None` if AWSCURRENT's value is not of the right shape.
    pub current: Option<&'a Pair>,
    /// What is under AWSPENDING.
    pub pending: &'a Pending,
    /// Whether the secret's tag allows the single strategy.
    pub single: bool,
}

/// What a step has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// The version is already current: only emit its event, if that was not done.
    Announce,
    /// The step was done before.
    Done,
    /// Reset the client's secret and store it under AWSPENDING.
    Reset(RotationTarget),
    /// Sign in with AWSPENDING, and compare what both clients may do.
    Try(RotationTarget),
    /// Nobody rotates: see whether a rotation could go on, with what is in AWSCURRENT, and write nothing.
    ///
    /// "If you don't immediately rotate the secret, Secrets Manager tests the rotation configuration by
    /// running the testSecret step of the Lambda rotation function. The test creates an AWSPENDING version of
    /// the secret and then removes it." (Secrets Manager API reference, `RotateSecret`, `RotateImmediately`)
    Trial(RotationTarget),
    /// Move AWSCURRENT away from this version.
    Move {
        /// The version that is current until now.
        from: String,
        /// Which client the rotation resets.
        target: RotationTarget,
    },
}

/// Decides a step.
///
/// # Errors
/// Why it is not done. Nothing was written.
pub fn plan(seen: &Seen<'_>, recorded: Option<&Rotation>) -> Result<Plan, RotationRefusal> {
    let Some(current_version) = admit(seen.labels, seen.token)? else {
        return Ok(Plan::Announce);
    };
    let current = seen.current.ok_or(RotationRefusal::CurrentUnreadable)?;
    let target = target_of(current, seen.single)?;
    let recorded = recorded.filter(|rotation| rotation.token == seen.token);
    if seen.step == RotationStep::Test && recorded.is_none() && seen.pending.is_trial() {
        return Ok(Plan::Trial(target));
    }
    if seen.step != RotationStep::Create || *seen.pending != Pending::Empty {
        fits(seen.pending, current, &target.outcome(current))?;
    }
    if let Some(rotation) = recorded
        && rotation.current_version != current_version
    {
        return Err(RotationRefusal::CurrentMoved {
            began_with: rotation.current_version.clone(),
            found: current_version.to_owned(),
        });
    }
    match seen.step {
        RotationStep::Create if *seen.pending == Pending::Empty => Ok(Plan::Reset(target)),
        // The reset made the secret at Genesys Cloud: there is nothing left to set there, and
        // trying it so early could poison the auth caches.
        RotationStep::Create | RotationStep::Set => Ok(Plan::Done),
        RotationStep::Test => Ok(Plan::Try(target)),
        RotationStep::Finish => match recorded.and_then(|rotation| rotation.tested_at) {
            Some(_) => Ok(Plan::Move {
                from: current_version.to_owned(),
                target,
            }),
            None => Err(RotationRefusal::NotTested),
        },
    }
}

/// AWS's own conditions (generic rotation template): the current version, or `None` if the token's
/// version is it.
fn admit<'l>(labels: &'l Labels, token: &str) -> Result<Option<&'l str>, RotationRefusal> {
    if !labels.rotation_enabled {
        return Err(RotationRefusal::RotationDisabled);
    }
    let Some(of_token) = labels.versions.get(token) else {
        return Err(RotationRefusal::UnknownVersion);
    };
    if of_token.contains(CURRENT) {
        return Ok(None);
    }
    ensure_pending(labels, token)?;
    labels.current().map(Some).ok_or(RotationRefusal::NoCurrent)
}

/// Which client the rotation resets.
///
/// # Errors
/// There is no other client and no tag that allows to do without, or both are the same.
pub fn target_of(current: &Pair, single: bool) -> Result<RotationTarget, RotationRefusal> {
    match &current.alternate {
        Some(alternate) if *alternate == current.client => Err(RotationRefusal::SameClient {
            client: current.client.clone(),
        }),
        Some(alternate) => Ok(RotationTarget {
            strategy: Strategy::Pair,
            rotates: alternate.clone(),
            leaves: current.client.clone(),
        }),
        None if single => Ok(RotationTarget {
            strategy: Strategy::Single,
            rotates: current.client.clone(),
            leaves: current.client.clone(),
        }),
        None => Err(RotationRefusal::NoAlternate),
    }
}

fn fits(pending: &Pending, current: &Pair, wanted: &Pair) -> Result<(), RotationRefusal> {
    match pending {
        Pending::Empty => Err(RotationRefusal::PendingEmpty),
        Pending::Current if current == wanted => Ok(()),
        Pending::Current => Err(RotationRefusal::ForeignPending),
        Pending::Value(found) if found == wanted => Ok(()),
        Pending::Value(_) | Pending::Unreadable => Err(RotationRefusal::ForeignPending),
    }
}
