//! The contract of an action: two JSON Schemas, with the rules of the platform for them.
//!
//! Judged by draft-04, which the console writes. Simple inputs and their names, no `$ref`, no array in an
//! array of the output: help page "Add contracts to custom actions for integrations", which warns of the
//! names `orgId`, `integrationId` and `rawRequest`, but takes them (see [`crate::run`]). That an unknown keyword
//! of the input is refused, `required: []` is taken, and how a refusal reads: a recorded live session of the
//! official Terraform provider (2024-05).

use axum::http::StatusCode;
use jsonschema::{Draft, PatternOptions};
use serde_json::{Map, Value, json};

use crate::error::ApiError;
use crate::json_schema::{each, pointer, rebuilt};
use crate::request::Fields;
use crate::switches::{ContractSpelling, Switches};

/// Bytes of one compiled pattern: enough for `^\p{L}{1,255}$`, which the default is not.
const MAX_PATTERN: usize = 32 << 20;
/// The types of an input.
const SIMPLE: &[&str] = &["string", "integer", "number", "boolean", "null"];
/// The keywords of draft-04 but `$ref`.
const KEYWORDS: &[&str] = &[
    "$schema",
    "id",
    "title",
    "description",
    "default",
    "enum",
    "type",
    "format",
    "multipleOf",
    "maximum",
    "exclusiveMaximum",
    "minimum",
    "exclusiveMinimum",
    "maxLength",
    "minLength",
    "pattern",
    "items",
    "additionalItems",
    "maxItems",
    "minItems",
    "uniqueItems",
    "maxProperties",
    "minProperties",
    "required",
    "properties",
    "patternProperties",
    "additionalProperties",
    "definitions",
    "dependencies",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
];

/// Both schemas, as raw JSON: array-rooted ones carry `items`, which the SDK's model lacks.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Contract {
    pub(crate) input: Value,
    pub(crate) output: Value,
}

impl Contract {
    pub(crate) fn parsed(value: &Value, switches: &Switches) -> Result<Self, ApiError> {
        let contract = Fields::nested(
            value.clone(),
            "contract",
            "ActionContractInput",
            &["input", "output"],
            switches,
        )?;
        let input = Fields::nested(
            contract.required("input")?.clone(),
            "contract.input",
            "PostInputContract",
            &["inputSchema"],
            switches,
        )?;
        let output = Fields::nested(
            contract.required("output")?.clone(),
            "contract.output",
            "PostOutputContract",
            &["successSchema"],
            switches,
        )?;
        let input = input.required_object("inputSchema")?;
        let mut reasons = refusals(&input);
        reasons.extend(input_refusals(&input));
        refuse("contract.input.inputSchema", &reasons)?;
        let output = output.required_object("successSchema")?;
        let mut reasons = refusals(&output);
        reasons.extend(output_refusals(&output));
        refuse("contract.output.successSchema", &reasons)?;
        Ok(Self { input, output })
    }

    /// As it is answered; where it is asked for flattened, the schemas are members of others (official Python
    /// SDK 269.0.0, `ActionInput`, `ActionOutput` and `FlattenedJsonSchemaDocument`). That inputs and outputs
    /// this flat are the same when they are flattened is assumed.
    pub(crate) fn rendered(&self, is_flat: bool, switches: &Switches) -> Value {
        let Self { input, output } = self.spelled(switches);
        if is_flat {
            return json!({
                "input": {"inputSchemaFlattened": {"schema": input}},
                "output": {"successSchemaFlattened": {"schema": output}},
            });
        }
        json!({"input": {"inputSchema": input}, "output": {"successSchema": output}})
    }

    /// As it is answered, by switch.
    pub(crate) fn spelled(&self, switches: &Switches) -> Self {
        match switches.contract_spelling {
            ContractSpelling::AsWritten => self.clone(),
            ContractSpelling::Normalized => Self {
                input: rebuilt(&self.input, &normalize),
                output: rebuilt(&self.output, &normalize),
            },
        }
    }

    /// Whether an input keeps to the contract; or the reason why not.
    pub(crate) fn check_input(&self, input: &Value) -> Result<(), String> {
        validator(&self.input)?
            .validate(input)
            .map_err(|problem| problem.to_string())
    }
}

