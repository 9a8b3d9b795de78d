//! The contract and the live test that must fit it.

use jsonschema::error::ValidationErrorKind;
use jsonschema::{Draft, PatternOptions, ValidationError, Validator};
use serde_json::{Map, Value};

use crate::manifest::collect::Problems;
use crate::manifest::place::{Place, Step};
use crate::manifest::tree::cut;
use crate::manifest::wire;
use crate::rebind::{normal_form, refers};

/// How many faults of one schema or one test input are reported.
const MOST: usize = 20;

/// How many bytes one compiled pattern may have. `^\p{L}{1,255}$`, the usual limit of a name, has
/// more than the 10 MiB that the `regex` crate allows by default; a function has 256 MB.
const MAX_PATTERN: usize = 32 << 20;

pub(super) fn check(action: &wire::Action, at: &Place, problems: &mut Problems<'_>) {
    let Some(contract) = &action.contract else {
        if !action.is_adopted() {
            problems.add(
                &at.key("contract"),
                "`contract` is missing: Genesys Cloud does not create an action without one",
                "Add `contract` with the JSON Schemas `input` and `output`, or adopt an existing action with `id` or `adopt: true`.",
            );
        }
        return;
    };
    let contract_at = at.key("contract");
    if let Some(output) = &contract.output {
        check_schema(output, &contract_at.key("output"), problems);
    }
    let Some(input) = &contract.input else { return };
    let input_at = contract_at.key("input");
    if input.get("type").and_then(Value::as_str) != Some("object") {
        problems.add(
            &input_at,
            "the input of a Data Action must be an object, but this schema's type is not `object`",
            "Write `type: object` here and the inputs under `properties`.",
        );
    }
    let validator = check_schema(input, &input_at, problems);
    let test = action.test.as_ref().and_then(|test| test.input.as_ref());
    if let (Some(validator), Some(test)) = (validator, test) {
        check_test(&validator, test, &at.key("test").key("input"), problems);
    }
}

/// The schema, compiled as draft-04, if it is one: that is what Genesys Cloud's own exports of Data
/// Actions declare. One that is well-formed in the draft it declares and not in draft-04 is the
/// platform rules' to refuse.
fn check_schema(
    schema: &Map<String, Value>,
    at: &Place,
    problems: &mut Problems<'_>,
) -> Option<Validator> {
    let says_draft = schema.contains_key("$schema");
    let schema = Value::Object(schema.clone());
    let faults: Vec<(Place, String)> = if says_draft {
        match jsonschema::meta::validator_for(&schema) {
            Ok(validator) => faults(&validator, &schema, at),
            Err(error) => vec![(at.key("$schema"), error.to_string())],
        }
    } else {
        faults(&jsonschema::draft4::meta::validator(), &schema, at)
    };
    for (place, said) in &faults {
        problems.add(
            place,
            format!("this is not a valid JSON Schema: {}", cut(said)),
            "Correct the schema (draft-04).",
        );
    }
    if !faults.is_empty() {
        return None;
    }
    if says_draft && !self::faults(&jsonschema::draft4::meta::validator(), &schema, at).is_empty() {
        return None;
    }
    let options = jsonschema::options()
        .with_draft(Draft::Draft4)
        .with_pattern_options(PatternOptions::fancy_regex().size_limit(MAX_PATTERN));
    match options.build(&normal_form(&schema)) {
        Ok(validator) => Some(validator),
        // Refused by the platform's rules, wherever it points.
        Err(_) if refers(&schema) => None,
        Err(error) => {
            problems.add(
                at,
                format!(
                    "this JSON Schema cannot be used: {}",
                    cut(&error.to_string())
                ),
                "Correct the schema (draft-04). If a pattern is too large, shorten its repetition \
                 counts.",
            );
            None
        }
    }
}

/// What makes a schema no schema of the draft that `meta` is of.
pub(super) fn faults(
    meta: &jsonschema::meta::MetaValidator<'_>,
    schema: &Value,
    at: &Place,
) -> Vec<(Place, String)> {
    meta.iter_errors(schema)
        .filter(|error| !is_empty_required(error))
        .take(MOST)
        .map(|error| {
            let at = within(at, error.instance_path());
            let is_type = matches!(at.steps().last(), Some(Step::Key(key)) if key == "type");
            let said = if is_type && error.instance().is_string() {
                format!(
                    "{} is not one of array, boolean, integer, null, number, object, string",
                    error.instance()
                )
            } else {
                error.to_string()
            };
            (at, said)
        })
        .collect()
}

/// Draft-04 forbids `required: []`, the platform takes it, and the official Java SDK always sends it
/// (its model of a contract).
fn is_empty_required(error: &ValidationError<'_>) -> bool {
    use jsonschema::paths::LocationSegment;
    let last = error.instance_path().segments().last();
    matches!(error.kind(), ValidationErrorKind::MinItems { .. })
        && matches!(last, Some(LocationSegment::Property(name)) if name == "required")
}

fn check_test(
    validator: &Validator,
    input: &Map<String, Value>,
    at: &Place,
    problems: &mut Problems<'_>,
) {
    let input = Value::Object(input.clone());
    for error in validator.iter_errors(&input).take(MOST) {
        problems.add(
            &within(at, error.instance_path()),
            format!(
                "the input of the test does not match the contract: {}",
                cut(&error.to_string())
            ),
            "Correct the input, or the contract's `input`.",
        );
    }
}

fn within(at: &Place, location: &jsonschema::paths::Location) -> Place {
    use jsonschema::paths::LocationSegment;
    at.then(location.segments().map(|segment| match segment {
        LocationSegment::Property(key) => Step::Key(key.into_owned()),
        LocationSegment::Index(index) => Step::Index(index),
    }))
}
