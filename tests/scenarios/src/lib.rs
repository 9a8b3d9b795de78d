//! Stories on the deployed local stack: real binaries, their own IAM roles, real events.
//!
//! Each story starts a world of its own (a local AWS, a Genesys Cloud, the deployed stack), so
//! stories run beside each other and leave nothing behind. What a story asks is
//! [`simulation::story`]'s, where most stories are; here are those that need the real thing.

mod deployed;
mod web_services;

pub use deployed::{Deployed, PATIENCE};
pub use simulation::story::rotation;
pub use simulation::story::{
    ActionText, Called, Canary, Error, ManifestText, Options, RoleSeen, Stage, found,
    label_updated, login, steps,
};
pub use web_services::WebService;

/// A world on the deployed local stack.
pub type World = simulation::story::World<Deployed>;
