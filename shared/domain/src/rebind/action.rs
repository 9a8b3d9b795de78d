//! Plans the action: made, changed in place, or changed through its draft.

use super::{
    ActionSeen, ActionView, DraftSeen, Found, Observed, RebindPlan, RebindStep, problem,
    schema_differences,
};
use crate::binding::{DesiredAction, DesiredIntegration};
use crate::change::{BindingState, End, Phase};
use crate::ids::ActionId;
use crate::manifest::LiveTest;
use crate::plan::{ObjectKind, Outcome, Step, Verb};
use crate::problem::Problem;

pub(super) fn plan_action(
    integration: &DesiredIntegration,
    desired: &DesiredAction,
    observed: &Observed,
    state: &BindingState,
    plan: &mut RebindPlan,
    problems: &mut Vec<Problem>,
) {
    let at = format!("actions[{}]", desired.key);
    match &observed.action {
        Found::Nothing => match (&desired.contract, desired.adopt) {
            (Some(contract), false) => plan.steps.push(RebindStep::CreateAction {
                key: desired.key.clone(),
                action: ActionView {
                    name: desired.name.clone(),
                    category: desired.category.clone().unwrap_or_default(),
                    config: desired.config(None),
                },
                secure: desired.secure.unwrap_or_default(),
                contract: contract.clone(),
            }),
            (_, true) => problems.push(problem(
                &at,
                format!(
                    "`adopt: true` is set, but the integration {1:?} has no action with the name \
                     {0:?}",
                    desired.name, integration.name
                ),
                "Correct the name. To have the action created, remove `adopt: true` and add a \
                 `contract`.",
            )),
            (None, false) => problems.push(problem(
                &at,
                "the action does not exist, and Lockstep cannot create it without a contract"
                    .into(),
                "Add `contract: {input, output}`.",
            )),
        },
        Found::One(seen) => {
            problems.extend(immutable(&at, integration, desired, observed, seen));
            if !may_adopt(desired, seen, state) {
                problems.push(problem(
                    &at,
                    format!(
                        "an action with the name {:?} exists already ({}), and Lockstep did not \
                         create it",
                        seen.name, seen.id
                    ),
                    &format!("To adopt it, write `id: {}` or `adopt: true`.", seen.id),
                ));
            }
            if problems.is_empty() {
                plan_update(&at, desired, observed, seen, state, plan, problems);
            }
        }
        Found::Several(ids) => problems.push(problem(
            &at,
            format!(
                "{} actions of the integration have the name {:?}: {}",
                ids.len(),
                desired.name,
                ids.join(", ")
            ),
            "Set `id:` to the id of the one that you mean.",
        )),
        Found::Gone(id) => problems.push(problem(
            &at,
            format!("the action {id} does not exist in Genesys Cloud"),
            "Correct `id:`. If the action was deleted, its id cannot be restored: give the entry a \
             new key so that Lockstep creates a new action, and switch the flows to it.",
        )),
    }
}

/// Named by id, adopted by name, remembered, or created by us in a call of which nobody knows
/// whether it took effect. A create that certainly failed made nothing: what has the name now is
/// another one's.
fn may_adopt(desired: &DesiredAction, seen: &ActionSeen, state: &BindingState) -> bool {
    let was_making_it = state.change.as_ref().is_some_and(|change| {
        change
            .steps
            .iter()
            .filter(|step| step.object == ObjectKind::Action && step.verb == Verb::Create)
            .any(Step::may_have_been_done)
    });
    desired.adopt
        || desired.id.as_ref() == Some(&seen.id)
        || state.action_id.as_ref() == Some(&seen.id)
        || was_making_it
}

/// What Genesys Cloud can't change in place: contract, secure, integration (official Terraform
/// provider marks all three as forcing a new action; `UpdateActionInput` has none of them).
fn immutable(
    at: &str,
    integration: &DesiredIntegration,
    desired: &DesiredAction,
    observed: &Observed,
    seen: &ActionSeen,
) -> Vec<Problem> {
    let fix = "Genesys Cloud cannot change this in place. Undo the change in the manifest; or give \
               the entry a new key and name so that Lockstep creates a second action, and switch \
               the flows to it.";
    let contract_fix = "Genesys Cloud cannot change a published contract. Write the published \
                        contract, or, in an entry with `id` or `adopt: true`, remove `contract` to \
                        keep the published one. For a different contract, give the entry a new key \
                        and name so that Lockstep creates a second action, and switch the flows to \
                        it.";
    let mut problems = Vec::new();
    if desired.secure.is_some_and(|secure| secure != seen.secure) {
        problems.push(problem(
            &format!("{at}.secure"),
            format!("the action {} has secure: {}", seen.id, seen.secure),
            fix,
        ));
    }
    if let Some(contract) = &desired.contract {
        let pairs = [
            ("input", &contract.input, &seen.input_schema),
            ("output", &contract.output, &seen.output_schema),
        ];
        for (side, wanted, found) in pairs {
            let differences = match found {
                Some(found) => schema_differences(wanted, found),
                None => vec!["Genesys Cloud shows no contract".to_owned()],
            };
            if !differences.is_empty() {
                problems.push(problem(
                    &format!("{at}.contract.{side}"),
                    format!(
                        "the {side} contract differs from that of the published action {}: {}",
                        seen.id,
                        differences.join("; ")
                    ),
                    contract_fix,
                ));
            }
        }
    }
    let wanted = match &observed.integration {
        Found::One(found) if found.id.as_str() == seen.integration_id => return problems,
        Found::One(found) => format!("{:?} ({})", integration.name, found.id),
        Found::Nothing => format!("{:?}, which does not exist yet", integration.name),
        // A problem of the integration's own.
        Found::Several(_) | Found::Gone(_) => return problems,
    };
    problems.push(problem(
        &format!("{at}.integration"),
        format!(
            "the action {} belongs to the integration {}, not to {wanted}; Genesys Cloud cannot \
             move an action to another integration",
            seen.id, seen.integration_id
        ),
        fix,
    ));
    problems
}

