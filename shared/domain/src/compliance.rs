//! The checks of a compliance sweep: how observations and drift become rows of the ledger.
//!
//! A check that could not be made is *not evaluated*, never passed.

pub mod catalogue;
mod check;
mod exceptions;
mod functions;
mod genesys;
mod secret_access;
mod secrets;
mod sweep_state;
mod trust;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

pub use catalogue::{Control, Framework};
pub use check::{CATALOGUE, Check, UnknownCheck};
pub use exceptions::{ExceptionDates, ExceptionLimits, except, exception_resource};
pub use functions::{FunctionState, FunctionUpdate, ObservedFunction, function_checks};
pub use genesys::{Managed, OrganizationAction, SeenBeside, beside_checks, unmanaged_actions};
pub use secret_access::{reader_checks, schedule_checks};
pub use secrets::{
    ObservedKey, ObservedSecret, Rotates, age_check, directives, key_checks, pending_check,
};
pub use sweep_state::{SweepChanges, SweepState};

use self::trust::trust_rows;
use crate::arn::FunctionArn;
use crate::change::{BindingState, SecretVersion};
use crate::ids::{ActionId, IntegrationId, Key};
use crate::ledger::{Row, RowId};
use crate::plan::{ObjectKind, Step, Verb};
use crate::problem::Problem;
use crate::rebind::Refusal;
use crate::role::{
    DesiredRole, Keep, ORGANIZATION_TAG, ObservedRole, PresentRole, STACK_TAG, Seen,
};

/// What drift means: one row per check and object, in the catalogue's order.
///
/// `steps` is a plan against what was just observed. Where nothing differs it is empty.
pub fn drift_rows(steps: &[Step]) -> Vec<Row> {
    let mut found: BTreeMap<(Check, String), Vec<String>> = BTreeMap::new();
    for step in steps.iter().filter(|step| shows_difference(step)) {
        let check = check_of(step);
        let said = what_of(step);
        let what = found.entry((check, resource_of(step))).or_default();
        if !what.contains(&said) {
            what.push(said);
        }
    }
    found
        .into_iter()
        .map(|((check, resource), what)| Row::failed(check, resource, what.join("; ")))
        .collect()
}

