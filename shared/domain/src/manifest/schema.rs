//! The JSON Schema of the manifest, for editors and for the reader alike.

use std::sync::LazyLock;

use jsonschema::Validator;
use schemars::generate::SchemaSettings;
use schemars::{Schema, transform::RecursiveTransform};
use serde_json::{Value, json};

use super::wire;

/// The JSON Schema (draft-07, which editors know best) of a manifest.
#[must_use]
pub fn json_schema() -> Value {
    SchemaSettings::draft07()
        .for_deserialize()
        .with_transform(RecursiveTransform(tidy))
        .into_generator()
        .into_root_schema_for::<wire::Manifest>()
        .to_value()
}

/// A field that may be left out may not be null: an empty line is a slip of the pen. Rust's names
/// of number types, and its line breaks, mean nothing to an editor.
fn tidy(schema: &mut Schema) {
    schema.remove("format");
    if let Some(Value::String(text)) = schema.get_mut("description") {
        *text = text.replace('\n', " ");
    }
    if let Some(Value::Array(values)) = schema.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            schema.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(choices)) = schema.get_mut("anyOf") {
        choices.retain(|choice| *choice != json!({"type": "null"}));
        // Beside a `$ref` draft-07 allows nothing else, so it stays wrapped.
        if choices.len() == 1
            && let Some(choices) = schema.remove("anyOf")
        {
            schema.insert("allOf".to_owned(), choices);
        }
    }
}

/// The schema and what checks with it.
pub(super) struct Checker {
    /// As [`json_schema`] makes it.
    pub(super) schema: Value,
    /// The same, compiled.
    pub(super) validator: Validator,
}

/// Compiled once per process.
pub(super) static CHECKER: LazyLock<Checker> = LazyLock::new(|| {
    let schema = json_schema();
    let validator =
        jsonschema::validator_for(&schema).expect("the generated schema is a valid schema");
    Checker { schema, validator }
});
