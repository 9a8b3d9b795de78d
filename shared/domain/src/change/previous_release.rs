//! Reading what the previous release stored: `schema: 1`, converted to the layout of this one.
//!
//! That layout had no [`Subject`], no numbers of changes, and held whole configurations.

use serde_json::{Map, Value, json};

use super::subject::Subject;
use crate::digest::Digest;
use crate::ids::Key;
use crate::redacted::redacted_config;

/// A state of `schema: 1` as one of schema `target`. The reader refuses what has
/// another form.
pub(super) fn converted(mut state: Value, target: u64) -> Value {
    let Some(fields) = state.as_object_mut() else {
        return state;
    };
    let key = fields.get("key").and_then(Value::as_str);
    if let Some(key) = key.and_then(|key| key.parse::<Key>().ok()) {
        fields.insert("subject".into(), json!(Subject::of(&key)));
    }
    fields.insert("schema".into(), json!(target));
    if let Some(Value::Object(change)) = fields.get_mut("change") {
        convert_change(change);
    }
    state
}

fn convert_change(change: &mut Map<String, Value>) {
    // Its events carried no number; those of the next change carry the second.
    change.insert("sequence".into(), json!(1));
    if let Some(Value::Object(previous)) = change.get_mut("previous") {
        convert_previous(previous);
    }
    let opened_at = change.get("opened_at").cloned();
    let steps = change.get_mut("steps").and_then(Value::as_array_mut);
    for step in steps.into_iter().flatten() {
        // It recorded no moment of sending: what it was about to create it may have created.
        if step.get("verb") == Some(&json!("create"))
            && let (Some(step), Some(at)) = (step.as_object_mut(), &opened_at)
        {
            step.insert("sent_at".into(), at.clone());
        }
        for side in ["old", "new"] {
            if let Some(config) = step.get_mut(side).and_then(|side| side.get_mut("config")) {
                *config = redacted_config(config);
            }
        }
    }
}

fn convert_previous(previous: &mut Map<String, Value>) {
    let view: Map<String, Value> = ["name", "category", "config"]
        .into_iter()
        .filter_map(|member| Some((member.to_owned(), previous.remove(member)?)))
        .collect();
    let url = view
        .get("config")
        .and_then(|config| config.get("request_url_template"))
        .and_then(Value::as_str);
    let function = url.and_then(|url| url.parse::<crate::arn::FunctionArn>().ok());
    previous.insert("function".into(), json!(function));
    previous.insert("digest".into(), json!(Digest::of(&view)));
}