/// The spelling of the exports of the console: what an object may hold besides is said, and lists of names
/// have an order.
fn normalize(schema: &mut Map<String, Value>) {
    if schema.get("type").and_then(Value::as_str) == Some("object") {
        schema
            .entry("additionalProperties")
            .or_insert(Value::Bool(true));
    }
    let Some(Value::Array(required)) = schema.get_mut("required") else {
        return;
    };
    required.sort_by(|one, other| one.as_str().cmp(&other.as_str()));
    if required.is_empty() {
        schema.remove("required");
    }
}

/// A schema as draft-04 reads it. An empty `required`, which draft-04 forbids, counts as none.
fn validator(schema: &Value) -> Result<jsonschema::Validator, String> {
    let mut schema = rebuilt(schema, &|keywords| {
        if keywords.get("required") == Some(&json!([])) {
            keywords.remove("required");
        }
    });
    if let Value::Object(keywords) = &mut schema {
        // Whatever draft it names, this is the one that counts; its id leads nowhere.
        keywords.remove("$schema");
        keywords.remove("id");
    }
    jsonschema::options()
        .with_draft(Draft::Draft4)
        .with_pattern_options(PatternOptions::fancy_regex().size_limit(MAX_PATTERN))
        .build(&schema)
        .map_err(|problem| problem.to_string().chars().take(200).collect())
}

/// What keeps any schema from being one: a JSON pointer, and why.
fn refusals(schema: &Value) -> Vec<(String, String)> {
    let mut reasons = Vec::new();
    each(schema, &mut |at, keywords| {
        if keywords.contains_key("$ref") {
            reasons.push((
                pointer(at, "$ref"),
                "references are not supported".to_owned(),
            ));
        }
    });
    // A reference that leads nowhere would be told twice.
    if reasons.is_empty()
        && let Err(problem) = validator(schema)
    {
        reasons.push((String::new(), problem));
    }
    reasons
}

fn input_refusals(schema: &Value) -> Vec<(String, String)> {
    let mut reasons = Vec::new();
    each(schema, &mut |at, keywords| {
        for keyword in keywords.keys().filter(|key| *key != "$ref") {
            if !KEYWORDS.contains(&keyword.as_str()) {
                reasons.push((pointer(at, keyword), "the keyword is unknown".to_owned()));
            }
        }
    });
    let mut refuse = |at: &str, why: &str| reasons.push((at.to_owned(), why.to_owned()));
    if schema["type"] != "object" {
        refuse("/type", "the input must be an object");
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let at = pointer("/properties", name);
        if !is_input_name(name) {
            refuse(
                &at,
                "a name is a letter, and letters, digits, hyphens and underscores",
            );
        }
        let kind = &property["type"];
        let is_simple = match kind.as_array() {
            Some(kinds) => kinds.iter().all(is_simple_type),
            None if kind.is_null() => {
                property.get("properties").is_none() && property.get("items").is_none()
            }
            None => is_simple_type(kind),
        };
        if !is_simple {
            refuse(&at, "the type is not one of the simple types");
        }
    }
    reasons
}

fn is_simple_type(kind: &Value) -> bool {
    kind.as_str().is_some_and(|kind| SIMPLE.contains(&kind))
}

fn is_input_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name
            .chars()
            .all(|one| one.is_ascii_alphanumeric() || matches!(one, '-' | '_'))
}

fn output_refusals(schema: &Value) -> Vec<(String, String)> {
    let mut reasons = Vec::new();
    each(schema, &mut |at, keywords| {
        let is_nested = keywords.get("type").is_some_and(|kind| kind == "array")
            && keywords
                .get("items")
                .is_some_and(|items| items["type"] == "array");
        if is_nested {
            reasons.push((pointer(at, "items"), "an array in an array".to_owned()));
        }
    });
    reasons
}

