//! What must hold before a new pair of role and function goes live.
//!
//! The route by which a message came proves nothing about the role, so whoever writes the binding
//! asks IAM itself. A plan that changes neither role, function nor integration asks nothing: a
//! rotation must not depend on IAM.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lockstep_domain::arn::{FunctionArn, RoleName};
use lockstep_domain::change::BindingState;
use lockstep_domain::ids::{ActionId, IntegrationId};
use lockstep_domain::manifest::{Integration, Manifest};
use lockstep_domain::rebind::{ListedAction, Pair, RebindPlan, Refusal, may_move_role};
use lockstep_domain::role::{DesiredRole, can_serve};

use super::action::RebindError;
use super::role;
use crate::genesys::Session;
use crate::world::World;

/// Checks what a plan is about to put live. `found` is the integration as it was seen, if it is
/// there.
///
/// # Errors
/// [`RebindError::Refused`] where calls would fail under the role, or actions that are not managed
/// would be moved; [`RebindError::RoleChangedLately`] where IAM has to settle first; and what could
/// not be read. Nothing may be written then.
pub(super) async fn may_go_live(
    world: &World,
    session: &Session,
    manifest: &Manifest,
    integration: &Integration,
    found: Option<&IntegrationId>,
    plan: &RebindPlan,
) -> Result<(), RebindError> {
    let pair = plan.pair();
    if pair == Pair::Unchanged {
        return Ok(());
    }
    let mut functions = functions_of(manifest, integration);
    if plan.moves_role()
        && let Some(id) = found
    {
        let states = world.store.states(&manifest.organization.id).await?;
        let here = |state: &&BindingState| state.integration_id.as_ref() == Some(id);
        // Some may still call what the manifest no longer names.
        functions.extend(
            states
                .iter()
                .filter(here)
                .flat_map(|one| one.function.clone()),
        );
        let remembered: BTreeSet<ActionId> = states
            .iter()
            .flat_map(|one| one.action_id.clone())
            .collect();
        let listed = actions_of(session, id).await?;
        may_move_role(integration, &manifest.actions, &listed, &remembered)
            .map_err(RebindError::Refused)?;
    }
    role_serves(world, manifest, &integration.role, &functions, pair).await
}

/// The functions of **all** its actions: they share the role.
fn functions_of(manifest: &Manifest, integration: &Integration) -> BTreeSet<FunctionArn> {
    let actions = manifest.actions.iter();
    actions
        .filter(|action| action.integration == integration.key)
        .map(|action| action.function.clone())
        .collect()
}

async fn actions_of(
    session: &Session,
    integration: &IntegrationId,
) -> Result<Vec<ListedAction>, RebindError> {
    let all = session.genesys.list_actions(&Default::default()).await?;
    Ok(all
        .into_iter()
        .filter(|action| action.integration_id.as_deref() == Some(integration.as_str()))
        .map(|action| ListedAction {
            id: action.id,
            name: action.name.unwrap_or_default(),
        })
        .collect())
}

async fn role_serves(
    world: &World,
    manifest: &Manifest,
    name: &RoleName,
    functions: &BTreeSet<FunctionArn>,
    pair: Pair,
) -> Result<(), RebindError> {
    let changed_at = world.store.role_changed_at(name).await?;
    let settles_in = changed_at.and_then(|at| settles_in(world.now(), at, world.config.settle));
    // A queue delays by whole seconds: one that comes too early is one delivery more.
    let too_early = |after: Duration| RebindError::RoleChangedLately {
        role: name.to_string(),
        after: Duration::from_secs(after.as_secs() + u64::from(after.subsec_nanos() > 0)),
    };
    if pair == Pair::NewAtOnce
        && let Some(after) = settles_in
    {
        return Err(too_early(after));
    }
    let desired = DesiredRole::of(manifest, name, &role::stack(&world.config))
        .ok_or(RebindError::NotOfThisManifest)?;
    let observed = world.roles.observe(name).await?;
    match (can_serve(&desired, &observed, functions), settles_in) {
        (Ok(()), _) => Ok(()),
        // IAM's reads may lag behind our own write.
        (Err(_), Some(after)) => Err(too_early(after)),
        (Err(refusal), None) => Err(RebindError::Refused(Refusal {
            problems: refusal.problems,
        })),
    }
}

/// How long until what was changed at `changed_at` counts as settled; `None` where it does.
pub(super) fn settles_in(
    now: Timestamp,
    changed_at: Timestamp,
    settle: Duration,
) -> Option<Duration> {
    let whole = SignedDuration::try_from(settle).unwrap_or(SignedDuration::MAX);
    let left = whole.saturating_sub(now.duration_since(changed_at));
    // A mark from a clock ahead of ours must not make anybody wait longer than one that is right.
    let left = Duration::try_from(left).ok()?.min(settle);
    (!left.is_zero()).then_some(left)
}

#[cfg(test)]
mod tests;
