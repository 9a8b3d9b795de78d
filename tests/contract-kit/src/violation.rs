//! One departure from a contract, in words that name the place.

use std::fmt;

/// Which way the bytes went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the client.
    Request,
    /// From the service, with this status.
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
    /// The operation, where it is known: verb and route template, or service and name.
    pub operation: String,
    /// Which way it went.
    pub direction: Direction,
    /// Where: `body`, with the path of members below it, `header …`, `query …`, `path`, `status`.
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
