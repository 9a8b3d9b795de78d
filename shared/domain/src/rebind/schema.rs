//! Comparing a contract with the one that Genesys Cloud has published.
//!
//! A contract can't be changed once published, so a difference is a refusal, and the platform and
//! its console spell one contract in many ways. Two contracts are equal where their normal forms
//! are; what is not provably equal is different.
//!
//! The normal form of a draft-04 schema ("JSON Schema: core definitions and terminology" and "JSON
//! Schema: interactive and non interactive validation"):
//! * annotations are dropped, which no instance is judged by;
//! * `required`, `enum` and `type` are sets, and a `type` of one element is its text;
//! * keywords with a value that allows everything are dropped (`additionalProperties: true`);
//! * numbers are compared by value.
//!
//! All of this holds where a *keyword* is. The members of `properties` are names, those of `enum`
//! are data, whatever they are called.

mod difference;

use serde_json::{Map, Value};

pub use self::difference::schema_differences;
use super::number::canonical;

/// The normal form of a schema.
///
/// A `$ref` points at a place in the schema as it was written, and makes its siblings mean nothing:
/// a schema that has one is only freed of its title.
pub(crate) fn normal_form(schema: &Value) -> Value {
    if !refers(schema) {
        return normal(schema);
    }
    let mut written = data(schema);
    if let Value::Object(members) = &mut written {
        for name in ["$schema", "title", "description"] {
            members.remove(name);
        }
    }
    written
}

/// Whether a schema has a `$ref`, wherever that may be.
pub(crate) fn refers(value: &Value) -> bool {
    match value {
        Value::Object(members) => {
            members.get("$ref").is_some_and(Value::is_string) || members.values().any(refers)
        }
        Value::Array(items) => items.iter().any(refers),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn normal(schema: &Value) -> Value {
    match schema {
        Value::Object(members) => Value::Object(
            members
                .iter()
                .filter(|(name, _)| !is_annotation(name))
                .map(|(name, value)| (name.clone(), keyword(name, value)))
                .filter(|(name, value)| !allows_everything(name, value))
                .collect(),
        ),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            data(schema)
        }
    }
}

/// Keywords that say something about a schema and judge no instance.
fn is_annotation(name: &str) -> bool {
    matches!(
        name,
        "$schema" | "id" | "$id" | "$comment" | "title" | "description" | "default" | "examples"
    )
}

/// The value of a keyword. A keyword that draft-04 does not have is compared as written.
fn keyword(name: &str, value: &Value) -> Value {
    match name {
        // Each member of `dependencies` is a schema or a list of names.
        "properties" | "patternProperties" | "definitions" | "dependencies" => named(value, normal),
        "items" | "allOf" | "anyOf" | "oneOf" => match value {
            Value::Array(schemas) => Value::Array(schemas.iter().map(normal).collect()),
            Value::Object(_)
            | Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_) => normal(value),
        },
        "additionalProperties" | "additionalItems" | "not" => normal(value),
        "required" | "enum" => set(value),
        "type" => match set(value) {
            Value::Array(mut types) if types.len() == 1 => types.remove(0),
            types @ (Value::Array(_)
            | Value::Object(_)
            | Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)) => types,
        },
        _ => data(value),
    }
}

fn named(value: &Value, form: impl Fn(&Value) -> Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), form(value)))
            .collect::<Map<_, _>>()
            .into(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            data(value)
        }
    }
}

/// A list as a set: in one order, each element once.
fn set(value: &Value) -> Value {
    let mut value = data(value);
    if let Value::Array(elements) = &mut value {
        elements.sort_by_cached_key(Value::to_string);
        elements.dedup();
    }
    value
}

/// A value that is no schema: only its numbers have more than one spelling.
fn data(value: &Value) -> Value {
    match value {
        Value::Number(number) => Value::Number(canonical(number)),
        Value::Array(items) => Value::Array(items.iter().map(data).collect()),
        Value::Object(_) => named(value, data),
        Value::Null | Value::Bool(_) | Value::String(_) => value.clone(),
    }
}

/// Whether a keyword with this value, in normal form, allows what its absence allows. Null is how
/// the platform writes a keyword that is absent.
fn allows_everything(name: &str, value: &Value) -> bool {
    if value.is_null() {
        return true;
    }
    match name {
        "additionalProperties" | "additionalItems" => {
            *value == Value::Bool(true) || is_empty_object(value)
        }
        "properties" | "patternProperties" | "definitions" | "dependencies" | "items" => {
            is_empty_object(value)
        }
        "required" => value.as_array().is_some_and(Vec::is_empty),
        "minLength" | "minItems" | "minProperties" => value.as_u64() == Some(0),
        "uniqueItems" | "exclusiveMinimum" | "exclusiveMaximum" => *value == Value::Bool(false),
        _ => false,
    }
}

fn is_empty_object(value: &Value) -> bool {
    value.as_object().is_some_and(Map::is_empty)
}

#[cfg(test)]
mod tests;
