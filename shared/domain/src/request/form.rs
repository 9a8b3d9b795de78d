//! What a type's JSON Schema has against an event, in the words of a person.

use jsonschema::error::ValidationErrorKind;
use jsonschema::paths::Location;
use jsonschema::{JsonType, ValidationError};
use schemars::JsonSchema;
use serde_json::Value;

use crate::problem::Problem;

const SHAPES: &str = "See the files in `events/` for the accepted shapes.";

/// Everything that is wrong with the form of an event, sorted by place.
pub(super) fn problems<T: JsonSchema>(event: &Value) -> Vec<Problem> {
    let schema = schemars::schema_for!(T).to_value();
    let validator = match jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
    {
        Ok(validator) => validator,
        Err(error) => {
            let problem = format!("the schema of this event is broken: {error}");
            return vec![Problem::new(
                "event",
                problem,
                "Report this to the maintainers of Lockstep.",
            )];
        }
    };
    let mut problems = Vec::new();
    for error in validator.iter_errors(event) {
        explain(&schema, &error, &mut problems);
    }
    problems.sort();
    problems.dedup();
    problems
}

/// `/keys/0` as `event.keys[0]`.
fn place(location: &Location) -> String {
    let mut text = "event".to_owned();
    for segment in location.segments() {
        let segment = segment.to_string();
        if segment.parse::<usize>().is_ok() {
            text.push_str(&format!("[{segment}]"));
        } else {
            text.push('.');
            text.push_str(&shown(&segment));
        }
    }
    text
}

/// Texts of strangers may be long; messages may not.
fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}

/// The part of the schema with the keyword that failed.
fn around<'s>(schema: &'s Value, error: &ValidationError<'_>) -> &'s Value {
    let keyword = error.schema_path().as_str();
    let around = keyword.rsplit_once('/').map_or("", |(around, _)| around);
    schema.pointer(around).unwrap_or(&Value::Null)
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the generated schemas use few keywords; a new one is reported in the validator's \
              words"
)]
fn explain(schema: &Value, error: &ValidationError<'_>, problems: &mut Vec<Problem>) {
    let at = place(error.instance_path());
    let found = error.instance();
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            let known = around(schema, error)["properties"].as_object();
            let known: Vec<&str> = known
                .into_iter()
                .flatten()
                .map(|(key, _)| key.as_str())
                .collect();
            for field in unexpected {
                problems.push(Problem::new(
                    format!("{at}.{}", shown(field)),
                    format!("`{}` is not a field of this event", shown(field)),
                    format!("Remove it, or use one of: {}.", known.join(", ")),
                ));
            }
        }
        ValidationErrorKind::Required { property } => {
            let field = property.as_str().unwrap_or_default();
            let about = around(schema, error)["properties"][field]["description"]
                .as_str()
                .unwrap_or(SHAPES);
            problems.push(Problem::new(
                format!("{at}.{field}"),
                format!("`{field}` is missing"),
                format!("Add it. {}", about.replace('\n', " ")),
            ));
        }
        // An optional field: what its type says matters, not that it might be null.
        ValidationErrorKind::AnyOf { context } => {
            for error in context.iter().flatten() {
                if !wants_null(error) {
                    explain(schema, error, problems);
                }
            }
        }
        ValidationErrorKind::OneOfNotValid { context } => {
            let choices = context
                .iter()
                .flatten()
                .filter_map(|error| match error.kind() {
                    ValidationErrorKind::Constant { expected_value } => {
                        Some(expected_value.to_string())
                    }
                    _ => None,
                });
            let choices: Vec<String> = choices.collect();
            problems.push(Problem::new(
                at,
                format!("{} is not an allowed value", shown(&found.to_string())),
                format!("Write one of: {}.", choices.join(", ")),
            ));
        }
        ValidationErrorKind::Pattern { .. } => {
            let hint = around(schema, error)["patternErrorMessage"].as_str();
            problems.push(Problem::new(
                at,
                format!(
                    "{} does not have the required form",
                    shown(&found.to_string())
                ),
                hint.unwrap_or(SHAPES),
            ));
        }
        ValidationErrorKind::Format { format } if *format == "date-time" => {
            problems.push(Problem::new(
                at,
                format!("{} is not a timestamp", shown(&found.to_string())),
                "Write a timestamp with an offset, such as 2026-01-31T12:00:00Z.",
            ));
        }
        ValidationErrorKind::Type { .. } => {
            let wanted = named(wanted_type(&around(schema, error)["type"]));
            let given = named(JsonType::from(&**found).as_str());
            problems.push(Problem::new(
                at,
                format!("expected {wanted}, found {given}"),
                format!("Write {wanted}."),
            ));
        }
        _ => problems.push(Problem::new(at, shown(&error.masked().to_string()), SHAPES)),
    }
}

/// The first of a schema's types: null, where it is allowed, comes last.
fn wanted_type(types: &Value) -> &str {
    let first = types.get(0).unwrap_or(types);
    first.as_str().unwrap_or_default()
}

/// A JSON type as a person calls it.
fn named(json_type: &str) -> &'static str {
    match json_type {
        "string" => "a string",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "a boolean (true or false)",
        "array" => "a list",
        "object" => "an object",
        "null" => "null",
        _ => "another type",
    }
}

fn wants_null(error: &ValidationError<'_>) -> bool {
    matches!(
        error.kind(),
        ValidationErrorKind::Type {
            kind: jsonschema::error::TypeKind::Single(JsonType::Null)
        }
    )
}
