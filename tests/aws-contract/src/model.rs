//! The contract as `derive.py` writes it.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use fancy_regex::Regex;
use serde::Deserialize;

/// What the services accept and answer.
#[derive(Debug, Deserialize)]
pub struct Contract {
    pub(crate) services: BTreeMap<String, Service>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Service {
    pub(crate) protocol: Protocol,
    pub(crate) version: String,
    /// What the operation's name follows in `X-Amz-Target`.
    pub(crate) target: Option<String>,
    pub(crate) json: Option<String>,
    /// The service's name in a signature's scope.
    pub(crate) signing: String,
    pub(crate) namespace: Option<String>,
    pub(crate) operations: BTreeMap<String, OperationModel>,
    pub(crate) shapes: BTreeMap<String, Shape>,
    /// Codes that any operation may answer with, each with its statuses.
    pub(crate) common_errors: BTreeMap<String, Vec<u16>>,
    /// Query parameters that any operation may have.
    pub(crate) parameters: Vec<String>,
}

#[derive(Debug, Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Protocol {
    Json,
    Query,
    RestJson,
    RestXml,
}

#[derive(Debug, Deserialize)]
pub(crate) struct OperationModel {
    pub(crate) method: String,
    /// Template of the path, with the query parameters that name the operation.
    pub(crate) uri: String,
    pub(crate) status: u16,
    pub(crate) input: Option<String>,
    pub(crate) input_root: Option<String>,
    pub(crate) output: Option<String>,
    /// The element around the members of an answer in the query protocol.
    pub(crate) wrapper: Option<String>,
    /// The root element of an answer that is XML, where it is known.
    pub(crate) root: Option<String>,
    pub(crate) errors: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Shape {
    Structure(Structure),
    List(List),
    Map(Map),
    String(Text),
    #[serde(alias = "long")]
    Integer(Range),
    #[serde(alias = "float")]
    Double(Range),
    Boolean {},
    Blob(Range),
    Timestamp(Time),
    /// Frames of an event stream, which no function of ours reads.
    Stream {},
}

#[derive(Debug, Deserialize)]
pub(crate) struct Structure {
    pub(crate) members: BTreeMap<String, Member>,
    #[serde(default)]
    pub(crate) required: Vec<String>,
    /// The member that is the whole body.
    pub(crate) payload: Option<String>,
    #[serde(default)]
    pub(crate) union: bool,
    /// Of an error: its code, where it is not the shape's name.
    pub(crate) code: Option<String>,
    /// Of an error.
    pub(crate) status: Option<u16>,
    /// Of an error: whether the service is to blame.
    #[serde(default)]
    pub(crate) fault: bool,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Member {
    pub(crate) shape: String,
    /// Its name on the wire, where it is another one.
    pub(crate) name: Option<String>,
    pub(crate) location: Option<Location>,
    #[serde(default)]
    pub(crate) flattened: bool,
    #[serde(default)]
    pub(crate) attribute: bool,
    pub(crate) timestamp: Option<Format>,
}

#[derive(Debug, Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Location {
    Uri,
    Querystring,
    Header,
    /// All headers with a prefix.
    Headers,
    StatusCode,
}

#[derive(Debug, Deserialize)]
pub(crate) struct List {
    pub(crate) member: Member,
    #[serde(default)]
    pub(crate) flattened: bool,
    #[serde(flatten)]
    pub(crate) range: Range,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Map {
    pub(crate) key: Member,
    pub(crate) value: Member,
    #[serde(default)]
    pub(crate) flattened: bool,
    #[serde(flatten)]
    pub(crate) range: Range,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Text {
    #[serde(rename = "enum", default)]
    pub(crate) values: Vec<String>,
    #[serde(flatten)]
    pub(crate) range: Range,
    pub(crate) pattern: Option<String>,
    #[serde(skip)]
    pub(crate) compiled: OnceLock<Option<Regex>>,
}

/// Bounds of a number, or of a length.
#[derive(Debug, Deserialize, Clone, Copy)]
pub(crate) struct Range {
    pub(crate) min: Option<f64>,
    pub(crate) max: Option<f64>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Time {
    pub(crate) format: Option<Format>,
}

/// How a time is written.
#[derive(Debug, Deserialize, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    #[serde(rename = "unixTimestamp")]
    Seconds,
    #[serde(rename = "iso8601")]
    Iso8601,
    #[serde(rename = "rfc822")]
    HttpDate,
}

impl Service {
    pub(crate) fn shape(&self, name: &str) -> Option<&Shape> {
        self.shapes.get(name)
    }

    pub(crate) fn structure(&self, name: Option<&String>) -> Option<&Structure> {
        match self.shapes.get(name?)? {
            Shape::Structure(structure) => Some(structure),
            Shape::List(_)
            | Shape::Map(_)
            | Shape::String(_)
            | Shape::Integer(_)
            | Shape::Double(_)
            | Shape::Boolean {}
            | Shape::Blob(_)
            | Shape::Timestamp(_)
            | Shape::Stream {} => None,
        }
    }
}

impl Member {
    /// Its name on the wire.
    pub(crate) fn wire<'m>(&'m self, name: &'m str) -> &'m str {
        self.name.as_deref().unwrap_or(name)
    }
}

impl Structure {
    /// The members that are in the body, without a payload.
    pub(crate) fn body(&self) -> impl Iterator<Item = (&str, &Member)> {
        let members = self.members.iter();
        members
            .filter(|(_, member)| member.location.is_none())
            .map(|(name, member)| (name.as_str(), member))
    }

    /// The members in one place outside the body.
    pub(crate) fn located(&self, location: Location) -> impl Iterator<Item = (&str, &Member)> {
        let members = self.members.iter();
        members
            .filter(move |(_, member)| member.location == Some(location))
            .map(|(name, member)| (name.as_str(), member))
    }

    pub(crate) fn is_required(&self, name: &str) -> bool {
        self.required.iter().any(|required| required == name)
    }
}
