//! The shape of an answer: its fields with their types, without ids, dates and names.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Objects whose keys are data of the organization: that they are there counts, not what is in them.
const FREE_MAPS: [&str; 13] = [
    "advanced",
    "attributes",
    "context",
    "credentialFields",
    "credentials",
    "features",
    "headers",
    "inputSchema",
    "messageParams",
    "properties",
    "result",
    "successSchema",
    "translationMap",
];

/// Fields with a closed set of values (official Python SDK 269.0.0, `allowed_values`; the published swagger).
const ENUMS: &[(&str, &[&str])] = &[
    (
        "intendedState",
        &["ENABLED", "DISABLED", "DELETED", "RESTORED"],
    ),
    (
        "reportedState.code",
        &["ACTIVE", "ACTIVATING", "INACTIVE", "DEACTIVATING", "ERROR"],
    ),
    (
        "authorizedGrantType",
        &[
            "CODE",
            "TOKEN",
            "SAML2-BEARER",
            "PASSWORD",
            "CLIENT-CREDENTIALS",
        ],
    ),
    ("entities[].level", &["USER", "SYSTEM", "GENESYS_INTERNAL"]),
    ("entities[].status", &["SUCCESS", "FAILURE", "WARNING"]),
];

/// Field by path, such as `entities[].id`, with the types that were seen there.
pub(crate) type Shape = BTreeMap<String, BTreeSet<&'static str>>;

/// The shape of a body.
pub(crate) fn of(body: &Value) -> Shape {
    let mut shape = Shape::new();
    walk("", body, &mut shape);
    shape
}

fn walk(path: &str, value: &Value, shape: &mut Shape) {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "decimal",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    };
    shape.entry(path.to_owned()).or_default().insert(kind);
    match value {
        Value::Object(fields) if !is_free(path) => {
            for (name, value) in fields {
                let path = match path {
                    "" => name.clone(),
                    path => format!("{path}.{name}"),
                };
                walk(&path, value, shape);
            }
        }
        Value::Array(entries) => {
            for entry in entries {
                walk(&format!("{path}[]"), entry, shape);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {}
    }
}

/// Where the name ends in one of the free maps, or in a variant of it such as `translationMapDefaults`.
fn is_free(path: &str) -> bool {
    let last = path.rsplit('.').next().unwrap_or(path);
    FREE_MAPS
        .iter()
        .any(|name| last == *name || last == format!("{name}Defaults"))
}

/// Values of closed fields that the published models do not have: field and value.
pub(crate) fn unknown_values(body: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    strangers("", body, &mut found);
    found.sort();
    found.dedup();
    found
}

fn strangers(path: &str, value: &Value, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let path = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                strangers(&path, value, found);
            }
        }
        Value::Array(entries) => {
            for entry in entries {
                strangers(&format!("{path}[]"), entry, found);
            }
        }
        Value::String(text) => {
            let known = ENUMS
                .iter()
                .find(|(field, _)| path == *field || path.ends_with(&format!(".{field}")));
            if let Some((field, known)) = known
                && !known.contains(&text.as_str())
            {
                found.push(((*field).to_owned(), text.chars().take(40).collect()));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// How two shapes differ: path, what the one side has there, what the other has. Below a list that is empty
/// on one side, or an object that is absent there, nothing can be compared.
pub(crate) fn differences(live: &Shape, simulated: &Shape) -> Vec<(String, String, String)> {
    let paths: BTreeSet<&String> = live.keys().chain(simulated.keys()).collect();
    let types = |shape: &Shape, path: &str| {
        shape.get(path).map_or_else(
            || "absent".to_owned(),
            |types| types.iter().copied().collect::<Vec<_>>().join(" or "),
        )
    };
    paths
        .into_iter()
        .filter(|path| comparable(live, path) && comparable(simulated, path))
        .filter(|path| live.get(*path) != simulated.get(*path))
        .map(|path| (path.clone(), types(live, path), types(simulated, path)))
        .collect()
}

/// Whether the parent of a path is there with something in it.
fn comparable(shape: &Shape, path: &str) -> bool {
    if path.ends_with("[]") {
        // Entries of a list: their absence means that it is empty.
        return shape.contains_key(path);
    }
    match path.rsplit_once('.') {
        Some((parent, _)) => shape
            .get(parent)
            .is_some_and(|types| types.contains("object")),
        None => shape.get("").is_none_or(|types| types.contains("object")) || path.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lines(live: &Value, simulated: &Value) -> Vec<String> {
        differences(&of(live), &of(simulated))
            .into_iter()
            .map(|(path, live, simulated)| format!("{path}: {live} / {simulated}"))
            .collect()
    }

    #[test]
    fn values_do_not_count_and_fields_and_types_do() {
        let live = json!({"id": "a", "version": 7, "state": "on", "extra": {"deep": 1}});
        let simulated = json!({"id": "b", "version": "7", "state": "off", "gone": true});
        assert_eq!(
            lines(&live, &simulated),
            [
                "extra: object / absent",
                "gone: absent / boolean",
                "version: integer / string"
            ]
        );
    }

    #[test]
    fn an_empty_list_says_nothing_about_its_entries() {
        let live = json!({"entities": []});
        let simulated = json!({"entities": [{"id": "a"}]});
        assert!(lines(&live, &simulated).is_empty());
    }

    #[test]
    fn keys_that_are_data_are_not_compared() {
        let live = json!({"features": {"chat": true}, "translationMapDefaults": {"a": "1"}});
        let simulated = json!({"features": {}, "translationMapDefaults": {}});
        assert!(lines(&live, &simulated).is_empty());
    }

    #[test]
    fn a_value_that_the_models_do_not_have_is_found_by_its_field() {
        let body = json!({"entities": [{"intendedState": "PAUSED", "status": "SUCCESS"}]});
        assert_eq!(
            unknown_values(&body),
            [("intendedState".to_owned(), "PAUSED".to_owned())]
        );
    }
}
