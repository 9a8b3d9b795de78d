//! What the stories have in common: a world with one manifest, and questions to ask of it.
//!
//! Each story starts a world of its own (a local AWS, a Genesys Cloud, the deployed stack), so
//! stories run beside each other and leave nothing behind.

mod buckets;
mod calls;
mod canary;
mod clean;
mod endings;
mod manifest;
mod queues;
mod roles;
pub mod rotation;
mod strangers;
mod sweeps;
mod web_services;
mod world;

pub use canary::Canary;
pub use manifest::{ActionText, ManifestText};
pub use queues::label_updated;
pub use roles::RoleSeen;
pub use sweeps::{found, steps};
pub use web_services::{Called, WebService, login};
pub use world::{Error, PATIENCE, World};
