//! Whether the organization has what the manifest names: slots that take the credentials, and
//! actions that try them.

use super::{
    CredentialStep, DesiredCredential, DesiredCredentialSet, ObservedCredentialSet, SlotSeen,
};
use crate::problem::Problem;
use crate::rebind::Found;

fn at(credential: &DesiredCredential, field: &str) -> String {
    format!("credentials[{}].{field}", credential.key)
}

/// The slot of a credential, if the integration is the right one and takes it there.
pub(super) fn fitting_slot<'o>(
    credential: &DesiredCredential,
    observed: &'o ObservedCredentialSet,
) -> Result<&'o SlotSeen, Problem> {
    let integration = &credential.integration;
    let wrong =
        |problem: String, fix: &str| Err(Problem::new(at(credential, "integration"), problem, fix));
    let seen = match observed.slots.get(&credential.key) {
        Some(Found::One(seen)) => seen,
        Some(Found::Several(ids)) => {
            return wrong(
                format!(
                    "{} integrations of type {} have the name {:?}: {}",
                    ids.len(),
                    integration.integration_type,
                    integration.name,
                    ids.join(", ")
                ),
                "Set `id:` of the integration to the id of the one that you mean.",
            );
        }
        Some(Found::Gone(id)) => {
            return wrong(
                format!("the integration {id} does not exist in Genesys Cloud"),
                "Correct `id:` of the integration, or restore the integration in Genesys Cloud.",
            );
        }
        Some(Found::Nothing) | None => {
            return wrong(
                format!(
                    "no integration of type {} has the name {:?}",
                    integration.integration_type, integration.name
                ),
                "Correct its name or type. Lockstep does not create integrations of this type.",
            );
        }
    };
    if seen.kind != integration.integration_type {
        return wrong(
            format!(
                "the integration {} is of type {}, not {}",
                seen.integration_id, seen.kind, integration.integration_type
            ),
            "Correct `type:` or `id:` of the integration.",
        );
    }
    if seen.slot.is_none() {
        return Err(Problem::new(
            at(credential, "slot"),
            format!(
                "integrations of type {} have no slot {:?}",
                seen.kind, credential.slot
            ),
            match seen.known.as_slice() {
                [] => "Use a slot that Genesys Cloud shows among the integration's credentials."
                    .to_owned(),
                known => format!("Write one of: {}.", known.join(", ")),
            },
        ));
    }
    let fits = |one: &String| one.eq_ignore_ascii_case(&credential.credential_type);
    if !seen.takes.is_empty() && !seen.takes.iter().any(fits) {
        return Err(Problem::new(
            at(credential, "type"),
            format!(
                "the slot {:?} does not accept credentials of type {}",
                credential.slot, credential.credential_type
            ),
            format!("Write one of: {}.", seen.takes.join(", ")),
        ));
    }
    Ok(seen)
}

/// The tests of a credential set; an action that can't be found is a problem.
pub(super) fn tests(
    desired: &DesiredCredentialSet,
    observed: &ObservedCredentialSet,
    problems: &mut Vec<Problem>,
) -> Vec<CredentialStep> {
    let mut steps = Vec::new();
    for credential in &desired.credentials {
        for tried in &credential.tests {
            let problem = match observed.tests.get(&tried.key) {
                Some(Found::One(action)) => {
                    steps.push(CredentialStep::Test {
                        key: credential.key.clone(),
                        action_key: tried.key.clone(),
                        action: action.clone(),
                        test: tried.test.clone(),
                    });
                    continue;
                }
                Some(Found::Several(ids)) => format!(
                    "{} actions of the integration have the name {:?}: {}",
                    ids.len(),
                    tried.name,
                    ids.join(", ")
                ),
                Some(Found::Gone(id)) => format!("the action {id} does not exist"),
                Some(Found::Nothing) | None => {
                    format!("no action of the integration has the name {:?}", tried.name)
                }
            };
            problems.push(Problem::new(
                format!("actions[{}]", tried.key),
                problem,
                "Correct its name, or set its `id:`.",
            ));
        }
    }
    steps
}
