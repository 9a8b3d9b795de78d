//! Making what exists match the plan: roles in AWS, actions and credentials in Genesys Cloud.
//!
//! [`rebind`] is one run over one binding, whatever the binding is about: observe, plan, record,
//! apply, confirm, test, conclude (`rounds.rs`). What is particular to an action or to a credential
//! set plugs in as a `Kind` (`kind.rs`).

pub mod action;
mod conclude;
pub mod credentials;
mod error;
#[cfg(test)]
mod event_id_tests;
mod kind;
mod live_test;
mod preconditions;
mod progress;
pub mod role;
mod rounds;
mod run;
mod settle;
#[cfg(test)]
mod test_platform;
mod versions;

use lockstep_domain::change::ChangeId;
use lockstep_domain::credentials::CredentialSet;
use lockstep_domain::intent::Look;
use lockstep_domain::manifest::{Action, Manifest, Mode};
use lockstep_domain::plan::Step;

use self::action::DataAction;
use self::credentials::Credentials;
pub use self::error::RebindError;
pub(crate) use self::kind::EventAbout;
use crate::runtime::Deadline;
use crate::services::Rebind;

/// What is asked for, beside which binding.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The stricter of this and the manifest's mode wins.
    pub mode: Mode,
    /// Clears a hold.
    pub retry: bool,
    /// How much of an action is read.
    pub look: Look,
    /// Why, for the record.
    pub reason: Option<String>,
    /// What woke us, equal in redeliveries: two triggers that fail for one reason are two events.
    pub trigger_id: String,
    /// The invocation: another one in each redelivery.
    pub run_id: String,
    /// When the invocation has to be done.
    pub deadline: Deadline,
}

/// What a run did.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The change, where one was recorded or would be.
    pub change_id: Option<ChangeId>,
    /// The plan, with outcomes where it was applied.
    pub steps: Vec<Step>,
    /// What a reader should know.
    pub notices: Vec<String>,
}

/// A binding of a manifest.
#[derive(Clone, Copy, Debug)]
pub enum Target<'m> {
    /// One Data Action.
    Action(&'m Action),
    /// All integration credentials that carry values of one secret.
    CredentialSet(&'m CredentialSet<'m>),
}

/// Binds an action, or moves the credentials of one secret, of an accepted manifest.
///
/// # Errors
/// Only what a redelivery can repair; everything permanent is recorded, announced as *Rebind
/// Failed* or *Credential Rebind Failed*, and answered as a report.
pub async fn rebind(
    world: &Rebind,
    manifest: &Manifest,
    target: Target<'_>,
    ask: &Ask,
) -> Result<Report, RebindError> {
    match target {
        Target::Action(action) => {
            let action = DataAction::of(&world.config, manifest, action)?;
            Box::pin(rounds::run(world, manifest, action, ask)).await
        }
        Target::CredentialSet(set) => {
            Box::pin(rounds::run(world, manifest, Credentials { set }, ask)).await
        }
    }
}
