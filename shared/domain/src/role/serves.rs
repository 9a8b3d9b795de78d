//! Whether a role can serve functions that are about to go live.

use std::collections::BTreeSet;

use super::{DesiredRole, ObservedRole, PresentRole, RoleRefusal, joined, not_ours};
use crate::arn::FunctionArn;
use crate::policy::{INVOKE_POLICY_NAME, granted, same_meaning};
use crate::problem::Problem;

/// Checks trust and grants, and nothing that calls do not need: tags, description, and grants that
/// are wider than they should be are the role planner's.
///
/// # Errors
/// [`RoleRefusal`] with everything that is in the way: binding these functions would make calls fail,
/// or put a role into use that is not Lockstep's.
pub fn can_serve(
    desired: &DesiredRole,
    observed: &ObservedRole,
    functions: &BTreeSet<FunctionArn>,
) -> Result<(), RoleRefusal> {
    let problems = match observed {
        ObservedRole::Absent => vec![problem(
            desired,
            format!("the role {} does not exist", desired.name),
        )],
        ObservedRole::Present(present) => in_the_way(desired, present, functions),
    };
    if problems.is_empty() {
        Ok(())
    } else {
        Err(RoleRefusal { problems })
    }
}

fn in_the_way(
    desired: &DesiredRole,
    present: &PresentRole,
    functions: &BTreeSet<FunctionArn>,
) -> Vec<Problem> {
    let name = &desired.name;
    let mut problems = not_ours(desired, present);
    if !same_meaning(&desired.trust, &present.trust) {
        problems.push(problem(
            desired,
            format!(
                "the trust policy of the role {name} does not allow exactly Genesys Cloud to \
                 assume it for organization {}",
                desired.organization
            ),
        ));
    }
    let grants = present.invoke.as_ref().map(granted).unwrap_or_default();
    let missing: BTreeSet<FunctionArn> = functions.difference(&grants.functions).cloned().collect();
    if !missing.is_empty() {
        problems.push(problem(
            desired,
            format!(
                "the policy {INVOKE_POLICY_NAME} of the role {name} does not grant {}",
                joined(&missing)
            ),
        ));
    }
    problems
}

fn problem(desired: &DesiredRole, problem: String) -> Problem {
    Problem::new(
        desired.at.clone(),
        problem,
        "See the last Role Provisioning Failed event of the role, fix its cause, and invoke \
         provision-role: it corrects the role and then has the action bound.",
    )
}
