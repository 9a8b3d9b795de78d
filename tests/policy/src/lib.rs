//! Whether IAM policies allow a request, decided as the IAM User Guide documents it.
//!
//! Documents are parsed strictly. What IAM itself refuses is [`PolicyError::Malformed`]; what IAM accepts and this
//! crate does not evaluate is [`PolicyError::Unsupported`], so that no decision rests on a guess.
//!
//! Not evaluated: service and resource control policies, session policies, `NotPrincipal`, federated principals,
//! and the numeric, date, binary and IP address operators.

mod arn;
mod condition;
mod context;
mod document;
mod elements;
mod error;
mod evaluation;
mod json;
mod operator;
mod pattern;
mod principal;

pub use arn::Arn;
pub use context::Context;
pub use document::{Effect, IdentityPolicy, ResourcePolicy, TrustPolicy};
pub use error::PolicyError;
pub use evaluation::{
    Decision, OnResource, Policies, PolicyKind, Request, StatementId, Target, evaluate,
};
pub use principal::Principal;
