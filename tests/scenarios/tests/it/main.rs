//! Stories on the deployed local stack.

mod compliance;
mod confidential;
mod crash;
mod credentials;
mod faults;
mod first;
mod healing;
mod manifests;
mod manual;
mod plan_mode;
mod roles;
mod rotate_client;
mod rotation;
mod targets;
mod verdicts;
