//! Integration credentials that carry values: what should hold, what was seen, and the steps
//! between the two.
//!
//! **The unit of work is one secret in one organization.** All credentials that carry its values
//! move, or all move back. Its state lies under [`crate::ids::Key::of_secret`].
//! **Order.** Create every new credential before switching any integration to one: then a create
//! that fails has moved nothing. Switch every integration before testing any, and test before
//! deleting what was replaced: a rollback needs the old one. What the plan deletes is ours, and no
//! integration uses it.
//!
//! **Ownership.** A credential is ours by its deterministic name, or because our state says that we
//! made it. All others stay and are named, also where ours take their places.
//!
//! Values are not here: a credential's fields are known by name and by where they are in the
//! secret, and their values by a [`crate::change::Fingerprint`].

mod desired;
mod fit;
mod made_by;
mod name;
mod observed;
mod plan;
mod retire;
mod rollback;
mod step;

pub use desired::{
    CredentialSet, DesiredCredential, DesiredCredentialSet, credential_set_of, credential_sets,
};
pub use made_by::made_by;
pub use name::{OurName, credential_name, our_name};
pub use observed::{InSlot, ObservedCredentialSet, OwnSeen, SlotSeen};
pub use plan::{CredentialSetPlan, attempt, plan, previous};
pub use rollback::{WayBack, after_failure, standing, way_back};
pub use step::{CredentialStep, Target};

#[cfg(test)]
mod tests;
