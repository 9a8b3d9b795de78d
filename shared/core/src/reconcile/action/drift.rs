//! What differs between a binding and what should hold for it.

use futures_util::future::try_join_all;
use lockstep_domain::binding::DesiredAction;
use lockstep_domain::change::{BindingState, DesiredId, SecretVersion};
use lockstep_domain::compliance::SeenBeside;
use lockstep_domain::intent::Look;
use lockstep_domain::manifest::{Action, Manifest};
use lockstep_domain::plan::{Plan as _, Step};
use lockstep_domain::rebind::{self, Found, Observed, Refusal};

use super::glance::{glance, remembered, usable_mark};
use super::{RebindError, desired_integration, integration_of, observe};
use crate::aws::SecretSeen;
use crate::genesys::Session;
use crate::services::Binder;

/// The write steps that would bring a binding back to what should hold; empty where it holds.
/// Reads only. A look at the action alone answers where it shows nothing that differs; else
/// everything is read, to say what.
///
/// # Errors
/// Where something could not be read: no drift may be concluded from that.
pub async fn drift(
    world: &Binder,
    session: &Session,
    manifest: &Manifest,
    action: &Action,
    state: &BindingState,
    look: Look,
) -> Result<Drift, RebindError> {
    let integration = desired_integration(&world.config, integration_of(manifest, action)?);
    let organization = &manifest.organization.id;
    if look == Look::Action
        && let Some(mark) = usable_mark(state, action, &integration, world.now())
        && let Some(found) = glance(session, mark).await?
    {
        let secrets = match current_versions(world, action).await? {
            Ok(secrets) => secrets,
            Err(gone) => return Ok(Drift::SecretGone(gone)),
        };
        let wanted = DesiredAction::new(action, secrets);
        let desired = wanted.desired_id(organization, &integration);
        // Another state is desired by now: whether this one still holds is no question any more.
        let is_over = !state.has_met(&desired);
        let observed = remembered(mark, found, action, &state.bound, &wanted)?;
        let holds = |observed: Observed| {
            let plan = rebind::plan(&integration, &wanted, &observed, state);
            plan.is_ok_and(|plan| plan.steps.is_empty())
        };
        if is_over || observed.is_some_and(holds) {
            return Ok(Drift::Steps {
                steps: Vec::new(),
                desired,
                // The action alone was looked at.
                beside: SeenBeside::NOTHING,
            });
        }
    }
    let observed = observe::observe(session, &integration, action, state, None).await?;
    let secrets = match current_versions(world, action).await? {
        Ok(secrets) => secrets,
        Err(gone) => return Ok(Drift::SecretGone(gone)),
    };
    let beside = SeenBeside {
        reported: match &observed.integration {
            Found::One(seen) => Some(seen.reported),
            Found::Nothing | Found::Several(_) | Found::Gone(_) => None,
        },
        draft: observed.draft,
    };
    let wanted = DesiredAction::new(action, secrets);
    let desired = wanted.desired_id(organization, &integration);
    Ok(
        match rebind::plan(&integration, &wanted, &observed, state) {
            Ok(plan) => Drift::Steps {
                steps: plan.describe(true),
                desired,
                beside,
            },
            Err(refusal) => Drift::Refused {
                refusal,
                desired,
                beside,
            },
        },
    )
}

/// What differs between a binding and what should hold for it.
#[derive(Clone, Debug, PartialEq)]
pub enum Drift {
    /// The steps that would repair it; none where it holds.
    Steps {
        /// Write steps, described.
        steps: Vec<Step>,
        /// Identifies what should hold now.
        desired: DesiredId,
        /// Further observations of the same action.
        beside: SeenBeside,
    },
    /// Lockstep can't repair it.
    Refused {
        /// Why.
        refusal: Refusal,
        /// Identifies what should hold now.
        desired: DesiredId,
        /// Further observations of the same action.
        beside: SeenBeside,
    },
    /// A secret is deleted or has no current version.
    SecretGone(String),
}

/// The current version of each of an action's secrets, in the manifest's order, or which of them
/// has none and why.
///
/// # Errors
/// Where one could not be read.
pub async fn current_versions(
    world: &Binder,
    action: &Action,
) -> Result<Result<Vec<SecretVersion>, String>, RebindError> {
    let seen = try_join_all(
        action
            .secrets
            .iter()
            .map(|secret| world.secrets.current(&secret.arn)),
    )
    .await?;
    Ok(action
        .secrets
        .iter()
        .zip(seen)
        .map(|(secret, seen)| {
            let arn = &secret.arn;
            match seen {
                SecretSeen::Current { version_id, .. } => Ok(SecretVersion {
                    name: secret.name.to_string(),
                    arn: arn.clone(),
                    version_id: version_id.into(),
                }),
                SecretSeen::NoCurrent => Err(format!("the secret {arn} has no AWSCURRENT version")),
                SecretSeen::Deleted => Err(format!("the secret {arn} is scheduled for deletion")),
                SecretSeen::Missing => Err(format!("the secret {arn} does not exist")),
            }
        })
        .collect())
}
