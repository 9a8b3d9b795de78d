//! Values in the file that need a form of their own: lists with holes, numbers, domains.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

use crate::genesys_region::ENVIRONMENTS;

/// A sequence in which elements that are not well-formed have left a hole, so that the others
/// keep their index.
#[derive(Debug, Clone, PartialEq)]
pub struct List<T>(pub Vec<Option<T>>);

impl<T> List<T> {
    /// The well-formed elements with their index.
    pub fn present(&self) -> impl Iterator<Item = (usize, &T)> {
        let elements = self.0.iter().enumerate();
        elements.filter_map(|(index, element)| Some((index, element.as_ref()?)))
    }

    /// Whether an element is missing, so that nothing can be concluded from an absence.
    #[must_use]
    pub fn has_holes(&self) -> bool {
        self.0.iter().any(Option::is_none)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self)
    }
}

impl<T: JsonSchema> JsonSchema for List<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Vec::<T>::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Vec::<T>::json_schema(generator)
    }
}

/// The version of the manifest format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Version(#[serde(deserialize_with = "whole_number")] u8);

impl JsonSchema for Version {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Version".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "integer", "const": 1})
    }
}

/// To JSON Schema `10.0` is an integer, to serde it is not.
fn whole_number<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<i64>,
{
    let number = f64::deserialize(deserializer)?;
    // Every field of this kind is limited to far less than 2^53.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "out of range becomes an error below"
    )]
    let whole = number as i64;
    T::try_from(whole).map_err(|_| serde::de::Error::custom("out of range"))
}

pub(super) fn optional_whole_number<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<i64>,
{
    whole_number(deserializer).map(Some)
}

/// The domain of a Genesys Cloud region.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Domain(pub String);

impl JsonSchema for Domain {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Domain".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let domains: Vec<&str> = ENVIRONMENTS.iter().map(|e| e.domain).collect();
        json_schema!({"type": "string", "enum": domains})
    }
}
