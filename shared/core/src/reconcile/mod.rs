//! Making the world match the plan: roles in AWS, actions in Genesys Cloud.

pub mod action;
pub mod credentials;
#[cfg(test)]
mod event_id_tests;
mod live_test;
mod preconditions;
pub mod role;
mod settle;
#[cfg(test)]
mod test_platform;
mod versions;
