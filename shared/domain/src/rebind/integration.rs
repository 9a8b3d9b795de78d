//! Plans the integration, the credential that carries its role, and its enabled state.

use super::{
    Found, INTEGRATION_TYPE, IntegrationSeen, Observed, RebindPlan, RebindStep, Reported, problem,
};
use crate::binding::DesiredIntegration;
use crate::change::BindingState;
use crate::ids::{CredentialId, IntegrationId};
use crate::problem::Problem;

pub(super) fn plan_integration(
    desired: &DesiredIntegration,
    observed: &Observed,
    state: &BindingState,
    plan: &mut RebindPlan,
    problems: &mut Vec<Problem>,
) {
    let at = format!("integrations[{}]", desired.key);
    match &observed.integration {
        Found::Nothing => {
            plan.steps.push(RebindStep::CreateIntegration {
                key: desired.key.clone(),
                name: desired.name.clone(),
            });
            plan_credential(desired, observed, None, plan);
            plan.steps.push(RebindStep::EnableIntegration {
                key: desired.key.clone(),
                id: None,
            });
        }
        Found::One(seen) => {
            if let Err(problem) = may_use(&at, desired, seen, state) {
                problems.push(problem);
                return;
            }
            if seen.name != desired.name {
                plan.notices.push(format!(
                    "the integration {} has the name {:?} in Genesys Cloud and {:?} in the \
                     manifest; Lockstep does not rename integrations",
                    seen.id, seen.name, desired.name
                ));
            }
            plan_credential(desired, observed, Some(seen), plan);
            if seen.reported == Reported::Error {
                plan.notices.push(format!(
                    "the integration {} reports ERROR, so calls of its actions fail; open it in \
                     Genesys Cloud to see the cause",
                    seen.id
                ));
            }
            if !seen.enabled || seen.reported.is_off() {
                plan.steps.push(RebindStep::EnableIntegration {
                    key: desired.key.clone(),
                    id: Some(seen.id.clone()),
                });
            }
        }
        Found::Several(ids) => problems.push(problem(
            &at,
            format!(
                "{} integrations have the name {:?}: {}",
                ids.len(),
                desired.name,
                ids.join(", ")
            ),
            "Set `id:` to the id of the one that you mean.",
        )),
        Found::Gone(id) => problems.push(problem(
            &at,
            format!("the integration {id} does not exist in Genesys Cloud"),
            "Restore it in Genesys Cloud; or give the integration and its actions new keys so that \
             Lockstep creates them again, and switch the flows to the new actions.",
        )),
    }
}

/// The integration that is remembered for the entry that the manifest names now. What was
/// remembered for another entry is no answer: Genesys Cloud cannot move an action, and pointing the
/// integration that it lives in at the role of another one would take that role from its other
/// actions.
pub fn remembered_integration<'s>(
    desired: &DesiredIntegration,
    state: &'s BindingState,
) -> Option<&'s IntegrationId> {
    let known = state.integration_key.as_ref();
    state
        .integration_id
        .as_ref()
        .filter(|_| known.is_none_or(|key| *key == desired.key))
}

/// Whether an integration that is remembered without its entry, as the previous release did, is
/// another entry's: the credential in its role slot carries that entry's name.
pub fn is_of_another_entry(
    desired: &DesiredIntegration,
    state: &BindingState,
    seen: &IntegrationSeen,
) -> bool {
    let credential = seen.credential.as_ref().map(|one| one.name.as_str());
    let is_ours = |name: &str| name.starts_with("Lockstep ");
    state.integration_key.is_none()
        && credential
            .is_some_and(|name| is_ours(name) && !name.starts_with(&desired.credential_prefix()))
}

/// An integration found by name is ours where its role slot holds a credential of ours, and free
/// where the slot is empty: nothing is lost then.
fn may_use(
    at: &str,
    desired: &DesiredIntegration,
    seen: &IntegrationSeen,
    state: &BindingState,
) -> Result<(), Problem> {
    if seen.kind != INTEGRATION_TYPE {
        return Err(problem(
            at,
            format!(
                "the integration {} is of type {}, not {INTEGRATION_TYPE}",
                seen.id, seen.kind
            ),
            "Name an integration of that type.",
        ));
    }
    let named = desired.id.as_ref() == Some(&seen.id);
    // Also under another key: an entry may be renamed while its integration stays.
    let remembered = state.integration_id.as_ref() == Some(&seen.id);
    let ours_or_free = seen.credential.as_ref().is_none_or(|credential| {
        credential
            .name
            .starts_with(&format!("Lockstep {}: ", desired.key))
    });
    if named || remembered || ours_or_free {
        return Ok(());
    }
    Err(problem(
        at,
        format!(
            "an integration with the name {:?} exists already ({}), and Lockstep did not create \
             the credential that it uses",
            desired.name, seen.id
        ),
        &format!(
            "To adopt it, write `id: {}`. Otherwise choose another name.",
            seen.id
        ),
    ))
}

fn plan_credential(
    desired: &DesiredIntegration,
    observed: &Observed,
    integration: Option<&IntegrationSeen>,
    plan: &mut RebindPlan,
) {
    let name = desired.credential_name();
    let current = integration.and_then(|seen| seen.credential.as_ref());
    if let Some(current) = current
        && current.name == name
    {
        // Redacted values can't be compared; a value in the clear can.
        if current
            .role_arn
            .as_ref()
            .is_some_and(|role| *role != desired.role_arn)
        {
            plan.steps.push(RebindStep::RewriteCredential {
                key: desired.key.clone(),
                id: current.id.clone(),
                name,
                old_role_arn: current.role_arn.clone(),
                role_arn: desired.role_arn.clone(),
            });
        }
        plan_leftovers(desired, observed, None, plan);
        return;
    }
    // One of ours that nothing points at: an earlier run was cut short after making it.
    let spare = observed
        .own_credentials
        .iter()
        .find(|credential| credential.name == name && !credential.in_use)
        .map(|credential| credential.id.clone());
    if spare.is_none() {
        plan.steps.push(RebindStep::CreateCredential {
            key: desired.key.clone(),
            name,
            role_arn: desired.role_arn.clone(),
        });
    }
    plan.steps.push(RebindStep::PointConfig {
        key: desired.key.clone(),
        id: integration.map(|seen| seen.id.clone()),
        old: current.map(|credential| credential.id.clone()),
        new: spare.clone(),
    });
    plan_leftovers(desired, observed, spare.as_ref(), plan);
}

/// Deletes what an earlier run of ours did not: a credential that was created and never pointed at,
/// or one that was pointed away from. After the config, so that what is deleted is used by nothing;
/// the one that the config is pointed away from now is found by the next observation.
fn plan_leftovers(
    desired: &DesiredIntegration,
    observed: &Observed,
    chosen: Option<&CredentialId>,
    plan: &mut RebindPlan,
) {
    for left in &observed.own_credentials {
        if left.in_use {
            plan.notices.push(format!(
                "the credential {} ({:?}) has the name of a Lockstep credential for {}, but \
                 another integration uses it, so Lockstep keeps it",
                left.id, left.name, desired.key
            ));
        } else if chosen != Some(&left.id) {
            plan.steps.push(RebindStep::DeleteCredential {
                key: desired.key.clone(),
                id: left.id.clone(),
                name: left.name.clone(),
            });
        }
    }
}
