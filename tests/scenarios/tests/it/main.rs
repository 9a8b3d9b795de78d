//! Stories on the deployed local stack.

mod bound;
mod compliance;
mod confidential;
mod crash;
mod credentials;
mod credentials_back;
mod credentials_crash;
mod credentials_entries;
mod faults;
mod first;
mod healing;
mod healing_credentials;
mod manifests;
mod manual;
mod plan_mode;
mod roles;
mod rotate_client;
mod rotate_client_crash;
mod rotate_client_refused;
mod rotation;
mod targets;
mod verdicts;
