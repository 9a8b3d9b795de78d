//! What must hold before a new pair of role and function goes live.
//!
//! The route by which a message came proves nothing about the role, so whoever writes the binding
//! asks IAM itself. A plan that changes neither role, function nor integration asks nothing: a
//! rotation must not depend on IAM.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use lockstep_domain::arn::FunctionArn;
use lockstep_domain::change::Shown;
use lockstep_domain::ids::{ActionId, IntegrationId, Key};
use lockstep_domain::manifest::{Integration, Manifest};
use lockstep_domain::rebind::{Absent, ListedAction, Pair, RebindPlan, Refusal, may_move_role};
use lockstep_domain::role::{DesiredRole, can_serve};
use tracing::info;

use super::settle::settles_in;
use super::{RebindError, role};
use crate::genesys::Session;
use crate::services::Rebind;

/// Checks what a plan is about to put live, at the moment `now`. `found` is the integration as it
/// was seen, if it is there.
///
/// # Errors
/// [`RebindError::Refused`] where calls would fail under the role, or actions that are not managed
/// would be moved; [`RebindError::RoleChangedLately`] where IAM has to settle first; and what could
/// not be read. Nothing may be written then.
pub(super) async fn may_go_live(
    world: &Rebind,
    session: &Session,
    manifest: &Manifest,
    integration: &Integration,
    found: Option<&IntegrationId>,
    plan: &RebindPlan,
    now: Timestamp,
) -> Result<(), RebindError> {
    let pair = plan.pair();
    if pair == Pair::Unchanged {
        return Ok(());
    }
    if plan.moves_role()
        && let Some(id) = found
    {
        let remembered = remembered(world, manifest).await?;
        let listed = actions_of(session, id).await?;
        may_move_role(integration, &manifest.actions, &listed, &remembered)
            .map_err(RebindError::Refused)?;
    }
    role_serves(world, manifest, integration, pair, now).await
}

/// The ids of actions that the states of bindings hold. A state that can't be understood is
/// reported by its own binding, and must not stop the others: its action is known by its name.
async fn remembered(
    world: &Rebind,
    manifest: &Manifest,
) -> Result<BTreeMap<Key, ActionId>, RebindError> {
    let mut remembered = BTreeMap::new();
    for state in world.states.each_state(&manifest.organization.id).await? {
        match state {
            Ok(state) => remembered.extend(state.action_id.map(|id| (state.key, id))),
            Err(error) if error.is_transient() => return Err(error.into()),
            Err(error) => info!(%error, "the state of a binding cannot be read; its action is \
                                         identified by name"),
        }
    }
    Ok(remembered)
}

/// What IAM and Lambda show of a test that AWS refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Diagnosis {
    /// For the record.
    pub(super) text: String,
    /// Whether that is the cause.
    pub(super) shown: Shown,
}

/// What IAM and Lambda show of a role under which a function could not be called, and of the
/// function, for the record.
pub(super) async fn diagnose(
    world: &Rebind,
    manifest: &Manifest,
    integration: &Integration,
    function: &FunctionArn,
) -> Diagnosis {
    let name = &integration.role;
    let Some(desired) = DesiredRole::of(manifest, name, &role::stack(&world.config)) else {
        return Diagnosis {
            text: format!(
                "Lockstep did not query IAM, because no integration uses the role {name}"
            ),
            shown: Shown::NotEvaluated,
        };
    };
    let (observed, exists) =
        tokio::join!(world.roles.observe(name), world.functions.exists(function),);
    let (iam, by_iam) = match observed {
        Err(error) => (
            format!("Lockstep could not query IAM: {error}"),
            Shown::NotEvaluated,
        ),
        Ok(observed) => match can_serve(&desired, &observed, &BTreeSet::from([function.clone()])) {
            Ok(()) => (
                format!(
                    "IAM shows nothing wrong: the role {name} trusts Genesys Cloud for this \
                     organization and grants {function}"
                ),
                Shown::Nothing,
            ),
            Err(refusal) => {
                let problems = refusal.problems.iter();
                let found: Vec<&str> = problems.map(|one| one.problem.as_str()).collect();
                (format!("IAM shows: {}", found.join("; ")), Shown::Cause)
            }
        },
    };
    let (lambda, by_lambda) = match exists {
        Ok(true) => ("Lambda has the function".to_owned(), Shown::Nothing),
        Ok(false) => (format!("Lambda has no function {function}"), Shown::Cause),
        Err(error) => (
            format!("Lockstep could not query Lambda: {error}"),
            Shown::NotEvaluated,
        ),
    };
    Diagnosis {
        text: format!("{iam}. {lambda}"),
        shown: by_iam.and(by_lambda),
    }
}

/// The functions that the manifest names for **all** actions of an integration: they share the
/// role. What some of them still call is not asked for: provisioning never grants it to another
/// role, so nobody could remove the refusal.
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
    world: &Rebind,
    manifest: &Manifest,
    integration: &Integration,
    pair: Pair,
    now: Timestamp,
) -> Result<(), RebindError> {
    let name = &integration.role;
    let changed_at = world.role_marks.changed_at(name).await?;
    let settles_in = changed_at.and_then(|at| settles_in(now, at, world.config.role_settle));
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
    let functions = functions_of(manifest, integration);
    match (can_serve(&desired, &observed, &functions), settles_in) {
        (Ok(()), _) => Ok(()),
        // IAM's reads may lag behind our own write.
        (Err(_), Some(after)) => Err(too_early(after)),
        (Err(refusal), None) => Err(RebindError::Refused(Refusal {
            problems: refusal.problems,
            absent: Absent::default(),
        })),
    }
}

#[cfg(test)]
mod tests;
