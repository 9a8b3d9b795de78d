//! A schema of the contract, compiled when it is first needed.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{Draft, ValidationError, Validator};
use serde_json::{Map, Value, json};

const MODELS: &str = "#/components/schemas/";

/// What is wrong with a value: where (a JSON pointer), what, and what the contract has.
pub(crate) struct Finding {
    pub(crate) pointer: String,
    pub(crate) what: String,
    pub(crate) contract: String,
}

/// A schema with all the models that it needs.
#[derive(Debug)]
pub(crate) struct Shape {
    root: Value,
    validator: OnceLock<Result<Validator, String>>,
}

impl Shape {
    /// `models` are all of the contract; those that are reached are kept.
    pub(crate) fn new(schema: &Value, models: &Map<String, Value>) -> Self {
        let mut reached = BTreeSet::new();
        reach(schema, models, &mut reached);
        let kept: Map<String, Value> = reached
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), models.get(name)?.clone())))
            .collect();
        let mut root = schema.as_object().cloned().unwrap_or_default();
        root.insert("components".to_owned(), json!({"schemas": kept}));
        Self {
            root: Value::Object(root),
            validator: OnceLock::new(),
        }
    }

    /// All that is wrong with a value.
    pub(crate) fn findings(&self, value: &Value) -> Vec<Finding> {
        let compiled = self.validator.get_or_init(|| {
            jsonschema::options()
                .with_draft(Draft::Draft202012)
                .should_validate_formats(true)
                .build(&self.root)
                .map_err(|error| error.to_string())
        });
        match compiled {
            Ok(validator) if validator.is_valid(value) => Vec::new(),
            Ok(validator) => validator
                .iter_errors(value)
                .flat_map(|error| self.explain(&error))
                .collect(),
            Err(problem) => vec![Finding {
                pointer: String::new(),
                what: format!("cannot be judged: {problem}"),
                contract: "a schema that does not compile".to_owned(),
            }],
        }
    }

    fn explain(&self, error: &ValidationError<'_>) -> Vec<Finding> {
        let at = error.instance_path().as_str();
        let (schema, model) = self.schema_of(error);
        let finding = |pointer: String, what: String, contract: String| Finding {
            pointer,
            what,
            contract,
        };
        if let ValidationErrorKind::AdditionalProperties { unexpected } = error.kind() {
            let known = names(schema["properties"].as_object().map(Map::keys));
            return unexpected
                .iter()
                .map(|name| {
                    let pointer = format!("{at}/{}", escaped(name));
                    finding(
                        pointer,
                        "unknown field".to_owned(),
                        format!("{model} with {known}"),
                    )
                })
                .collect();
        }
        let here = at.to_owned();
        let found = if let ValidationErrorKind::Required { property } = error.kind() {
            let name = property.as_str().unwrap_or_default();
            let contract = format!("it as a required field of {model}");
            finding(
                format!("{at}/{}", escaped(name)),
                "missing".to_owned(),
                contract,
            )
        } else if let ValidationErrorKind::Type { kind } = error.kind() {
            let what = format!("{} here", kind_of(error.instance()));
            finding(here, what, expected(kind))
        } else if let ValidationErrorKind::Enum { options } = error.kind() {
            let shown: String = error.instance().to_string().chars().take(80).collect();
            finding(
                here,
                format!("the value {shown}"),
                format!("only {options}"),
            )
        } else if let ValidationErrorKind::Format { format } = error.kind() {
            finding(
                here,
                "text of another form".to_owned(),
                format!("a {format}"),
            )
        } else {
            finding(here, error.masked().to_string(), "another rule".to_owned())
        };
        vec![found]
    }

    /// The schema that holds the keyword which failed, and the name of its model.
    fn schema_of(&self, error: &ValidationError<'_>) -> (&Value, &str) {
        let (mut schema, mut model) = (&self.root, "an object");
        let path = error.evaluation_path().as_str();
        let (holder, _) = path.rsplit_once('/').unwrap_or_default();
        for segment in holder.split('/').skip(1) {
            schema = match schema {
                Value::Array(items) => segment
                    .parse()
                    .ok()
                    .and_then(|index: usize| items.get(index))
                    .unwrap_or(&Value::Null),
                Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::String(_)
                | Value::Object(_) => &schema[unescaped(segment).as_str()],
            };
            if let (true, Some(name)) = (segment == "$ref", referred(schema)) {
                model = name;
                schema = &self.root["components"]["schemas"][name];
            }
        }
        (schema, model)
    }
}

fn reach<'m>(schema: &'m Value, models: &'m Map<String, Value>, reached: &mut BTreeSet<&'m str>) {
    match schema {
        Value::Object(fields) => {
            if let Some(name) = fields.get("$ref").and_then(referred)
                && reached.insert(name)
                && let Some(model) = models.get(name)
            {
                reach(model, models, reached);
            }
            fields
                .values()
                .for_each(|inner| reach(inner, models, reached));
        }
        Value::Array(items) => items.iter().for_each(|inner| reach(inner, models, reached)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn referred(reference: &Value) -> Option<&str> {
    reference.as_str()?.strip_prefix(MODELS)
}

fn names<'n>(names: Option<impl Iterator<Item = &'n String>>) -> String {
    let names: Vec<&str> = names.into_iter().flatten().map(String::as_str).collect();
    names.join(", ")
}

/// A name as a segment of a JSON pointer.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn unescaped(segment: &str) -> String {
    segment.replace("~1", "/").replace("~0", "~")
}

fn expected(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(one) => article(&one.to_string()),
        TypeKind::Multiple(several) => format!("{several:?}"),
    }
}

/// A value's type as the contract names types.
fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn article(kind: &str) -> String {
    match kind {
        "array" | "integer" | "object" => format!("an {kind}"),
        other => format!("a {other}"),
    }
}
