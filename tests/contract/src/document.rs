//! The derived document as the judge uses it: operations with their parameters, bodies and answers.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use contract_kit::Error;

use crate::derive::{self, ADDITIONS};
use crate::shape::Shape;

/// The contract of a set of operations.
#[derive(Debug)]
pub struct Contract {
    pub(crate) document: Value,
    pub(crate) operations: HashMap<String, Operation>,
    /// The body of a refusal.
    pub(crate) refusal: Arc<Shape>,
}

/// One operation.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) query: BTreeMap<String, Parameter>,
    pub(crate) body: Option<Body>,
    pub(crate) answers: BTreeMap<u16, Answer>,
    /// Observed statuses that outrank the contract, each with the declared one that it stands for.
    pub(crate) exceptions: BTreeMap<u16, u16>,
}

/// A parameter of the query.
#[derive(Debug)]
pub(crate) struct Parameter {
    pub(crate) required: bool,
    pub(crate) kind: ParameterKind,
    pub(crate) values: Vec<String>,
}

/// How the text of a parameter is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ParameterKind {
    Text,
    Integer,
    Number,
    Boolean,
    /// Texts, separated by commas.
    List,
}

/// The body of a request.
#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) required: bool,
    pub(crate) media: String,
    pub(crate) shape: Arc<Shape>,
}

/// What an operation may answer with one status.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Media type and schema; none where there is no body.
    pub(crate) content: Option<(String, Arc<Shape>)>,
    /// The codes that a refusal may have; empty where they are not declared.
    pub(crate) codes: Vec<String>,
}

impl Contract {
    /// The contract of these operations (verb, route template). Blocks: the first time ever it installs the
    /// official SDK, which takes a minute or more; `say` is told so.
    ///
    /// # Errors
    /// The SDK cannot be installed, or does not have one of the operations.
    pub fn of(operations: &[(&str, &str)], say: &dyn Fn(&str)) -> Result<Self, Error> {
        Self::read(derive::document(operations, say)?)
    }

    /// The whole contract as an OpenAPI 3.0.3 document.
    #[must_use]
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// The template of the operation with this verb that a path belongs to; of several, the one with the fewest
    /// parameters.
    #[must_use]
    pub fn route(&self, method: &str, path: &str) -> Option<&str> {
        self.operations
            .keys()
            .filter_map(|name| name.split_once(' '))
            .filter(|(verb, template)| *verb == method && fits(template, path))
            .map(|(_, template)| template)
            .min_by_key(|template| template.matches('{').count())
    }

    fn read(mut document: Value) -> Result<Self, Error> {
        let additions: Value =
            serde_json::from_str(ADDITIONS).map_err(|error| Error::Document(error.to_string()))?;
        let models = object(&document["components"]["schemas"], "components/schemas")?;
        let mut reader = Reader {
            models,
            shapes: HashMap::new(),
        };
        let mut operations = HashMap::new();
        for (route, item) in object(&document["paths"], "paths")? {
            for (verb, operation) in object(item, route)? {
                let name = format!("{} {route}", verb.to_uppercase());
                let mut read = reader.operation(operation, &name)?;
                read.exceptions = exceptions(&additions, &name);
                read.query.extend(more_parameters(&additions, &name));
                operations.insert(name, read);
            }
        }
        let model = text(&additions["common_errors"]["model"]);
        let refusal = reader.shape(&json!({"$ref": format!("#/components/schemas/{model}")}));
        declare_exceptions(&mut document, &operations);
        Ok(Self {
            operations,
            refusal,
            document,
        })
    }
}

/// Writes the observed statuses into the document too, for those who read it instead of asking this judge.
fn declare_exceptions(document: &mut Value, operations: &HashMap<String, Operation>) {
    for (name, operation) in operations {
        let Some((verb, route)) = name.split_once(' ') else {
            continue;
        };
        let responses = &mut document["paths"][route][verb.to_lowercase()]["responses"];
        for (observed, declared) in &operation.exceptions {
            responses[observed.to_string()] = responses[declared.to_string()].clone();
        }
    }
}

