//! A plan: an ordered list of steps with old and new values, plus reasons for not acting.
//!
//! A plan is a value. It can be printed, compared, tested and stored; apply carries it out and has
//! no choices left. Each system has its own typed steps ([`crate::role::RoleStep`],
//! [`crate::rebind::RebindStep`]); [`Step`] is the form in which all of them are shown, recorded
//! and answered.

use std::fmt::Write as _;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ids::Key;
use crate::rebind::DRAFT;

/// Where a step takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum System {
    /// AWS Identity and Access Management.
    Iam,
    /// Genesys Cloud.
    Genesys,
    /// Lockstep's own queues: work is handed on.
    Lockstep,
}

/// What a step does to its object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// Make something that is not there.
    Create,
    /// Change something in place.
    Update,
    /// Switch something on.
    Enable,
    /// Make a draft live.
    Publish,
    /// Throw an unpublished draft of ours away.
    Discard,
    /// Take away what nothing needs any more.
    Revoke,
    /// Take up again what an earlier run left half done.
    Resume,
    /// Run something to see that it works. Writes nothing.
    Test,
    /// Ask for a judgement. Writes nothing.
    Validate,
}

impl Verb {
    /// Whether the step changes the world.
    pub fn writes(self) -> bool {
        match self {
            Self::Create
            | Self::Update
            | Self::Enable
            | Self::Publish
            | Self::Discard
            | Self::Revoke
            | Self::Resume => true,
            Self::Test | Self::Validate => false,
        }
    }
}

/// The kind of failure of a write of which nobody knows whether it took effect.
pub const ANSWER_LOST: &str = "answer_lost";

/// The kind of failure of a step whose version was not the current one any more.
pub const CONFLICT: &str = "conflict";

/// What became of one step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Done now.
    Applied,
    /// Found done when its turn came.
    AlreadyDone,
    /// Left out, with the reason.
    Skipped {
        /// Why.
        because: String,
    },
    /// Tried, and it did not work.
    Failed {
        /// A stable word for alarms: `denied`, `conflict`, `not_found`, `test_failed`, ...
        kind: String,
        /// What the other side said. Never a secret.
        message: String,
    },
}

/// One step as it is shown, recorded and answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// Where it takes effect.
    pub system: System,
    /// What kind of object it is about: `role`, `role_policy`, `integration`, `action`, `draft`...
    pub kind: String,
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
    #[schemars(with = "Option<String>")]
    pub sent_at: Option<Timestamp>,
    /// What became of it; absent in a plan that was not applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
}

impl Step {
    /// Whether the step wrote, or was meant to write.
    pub fn writes(&self) -> bool {
        self.verb.writes()
    }

    /// Whether the step may have taken effect: it did, or it was about to when we were cut off, or
    /// its answer was lost. A create that was never sent made nothing: what has its name is
    /// somebody else's.
    pub fn may_have_been_done(&self) -> bool {
        match &self.outcome {
            None => !self.is_marked_before_it_is_sent() || self.sent_at.is_some(),
            Some(Outcome::Applied | Outcome::AlreadyDone) => true,
            Some(Outcome::Failed { kind, .. }) => kind == ANSWER_LOST,
            Some(Outcome::Skipped { .. }) => false,
        }
    }

    /// Whether the step makes something that a repetition would make twice, so that
    /// [`Self::sent_at`] is recorded first. An action has one draft at most.
    pub fn is_marked_before_it_is_sent(&self) -> bool {
        self.system == System::Genesys && self.verb == Verb::Create && self.kind != DRAFT
    }

    /// When a create was sent of which nobody knows whether it took effect.
    pub fn in_doubt_since(&self) -> Option<Timestamp> {
        let unknown = match &self.outcome {
            None => true,
            Some(Outcome::Failed { kind, .. }) => kind == ANSWER_LOST,
            Some(Outcome::Applied | Outcome::AlreadyDone | Outcome::Skipped { .. }) => false,
        };
        self.sent_at
            .filter(|_| unknown && self.is_marked_before_it_is_sent())
    }

