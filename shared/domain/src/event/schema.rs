//! The JSON Schemas of events, for subscribers.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, transform::RecursiveTransform};
use serde_json::{Map, Value};

use super::{Event, EventType};

/// The schema of an event's `detail`. Members that it does not name are allowed: a later release may
/// add some.
pub(super) fn of<B: JsonSchema>(event: EventType) -> Value {
    let schema = SchemaSettings::draft2020_12()
        .for_serialize()
        .with_transform(RecursiveTransform(tidy))
        .into_generator()
        .into_root_schema_for::<Event<B>>();
    let mut schema = schema.to_value();
    schema["title"] = event.as_str().into();
    schema
}

/// A member that may be absent is never null. Rust's number types and line breaks say nothing to a
/// subscriber.
fn tidy(schema: &mut Schema) {
    // Both are for what is read, not for what is sent.
    schema.remove("additionalProperties");
    schema.remove("patternErrorMessage");
    let required = schema.get("required").cloned().unwrap_or_default();
    let is_required = |name: &str| {
        let mut names = required.as_array().into_iter().flatten();
        names.any(|one| one == name)
    };
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        for (name, property) in properties {
            if let Value::Object(property) = property {
                plain(property);
                if !is_required(name) {
                    never_null(property);
                }
            }
        }
    }
    if let Some(Value::String(text)) = schema.get_mut("description") {
        *text = text.replace('\n', " ");
    }
}

fn plain(property: &mut Map<String, Value>) {
    let format = property.get("format").and_then(Value::as_str);
    if format.is_some_and(|format| format.starts_with("int") || format.starts_with("uint")) {
        property.remove("format");
    }
}

fn never_null(property: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = property.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            property.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(choices)) = property.get_mut("anyOf") {
        choices.retain(|choice| choice["type"] != "null");
        if let [Value::Object(only)] = choices.as_slice() {
            let only = only.clone();
            property.remove("anyOf");
            property.extend(only);
        }
    }
}
