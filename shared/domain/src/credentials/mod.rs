//! Integration credentials that carry values: what should hold, what was seen, and the steps
//! between the two.
//!
//! **The unit of work is one secret in one organization.** All credentials that carry its values
//! move, or all move back. Its state lies under [`crate::ids::Key::of_secret`].
//!
//! **Order.** Make every new credential before pointing anything at one: a create that fails has
//! then moved nothing. Point every integration before testing any, and test before deleting what
//! was replaced: as long as the old one stands, there is something to go back to. What the plan
//! deletes is ours, and no integration uses it.
//!
//! **Ownership.** A credential is ours by its deterministic name, or because our state says that we
//! made it. All others are left and named, also where ours take their places.
//!
//! Values are not here: a credential's fields are known by name and by where they stand in the
//! secret, and their values by a [`crate::change::Fingerprint`].

mod desired;
mod fit;
mod name;
mod observed;
mod plan;
mod retire;
mod rollback;
mod step;

pub use desired::{DesiredCredential, DesiredUnit, Unit, unit_of, units};
pub use name::{OurName, credential_name, our_name};
pub use observed::{InSlot, ObservedUnit, OwnSeen, SlotSeen};
pub use plan::{UnitPlan, attempt, plan, previous};
pub use rollback::{can_go_back, standing, way_back};
pub use step::{CredentialStep, Target, expected};

#[cfg(test)]
mod tests;