    /// Whether the step was refused because somebody else had written first.
    pub fn lost_race(&self) -> bool {
        matches!(&self.outcome, Some(Outcome::Failed { kind, .. }) if kind == CONFLICT)
    }
}

/// The plan as a reviewer wants to read it: one paragraph a step, then the notices.
pub fn text(steps: &[Step], notices: &[String]) -> String {
    let mut out = String::new();
    if steps.is_empty() {
        out.push_str("Nothing to do: what was seen is what should hold.\n");
    }
    for (index, step) in steps.iter().enumerate() {
        write_step(&mut out, index + 1, step);
    }
    for notice in notices {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "note: {notice}");
    }
    out
}

fn write_step(out: &mut String, number: usize, step: &Step) {
    let system = match step.system {
        System::Iam => "iam",
        System::Genesys => "genesys",
        System::Lockstep => "lockstep",
    };
    let verb = serde_json::to_value(step.verb).unwrap_or_default();
    let verb = verb.as_str().unwrap_or_default();
    let id = step
        .id
        .as_deref()
        .map(|id| format!(" {id}"))
        .unwrap_or_default();
    let _ = writeln!(
        out,
        "{number}. [{system}] {verb} {kind}{id} ({key}): {reason}",
        kind = step.kind,
        key = step.key,
        reason = step.reason,
    );
    write_difference(out, &step.old, &step.new);
    if let Some(outcome) = &step.outcome {
        let _ = match outcome {
            Outcome::Applied => writeln!(out, "   -> applied"),
            Outcome::AlreadyDone => writeln!(out, "   -> already done"),
            Outcome::Skipped { because } => writeln!(out, "   -> skipped: {because}"),
            Outcome::Failed { kind, message } => writeln!(out, "   -> failed ({kind}): {message}"),
        };
    }
}

/// Objects are compared field by field, so that a changed version id does not hide in a config.
fn write_difference(out: &mut String, old: &Value, new: &Value) {
    let mut lines = Vec::new();
    differences("", old, new, &mut lines);
    for line in lines {
        let _ = writeln!(out, "   {line}");
    }
}

fn differences(at: &str, old: &Value, new: &Value, lines: &mut Vec<String>) {
    if old == new {
        return;
    }
    if let (Value::Object(before), Value::Object(after)) = (old, new) {
        let keys: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        for key in keys {
            let place = if at.is_empty() {
                key.clone()
            } else {
                format!("{at}.{key}")
            };
            differences(
                &place,
                before.get(key).unwrap_or(&Value::Null),
                after.get(key).unwrap_or(&Value::Null),
                lines,
            );
        }
        return;
    }
    let place = if at.is_empty() {
        String::new()
    } else {
        format!("{at}: ")
    };
    if !old.is_null() {
        lines.push(format!("- {place}{old}"));
    }
    if !new.is_null() {
        lines.push(format!("+ {place}{new}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_reviewer_sees_only_what_differs() {
        let step = Step {
            system: System::Genesys,
            kind: "action".into(),
            id: Some("custom_-_1".into()),
            key: "order-lookup".parse().unwrap(),
            verb: Verb::Update,
            old: json!({"timeout": 10, "secrets": {"DB": "v1"}}),
            new: json!({"timeout": 10, "secrets": {"DB": "v2"}}),
            reason: "the secret moved on".into(),
            sent_at: None,
            outcome: Some(Outcome::Applied),
        };
        insta::assert_snapshot!(text(&[step], &["the role is shared".into()]), @r#"
        1. [genesys] update action custom_-_1 (order-lookup): the secret moved on
           - secrets.DB: "v1"
           + secrets.DB: "v2"
           -> applied
        note: the role is shared
        "#);
    }

    #[test]
    fn an_empty_plan_says_so() {
        assert!(text(&[], &[]).starts_with("Nothing to do"));
    }
}
