//! From desired and observed to an ordered list of steps, or a refusal.

use std::collections::{BTreeMap, BTreeSet};

use super::size::{in_excess, oversize};
use super::{
    DesiredRole, ORGANIZATION_TAG, ObservedRole, PresentRole, RoleStep, STACK_TAG, Seen, joined,
};
use crate::arn::{FunctionArn, RoleArn};
use crate::change::BindingState;
use crate::ids::Key;
use crate::plan::Step;
use crate::policy::{INVOKE_POLICY_NAME, granted, invoke_policy, same_meaning};
use crate::problem::Problem;

/// What becomes of functions that our policy grants by exact ARN and that no action of the
/// manifest calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keep {
    /// They stay: an action may still call one of them until its change has a verdict.
    Granted,
    /// Only these stay, besides what the manifest needs; the rest is revoked.
    Only(BTreeSet<FunctionArn>),
}

impl Keep {
    /// Keeps what any binding of the organization may still call: the function of its last applied
    /// change and, while a change has no verdict, the function it may go back to.
    ///
    /// `states` must be all states of the organization: on less than all, nothing may be revoked.
    #[must_use]
    pub fn used_by(states: &[BindingState]) -> Self {
        let open = |state: &BindingState| {
            let change = state.change.as_ref().filter(|change| !change.is_ended())?;
            let previous = change.previous.as_ref()?;
            previous.function.clone()
        };
        Self::Only(
            states
                .iter()
                .flat_map(|state| [state.function.clone(), open(state)])
                .flatten()
                .collect(),
        )
    }
}

/// The steps that make one role right.
#[derive(Clone, Debug, PartialEq)]
pub struct RolePlan {
    /// The role.
    pub arn: RoleArn,
    /// The integration that it is shown under.
    pub key: Key,
    /// In the order in which they are to be made.
    pub steps: Vec<RoleStep>,
    /// What a reader should know and nothing is done about.
    pub notices: Vec<String>,
}

impl RolePlan {
    /// The steps as they are shown.
    #[must_use]
    pub fn describe(&self) -> Vec<Step> {
        self.steps
            .iter()
            .map(|step| step.describe(&self.arn, &self.key))
            .collect()
    }

    /// Whether nothing is to be done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self {
            arn: _,
            key: _,
            steps,
            notices: _,
        } = self;
        steps.is_empty()
    }
}

/// Why a role must not be changed, with what would make it acceptable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleRefusal {
    /// Every reason.
    pub problems: Vec<Problem>,
}

/// The steps from what was seen to what should hold.
///
/// Deterministic: the same inputs give the same steps in the same order.
///
/// # Errors
/// [`RoleRefusal`] for a role that is not ours to repair: it lacks the stack's permissions boundary,
/// it is tagged for another organization or stack, or it has a path; and for one whose grants
/// exceed what IAM allows in inline policies.
pub fn plan(
    desired: &DesiredRole,
    observed: &ObservedRole,
    keep: &Keep,
) -> Result<RolePlan, RoleRefusal> {
    match observed {
        ObservedRole::Absent => match oversize(&desired.name, &desired.functions) {
            Some((problem, fix)) => Err(RoleRefusal {
                problems: vec![Problem::new(desired.at.clone(), problem, fix)],
            }),
            None => Ok(RolePlan {
                arn: desired.arn.clone(),
                key: desired.key.clone(),
                steps: creation(desired),
                notices: Vec::new(),
            }),
        },
        ObservedRole::Present(present) => {
            let problems = not_ours(desired, present);
            if problems.is_empty() {
                repair(desired, present, keep)
            } else {
                Err(RoleRefusal { problems })
            }
        }
    }
}

/// Trust, boundary and tags are set in the call that creates the role, so it never exists without
/// them. The permissions come last, onto a role that only the right ones can assume.
fn creation(desired: &DesiredRole) -> Vec<RoleStep> {
    let mut steps = vec![RoleStep::Create {
        trust: desired.trust.clone(),
        description: desired.description.clone(),
        tags: desired.tags.clone(),
        boundary: desired.boundary.clone(),
    }];
    if !desired.functions.is_empty() {
        steps.push(RoleStep::PutInvokePolicy {
            old: None,
            new: invoke_policy(&desired.functions),
            wider: Vec::new(),
        });
    }
    steps
}

/// Narrow first: the trust is set right before a permission is added. Add before removing: what is
/// revoked goes last, when everything that is needed is granted.
fn repair(
    desired: &DesiredRole,
    present: &PresentRole,
    keep: &Keep,
) -> Result<RolePlan, RoleRefusal> {
    let mut steps = Vec::new();
    let mut notices = foreign(present);
    if !same_meaning(&desired.trust, &present.trust) {
        steps.push(RoleStep::SetTrust {
            old: present.trust.clone(),
            new: desired.trust.clone(),
        });
    }
    permissions(desired, present, keep, &mut steps, &mut notices).map_err(|problem| {
        RoleRefusal {
            problems: vec![problem],
        }
    })?;
    if let Some(step) = tags(desired, present) {
        steps.push(step);
    }
    if present.description.as_deref() != Some(&desired.description) {
        steps.push(RoleStep::SetDescription {
            old: present.description.clone(),
            new: desired.description.clone(),
        });
    }
    // The revocation is a step of its own, after everything that adds.
    steps.sort_by_key(|step| matches!(step, RoleStep::RevokeFunctions { .. }));
    Ok(RolePlan {
        arn: present.arn.clone(),
        key: desired.key.clone(),
        steps,
        notices,
    })
}

