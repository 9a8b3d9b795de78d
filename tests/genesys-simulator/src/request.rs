//! One request as a handler sees it, the answer it gives, and the reading of JSON bodies.

use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::error::ApiError;
use crate::switches::{CreateStatus, Switches, UnknownFields};

/// A request that was routed, authenticated and found permitted.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) params: Vec<(&'static str, String)>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// The OAuth client that called.
    pub(crate) caller: String,
    pub(crate) correlation_id: String,
}

impl Request {
    /// A path parameter of the route; empty where the route has none of that name.
    pub(crate) fn param(&self, name: &str) -> &str {
        self.params
            .iter()
            .find(|(known, _)| *known == name)
            .map_or("", |(_, value)| value)
    }

    /// A query parameter; an empty one counts as absent.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(known, value)| known == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// All values of a query parameter that may be repeated, hold a comma, or both; empty ones count as absent.
    pub(crate) fn list<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.query
            .iter()
            .filter(move |(known, _)| known == name)
            .flat_map(|(_, values)| values.split(','))
            .filter(|value| !value.is_empty())
    }

    pub(crate) fn query_flag(&self, name: &'static str) -> Result<Option<bool>, ApiError> {
        match self.query(name) {
            None => Ok(None),
            // The official Python SDK writes booleans as `True` and `False`.
            Some("true" | "True") => Ok(Some(true)),
            Some("false" | "False") => Ok(Some(false)),
            Some(other) => Err(ApiError::invalid_query(name, other, "true, false")),
        }
    }

    pub(crate) fn json(&self) -> Result<Value, ApiError> {
        const MALFORMED: &str =
            "The request could not be understood by the server due to malformed syntax.";
        let body = serde_json::from_slice(&self.body).map_err(|problem| {
            let (line, column) = (problem.line(), problem.column());
            ApiError::bad_request(format!("{MALFORMED} (line {line}, column {column})"))
        })?;
        if is_deeper(&body, MAX_DEPTH) {
            return Err(ApiError::bad_request(format!("{MALFORMED} (too deep)")));
        }
        Ok(body)
    }

    /// The body as an object of a model; unknown fields are refused, or ignored by switch.
    pub(crate) fn fields(
        &self,
        model: &'static str,
        known: &[&str],
        switches: &Switches,
    ) -> Result<Fields, ApiError> {
        Fields::of(self.json()?, model, known, switches)
    }
}

/// Levels of a body. What is deeper could not be told in an answer that usual readers, who stop at 128, still take.
const MAX_DEPTH: usize = 100;

