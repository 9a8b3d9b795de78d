//! The contract of the AWS services that Lockstep uses, and a judge of what crosses the wire under it.
//!
//! Nobody wrote the contract by hand: `derive.py` reads operations, shapes, limits and errors from botocore's
//! service models, which pip installs at test time. What the models lack (the codes that any operation may
//! answer with, the roots of some of S3's documents) is in `additions.json`, each fact with its source.
//!
//! A [`Contract`] judges requests and answers as they are on the wire, in the protocols of those services: AWS
//! JSON, query, REST-XML and REST-JSON. Every departure is a [`Violation`]. Structures are closed: a member that
//! the model does not have is one.

mod answer;
mod derive;
mod errors;
mod headers;
mod identify;
mod json;
mod judge;
mod model;
mod query;
mod report;
mod request;
mod rules;
mod time;
mod uri;
mod xml;

pub use contract_kit::{Direction, Error, Violation};

pub use crate::derive::{is_installed, requirements};
pub use crate::judge::{Judged, Strictness};
pub use crate::model::Contract;
pub use crate::report::Operation;