fn plan_update(
    at: &str,
    desired: &DesiredAction,
    observed: &Observed,
    seen: &ActionSeen,
    state: &BindingState,
    plan: &mut RebindPlan,
    problems: &mut Vec<Problem>,
) {
    let old = ActionView {
        name: seen.name.clone(),
        category: seen.category.clone(),
        config: seen.config.clone(),
    };
    let new = ActionView {
        name: desired.name.clone(),
        category: desired
            .category
            .clone()
            .unwrap_or_else(|| seen.category.clone()),
        config: desired.config(Some(&seen.config)),
    };
    let draft_is_ours = our_draft(state, &seen.id);
    if old == new {
        if observed.draft == DraftSeen::Exists && draft_is_ours {
            plan.steps.push(RebindStep::DiscardDraft {
                key: desired.key.clone(),
                id: seen.id.clone(),
                reason: "an earlier run of Lockstep did not publish it".into(),
            });
        } else if observed.draft == DraftSeen::Exists {
            plan.notices.push(format!(
                "the action {} has an unpublished draft that Lockstep did not open; Lockstep keeps \
                 it",
                seen.id
            ));
        }
        return;
    }
    let reason = difference(&old, &new, desired, state);
    let test = desired.test.as_ref().filter(|test| test.safe);
    let Some(test) = test else {
        plan.steps.push(RebindStep::UpdateAction {
            key: desired.key.clone(),
            id: seen.id.clone(),
            version: seen.version,
            old,
            new,
            reason,
        });
        return;
    };
    if observed.draft == DraftSeen::Exists && !draft_is_ours {
        problems.push(problem(
            at,
            format!(
                "the action {} has an unpublished draft that someone else opened",
                seen.id
            ),
            "Publish or delete the draft in Genesys Cloud, then invoke rebind-action with `retry: \
             true`. Lockstep never overwrites someone else's draft.",
        ));
        return;
    }
    let drafted = Drafted {
        old,
        new,
        reason,
        test: test.clone(),
    };
    plan_draft(desired, observed, seen, drafted, plan);
}

/// What is changed of an action, and how that is tested first.
struct Drafted {
    old: ActionView,
    new: ActionView,
    reason: String,
    test: LiveTest,
}

fn plan_draft(
    desired: &DesiredAction,
    observed: &Observed,
    seen: &ActionSeen,
    drafted: Drafted,
    plan: &mut RebindPlan,
) {
    let Drafted {
        old,
        new,
        reason,
        test,
    } = drafted;
    let (key, id) = (desired.key.clone(), seen.id.clone());
    if observed.draft != DraftSeen::Exists {
        plan.steps.push(RebindStep::OpenDraft {
            key: key.clone(),
            id: id.clone(),
        });
    }
    plan.steps.extend([
        RebindStep::UpdateDraft {
            key: key.clone(),
            id: id.clone(),
            old,
            new,
            reason,
        },
        RebindStep::ValidateDraft {
            key: key.clone(),
            id: id.clone(),
        },
        RebindStep::TestDraft {
            key: key.clone(),
            id: id.clone(),
            test,
        },
        RebindStep::PublishDraft { key, id },
    ]);
}

/// A draft is ours where our latest change opened it, or was about to, or took over one that an
/// earlier change of ours had not published, and did not come as far as having published or
/// discarded it. After that, whoever opens a draft is somebody else.
fn our_draft(state: &BindingState, action: &ActionId) -> bool {
    let Some(change) = &state.change else {
        return false;
    };
    let may_have_left_one = match &change.phase {
        Phase::Applying | Phase::Testing => true,
        // Bound and read back.
        Phase::Verifying { .. } => false,
        Phase::Ended { end, .. } => match end {
            End::Failed { .. } | End::RolledBack { .. } | End::Split { .. } => true,
            End::Verified | End::Violated { .. } | End::Unverified { .. } => false,
        },
    };
    // The change may have been about another action, which the manifest named then.
    let of_action = |step: &&Step| {
        step.object == ObjectKind::Draft && step.id.as_deref() == Some(action.as_str())
    };
    let mut ours: Option<bool> = None;
    for step in change.steps.iter().filter(of_action) {
        ours = match step.verb {
            Verb::Create => Some(ours == Some(true) || step.may_have_been_done()),
            // Without an opening before it, the change took over a draft that was ours already.
            Verb::Update => Some(ours.unwrap_or(true)),
            Verb::Publish | Verb::Discard => {
                Some(ours == Some(true) && step.outcome != Some(Outcome::Applied))
            }
            Verb::Enable | Verb::Revoke | Verb::Resume | Verb::Test | Verb::Validate => ours,
        };
    }
    may_have_left_one && ours == Some(true)
}

fn difference(
    old: &ActionView,
    new: &ActionView,
    desired: &DesiredAction,
    state: &BindingState,
) -> String {
    // Named, since the templates that carry the versions are shown as digests.
    let mut reasons: Vec<String> = desired
        .secrets
        .iter()
        .filter(|secret| !state.bound.is_empty() && !state.bound.contains(secret))
        .map(|secret| {
            format!(
                "the current version of {} is now {}",
                secret.name, secret.version_id
            )
        })
        .collect();
    if old.config.request_url_template != new.config.request_url_template {
        reasons.push("the manifest names another function".into());
    }
    if old.name != new.name || old.category != new.category {
        reasons.push("its name or category differs".into());
    }
    if reasons.is_empty() {
        reasons.push("it differs from the manifest".into());
    }
    reasons.join("; ")
}
