//! Interrupted rotations: which are stuck, and what may be done about them.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Labels, RotationRefusal, Strategy};
use crate::arn::SecretArn;
use crate::manifest::Mode;
use crate::plan::Outcome;

/// The manual and scheduled event of `rotate-client` that completes or abandons interrupted
/// rotations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RepairRequest {
    /// Always true; distinguishes it from a step of a rotation.
    pub repair: bool,
    /// `plan` reports and writes nothing.
    pub mode: Mode,
    /// Only this secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretArn>,
    /// After how many minutes an AWSPENDING counts as stuck; the stack's StuckAfterMinutes where
    /// nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stuck_after_minutes: Option<u32>,
    /// The caller's reason; Lockstep records it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A version that a rotation left under AWSPENDING. While it is there, Secrets Manager begins no
/// other rotation (API reference, `RotateSecret`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stuck {
    /// The version.
    pub version_id: String,
    /// When it was made.
    pub since: Timestamp,
}

/// The version that is stuck under AWSPENDING, given when each version was made. One whose age is
/// not known is not called stuck.
#[must_use]
pub fn stuck(
    labels: &Labels,
    made: &BTreeMap<String, Timestamp>,
    now: Timestamp,
    after_minutes: u32,
) -> Option<Stuck> {
    let pending = labels.pending()?;
    if labels.current() == Some(pending) {
        return None;
    }
    let since = *made.get(pending)?;
    let after = SignedDuration::from_mins(i64::from(after_minutes));
    (now.duration_since(since) >= after).then(|| Stuck {
        version_id: pending.to_owned(),
        since,
    })
}

/// What is done to a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RepairVerb {
    /// Remove AWSPENDING: its version has no value, so nothing can be finished.
    Discard,
    /// Try the value; finish the rotation where it works, else take AWSPENDING off.
    Finish,
    /// Emit the event of a rotation that became current without one.
    Announce,
}

/// One step of a repair, as it is shown and answered. It has the form of the steps of other plans.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepairStep {
    /// Always `secrets_manager`.
    pub system: String,
    /// Always `secret_version`.
    pub kind: String,
    /// The version.
    pub id: String,
    /// The secret.
    pub secret: SecretArn,
    /// What is done to it.
    pub verb: RepairVerb,
    /// Why.
    pub reason: String,
    /// Its outcome; absent in a plan that was not applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
}

impl RepairStep {
    /// A step that was not done yet.
    pub fn new(
        secret: &SecretArn,
        version_id: impl Into<String>,
        verb: RepairVerb,
        reason: impl Into<String>,
    ) -> Self {
        Self {
            system: "secrets_manager".to_owned(),
            kind: "secret_version".to_owned(),
            id: version_id.into(),
            secret: secret.clone(),
            verb,
            reason: reason.into(),
            outcome: None,
        }
    }
}

/// Whether a value that can't be finished may be given up, so that the next rotation makes another.
/// What may be somebody's, or may still pass, is left and named.
#[must_use]
pub fn may_be_given_up(refusal: &RotationRefusal, strategy: Option<Strategy>) -> bool {
    // Of a single client the value under AWSPENDING may be the only one that works.
    if strategy != Some(Strategy::Pair) {
        return false;
    }
    match refusal {
        RotationRefusal::SignInRefused { .. } | RotationRefusal::Lacks { .. } | RotationRefusal::CurrentMoved { .. } => {
            true
        }
        RotationRefusal::RotationDisabled
        | RotationRefusal::UnknownVersion
        | RotationRefusal::NotPending { .. }
        | RotationRefusal::NoCurrent
        | RotationRefusal::CurrentUnreadable
        | RotationRefusal::NotInManifest
        | RotationRefusal::NotCovered { .. }
        | RotationRefusal::ManifestUnreadable { .. }
        | RotationRefusal::NoAlternate
        | RotationRefusal::SameClient { .. }
        | RotationRefusal::Lockout { .. }
        | RotationRefusal::NamedElsewhere { .. }
        | RotationRefusal::OtherUnreadable { .. }
        | RotationRefusal::NoSuchClient { .. }
        | RotationRefusal::Unfit { .. }
        | RotationRefusal::InUse { .. }
        | RotationRefusal::TooEarly { .. }
        // The secret may be good: where it is tried from is wrong.
        | RotationRefusal::AddressRefused { .. }
        | RotationRefusal::CurrentRefused { .. }
        | RotationRefusal::UseUnknown { .. }
        | RotationRefusal::PendingEmpty
        | RotationRefusal::ForeignPending
        | RotationRefusal::NotTested => false,
    }
}