fn permissions(
    desired: &DesiredRole,
    present: &PresentRole,
    keep: &Keep,
    steps: &mut Vec<RoleStep>,
    notices: &mut Vec<String>,
) -> Result<(), Problem> {
    let grants = present.invoke.as_ref().map(granted).unwrap_or_default();
    let unused = grants.functions.difference(&desired.functions).cloned();
    let (mut revoked, kept): (BTreeSet<_>, BTreeSet<_>) = match keep {
        Keep::Granted => (BTreeSet::new(), unused.collect()),
        Keep::Only(used) => unused.partition(|function| !used.contains(function)),
    };
    let remaining: BTreeSet<FunctionArn> = desired.functions.union(&kept).cloned().collect();
    // What is granted by exact ARN is revoked last; anything wider goes at once.
    let mut adding: BTreeSet<FunctionArn> = remaining.union(&revoked).cloned().collect();
    let right = match &present.invoke {
        Some(document) => same_meaning(document, &invoke_policy(&adding)),
        // No policy grants nothing, which is right where nothing is bound.
        None => adding.is_empty(),
    };
    if !right {
        if in_excess(desired, present, &grants.functions, &adding).is_some() {
            // Nothing uses what is to be revoked: it makes room in the same write.
            adding.clone_from(&remaining);
            revoked.clear();
        }
        if let Some(problem) = in_excess(desired, present, &grants.functions, &adding) {
            return Err(problem);
        }
        steps.push(RoleStep::PutInvokePolicy {
            old: present.invoke.clone(),
            new: invoke_policy(&adding),
            wider: grants.wider,
        });
    }
    if !kept.is_empty() {
        notices.push(format!(
            "{} still grants {}, which no action of the manifest calls; Lockstep revokes the grant \
             once it is unused and a change has been verified",
            present.arn,
            joined(&kept)
        ));
    }
    if !revoked.is_empty() {
        steps.push(RoleStep::RevokeFunctions {
            old: invoke_policy(&adding),
            new: invoke_policy(&remaining),
            revoked,
        });
    }
    Ok(())
}

fn tags(desired: &DesiredRole, present: &PresentRole) -> Option<RoleStep> {
    let new: BTreeMap<String, String> = desired
        .tags
        .iter()
        .filter(|(name, value)| present.tags.get(*name) != Some(value))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let old = new
        .keys()
        .filter_map(|name| Some((name.clone(), present.tags.get(name)?.clone())))
        .collect();
    (!new.is_empty()).then_some(RoleStep::Tag { old, new })
}

/// What others attached is reported, not touched: the boundary keeps it from mattering.
fn foreign(present: &PresentRole) -> Vec<String> {
    let arn = &present.arn;
    let mut notices = Vec::new();
    for (what, seen) in [
        ("inline policies", present.other_inline_names()),
        ("attached policies", present.attached.clone()),
    ] {
        match seen {
            Seen::Read(names) if names.is_empty() => {}
            Seen::Read(names) => notices.push(format!(
                "{arn} also has {what} that Lockstep did not create: {}; Lockstep does not change \
                 them, and the permissions boundary limits them to the allowed functions",
                names.join(", ")
            )),
            Seen::Unread { because } => notices.push(format!(
                "Lockstep could not read whether {arn} has other {what}: {because}"
            )),
        }
    }
    notices
}

/// Why a role is not Lockstep's to change; empty where it is.
#[must_use]
pub fn not_ours(desired: &DesiredRole, present: &PresentRole) -> Vec<Problem> {
    let boundary = wrong_boundary(desired, present);
    boundary
        .into_iter()
        .chain(other_owner(desired, present))
        .collect()
}

/// Whether a role lacks the stack's permissions boundary.
#[must_use]
pub fn wrong_boundary(desired: &DesiredRole, present: &PresentRole) -> Option<Problem> {
    let DesiredRole {
        name, at, boundary, ..
    } = desired;
    (present.boundary.as_ref() != Some(boundary)).then(|| {
        let found = match &present.boundary {
            Some(other) => format!("the permissions boundary {other}"),
            None => "no permissions boundary".to_owned(),
        };
        Problem::new(
            at.clone(),
            format!("the role {name} already exists with {found}, so Lockstep may not change it"),
            format!(
                "If Lockstep should manage this role, an IAM administrator must run: aws iam \
                 put-role-permissions-boundary --role-name {name} --permissions-boundary \
                 {boundary} (Lockstep then corrects its trust policy and its inline policy \
                 {INVOKE_POLICY_NAME}). Otherwise use another role."
            ),
        )
    })
}

/// Why a role is another one's: it has a path, or the tags of another organization or stack.
#[must_use]
pub fn other_owner(desired: &DesiredRole, present: &PresentRole) -> Vec<Problem> {
    let DesiredRole { name, at, .. } = desired;
    let mut problems = Vec::new();
    let mut refuse =
        |problem: String, fix: String| problems.push(Problem::new(at.clone(), problem, fix));
    if present.arn.path() != "/" {
        refuse(
            format!(
                "the role {name} has the path {}; managed roles have no path",
                present.arn.path()
            ),
            "The path of a role cannot be changed: use another role, or delete this one and \
             Lockstep creates it again."
                .to_owned(),
        );
    }
    for (tag, ours, what) in [
        (
            ORGANIZATION_TAG,
            desired.organization.as_str(),
            "organization",
        ),
        (
            STACK_TAG,
            desired.tags.get(STACK_TAG).map_or("", String::as_str),
            "stack",
        ),
    ] {
        if let Some(other) = present.tags.get(tag).filter(|other| *other != ours) {
            refuse(
                format!("the role {name} belongs to the {what} {other}"),
                format!(
                    "Use another role. If that {what} no longer uses this one, run: aws iam \
                     untag-role --role-name {name} --tag-keys {tag}"
                ),
            );
        }
    }
    problems
}
