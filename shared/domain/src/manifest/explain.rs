//! What is wrong with a document according to the schema, in plain words.

use std::collections::BTreeSet;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::paths::Location;
use jsonschema::{JsonType, ValidationError};
use serde_json::Value;

use super::collect::Problems;
use super::nearest::nearest;
use super::place::{Place, Step};
use super::schema::CHECKER;
use super::tree::{Tree, cut};

/// With more mistakes than this the rules are not checked: the file is something else.
const TOO_MANY: usize = 500;

/// Checks the document against the schema, and takes out of it what is not well-formed, so that
/// the rest can go on to the rules. False where there is no sense in going on.
pub(super) fn check_form(tree: &Tree, document: &mut Value, problems: &mut Problems<'_>) -> bool {
    let mut bad: BTreeSet<Place> = BTreeSet::new();
    // One slip may break several keywords of the schema; the first said is enough.
    let mut told: BTreeSet<Place> = BTreeSet::new();
    for error in CHECKER.validator.iter_errors(document) {
        let at = place_of(error.instance_path(), document);
        if tree.is_refused(&at) {
            continue;
        }
        for said in explain(&error, &at) {
            if said.takes_out {
                bad.insert(said.at.clone());
            }
            if told.insert(said.at.clone()) {
                problems.add(&said.at, said.problem, said.fix);
            }
            if told.len() > TOO_MANY {
                return false;
            }
        }
    }
    for place in bad.iter().chain(tree.refused()) {
        take_out(document, place);
    }
    true
}

struct FormProblem {
    at: Place,
    problem: String,
    fix: String,
    /// Whether the value cannot be read any further.
    takes_out: bool,
}

fn place_of(location: &Location, document: &Value) -> Place {
    let mut at = Some(document);
    // A pointer does not distinguish the key "0" from the index 0; the document does.
    let steps = location.segments().map(|segment| {
        let segment = segment.to_string();
        let index = segment.parse::<usize>();
        match (at, index) {
            (Some(Value::Array(elements)), Ok(index)) => {
                at = elements.get(index);
                Step::Index(index)
            }
            (inner, _) => {
                at = inner.and_then(|value| value.get(&segment));
                Step::Key(segment)
            }
        }
    });
    let steps: Vec<Step> = steps.collect();
    Place::root().then(steps)
}

/// The element leaves a hole, so that the others keep their index.
fn take_out(document: &mut Value, place: &Place) {
    let Some((around, last)) = place.parent() else {
        *document = Value::Object(serde_json::Map::new());
        return;
    };
    let mut value = document;
    for step in around.steps() {
        let inner = match step {
            Step::Key(key) => value.get_mut(key),
            Step::Index(index) => value.get_mut(index),
        };
        let Some(inner) = inner else { return };
        value = inner;
    }
    match (last, value) {
        (Step::Key(key), Value::Object(members)) => {
            members.remove(key);
        }
        (Step::Index(index), Value::Array(elements)) => {
            if let Some(element) = elements.get_mut(*index) {
                *element = Value::Null;
            }
        }
        (
            Step::Key(_) | Step::Index(_),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_),
        ) => {}
    }
}

/// The part of the schema with the keyword that failed.
fn schema_around(error: &ValidationError<'_>) -> &'static Value {
    let keyword = error.schema_path().as_str();
    let around = keyword.rsplit_once('/').map_or("", |(around, _)| around);
    CHECKER.schema.pointer(around).unwrap_or(&Value::Null)
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the generated schema uses few keywords; a new one is reported in the validator's \
              words"
)]
fn explain(error: &ValidationError<'_>, at: &Place) -> Vec<FormProblem> {
    let found = error.instance();
    let (problem, fix) = match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            return unexpected
                .iter()
                .take(TOO_MANY + 1)
                .map(|key| unknown_field(error, at, key))
                .collect();
        }
        ValidationErrorKind::Required { property } => {
            return vec![missing_field(error, at, property)];
        }
        ValidationErrorKind::Type { kind } => wrong_type(kind, found),
        ValidationErrorKind::Pattern { .. } => wrong_text(error, found),
        ValidationErrorKind::Enum { options } => {
            wrong_choice(found, options.as_array().into_iter().flatten())
        }
        ValidationErrorKind::Constant { expected_value } => {
            wrong_choice(found, std::iter::once(&**expected_value))
        }
        ValidationErrorKind::OneOfNotValid { context } => {
            let errors = context.iter().flatten();
            let choices: Vec<&Value> = errors
                .filter_map(|error| match error.kind() {
                    ValidationErrorKind::Constant { expected_value } => Some(&**expected_value),
                    _ => None,
                })
                .collect();
            wrong_choice(found, choices)
        }
        ValidationErrorKind::MinLength { .. } => {
            ("this is empty".to_owned(), "Write a string.".to_owned())
        }
        ValidationErrorKind::MaxLength { limit } => {
            let length = found.as_str().map_or(0, |text| text.chars().count());
            (
                format!("this has {length} characters; at most {limit} are allowed"),
                "Shorten it.".to_owned(),
            )
        }
        ValidationErrorKind::MaxItems { limit } => {
            let length = found.as_array().map_or(0, Vec::len);
            (
                format!("the list has {length} entries; at most {limit} are allowed"),
                format!("Keep at most {limit} entries."),
            )
        }
        ValidationErrorKind::Minimum { limit } => (
            format!("{found} is too small"),
            format!("Write at least {limit}."),
        ),
        ValidationErrorKind::Maximum { limit } => (
            format!("{found} is too large"),
            format!("Write at most {limit}."),
        ),
        _ => (
            format!("this is not valid in a manifest: {}", error.masked()),
            "See schemas/manifest.schema.json.".to_owned(),
        ),
    };
    vec![FormProblem {
        at: at.clone(),
        problem,
        fix,
        takes_out: true,
    }]
}

