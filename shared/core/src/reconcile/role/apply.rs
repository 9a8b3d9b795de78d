//! Carrying a role's plan out. No decisions here but which steps a failure stops.

use std::time::Duration;

use lockstep_domain::plan::{Outcome, Step};
use lockstep_domain::role::{DesiredRole, RolePlan, RoleStep};
use serde_json::Value;

use super::remember;
use crate::aws::{AwsError, Kind};
use crate::services::Provision;
use crate::store::StoreError;

/// Waits between tries of a step that met another writer, or a role that IAM does not show yet.
const TRIES: [Duration; 4] = [
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
];

/// The outcomes of a plan's steps.
#[derive(Debug, Default)]
pub(super) struct Applied {
    /// The steps with their outcomes.
    pub(super) steps: Vec<Step>,
    /// The error of the first failed step, and whether a later retry can help.
    pub(super) failed: Option<(String, bool)>,
    /// The role was to be created, and someone else created it in between: plan again.
    pub(super) somebody_was_faster: bool,
}

/// Carries the steps out in their order. What depends on a failed step is skipped, the rest is
/// done.
///
/// # Errors
/// The moment of the change could not be remembered. Nothing was written then, or everything was:
/// the next run finds which.
pub(super) async fn apply(
    world: &Provision,
    desired: &DesiredRole,
    plan: &RolePlan,
) -> Result<Applied, StoreError> {
    let mut applied = Applied::default();
    let mut failed: Vec<&RoleStep> = Vec::new();
    let moves_access = plan.steps.iter().any(changes_access);
    if moves_access {
        // Before the first write: a crash after it must not lead to a test that comes too early.
        remember(world, desired).await?;
    }
    let created = plan
        .steps
        .iter()
        .any(|step| matches!(step, RoleStep::Create { .. }));
    for step in &plan.steps {
        let outcome = if failed.iter().any(|before| step.depends_on(before)) {
            Outcome::Skipped {
                because: "a step that it depends on failed".to_owned(),
            }
        } else {
            match carry_out(world, desired, step, created).await {
                Ok(outcome) => outcome,
                Err(error) if is_faster_other(step, &error) => {
                    applied.somebody_was_faster = true;
                    return Ok(applied);
                }
                Err(error) => {
                    failed.push(step);
                    applied.record_failure(step, &error)
                }
            }
        };
        let mut shown = step.describe(&plan.arn, &plan.key);
        shown.outcome = Some(outcome);
        applied.steps.push(shown);
    }
    if moves_access {
        remember(world, desired).await?;
    }
    Ok(applied)
}

impl Applied {
    fn record_failure(&mut self, step: &RoleStep, error: &AwsError) -> Outcome {
        let message = said(step, error);
        if self.failed.is_none() {
            self.failed = Some((message.clone(), error.is_transient()));
        }
        Outcome::failed(error.kind.as_str(), message)
    }
}

async fn carry_out(
    world: &Provision,
    desired: &DesiredRole,
    step: &RoleStep,
    created: bool,
) -> Result<Outcome, AwsError> {
    for wait in TRIES {
        match world.role_writer.apply(&desired.name, step).await {
            Err(error) if may_pass_soon(step, &error, created) => tokio::time::sleep(wait).await,
            answer => return answer,
        }
    }
    world.role_writer.apply(&desired.name, step).await
}

/// Another writer at the same moment (`ConcurrentModification`), or a role that we have just made
/// and that IAM does not show everywhere yet.
fn may_pass_soon(step: &RoleStep, error: &AwsError, created: bool) -> bool {
    match error.kind {
        Kind::Conflict => true,
        Kind::NotFound => created && !matches!(step, RoleStep::Create { .. }),
        Kind::AlreadyExists
        | Kind::Denied { .. }
        | Kind::Malformed
        | Kind::Throttled
        | Kind::Transient
        | Kind::Garbled
        | Kind::Other => false,
    }
}

fn is_faster_other(step: &RoleStep, error: &AwsError) -> bool {
    matches!(step, RoleStep::Create { .. }) && error.kind == Kind::AlreadyExists
}

/// Whether who may assume the role, or what it may do, changes.
fn changes_access(step: &RoleStep) -> bool {
    match step {
        RoleStep::Create { .. }
        | RoleStep::SetTrust { .. }
        | RoleStep::PutInvokePolicy { .. }
        | RoleStep::RevokeFunctions { .. } => true,
        RoleStep::Tag { .. } | RoleStep::SetDescription { .. } => false,
    }
}

/// A policy that IAM refuses is shown as it was sent, so that it can be repaired.
fn said(step: &RoleStep, error: &AwsError) -> String {
    match (&error.kind, document(step)) {
        (Kind::Malformed, Some(document)) => format!("{error}; the policy as sent: {document}"),
        (_, _) => error.to_string(),
    }
}

fn document(step: &RoleStep) -> Option<&Value> {
    match step {
        RoleStep::Create { trust, .. } => Some(trust),
        RoleStep::SetTrust { new, .. }
        | RoleStep::PutInvokePolicy { new, .. }
        | RoleStep::RevokeFunctions { new, .. } => Some(new),
        RoleStep::Tag { .. } | RoleStep::SetDescription { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn error(kind: Kind) -> AwsError {
        AwsError {
            operation: "iam:PutRolePolicy",
            resource: "GenesysRole".into(),
            kind,
            code: Some("Code".into()),
            message: "said IAM".into(),
        }
    }

    fn put() -> RoleStep {
        RoleStep::PutInvokePolicy {
            old: None,
            new: json!({"Version": "2012-10-17"}),
            wider: Vec::new(),
        }
    }

    #[test]
    fn a_malformed_policy_is_shown_as_it_was_sent() {
        let text = said(&put(), &error(Kind::Malformed));
        assert!(
            text.ends_with(r#"the policy as sent: {"Version":"2012-10-17"}"#),
            "{text}"
        );
    }

    #[test]
    fn a_denial_names_the_permission_and_no_policy() {
        let permission = "iam:PutRolePolicy".to_owned();
        let text = said(&put(), &error(Kind::Denied { permission }));
        assert!(
            text.contains("the permission iam:PutRolePolicy is missing"),
            "{text}"
        );
        assert!(!text.contains("as sent"), "{text}");
    }

    #[test]
    fn a_role_not_yet_visible_is_waited_for_only_where_we_made_it() {
        assert!(may_pass_soon(&put(), &error(Kind::NotFound), true));
        assert!(!may_pass_soon(&put(), &error(Kind::NotFound), false));
        assert!(may_pass_soon(&put(), &error(Kind::Conflict), false));
        let permission = "x".to_owned();
        assert!(!may_pass_soon(
            &put(),
            &error(Kind::Denied { permission }),
            true
        ));
    }
}
