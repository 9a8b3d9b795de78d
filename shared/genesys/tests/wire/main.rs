//! The client against a small server on loopback: what goes over the wire, and what is made of the answers.
#![allow(clippy::unwrap_used, reason = "a test may die")]

mod actions;
mod audits;
mod contract;
mod integrations;
mod oauth_clients;
mod pacing;
mod resilience;
mod secrets;
mod sign_in;
mod support;
mod transport;
mod usage;
