//! The checks of a compliance sweep: how observations and drift become findings.
//!
//! A check that could not be made is *not evaluated*, never passed.

mod check;
mod report;
mod secrets;

use std::collections::{BTreeMap, BTreeSet};

pub use check::{CATALOGUE, Check};
pub use report::{Report, Standing, SweepChanges, SweepState, compare_sweeps};
pub use secrets::{
    ObservedKey, ObservedSecret, Rotates, age_check, directives, key_checks, pending_check,
};

use crate::arn::FunctionArn;
use crate::change::SecretVersion;
use crate::finding::Finding;
use crate::plan::{ObjectKind, Step, Verb};
use crate::problem::Problem;
use crate::role::{
    DesiredRole, Keep, ORGANIZATION_TAG, ObservedRole, PresentRole, STACK_TAG, Seen,
};

/// A check on one resource and what came of it; it holds where nothing was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// The check.
    pub check: Check,
    /// What does not hold or could not be evaluated.
    pub findings: Vec<Finding>,
}

impl Checked {
    /// A check with what was found.
    pub fn new(check: Check, findings: Vec<Finding>) -> Self {
        Self { check, findings }
    }

    /// A check that could not be made.
    pub fn not_evaluated(check: Check, resource: &str, because: &str) -> Self {
        Self::new(check, vec![check.not_evaluated(resource, because)])
    }
}

/// What drift means: one finding per check and object, in the catalogue's order.
///
/// `steps` is a plan against what was just observed. In a world as it should be it is empty.
pub fn drift_findings(steps: &[Step]) -> Vec<Finding> {
    let mut found: BTreeMap<(Check, String), Vec<String>> = BTreeMap::new();
    for step in steps.iter().filter(|step| is_telling(step)) {
        let check = check_of(step);
        let said = what_of(step);
        let what = found.entry((check, resource_of(step))).or_default();
        if !what.contains(&said) {
            what.push(said);
        }
    }
    found
        .into_iter()
        .map(|((check, resource), what)| check.failed(resource, what.join("; ")))
        .collect()
}

/// Whether a finding is about what a run of ours that was cut short has left. The next run finishes
/// it; it is no violation of anything.
pub fn is_left_over(finding: &Finding) -> bool {
    [Check::CredentialLeft, Check::DraftLeft]
        .iter()
        .any(|check| finding.id == check.id())
}

fn check_of(step: &Step) -> Check {
    match step.object {
        ObjectKind::Role if step.verb == Verb::Create => Check::RoleMissing,
        ObjectKind::RoleTrust => Check::RoleTrust,
        ObjectKind::RolePolicy => Check::RolePolicy,
        ObjectKind::Role | ObjectKind::RoleTags | ObjectKind::RoleDescription => Check::RoleLabels,
        ObjectKind::Integration if step.verb == Verb::Create => Check::IntegrationMissing,
        ObjectKind::Integration if step.verb == Verb::Enable => Check::IntegrationDisabled,
        ObjectKind::Credential if step.verb == Verb::Revoke => Check::CredentialLeft,
        ObjectKind::IntegrationConfig | ObjectKind::Credential => Check::Credential,
        ObjectKind::Draft if step.verb == Verb::Discard => Check::DraftLeft,
        ObjectKind::Action if step.verb == Verb::Create => Check::ActionMissing,
        ObjectKind::Integration | ObjectKind::Action | ObjectKind::Draft => Check::ActionDrift,
        ObjectKind::Binding => Check::ChangeOpen,
    }
}

/// Whether a step shows a difference. Opening and publishing a draft only prepare others.
fn is_telling(step: &Step) -> bool {
    let prepares =
        step.object == ObjectKind::Draft && matches!(step.verb, Verb::Create | Verb::Publish);
    step.writes() && !prepares
}

/// What is the case. The reasons of some steps on roles say what should be.
fn what_of(step: &Step) -> String {
    let reason = &step.reason;
    match step.object {
        ObjectKind::RoleTrust => format!("its trust policy differs: {reason}"),
        ObjectKind::RoleTags => format!("its tags differ: {reason}"),
        ObjectKind::RoleDescription => format!("its description differs: {reason}"),
        ObjectKind::Role
        | ObjectKind::RolePolicy
        | ObjectKind::Integration
        | ObjectKind::IntegrationConfig
        | ObjectKind::Credential
        | ObjectKind::Action
        | ObjectKind::Draft
        | ObjectKind::Binding => reason.clone(),
    }
}

fn resource_of(step: &Step) -> String {
    let name = step.id.as_deref().unwrap_or(step.key.as_str());
    match step.object {
        ObjectKind::Role
        | ObjectKind::RoleTrust
        | ObjectKind::RolePolicy
        | ObjectKind::RoleTags
        | ObjectKind::RoleDescription => name.to_owned(),
        // A draft has the id of its action, a config that of its integration.
        ObjectKind::Action | ObjectKind::Draft => format!("genesys:action/{name}"),
        ObjectKind::Integration | ObjectKind::IntegrationConfig => {
            format!("genesys:integration/{name}")
        }
        ObjectKind::Credential => format!("genesys:credential/{name}"),
        ObjectKind::Binding => format!("lockstep:binding/{name}"),
    }
}

