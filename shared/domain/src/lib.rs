//! The pure part of Lockstep.
//!
//! Desired state (the manifest), observed state, and every decision between the two: plans, guards,
//! policy documents, verdicts, findings, and the events about them.
//!
//! **Invariants.** Nothing here does IO, reads a clock, or draws a random number: time and ids
//! enter as values, so the same inputs always print the same bytes. Nothing here ever holds a
//! secret's value; secrets are known by ARN and version id alone. This crate depends on no other
//! crate of the workspace.

pub mod arn;
pub mod audit;
pub mod binding;
pub mod change;
pub mod compliance;
pub mod credentials;
pub mod digest;
pub mod event;
pub mod evidence;
pub mod finding;
pub mod genesys_region;
pub mod genesys_role;
pub mod guard;
pub mod ids;
pub mod intent;
pub mod ledger;
pub mod live_test;
pub mod manifest;
pub mod plan;
pub mod policy;
pub mod problem;
pub mod rebind;
pub mod redacted;
pub mod request;
pub mod role;
pub mod rotation;
pub mod staging;
pub mod template;
pub mod verdict;
