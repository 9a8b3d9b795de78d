//! Stories on the deployed local stack.

mod compliance;
mod confidential;
mod crash;
mod faults;
mod first;
mod manifests;
mod manual;
mod plan_mode;
mod policies;
mod roles;
mod rotation;
mod tests_live;
mod triggers;
mod verdicts;
