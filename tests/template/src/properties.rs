//! Properties of resources as they are read: numbers and truth values may be texts, as a reference to a parameter
//! gives them.

use std::time::Duration;

use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error, IgnoredAny};
use serde_json::Value;

use crate::{Template, TemplateError};

/// A property that is known and changes nothing of what is read here.
pub(crate) type Ignored = Option<IgnoredAny>;

impl Template {
    /// The properties of a resource, read strictly.
    pub(crate) fn read<T: DeserializeOwned>(&self, id: &str) -> Result<T, TemplateError> {
        read(id, self.properties(id)?)
    }
}

pub(crate) fn read<T: DeserializeOwned>(at: &str, value: Value) -> Result<T, TemplateError> {
    serde_json::from_value(value).map_err(|error| TemplateError::new(at, error))
}

/// A whole number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Number(pub(crate) u32);

impl Number {
    pub(crate) fn seconds(self) -> Duration {
        Duration::from_secs(self.0.into())
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let number = match &value {
            Value::Number(number) => number.as_u64().and_then(|number| number.try_into().ok()),
            Value::String(text) => text.parse().ok(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        let number = number.ok_or_else(|| D::Error::custom(format!("not a number: {value}")))?;
        Ok(Self(number))
    }
}

/// A truth value.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Flag(pub(crate) bool);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        match &value {
            Value::Bool(flag) => Ok(Self(*flag)),
            Value::String(text) if text == "true" => Ok(Self(true)),
            Value::String(text) if text == "false" => Ok(Self(false)),
            Value::Null
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_) => Err(D::Error::custom(format!("not a truth value: {value}"))),
        }
    }
}

/// A text, which may be written as a number or a truth value.
#[derive(Clone, Debug)]
pub(crate) struct Text(pub(crate) String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        match &value {
            Value::String(text) => Ok(Self(text.clone())),
            Value::Number(_) | Value::Bool(_) => Ok(Self(value.to_string())),
            Value::Null | Value::Array(_) | Value::Object(_) => {
                Err(D::Error::custom(format!("not a text: {value}")))
            }
        }
    }
}