/// The reasons stand in the message; the one detail says nothing.
fn refuse(part: &str, reasons: &[(String, String)]) -> Result<(), ApiError> {
    if reasons.is_empty() {
        return Ok(());
    }
    let reasons: Vec<String> = reasons
        .iter()
        .map(|(at, why)| format!("{why} (\"{at}\")"))
        .collect();
    Err(ApiError::new(
        StatusCode::BAD_REQUEST,
        "invalid.schema",
        format!(
            "There was an issue validating the schema {part}: {}",
            reasons.join("; ")
        ),
    )
    .with_detail("ACTION.PROCESSING"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(input: Value, output: Value) -> Result<Contract, ApiError> {
        let contract =
            json!({"input": {"inputSchema": input}, "output": {"successSchema": output}});
        Contract::parsed(&contract, &Switches::default())
    }

    fn any() -> Value {
        json!({"type": "object", "properties": {}})
    }

    #[track_caller]
    fn refused(input: Value, output: Value, why: &str) {
        let refusal = parsed(input, output).unwrap_err();
        assert_eq!(refusal.code, "invalid.schema");
        assert!(refusal.message.contains(why), "{}", refusal.message);
        assert_eq!(refusal.details.len(), 1);
        assert_eq!(refusal.details[0].error_code, "ACTION.PROCESSING");
    }

    #[test]
    fn what_the_console_writes_is_taken() {
        let input = json!({
            "$schema": "http://json-schema.org/draft-04/schema#",
            "title": "Asked",
            "type": "object",
            "required": [],
            "properties": {
                "order-no": {"type": "string", "description": "d", "pattern": "^\\p{L}{1,255}$"},
                "amount": {"type": ["number", "null"], "minimum": 1, "exclusiveMinimum": true},
            },
            "additionalProperties": true,
        });
        let list = json!({"type": "array", "items": {"type": "object", "properties": {"x": {"type": "array", "items": {}}}}});
        parsed(input, list).unwrap();
    }

    #[test]
    fn an_input_that_is_not_simple_is_refused_with_its_place() {
        let property =
            |name: &str, schema: Value| json!({"type": "object", "properties": {name: schema}});
        for (input, why) in [
            (
                property("deep", json!({"type": "object", "properties": {}})),
                "(\"/properties/deep\")",
            ),
            (
                property(
                    "list",
                    json!({"type": "array", "items": {"type": "string"}}),
                ),
                "simple types",
            ),
            (property("1st", json!({"type": "string"})), "a name is"),
            (
                property("x", json!({"type": "string", "const": "a"})),
                "(\"/properties/x/const\")",
            ),
            (
                json!({"type": "object", "properties": {}, "colour": "red"}),
                "the keyword is unknown (\"/colour\")",
            ),
            (json!({"type": "array", "items": {}}), "must be an object"),
            (
                property("x", json!({"$ref": "#/definitions/y"})),
                "references",
            ),
        ] {
            refused(input, any(), why);
        }
    }

    #[test]
    fn an_output_is_freer_but_has_neither_references_nor_arrays_in_arrays() {
        parsed(
            any(),
            json!({"type": "object", "properties": {"urn:x": {"colour": 1}}}),
        )
        .unwrap();
        refused(
            any(),
            json!({"type": "array", "items": {"type": "array", "items": {}}}),
            "an array in an array (\"/items\")",
        );
        refused(any(), json!({"items": {"$ref": "#"}}), "(\"/items/$ref\")");
        refused(any(), json!({"type": 7}), "contract.output.successSchema");
    }

    #[test]
    fn draft_04_reads_exclusive_limits_as_switches() {
        let number = |limit: Value| json!({"type": "object", "properties": {"n": {"type": "number", "minimum": 1, "exclusiveMinimum": limit}}});
        refused(number(json!(1)), any(), "contract.input.inputSchema");
        let contract = parsed(number(json!(true)), any()).unwrap();
        assert!(contract.check_input(&json!({"n": 1})).is_err());
        assert_eq!(contract.check_input(&json!({"n": 2})), Ok(()));
    }

    #[test]
    fn a_contract_is_answered_in_another_spelling_by_switch() {
        let input = json!({
            "type": "object", "required": ["b", "a"],
            "properties": {"a": {"type": "string"}, "b": {"type": "string"}}
        });
        let contract = parsed(input.clone(), json!({"type": "object", "required": []})).unwrap();
        let mut switches = Switches::default();
        assert_eq!(
            contract.rendered(false, &switches)["input"]["inputSchema"],
            input
        );
        switches.set("contract_spelling", "normalized").unwrap();
        let spelled = contract.rendered(true, &switches);
        let input = &spelled["input"]["inputSchemaFlattened"]["schema"];
        assert_eq!(input["required"], json!(["a", "b"]));
        assert_eq!(input["additionalProperties"], true);
        let output = &spelled["output"]["successSchemaFlattened"]["schema"];
        assert_eq!(
            output,
            &json!({"type": "object", "additionalProperties": true})
        );
    }
}
