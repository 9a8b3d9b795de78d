//! Departures from the contract, in words that name the place.

use std::fmt;

use contract_kit::{Direction, Violation};

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
