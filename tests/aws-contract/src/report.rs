//! Departures from the contract, in words that name the place.

use std::fmt;

/// An operation of a service, for example `s3` and `PutObject`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Operation {
    /// botocore's name of the service.
    pub service: String,
    /// The operation.
    pub name: String,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.service, self.name)
    }
}

/// Which way the bytes went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the client.
    Request,
    /// From AWS, with this status.
    Answer(u16),
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request => f.write_str("request"),
            Self::Answer(status) => write!(f, "answer {status}"),
        }
    }
}

/// One departure from the contract. It names members and types but no values, which may be secret; only a value
/// outside an enum, an error's code and an element's name are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The service and the operation, where they are known.
    pub operation: String,
    /// Which way it went.
    pub direction: Direction,
    /// Where: `body`, with the path of members below it, `header x-amz-…`, `query …`, `path`, `status`, `code`.
    pub place: String,
    /// What is wrong there.
    pub what: String,
    /// What the contract has instead.
    pub contract: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            operation,
            direction,
            place,
            what,
            contract,
        } = self;
        write!(
            f,
            "{operation}, {direction}, {place}: {what}; the contract has {contract}"
        )
    }
}

/// A place in a message. Written out only where something is wrong.
#[derive(Clone, Copy)]
pub(crate) enum Place<'p> {
    Root(&'p str),
    Named(&'p str, &'p str),
    Member(&'p Place<'p>, &'p str),
    Item(&'p Place<'p>, usize),
}

impl Place<'_> {
    pub(crate) const BODY: Place<'static> = Place::Root("body");

    pub(crate) fn member<'p>(&'p self, name: &'p str) -> Place<'p> {
        Place::Member(self, name)
    }

    pub(crate) fn item(&self, index: usize) -> Place<'_> {
        Place::Item(self, index)
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root(root) => f.write_str(root),
            Self::Named(kind, name) => write!(f, "{kind} {name}"),
            Self::Member(above, name) => write!(f, "{above}/{name}"),
            Self::Item(above, index) => write!(f, "{above}/{index}"),
        }
    }
}

/// The violations of one message.
pub(crate) struct Report {
    pub(crate) operation: String,
    pub(crate) direction: Direction,
    pub(crate) found: Vec<Violation>,
}

impl Report {
    pub(crate) fn new(operation: impl Into<String>, direction: Direction) -> Self {
        Self {
            operation: operation.into(),
            direction,
            found: Vec::new(),
        }
    }

    pub(crate) fn add(
        &mut self,
        place: Place<'_>,
        what: impl Into<String>,
        contract: impl Into<String>,
    ) {
        self.found.push(Violation {
            operation: self.operation.clone(),
            direction: self.direction,
            place: place.to_string(),
            what: what.into(),
            contract: contract.into(),
        });
    }
}

/// A value that may be shown, cut where it is long.
pub(crate) fn shown(value: &str) -> String {
    let cut: String = value.chars().take(80).collect();
    format!("{cut:?}")
}
