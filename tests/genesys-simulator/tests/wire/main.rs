//! The simulator over real HTTP, one module per family of endpoints.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests end the test, as the tests themselves do"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "most of these tests are not the simulation's"
)]

mod actions;
mod audits;
mod aws;
mod client;
mod control;
mod drafts;
mod events;
mod hostile;
mod in_process;
mod integrations;
mod judged;
mod later;
mod oauth;
mod platform;
mod run;
mod support;
mod usage;
mod web_services;