fn is_deeper(value: &Value, than: usize) -> bool {
    let Some(below) = than.checked_sub(1) else {
        return true;
    };
    match value {
        Value::Object(object) => object.values().any(|value| is_deeper(value, below)),
        Value::Array(array) => array.iter().any(|value| is_deeper(value, below)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// What a handler answers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) body: ReplyBody,
}

/// The three kinds of bodies that occur.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ReplyBody {
    Json(Value),
    Text(String),
    Empty,
}

impl Reply {
    pub(crate) fn ok(body: Value) -> Self {
        Self {
            status: StatusCode::OK,
            body: ReplyBody::Json(body),
        }
    }

    pub(crate) fn status(status: StatusCode, body: Value) -> Self {
        Self {
            status,
            body: ReplyBody::Json(body),
        }
    }

    /// A created action or draft. Integrations and credentials are created with status 200
    /// (provider logs of 2021 to 2025 in official blueprints).
    pub(crate) fn created(body: Value, switches: &Switches) -> Self {
        let status = match switches.create_status {
            CreateStatus::Ok => StatusCode::OK,
            CreateStatus::Created => StatusCode::CREATED,
        };
        Self::status(status, body)
    }

    pub(crate) fn text(body: String) -> Self {
        Self {
            status: StatusCode::OK,
            body: ReplyBody::Text(body),
        }
    }

    pub(crate) fn no_content() -> Self {
        Self {
            status: StatusCode::NO_CONTENT,
            body: ReplyBody::Empty,
        }
    }
}

/// A JSON object whose fields are read one by one; `null` counts as absent.
#[derive(Debug, Clone)]
pub(crate) struct Fields {
    object: Map<String, Value>,
    /// Where the object stands in the body, as a prefix of its fields' names.
    place: String,
}

impl Fields {
    pub(crate) fn of(
        value: Value,
        model: &'static str,
        known: &[&str],
        switches: &Switches,
    ) -> Result<Self, ApiError> {
        Self::nested(value, "", model, known, switches)
    }

    /// An object inside the body; `place` is the name of the field that holds it.
    pub(crate) fn nested(
        value: Value,
        place: &str,
        model: &'static str,
        known: &[&str],
        switches: &Switches,
    ) -> Result<Self, ApiError> {
        let Value::Object(object) = value else {
            return Err(ApiError::invalid_value(place, &value, model));
        };
        let place = if place.is_empty() {
            String::new()
        } else {
            format!("{place}.")
        };
        if switches.unknown_fields == UnknownFields::Refuse
            && let Some(unknown) = object.keys().find(|key| !known.contains(&key.as_str()))
        {
            return Err(ApiError::unknown_property(
                &format!("{place}{unknown}"),
                model,
            ));
        }
        Ok(Self { object, place })
    }

    fn place(&self, name: &str) -> String {
        format!("{}{name}", self.place)
    }

    pub(crate) fn value(&self, name: &str) -> Option<&Value> {
        self.object.get(name).filter(|value| !value.is_null())
    }

    pub(crate) fn required(&self, name: &str) -> Result<&Value, ApiError> {
        self.value(name).ok_or_else(|| {
            let place = self.place(name);
            ApiError::constraint(&place, format!("{place} may not be null"))
        })
    }

    pub(crate) fn text(&self, name: &str) -> Result<Option<String>, ApiError> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(other) => Err(ApiError::invalid_value(&self.place(name), other, "String")),
        }
    }

    pub(crate) fn required_text(&self, name: &str) -> Result<String, ApiError> {
        self.required(name)?;
        Ok(self.text(name)?.unwrap_or_default())
    }

    /// A text of 1 to `most` characters.
    pub(crate) fn bounded_text(&self, name: &str, most: usize) -> Result<Option<String>, ApiError> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        let length = text.chars().count();
        if length == 0 || length > most {
            let place = self.place(name);
            return Err(ApiError::constraint(
                &place,
                format!("{place} size must be between 1 and {most}"),
            ));
        }
        Ok(Some(text))
    }

    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(other) => Err(ApiError::invalid_value(
                &self.place(name),
                other,
                "true, false",
            )),
        }
    }

    pub(crate) fn whole(&self, name: &str) -> Result<Option<i64>, ApiError> {
        match self.value(name) {
            None => Ok(None),
            Some(value) => value
                .as_i64()
                .map(Some)
                .ok_or_else(|| ApiError::invalid_value(&self.place(name), value, "Integer")),
        }
    }

    pub(crate) fn required_whole(&self, name: &str) -> Result<i64, ApiError> {
        self.required(name)?;
        Ok(self.whole(name)?.unwrap_or_default())
    }

    /// A list of strings; what is absent is empty.
    pub(crate) fn texts(&self, name: &str) -> Result<Vec<String>, ApiError> {
        let Some(value) = self.value(name) else {
            return Ok(Vec::new());
        };
        serde_json::from_value(value.clone())
            .map_err(|_| ApiError::invalid_value(&self.place(name), value, "List of String"))
    }

    /// A point in time.
    pub(crate) fn time(&self, name: &str) -> Result<Option<Timestamp>, ApiError> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        text.parse().map(Some).map_err(|_| {
            ApiError::invalid_value(&self.place(name), &Value::from(text), "an ISO-8601 time")
        })
    }

    /// An object whose values are all strings.
    pub(crate) fn text_map(&self, name: &str) -> Result<Option<Vec<(String, String)>>, ApiError> {
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        let place = self.place(name);
        let Value::Object(object) = value else {
            return Err(ApiError::invalid_value(&place, value, "Map of String"));
        };
        object
            .iter()
            .map(|(key, value)| match value {
                Value::String(text) => Ok((key.clone(), text.clone())),
                Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::Array(_)
                | Value::Object(_) => Err(ApiError::invalid_value(
                    &format!("{place}.{key}"),
                    value,
                    "String",
                )),
            })
            .collect::<Result<Vec<_>, _>>()
            .map(Some)
    }

    /// An object of any content.
    pub(crate) fn object(&self, name: &str) -> Result<Option<Value>, ApiError> {
        match self.value(name) {
            None => Ok(None),
            Some(value) if value.is_object() => Ok(Some(value.clone())),
            Some(other) => Err(ApiError::invalid_value(&self.place(name), other, "Object")),
        }
    }

    pub(crate) fn required_object(&self, name: &str) -> Result<Value, ApiError> {
        self.required(name)?;
        Ok(self.object(name)?.unwrap_or_default())
    }
}