/// Whether a row is about the remains of an interrupted run. The next run removes them; they violate
/// nothing.
pub fn is_remainder(row: &Row) -> bool {
    matches!(row.check, Check::CredentialLeft | Check::DraftLeft)
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
fn shows_difference(step: &Step) -> bool {
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

/// What a planner's refusal means: something differs from the manifest, and Lockstep may not or
/// cannot repair it.
pub fn refusal_rows(refusal: &Refusal, resources: &Resources) -> Vec<Row> {
    let of = |problem: &Problem| {
        let (check, resource) = match (RefusedObject::of(problem), refusal.absent) {
            (RefusedObject::Credential, _) => (Check::Credential, &problem.at),
            (RefusedObject::Integration, absent) if absent.integration => {
                (Check::IntegrationMissing, &resources.integration)
            }
            (RefusedObject::Integration, _) => (Check::Credential, &resources.integration),
            (RefusedObject::Action, absent) if absent.action => {
                (Check::ActionMissing, &resources.action)
            }
            (RefusedObject::Action, _) => (Check::ActionDrift, &resources.action),
        };
        // The planner's advice is more exact than the catalogue's.
        Row::failed(check, resource, &problem.problem).advise(&problem.fix)
    };
    merged(refusal.problems.iter().map(of).collect())
}

/// The object that a planner's problem is about, by its place in the manifest.
#[derive(Clone, Copy)]
enum RefusedObject {
    Credential,
    Integration,
    Action,
}

impl RefusedObject {
    fn of(problem: &Problem) -> Self {
        let list = problem.at.split('[').next();
        match list {
            Some("credentials") => Self::Credential,
            Some("integrations") => Self::Integration,
            Some(_) | None => Self::Action,
        }
    }
}

/// The names of the integration and the action of a binding, as rows have them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resources {
    /// The integration: by its id, or by its key before it has one.
    pub integration: String,
    /// The action, likewise.
    pub action: String,
}

impl Resources {
    /// Of a binding. What exists goes by its id.
    pub fn of(state: &BindingState, integration: &Key) -> Self {
        let id = state.integration_id.as_ref();
        let integration = id.map_or(integration.as_str(), IntegrationId::as_str);
        let id = state.action_id.as_ref();
        let action = id.map_or(state.key.as_str(), ActionId::as_str);
        Self {
            integration: format!("genesys:integration/{integration}"),
            action: format!("genesys:action/{action}"),
        }
    }
}

/// One row per check and resource: bindings share integrations, secrets and roles. The worst result
/// counts, and what was seen is joined.
pub fn merged(rows: Vec<Row>) -> Vec<Row> {
    let mut by_id: BTreeMap<RowId, Row> = BTreeMap::new();
    for row in rows {
        match by_id.entry(row.id()) {
            Entry::Vacant(entry) => {
                entry.insert(row);
            }
            Entry::Occupied(mut entry) => entry.get_mut().absorb(row),
        }
    }
    by_id.into_values().collect()
}

/// Whether each bound version is the current one: a row per secret.
pub fn stale_secrets(bound: &[SecretVersion], current: &[SecretVersion]) -> Vec<Row> {
    let row = |now: &SecretVersion| {
        let resource = now.arn.to_string();
        match bound.iter().find(|one| one.arn == now.arn) {
            Some(before) if before.version_id != now.version_id => Row::failed(
                Check::SecretStale,
                resource,
                format!(
                    "version {} is bound as {}, but {} is current",
                    before.version_id, now.name, now.version_id
                ),
            ),
            Some(_) => Row::passed(Check::SecretStale, resource),
            None => Row::not_evaluated(Check::SecretStale, resource, "it was never bound"),
        }
    };
    current.iter().map(row).collect()
}

/// The checks of one role. Functions that it grants and that neither the manifest nor `keep` asks
/// for are superfluous.
pub fn role_checks(desired: &DesiredRole, observed: &ObservedRole, keep: &Keep) -> Vec<Row> {
    let arn = desired.arn.to_string();
    match observed {
        ObservedRole::Absent => absent_role(&arn),
        ObservedRole::Present(present) => present_checks(desired, present, keep),
    }
}

/// The checks of a role that exists.
pub const OF_ROLE: [Check; 9] = [
    Check::RoleTrust,
    Check::TrustPrincipal,
    Check::TrustExternalId,
    Check::TrustActions,
    Check::RolePolicy,
    Check::RoleBoundary,
    Check::RoleOwner,
    Check::RoleForeign,
    Check::RoleLabels,
];

fn absent_role(arn: &str) -> Vec<Row> {
    let because = "the role does not exist";
    let missing = Row::failed(Check::RoleMissing, arn, because);
    let rest = OF_ROLE.map(|check| Row::not_evaluated(check, arn, because));
    std::iter::once(missing).chain(rest).collect()
}

fn present_checks(desired: &DesiredRole, present: &PresentRole, keep: &Keep) -> Vec<Row> {
    let arn = present.arn.to_string();
    let of_problems = |check: Check, problems: Vec<Problem>| {
        let failed = |one: Problem| Row::failed(check, &arn, one.problem).advise(one.fix);
        passed_unless(check, &arn, problems.into_iter().map(failed).collect())
    };
    let boundary = crate::role::wrong_boundary(desired, present);
    let acceptable = ObservedRole::Present(Box::new(as_if_ours(desired, present)));
    let drift = match crate::role::plan(desired, &acceptable, keep) {
        Ok(plan) => drift_rows(&plan.describe()),
        // Now only a policy that IAM would not accept is refused.
        Err(refusal) => refusal
            .problems
            .into_iter()
            .map(|problem| {
                Row::failed(Check::RolePolicy, &arn, problem.problem).advise(problem.fix)
            })
            .collect(),
    };
    let of = |check: Check| passed_unless(check, &arn, of_check(&drift, check));
    let rows = [
        vec![Row::passed(Check::RoleMissing, &arn)],
        of(Check::RoleTrust),
        of(Check::RolePolicy),
        trust_rows(desired, present),
        of_problems(Check::RoleBoundary, boundary.into_iter().collect()),
        of_problems(Check::RoleOwner, crate::role::other_owner(desired, present)),
        passed_unless(Check::RoleForeign, &arn, foreign_permissions(&arn, present)),
        of(Check::RoleLabels),
    ];
    merged(rows.into_iter().flatten().collect())
}

/// The rows of one check among others.
pub fn of_check(rows: &[Row], check: Check) -> Vec<Row> {
    let mine = rows.iter().filter(|row| row.check == check);
    mine.cloned().collect()
}

/// A check passed on a resource unless something was found.
pub fn passed_unless(check: Check, resource: &str, found: Vec<Row>) -> Vec<Row> {
    if found.is_empty() {
        vec![Row::passed(check, resource)]
    } else {
        found
    }
}

/// The role as it would be without what makes it unacceptable, so that trust and policy are
/// compared nevertheless: a role that lost its boundary may well have lost its trust too.
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

fn foreign_permissions(arn: &str, present: &PresentRole) -> Vec<Row> {
    [
        ("inline policies", present.other_inline_names()),
        ("attached policies", present.attached.clone()),
    ]
    .into_iter()
    .filter_map(|(what, seen)| match seen {
        Seen::Read(names) if names.is_empty() => None,
        Seen::Read(names) => Some(Row::failed(
            Check::RoleForeign,
            arn,
            format!(
                "it has {what} that Lockstep did not create: {}",
                names.join(", ")
            ),
        )),
        Seen::Unread { because } => Some(Row::not_evaluated(
            Check::RoleForeign,
            arn,
            format!("its {what} could not be read: {because}"),
        )),
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
) -> Vec<Row> {
    let desired = DesiredRole {
        functions: BTreeSet::from([function.clone()]),
        ..desired.clone()
    };
    match crate::role::plan(&desired, observed, &Keep::Granted) {
        Ok(plan) => drift_rows(&plan.describe()),
        Err(refusal) => refusal
            .problems
            .into_iter()
            .map(|problem| {
                Row::failed(
                    Check::RoleBoundary,
                    desired.arn.to_string(),
                    problem.problem,
                )
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests;