fn unknown_field(error: &ValidationError<'_>, at: &Place, key: &str) -> FormProblem {
    let fields = || {
        let known = schema_around(error)["properties"].as_object();
        known
            .into_iter()
            .flat_map(|fields| fields.keys().map(String::as_str))
    };
    let fix = match nearest(key, fields()) {
        Some(meant) => format!("Did you mean `{meant}`?"),
        None => format!(
            "Remove it. Allowed fields: {}.",
            fields().collect::<Vec<_>>().join(", ")
        ),
    };
    FormProblem {
        at: at.key(key),
        problem: format!("unknown field `{}`", cut(key)),
        fix,
        takes_out: true,
    }
}

fn missing_field(error: &ValidationError<'_>, at: &Place, property: &Value) -> FormProblem {
    let field = property.as_str().unwrap_or_default();
    let about = schema_around(error)["properties"][field]["description"]
        .as_str()
        .unwrap_or_default();
    FormProblem {
        at: at.key(field),
        problem: format!("`{field}` is missing"),
        fix: format!("Add `{field}`. {about}")
            .trim_end_matches([' ', ':'])
            .to_owned(),
        takes_out: false,
    }
}

fn wrong_type(kind: &TypeKind, found: &Value) -> (String, String) {
    let wanted = match kind {
        TypeKind::Single(wanted) => *wanted,
        TypeKind::Multiple(wanted) => wanted.iter().next().unwrap_or(JsonType::String),
    };
    let (wanted, fix) = match wanted {
        JsonType::String => ("a string", "Write a string."),
        JsonType::Integer => ("a whole number", "Write a whole number, without quotes."),
        JsonType::Number => ("a number", "Write a number, without quotes."),
        JsonType::Boolean => ("a boolean", "Write true or false, without quotes."),
        JsonType::Array => (
            "a list",
            "Write a list: each entry on its own line after `- `.",
        ),
        JsonType::Object => (
            "a mapping",
            "Write a mapping: indented lines of the form `field: value`.",
        ),
        JsonType::Null => ("nothing", "Remove the value."),
    };
    let (given, fix) = match found {
        Value::Null => ("nothing", "Add a value, or remove the line."),
        Value::Bool(_) if wanted == "a string" => ("a boolean", "Put it in quotes."),
        Value::Number(_) if wanted == "a string" => ("a number", "Put it in quotes."),
        Value::Bool(_) => ("a boolean", fix),
        Value::Number(_) => ("a number", fix),
        Value::String(_) => ("a string", fix),
        Value::Array(_) => ("a list", fix),
        Value::Object(_) => ("a mapping", fix),
    };
    (format!("expected {wanted}, found {given}"), fix.to_owned())
}

fn wrong_text(error: &ValidationError<'_>, found: &Value) -> (String, String) {
    let around = schema_around(error);
    let text = found.as_str().unwrap_or_default();
    let kind = around["title"].as_str().unwrap_or_default();
    let problem = reason(kind, text)
        .unwrap_or_else(|| "this text does not have the required form".to_owned());
    let fix = around["patternErrorMessage"].as_str();
    (problem, fix.unwrap_or("Correct the value.").to_owned())
}

/// Why a text is not of its type, in the words of that type.
fn reason(kind: &str, text: &str) -> Option<String> {
    use crate::{arn, ids};
    fn why<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> Option<String> {
        text.parse::<T>().err().map(|error| error.to_string())
    }
    match kind {
        "FunctionArn" => why::<arn::FunctionArn>(text),
        "SecretArn" => why::<arn::SecretArn>(text),
        "RoleName" => why::<arn::RoleName>(text),
        "SecretName" => why::<super::SecretName>(text),
        "" => text.trim().is_empty().then(|| "this is blank".to_owned()),
        // All ids are of one form.
        _ => why::<ids::Key>(text).map(|said| said.replacen("key ", "this ", 1)),
    }
}

fn wrong_choice<'v>(
    found: &Value,
    choices: impl IntoIterator<Item = &'v Value>,
) -> (String, String) {
    let shown = |value: &Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    let choices: Vec<String> = choices.into_iter().map(shown).collect();
    let meant = nearest(&shown(found), choices.iter().map(String::as_str));
    let fix = match (meant, choices.as_slice()) {
        (_, [only]) => format!("Write {only}."),
        (Some(meant), _) => format!("Did you mean {meant}? Allowed: {}.", choices.join(", ")),
        (None, _) => format!("Write one of: {}.", choices.join(", ")),
    };
    let found = match found {
        Value::String(text) => format!("`{}`", cut(text)),
        Value::Null => "nothing".to_owned(),
        Value::Bool(_) | Value::Number(_) => format!("`{found}`"),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a mapping".to_owned(),
    };
    (format!("{found} is not an allowed value"), fix)
}
