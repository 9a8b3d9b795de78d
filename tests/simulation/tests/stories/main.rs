//! What a user would see, in memory: see [`simulation::story`]. What needs real binaries and a deployed
//! stack is in `tests/scenarios`.

// The SDK's futures are deep, and a story's are around them.
#![recursion_limit = "256"]

mod bound;
mod check_access;
mod check_compliance;
mod compliance;
mod counts;
mod crash;
mod credentials;
mod credentials_back;
mod credentials_crash;
mod credentials_entries;
mod credentials_lost;
mod faults;
mod genesys_role;
mod manifests;
mod manual;
mod plan_mode;
mod provision_role;
mod remembered;
mod repair;
mod repair_credentials;
mod roles;
mod rotate_client;
mod rotate_client_crash;
mod rotate_client_refused;
mod rotate_client_unfinished;
mod tests_live;
mod triggers;
mod verdicts;
mod verify_change;
mod verify_delivery;
mod writes;

use simulation::story::{self, InMemory};

/// A world in this process.
type World = story::World<InMemory>;
