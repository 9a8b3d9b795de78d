//! What a user would see, told in memory: see [`simulation::story`]. What needs real binaries and a
//! deployed stack is told in `tests/scenarios`.

mod check_compliance;
mod provision_role;
mod tests_live;
mod triggers;
mod verify_change;

use simulation::story::{self, InMemory};

/// A world in this process.
type World = story::World<InMemory>;
