//! What Genesys Cloud takes as a contract, by the Resource Center's pages "Add contracts to custom
//! actions for integrations" and "Add configuration to custom actions for integrations".

use serde_json::{Map, Value};

use super::contract::faults;
use crate::manifest::collect::Problems;
use crate::manifest::place::Place;
use crate::manifest::{RAW_REQUEST, wire};

/// Names of the request that the platform fills in itself ("Add contracts"). Our envelope needs
/// the last.
const RESERVED: [&str; 3] = ["orgId", "integrationId", "rawRequest"];

/// The types of an input ("Add contracts").
const SIMPLE: [&str; 5] = ["string", "integer", "number", "boolean", "null"];

/// How deep JSON may be ("Add configuration").
const MAX_DEPTH: usize = 50;

pub(super) fn check(action: &wire::Action, at: &Place, problems: &mut Problems<'_>) {
    if let Some(contract) = &action.contract {
        let at = at.key("contract");
        if let Some(input) = &contract.input {
            check_schema(input, &at.key("input"), problems);
            check_inputs(input, &at.key("input"), problems);
        }
        if let Some(output) = &contract.output {
            check_schema(output, &at.key("output"), problems);
            check_output(&Value::Object(output.clone()), &at.key("output"), problems);
        }
    }
    if let Some(input) = action.test.as_ref().and_then(|test| test.input.as_ref()) {
        check_depth(input, &at.key("test").key("input"), problems);
    }
}

fn check_schema(schema: &Map<String, Value>, at: &Place, problems: &mut Problems<'_>) {
    check_depth(schema, at, problems);
    let value = Value::Object(schema.clone());
    references(&value, at, problems);
    // Without `$schema` it has been judged by draft-04 already.
    if schema.contains_key("$schema") {
        for (place, said) in faults(&jsonschema::draft4::meta::validator(), &value, at) {
            problems.add(
                &place,
                format!("this is not valid JSON Schema draft-04: {said}"),
                "Write the contract in JSON Schema draft-04, whatever `$schema` says: exports of \
                 Data Actions from Genesys Cloud declare draft-04.",
            );
        }
    }
}

fn check_depth(value: &Map<String, Value>, at: &Place, problems: &mut Problems<'_>) {
    let depth = 1 + value.values().map(depth).max().unwrap_or(0);
    if depth > MAX_DEPTH {
        problems.add(
            at,
            format!("this is {depth} levels deep; Genesys Cloud accepts at most {MAX_DEPTH}"),
            "Use fewer levels.",
        );
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

/// Every `$ref` in the place of a keyword.
fn references(schema: &Value, at: &Place, problems: &mut Problems<'_>) {
    match schema {
        Value::Object(members) => {
            for (name, value) in members {
                let at = at.key(name);
                match (name.as_str(), value) {
                    ("$ref", Value::String(_)) => problems.add(
                        &at,
                        "Genesys Cloud does not support `$ref` in a contract",
                        "Replace it with the schema that it refers to.",
                    ),
                    ("enum" | "default" | "examples", _) => {}
                    (
                        "properties" | "patternProperties" | "definitions" | "dependencies",
                        Value::Object(named),
                    ) => {
                        for (name, one) in named {
                            references(one, &at.key(name), problems);
                        }
                    }
                    (_, value) => references(value, &at, problems),
                }
            }
        }
        Value::Array(items) => {
            for (index, one) in items.iter().enumerate() {
                references(one, &at.index(index), problems);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn check_inputs(input: &Map<String, Value>, at: &Place, problems: &mut Problems<'_>) {
    let Some(Value::Object(properties)) = input.get("properties") else {
        return;
    };
    for (name, schema) in properties {
        let at = at.key("properties").key(name);
        if RESERVED.contains(&name.as_str()) {
            problems.add(
                &at,
                format!(
                    "`{name}` is reserved: Genesys Cloud sets it itself, and an action with an \
                     input of this name fails"
                ),
                format!(
                    "Use another name. The caller's whole input is available as {RAW_REQUEST} \
                     without an input of that name."
                ),
            );
        } else if !is_input_name(name) {
            problems.add(
                &at,
                format!("Genesys Cloud does not accept `{name}` as the name of an input"),
                "Start with a letter (a-z, A-Z) and use only letters, digits, `-` and `_`.",
            );
        }
        if let Some(kind) = nested(schema) {
            problems.add(
                &at,
                format!(
                    "the type of an input must be one of {}; this one is {kind}",
                    SIMPLE.join(", ")
                ),
                "Use a simple type; pass structured data as JSON in a string.",
            );
        }
    }
}

fn is_input_name(name: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    name.starts_with(|first: char| first.is_ascii_alphabetic()) && name.bytes().all(fits)
}

/// The type of an input that is not simple. A type that nobody knows is another rule's.
fn nested(schema: &Value) -> Option<&'static str> {
    ["object", "array"]
        .into_iter()
        .find(|kind| is_of(schema, kind))
        .or_else(|| schema.get("properties").map(|_| "object"))
        .or_else(|| schema.get("items").map(|_| "array"))
}

/// Whether a schema's `type` is or has this one.
fn is_of(schema: &Value, kind: &str) -> bool {
    match schema.get("type") {
        Some(Value::String(one)) => one == kind,
        Some(Value::Array(types)) => types.iter().any(|one| one == kind),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => false,
    }
}

/// "The output contract does not support nested arrays": arrays whose elements are arrays.
fn check_output(schema: &Value, at: &Place, problems: &mut Problems<'_>) {
    if let Some(items) = schema.get("items").filter(|items| items.is_object()) {
        let at = at.key("items");
        if is_of(schema, "array") && is_of(items, "array") {
            problems.add(
                &at,
                "Genesys Cloud does not support nested arrays in an output contract",
                "Use objects or simple values as elements.",
            );
        }
        check_output(items, &at, problems);
    }
    if let Some(Value::Object(properties)) = schema.get("properties") {
        for (name, one) in properties {
            check_output(one, &at.key("properties").key(name), problems);
        }
    }
}
