//! What differs between a credential set and what should hold for it.

use lockstep_domain::change::{BindingState, ChangeId};
use lockstep_domain::credentials::{CredentialSet, CredentialSetPlan, DesiredCredentialSet, plan};
use lockstep_domain::manifest::Manifest;
use lockstep_domain::rebind::Refusal;

use super::{RebindError, observe};
use crate::aws::SecretSeen;
use crate::genesys::Session;
use crate::services::Binder;

/// What differs between the credentials of a set and what should hold for them.
#[derive(Clone, Debug, PartialEq)]
pub enum CredentialSetDrift {
    /// What would repair it. Values are not read for this: a version that is not the bound one
    /// counts as a difference.
    Plan {
        /// Its moves are drift; its retirements are what an earlier run did not delete.
        plan: CredentialSetPlan,
        /// The change that reaches what should hold now.
        id: ChangeId,
    },
    /// Lockstep can't repair it.
    Refused {
        /// Why.
        refusal: Refusal,
        /// The change that would reach what should hold now.
        id: ChangeId,
    },
    /// The secret is deleted or has no current version.
    SecretGone(String),
}

/// Observes a credential set without writing anything, and without reading any value.
///
/// # Errors
/// Where something could not be read: no drift may be concluded from that.
pub async fn credential_set_drift(
    world: &Binder,
    session: &Session,
    manifest: &Manifest,
    set: &CredentialSet<'_>,
    state: &BindingState,
) -> Result<CredentialSetDrift, RebindError> {
    let observed = observe::observe(session, manifest, set, state).await?;
    let desired = match desired(world, manifest, set).await? {
        Ok(desired) => desired,
        Err(because) => return Ok(CredentialSetDrift::SecretGone(because)),
    };
    let id = desired.change_id(&manifest.organization.id);
    Ok(match plan(&desired, &observed, state, &id) {
        Ok(plan) => CredentialSetDrift::Plan { plan, id },
        Err(refusal) => CredentialSetDrift::Refused { refusal, id },
    })
}

/// What should hold as of now, or why the secret has no current version.
///
/// # Errors
/// The secret could not be read.
pub(super) async fn desired(
    world: &Binder,
    manifest: &Manifest,
    set: &CredentialSet<'_>,
) -> Result<Result<DesiredCredentialSet, String>, RebindError> {
    let secret = set.secret;
    Ok(match world.secrets.current(secret).await? {
        SecretSeen::Current { version_id, .. } => {
            Ok(DesiredCredentialSet::new(manifest, set, version_id.into()))
        }
        SecretSeen::NoCurrent => Err(format!("the secret {secret} has no AWSCURRENT version")),
        SecretSeen::Deleted => Err(format!("the secret {secret} is scheduled for deletion")),
        SecretSeen::Missing => Err(format!("the secret {secret} does not exist")),
    })
}
