//! The core of Lockstep: what the functions share between the pure domain and the outside world.
//!
//! Data flows one way: trigger, intent, observe, plan, apply, verify, report. The decisions are
//! `lockstep-domain`'s; the wire of Genesys Cloud is `genesys-cloud`'s; here are the adapters to
//! AWS, the state and the evidence, and the code that carries plans out.
//!
//! **Invariants.** SDK types stop at their adapter in [`aws`]. Environment variables are read in
//! [`config`] alone. No error type here can print a secret, not even with `Debug`: the Lambda
//! runtime logs returned errors that way.

pub mod aws;
pub mod compliance;
pub mod config;
mod deadline;
mod error_chain;
pub mod genesys;
pub mod manifest_upload;
pub mod outside;
pub mod radius;
pub mod reconcile;
pub mod response;
pub mod rotation;
pub mod runtime;
mod secret_arns;
pub mod selection;
pub mod services;
pub mod store;
pub mod telemetry;
pub mod trigger;
pub mod verify;