/// What a planner's refusal means: the world is not as it should be, and Lockstep may or can not
/// put it right.
pub fn refusal_findings(problems: &[Problem]) -> Vec<Finding> {
    problems
        .iter()
        .map(|problem| {
            let gone = problem.problem.contains("does not exist");
            let of_integration = problem.at.starts_with("integrations");
            if problem.at.starts_with("credentials") {
                return Finding {
                    fix: problem.fix.clone(),
                    ..Check::Credential.failed(problem.at.clone(), problem.problem.clone())
                };
            }
            let check = match (of_integration, gone) {
                (true, true) => Check::IntegrationMissing,
                (true, false) => Check::Credential,
                (false, true) => Check::ActionMissing,
                (false, false) => Check::ActionDrift,
            };
            Finding {
                // The planner knows better than the catalogue what to do about this one.
                fix: problem.fix.clone(),
                ..check.failed(problem.at.clone(), problem.problem.clone())
            }
        })
        .collect()
}

/// Which bound versions are not the current ones any more.
pub fn stale_secrets(bound: &[SecretVersion], current: &[SecretVersion]) -> Vec<Finding> {
    current
        .iter()
        .filter_map(|now| {
            let before = bound.iter().find(|one| one.arn == now.arn)?;
            (before.version_id != now.version_id).then(|| {
                Check::SecretStale.failed(
                    now.arn.to_string(),
                    format!(
                        "version {} is bound as {}, but {} is current",
                        before.version_id, now.name, now.version_id
                    ),
                )
            })
        })
        .collect()
}

/// The checks of one role. Functions that it grants and that neither the manifest nor `keep` asks
/// for are superfluous.
pub fn role_checks(desired: &DesiredRole, observed: &ObservedRole, keep: &Keep) -> Vec<Checked> {
    let arn = desired.arn.to_string();
    match observed {
        ObservedRole::Absent => vec![Checked::new(
            Check::RoleMissing,
            vec![Check::RoleMissing.failed(arn, "the role does not exist")],
        )],
        ObservedRole::Present(present) => present_checks(desired, present, keep),
    }
}

fn present_checks(desired: &DesiredRole, present: &PresentRole, keep: &Keep) -> Vec<Checked> {
    let arn = present.arn.to_string();
    let refused = crate::role::not_ours(desired, present)
        .into_iter()
        .map(|problem| Check::RoleBoundary.failed(arn.clone(), problem.problem))
        .collect();
    let acceptable = ObservedRole::Present(Box::new(as_if_ours(desired, present)));
    let mut drift = match crate::role::plan(desired, &acceptable, keep) {
        Ok(plan) => drift_findings(&plan.describe()),
        // What is left to refuse is a policy that IAM would not take.
        Err(refusal) => refusal
            .problems
            .into_iter()
            .map(|problem| Check::RolePolicy.failed(arn.clone(), problem.problem))
            .collect(),
    };
    let mut taken = |check: Check| {
        let (mine, rest) = std::mem::take(&mut drift)
            .into_iter()
            .partition(|finding| finding.id == check.id());
        drift = rest;
        Checked::new(check, mine)
    };
    vec![
        Checked::new(Check::RoleMissing, Vec::new()),
        taken(Check::RoleTrust),
        taken(Check::RolePolicy),
        Checked::new(Check::RoleBoundary, refused),
        Checked::new(Check::RoleForeign, foreign_permissions(&arn, present)),
        taken(Check::RoleLabels),
    ]
}

/// The role as it would be without what makes it unacceptable, so that trust and policy are
/// looked at all the same: a role that lost its boundary may well have lost its trust too.
fn as_if_ours(desired: &DesiredRole, present: &PresentRole) -> PresentRole {
    let mut role = present.clone();
    role.arn = desired.arn.clone();
    role.boundary = Some(desired.boundary.clone());
    for tag in [ORGANIZATION_TAG, STACK_TAG] {
        if let (Some(value), true) = (desired.tags.get(tag), role.tags.contains_key(tag)) {
            role.tags.insert(tag.to_owned(), value.clone());
        }
    }
    role
}

fn foreign_permissions(arn: &str, present: &PresentRole) -> Vec<Finding> {
    [
        ("inline policies", present.other_inline_names()),
        ("attached policies", present.attached.clone()),
    ]
    .into_iter()
    .filter_map(|(what, seen)| match seen {
        Seen::Read(names) if names.is_empty() => None,
        Seen::Read(names) => Some(Check::RoleForeign.failed(
            arn,
            format!(
                "it has {what} that Lockstep did not create: {}",
                names.join(", ")
            ),
        )),
        Seen::Unread { because } => Some(
            Check::RoleForeign
                .not_evaluated(arn, format!("its {what} could not be read: {because}")),
        ),
    })
    .collect()
}

/// The drift of a role as far as one binding is concerned: trust, labels, boundary, and whether
/// its function, and nothing wider than functions, is granted. Other bindings of the role may
/// just be changing; they are judged with their own changes.
pub fn role_drift(
    desired: &DesiredRole,
    observed: &ObservedRole,
    function: &FunctionArn,
) -> Vec<Finding> {
    let desired = DesiredRole {
        functions: BTreeSet::from([function.clone()]),
        ..desired.clone()
    };
    match crate::role::plan(&desired, observed, &Keep::Granted) {
        Ok(plan) => drift_findings(&plan.describe()),
        Err(refusal) => refusal
            .problems
            .into_iter()
            .map(|problem| Check::RoleBoundary.failed(desired.arn.to_string(), problem.problem))
            .collect(),
    }
}

#[cfg(test)]
mod tests;
