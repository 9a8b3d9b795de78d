//! A plan: an ordered list of steps with old and new values, plus reasons for not acting.
//!
//! A plan is a value. It can be printed, compared, tested and stored; apply carries it out and has
//! no choices left. Each system has its own typed steps ([`crate::role::RoleStep`],
//! [`crate::rebind::RebindStep`], [`crate::credentials::CredentialStep`]); [`Step`] is the form in
//! which all of them are shown, recorded and answered.

mod failure_kind;
mod object;
mod text;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use failure_kind::FailureKind;
pub use object::{ObjectKind, System, Verb};
pub use text::text;

use crate::ids::Key;

/// What every plan of a binding can say of itself.
pub trait Plan: PartialEq {
    /// The steps in order, described; those that only test are left out where they need not be run.
    fn describe(&self, with_tests: bool) -> Vec<Step>;

    /// What a reader should know.
    fn notices(&self) -> &[String];

    /// Whether carrying it out replaces what an earlier live test was about.
    fn replaces_tested(&self) -> bool;

    /// Whether carrying it out would change anything.
    fn writes(&self) -> bool {
        self.describe(false).iter().any(Step::writes)
    }

    /// Whether it makes something that a repetition would make twice.
    fn creates(&self) -> bool {
        let steps = self.describe(false);
        steps.iter().any(Step::is_marked_before_it_is_sent)
    }
}

/// The outcome of one step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Done now.
    Applied,
    /// It was already done when it was to be carried out.
    AlreadyDone,
    /// Skipped, with the reason.
    Skipped {
        /// Why.
        because: String,
    },
    /// Tried, and it did not work.
    Failed {
        /// Of which kind the failure is, for alarms.
        kind: FailureKind,
        /// What the other side said. Never a secret.
        message: String,
    },
}

impl Outcome {
    /// Skipped, for this reason.
    pub fn skipped(because: impl Into<String>) -> Self {
        Self::Skipped {
            because: because.into(),
        }
    }

    /// Tried, and it did not work.
    pub fn failed(kind: impl Into<FailureKind>, message: impl Into<String>) -> Self {
        Self::Failed {
            kind: kind.into(),
            message: message.into(),
        }
    }
}

/// One step as it is shown, recorded and answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Where it takes effect.
    pub system: System,
    /// What kind of object it is about.
    #[serde(rename = "kind")]
    pub object: ObjectKind,
    /// The object's id, once known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The manifest key (of the action, or of the integration for shared things).
    pub key: Key,
    /// What is done to it.
    pub verb: Verb,
    /// The value before; `null` where there was none.
    pub old: Value,
    /// The value after; `null` where there will be none.
    pub new: Value,
    /// Why the step is needed.
    pub reason: String,
    /// When a create was about to be sent, at the latest: recorded before it is. Of a create whose
    /// answer was lost, and of one that a crash cut off, this says from when on a listing shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<Timestamp>,
    /// Its outcome; absent in a plan that was not applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
}

impl Step {
    /// A step that has not been taken, on an object without an id and without values.
    pub fn new(object: ObjectKind, verb: Verb, key: &Key, reason: impl Into<String>) -> Self {
        Self {
            system: object.system(),
            object,
            id: None,
            key: key.clone(),
            verb,
            old: Value::Null,
            new: Value::Null,
            reason: reason.into(),
            sent_at: None,
            outcome: None,
        }
    }

    /// Whether the step wrote, or was meant to write.
    pub fn writes(&self) -> bool {
        self.verb.writes()
    }

    /// Whether nothing has become of it yet.
    pub fn is_pending(&self) -> bool {
        self.outcome.is_none()
    }

    /// Whether it was done, now or earlier.
    pub fn is_done(&self) -> bool {
        match &self.outcome {
            Some(Outcome::Applied | Outcome::AlreadyDone) => true,
            Some(Outcome::Skipped { .. } | Outcome::Failed { .. }) | None => false,
        }
    }

    /// Whether it is the other step, as planned: the same is done to the same object.
    pub fn is(&self, other: &Self) -> bool {
        self.is_of_kind(other) && self.id == other.id
    }

    /// Whether the other step does the same to the same object, as far as the ids of both are
    /// known: before an object is made, its steps have no id.
    pub fn may_be(&self, other: &Self) -> bool {
        let same_id = match (&self.id, &other.id) {
            (Some(one), Some(other)) => one == other,
            (None, _) | (_, None) => true,
        };
        self.is_of_kind(other) && same_id
    }

    fn is_of_kind(&self, other: &Self) -> bool {
        self.object == other.object && self.verb == other.verb && self.key == other.key
    }

    /// Whether the step may have taken effect: it did, or it was about to when we were cut off, or
    /// its answer was lost. A create that was never sent made nothing: what has its name belongs
    /// to somebody else.
    pub fn may_have_been_done(&self) -> bool {
        match &self.outcome {
            None => !self.is_marked_before_it_is_sent() || self.sent_at.is_some(),
            Some(Outcome::Applied | Outcome::AlreadyDone) => true,
            Some(Outcome::Failed { kind, .. }) => *kind == FailureKind::AnswerLost,
            Some(Outcome::Skipped { .. }) => false,
        }
    }

    /// Whether the step makes something that a repetition would make twice, so that
    /// [`Self::sent_at`] is recorded first. An action has one draft at most, and a role's name is
    /// unique.
    pub fn is_marked_before_it_is_sent(&self) -> bool {
        match self.object {
            ObjectKind::Integration
            | ObjectKind::IntegrationConfig
            | ObjectKind::Credential
            | ObjectKind::Action => self.verb == Verb::Create,
            ObjectKind::Draft
            | ObjectKind::Role
            | ObjectKind::RoleTrust
            | ObjectKind::RolePolicy
            | ObjectKind::RoleTags
            | ObjectKind::RoleDescription
            | ObjectKind::Binding => false,
        }
    }

    /// When a create was sent of which nobody knows whether it took effect.
    pub fn in_doubt_since(&self) -> Option<Timestamp> {
        let unknown = match &self.outcome {
            None => true,
            Some(Outcome::Failed { kind, .. }) => *kind == FailureKind::AnswerLost,
            Some(Outcome::Applied | Outcome::AlreadyDone | Outcome::Skipped { .. }) => false,
        };
        self.sent_at
            .filter(|_| unknown && self.is_marked_before_it_is_sent())
    }

    /// Whether the step was refused because somebody else had written first.
    pub fn lost_race(&self) -> bool {
        matches!(&self.outcome, Some(Outcome::Failed { kind, .. }) if *kind == FailureKind::Conflict)
    }
}
