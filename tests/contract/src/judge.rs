//! Holds requests and answers against the contract.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::document::{Contract, Operation, Parameter, ParameterKind};
use crate::shape::Shape;
use contract_kit::{Direction, Violation};

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

impl Contract {
    /// What is wrong with a request: its query (decoded names and values) and its body as sent.
    #[must_use]
    pub fn judge_request(
        &self,
        method: &str,
        route: &str,
        query: &[(String, String)],
        content_type: Option<&str>,
        body: &[u8],
    ) -> Vec<Violation> {
        let mut report = Report::new(method, route, Direction::Request);
        let Some(operation) = self.operation(method, route) else {
            report.add("path", "no such operation", "others");
            return report.found;
        };
        report.query(operation, query);
        report.body(operation, content_type, body);
        report.found
    }

    /// What is wrong with an answer: its status, its media type, its body as sent.
    #[must_use]
    pub fn judge_answer(
        &self,
        method: &str,
        route: &str,
        status: u16,
        content_type: Option<&str>,
        body: &[u8],
    ) -> Vec<Violation> {
        let mut report = Report::new(method, route, Direction::Answer(status));
        let Some(operation) = self.operation(method, route) else {
            // Only a refusal can be right, and its body has the form of every refusal.
            if !matches!(status, 404 | 405) {
                report.add(
                    "status",
                    &format!("{status} without an operation"),
                    "404, 405",
                );
            }
            report.json(&self.refusal, body);
            return report.found;
        };
        let declared = operation.exceptions.get(&status).unwrap_or(&status);
        let Some(answer) = operation.answers.get(declared) else {
            let declared: Vec<String> = operation.answers.keys().map(u16::to_string).collect();
            report.add(
                "status",
                &format!("{status} is not declared"),
                &declared.join(", "),
            );
            return report.found;
        };
        let Some((media, shape)) = &answer.content else {
            if !body.is_empty() {
                report.add("body", "a body", "none");
            }
            return report.found;
        };
        if !is_media(content_type, media) {
            let found = content_type.unwrap_or("none");
            report.add("content type", &format!("{found} instead"), media);
        } else if media == JSON {
            let value = report.json(shape, body);
            report.code(&answer.codes, value.as_ref());
        } else if std::str::from_utf8(body).is_err() {
            report.add("body", "bytes that are no text", "text");
        }
        report.found
    }

    /// Whether an operation declares this status, or an exception has it.
    #[must_use]
    pub fn declares(&self, method: &str, route: &str, status: u16) -> bool {
        self.operation(method, route).is_some_and(|operation| {
            operation.answers.contains_key(&status) || operation.exceptions.contains_key(&status)
        })
    }

    fn operation(&self, method: &str, route: &str) -> Option<&Operation> {
        self.operations.get(&format!("{method} {route}"))
    }
}

/// The violations of one message.
struct Report {
    operation: String,
    direction: Direction,
    found: Vec<Violation>,
}

impl Report {
    fn new(method: &str, route: &str, direction: Direction) -> Self {
        Self {
            operation: format!("{method} {route}"),
            direction,
            found: Vec::new(),
        }
    }

    fn add(&mut self, place: &str, what: &str, contract: &str) {
        self.found.push(Violation {
            operation: self.operation.clone(),
            direction: self.direction,
            place: place.to_owned(),
            what: what.to_owned(),
            contract: contract.to_owned(),
        });
    }

    fn query(&mut self, operation: &Operation, query: &[(String, String)]) {
        for (name, value) in query {
            let place = format!("query {name}");
            match operation.query.get(name) {
                Some(parameter) => self.parameter(&place, parameter, value),
                None => self.add(&place, "unknown parameter", &known(&operation.query)),
            }
        }
        let missing = operation.query.iter().filter(|(name, parameter)| {
            parameter.required && !query.iter().any(|(sent, _)| sent == *name)
        });
        for (name, _) in missing {
            self.add(&format!("query {name}"), "missing", "it as required");
        }
    }

    fn parameter(&mut self, place: &str, parameter: &Parameter, value: &str) {
        let mut is = |right: bool, kind: &str| {
            if !right {
                self.add(place, "text of another form", kind);
            }
        };
        match parameter.kind {
            ParameterKind::Integer => is(value.parse::<i64>().is_ok(), "an integer"),
            ParameterKind::Number => is(value.parse::<f64>().is_ok(), "a number"),
            // The official Python SDK writes booleans as `True` and `False`.
            ParameterKind::Boolean => is(
                matches!(value, "true" | "false" | "True" | "False"),
                "a boolean",
            ),
            ParameterKind::Text | ParameterKind::List => {}
        }
        let parts: Vec<&str> = match parameter.kind {
            ParameterKind::List => value.split(',').collect(),
            ParameterKind::Text
            | ParameterKind::Integer
            | ParameterKind::Number
            | ParameterKind::Boolean => vec![value],
        };
        let values = &parameter.values;
        let foreign = |part: &&&str| !values.iter().any(|known| known == **part);
        if let (false, Some(part)) = (values.is_empty(), parts.iter().find(foreign)) {
            let shown: String = part.chars().take(80).collect();
            self.add(
                place,
                &format!("the value {shown:?}"),
                &format!("only {values:?}"),
            );
        }
    }

    fn body(&mut self, operation: &Operation, content_type: Option<&str>, body: &[u8]) {
        // The official Python SDK writes `null` where there is no body (rest.py).
        let is_absent = body.is_empty() || body == b"null";
        let Some(declared) = &operation.body else {
            if !is_absent {
                self.add("body", "a body", "none");
            }
            return;
        };
        if is_absent {
            if declared.required {
                self.add("body", "missing", "it as required");
            }
        } else if !is_media(content_type, &declared.media) {
            let found = content_type.unwrap_or("none");
            self.add("content type", &format!("{found} instead"), &declared.media);
        } else if declared.media == FORM {
            let fields: Map<String, Value> = url::form_urlencoded::parse(body)
                .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
                .collect();
            self.shape(&declared.shape, &Value::Object(fields));
        } else {
            self.json(&declared.shape, body);
        }
    }

    fn json(&mut self, shape: &Shape, body: &[u8]) -> Option<Value> {
        match serde_json::from_slice(body) {
            Ok(value) => {
                self.shape(shape, &value);
                Some(value)
            }
            Err(_) => {
                self.add("body", "bytes that are no JSON", "JSON");
                None
            }
        }
    }

    fn shape(&mut self, shape: &Shape, value: &Value) {
        for finding in shape.findings(value) {
            let place = format!("body {}", finding.pointer);
            self.add(place.trim_end(), &finding.what, &finding.contract);
        }
    }

    /// A refusal's code must be one that the operation declares with this status.
    fn code(&mut self, codes: &[String], body: Option<&Value>) {
        let Some(code) = body.and_then(|body| body["code"].as_str()) else {
            return;
        };
        if !codes.is_empty() && !codes.iter().any(|known| known == code) {
            let shown: String = code.chars().take(80).collect();
            self.add(
                "body /code",
                &format!("the value {shown:?}"),
                &format!("only {codes:?}"),
            );
        }
    }
}

fn known(query: &BTreeMap<String, Parameter>) -> String {
    if query.is_empty() {
        return "none".to_owned();
    }
    let names: Vec<&str> = query.keys().map(String::as_str).collect();
    names.join(", ")
}

/// Whether a content type, without its parameters, is this media type.
fn is_media(content_type: Option<&str>, media: &str) -> bool {
    content_type
        .and_then(|found| found.split(';').next())
        .is_some_and(|found| found.trim().eq_ignore_ascii_case(media))
}
