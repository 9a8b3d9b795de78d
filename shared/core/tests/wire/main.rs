//! The adapters and the store on AWS in memory: the SDK's own requests, conditional writes, lost answers.
//!
//! They act as the account's root; what each function may do is another matter, proved by the scenarios and the
//! template's policies.

#![expect(
    clippy::unwrap_used,
    reason = "a test's helpers may panic as the test itself may"
)]

mod edge;
mod evidence;
mod manifests;
mod secrets;
mod services;
mod store;
mod world;
