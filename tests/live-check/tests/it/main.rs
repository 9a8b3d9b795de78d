//! The live check against simulators that stand for the live organization.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests end the test, as the tests themselves do"
)]

mod command;
mod permissions;
mod reports;
mod settles;
mod support;
