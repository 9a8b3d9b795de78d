//! The contract of the Genesys Cloud API, and a judge of what crosses the wire under it.
//!
//! Nobody wrote the contract by hand: `derive.py` reads paths, verbs, parameters, models, types and enums from
//! the official Python SDK, which pip installs at test time. What the SDK's metadata lacks (required fields,
//! statuses, error codes, the login host's token endpoint) stands in `additions.json`, each fact with its
//! source, as do the observed facts that outrank the contract.
//!
//! A [`Contract`] judges requests and answers; every departure is a [`Violation`]. Objects are closed: a field
//! that a model does not have is one. [`Exchanges`] counts what was judged, for the figures at the end of a run.

mod derive;
mod document;
mod exchanges;
mod judge;
mod shape;

pub use contract_kit::{Direction, Error, Violation};

pub use crate::derive::{is_installed, requirements};
pub use crate::document::Contract;
pub use crate::exchanges::{Exchanges, Summary, judges_folder};

#[cfg(test)]
mod tests;
