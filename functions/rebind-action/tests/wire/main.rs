//! The handler and its queue, between an account in memory and, where it comes that far, the
//! simulated Genesys Cloud.

#![expect(
    clippy::unwrap_used,
    reason = "a test's helpers may panic as the test itself may"
)]

mod independent;
mod lost_creates;
mod shared_integration;
mod support;
