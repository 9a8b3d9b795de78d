//! Stories: what a user would see, in whichever world.
//!
//! A story asks a [`World`]. What the world runs on is a [`Stage`]: [`InMemory`] here, the deployed
//! local stack in `tests/scenarios`. What a story needs of its stage beyond AWS's and Genesys Cloud's
//! own interfaces (time to wait, a crash, a function to call) is in the trait, and in nothing else, so
//! that a story can be played on both.

mod buckets;
mod calls;
mod clean;
mod endings;
mod in_memory;
mod manifest;
mod parts;
mod queues;
mod roles;
pub mod rotation;
mod secrets_manager;
mod stage;
mod strangers;
mod sweeps;
mod translate;
mod web_services;
mod world;

pub use crate::canary::{Canary, Pace};
pub use in_memory::{InMemory, play};
pub use manifest::{ActionText, ManifestText};
pub use parts::{Answer, Aws, Does, Error, Heard, Http, Options, Places};
pub use queues::label_updated;
pub use roles::RoleSeen;
pub use secrets_manager::{RotateOptions, Rotated, StepAnswer};
pub use stage::Stage;
pub use sweeps::{found, steps};
pub use translate::InProcess;
pub use web_services::{Called, login};
pub use world::World;
pub(crate) use world::{basic, form};

/// What the functions are called, by their binaries.
pub const FUNCTIONS: [&str; 5] = [
    "provision-role",
    "rebind-action",
    "verify-change",
    "check-compliance",
    "rotate-client",
];
