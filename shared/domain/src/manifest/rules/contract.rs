//! The contract and the live test that must fit it.

use jsonschema::{Draft, Validator};
use serde_json::{Map, Value};

use crate::manifest::collect::Problems;
use crate::manifest::place::{Place, Step};
use crate::manifest::tree::cut;
use crate::manifest::wire;

/// How many faults of one schema or one test input are told.
const MOST: usize = 20;

pub(super) fn check(action: &wire::Action, at: &Place, problems: &mut Problems<'_>) {
    let Some(contract) = &action.contract else {
        if !action.is_adopted() {
            problems.add(
                &at.key("contract"),
                "`contract` is missing: Genesys Cloud creates no action without it",
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
            "the input of a Data Action is an object, and this schema's type is not `object`",
            "Write `type: object` here and the inputs under `properties`.",
        );
    }
    let validator = check_schema(input, &input_at, problems);
    let test = action.test.as_ref().and_then(|test| test.input.as_ref());
    if let (Some(validator), Some(test)) = (validator, test) {
        check_test(&validator, test, &at.key("test").key("input"), problems);
    }
}

/// The schema, compiled, if it is one. Without `$schema` it is draft-04, which is what Genesys
/// Cloud's own exports of Data Actions declare.
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
            "Correct the schema; it is draft-04 unless `$schema` says otherwise.",
        );
    }
    if !faults.is_empty() {
        return None;
    }
    let mut options = jsonschema::options();
    if !says_draft {
        options = options.with_draft(Draft::Draft4);
    }
    match options.build(&schema) {
        Ok(validator) => Some(validator),
        Err(error) => {
            problems.add(
                at,
                format!(
                    "this JSON Schema cannot be used: {}",
                    cut(&error.to_string())
                ),
                "Correct it; a `$ref` may point within the schema only.",
            );
            None
        }
    }
}

fn faults(
    meta: &jsonschema::meta::MetaValidator<'_>,
    schema: &Value,
    at: &Place,
) -> Vec<(Place, String)> {
    meta.iter_errors(schema)
        .take(MOST)
        .map(|error| {
            let at = within(at, error.instance_path());
            let is_type = matches!(at.steps().last(), Some(Step::Key(key)) if key == "type");
            let said = if is_type && error.instance().is_string() {
                format!(
                    "{} is none of array, boolean, integer, null, number, object, string",
                    error.instance()
                )
            } else {
                error.to_string()
            };
            (at, said)
        })
        .collect()
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
                "the test's input does not fit the contract: {}",
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