struct Reader<'d> {
    models: &'d Map<String, Value>,
    /// Every schema is compiled once, wherever it is used.
    shapes: HashMap<String, Arc<Shape>>,
}

impl Reader<'_> {
    fn shape(&mut self, schema: &Value) -> Arc<Shape> {
        let models = self.models;
        let known = self
            .shapes
            .entry(schema.to_string())
            .or_insert_with(|| Arc::new(Shape::new(schema, models)));
        Arc::clone(known)
    }

    fn operation(&mut self, operation: &Value, name: &str) -> Result<Operation, Error> {
        let query = operation["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|parameter| parameter["in"] == "query")
            .map(|parameter| (text(&parameter["name"]), parameter_of(parameter)))
            .collect();
        let request = &operation["requestBody"];
        let body = self
            .content(&request["content"])
            .map(|(media, shape)| Body {
                required: request["required"] == true,
                media,
                shape,
            });
        let mut answers = BTreeMap::new();
        for (status, answer) in object(&operation["responses"], name)? {
            let number = status
                .parse()
                .map_err(|_| Error::Document(format!("{name} has the status {status}")))?;
            let answer = Answer {
                content: self.content(&answer["content"]),
                codes: texts(&answer["x-error-codes"]),
            };
            answers.insert(number, answer);
        }
        Ok(Operation {
            query,
            body,
            answers,
            exceptions: BTreeMap::new(),
        })
    }

    fn content(&mut self, content: &Value) -> Option<(String, Arc<Shape>)> {
        let (media, entry) = content.as_object()?.iter().next()?;
        Some((media.clone(), self.shape(&entry["schema"])))
    }
}

fn fits(template: &str, path: &str) -> bool {
    let same = |(expected, found): (&str, &str)| {
        expected == found || (expected.starts_with('{') && !found.is_empty())
    };
    template.split('/').count() == path.split('/').count()
        && template.split('/').zip(path.split('/')).all(same)
}

fn parameter_of(parameter: &Value) -> Parameter {
    let schema = &parameter["schema"];
    let (kind, values) = match schema["type"].as_str() {
        Some("integer") => (ParameterKind::Integer, &schema["enum"]),
        Some("number") => (ParameterKind::Number, &schema["enum"]),
        Some("boolean") => (ParameterKind::Boolean, &schema["enum"]),
        Some("array") => (ParameterKind::List, &schema["items"]["enum"]),
        Some(_) | None => (ParameterKind::Text, &schema["enum"]),
    };
    Parameter {
        required: parameter["required"] == true,
        kind,
        values: texts(values),
    }
}

fn exceptions_of<'a>(additions: &'a Value, operation: &'a str) -> impl Iterator<Item = &'a Value> {
    additions["exceptions"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(move |exception| exception["operation"] == operation)
}

/// Parameters of the query that the operation must take although the SDK has none.
fn more_parameters(additions: &Value, operation: &str) -> Vec<(String, Parameter)> {
    exceptions_of(additions, operation)
        .filter_map(|exception| exception["parameter"].as_str())
        .map(|name| {
            let parameter = Parameter {
                required: false,
                kind: ParameterKind::Text,
                values: Vec::new(),
            };
            (name.to_owned(), parameter)
        })
        .collect()
}

/// Observed statuses, each with the declared one that it stands for.
fn exceptions(additions: &Value, operation: &str) -> BTreeMap<u16, u16> {
    let number = |value: &Value| value.as_str().and_then(|text| text.parse().ok());
    exceptions_of(additions, operation)
        .filter_map(|exception| Some((number(&exception["status"])?, number(&exception["as"])?)))
        .collect()
}

fn object<'v>(value: &'v Value, what: &str) -> Result<&'v Map<String, Value>, Error> {
    value
        .as_object()
        .ok_or_else(|| Error::Document(format!("{what} is no object")))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(text).collect()
}
