//! The plan as text.

use std::fmt::Write as _;

use serde_json::Value;

use super::{Outcome, Step, System};

/// The plan as a reviewer wants to read it: one paragraph a step, then the notices.
pub fn text(steps: &[Step], notices: &[String]) -> String {
    let mut out = String::new();
    if steps.is_empty() {
        out.push_str("No changes. Observed state matches the manifest.\n");
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
    let verb = step.verb.as_str();
    let id = step
        .id
        .as_deref()
        .map(|id| format!(" {id}"))
        .unwrap_or_default();
    let _ = writeln!(
        out,
        "{number}. [{system}] {verb} {kind}{id} ({key}): {reason}",
        kind = step.object.as_str(),
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
    use serde_json::json;

    use super::*;
    use crate::plan::{ObjectKind, Verb};

    #[test]
    fn a_reviewer_sees_only_what_differs() {
        let key = "order-lookup".parse().unwrap();
        let step = Step {
            id: Some("custom_-_1".into()),
            old: json!({"timeout": 10, "secrets": {"DB": "v1"}}),
            new: json!({"timeout": 10, "secrets": {"DB": "v2"}}),
            outcome: Some(Outcome::Applied),
            ..Step::new(
                ObjectKind::Action,
                Verb::Update,
                &key,
                "the secret moved on",
            )
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
        assert!(text(&[], &[]).starts_with("No changes"));
    }
}
