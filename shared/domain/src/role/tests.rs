//! The planner against roles as they are found. A small model of IAM carries plans out, so that
//! "plan again expects nothing" is tested without IAM.

mod serves;
mod size;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::*;
use crate::plan::{ObjectKind, Verb};
use crate::policy::{invoke_policy, same_meaning};

const ONE: &str = "arn:aws:lambda:us-east-1:123456789012:function:One";
const TWO: &str = "arn:aws:lambda:us-east-1:123456789012:function:Two";
const BOUNDARY: &str = "arn:aws:iam::123456789012:policy/stack-boundary";

fn set(arns: &[&str]) -> BTreeSet<FunctionArn> {
    arns.iter().map(|arn| arn.parse().unwrap()).collect()
}

fn desired(functions: &[&str]) -> DesiredRole {
    let name: RoleName = "GenesysRole".parse().unwrap();
    let organization: OrganizationId = "org-1".parse().unwrap();
    DesiredRole {
        arn: RoleArn::new("aws", "123456789012", name.clone()),
        name,
        key: "prod".parse().unwrap(),
        at: "integrations[0].role".into(),
        genesys_account: "765628985471".into(),
        trust: trust_policy("aws", "765628985471", &organization),
        organization,
        functions: set(functions),
        description: "Managed.".into(),
        tags: [
            (STACK_TAG, "stack"),
            (ORGANIZATION_TAG, "org-1"),
            (MANAGED_TAG, "true"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into(),
        boundary: BOUNDARY.into(),
    }
}

/// A role exactly as desired.
fn right(desired: &DesiredRole) -> PresentRole {
    PresentRole {
        arn: desired.arn.clone(),
        description: Some(desired.description.clone()),
        tags: desired.tags.clone(),
        boundary: Some(desired.boundary.clone()),
        trust: desired.trust.clone(),
        invoke: Some(invoke_policy(&desired.functions)),
        other_inline: Seen::Read(Vec::new()),
        attached: Seen::Read(Vec::new()),
    }
}

fn inline(name: &str, characters: usize) -> InlinePolicy {
    InlinePolicy {
        name: name.into(),
        characters,
    }
}

fn present(role: PresentRole) -> ObservedRole {
    ObservedRole::Present(Box::new(role))
}

/// IAM, as far as steps go.
fn carried_out(desired: &DesiredRole, observed: ObservedRole, steps: &[RoleStep]) -> ObservedRole {
    let mut role = match observed {
        ObservedRole::Absent => None,
        ObservedRole::Present(role) => Some(*role),
    };
    for step in steps {
        match (step.clone(), &mut role) {
            (
                RoleStep::Create {
                    trust,
                    description,
                    tags,
                    boundary,
                },
                None,
            ) => {
                role = Some(PresentRole {
                    arn: desired.arn.clone(),
                    description: Some(description),
                    tags,
                    boundary: Some(boundary),
                    trust,
                    invoke: None,
                    other_inline: Seen::Read(Vec::new()),
                    attached: Seen::Read(Vec::new()),
                });
            }
            (RoleStep::SetTrust { new, .. }, Some(role)) => role.trust = new,
            (
                RoleStep::PutInvokePolicy { new, .. } | RoleStep::RevokeFunctions { new, .. },
                Some(role),
            ) => role.invoke = Some(new),
            (RoleStep::Tag { new, .. }, Some(role)) => role.tags.extend(new),
            (RoleStep::SetDescription { new, .. }, Some(role)) => role.description = Some(new),
            (step, _) => panic!("{step:?} on a role in the wrong state"),
        }
    }
    role.map_or(ObservedRole::Absent, present)
}

/// Plans, carries out, and plans again, which must find nothing to do.
fn settle(
    desired: &DesiredRole,
    observed: ObservedRole,
    keep: &Keep,
) -> (Vec<RoleStep>, PresentRole) {
    let steps = plan(desired, &observed, keep).unwrap().steps;
    let after = carried_out(desired, observed, &steps);
    let again = plan(desired, &after, keep).unwrap();
    assert!(again.is_empty(), "the second plan: {:?}", again.steps);
    let ObservedRole::Present(role) = after else {
        panic!("no role after the plan")
    };
    (steps, *role)
}

fn kinds(steps: &[RoleStep]) -> Vec<&'static str> {
    steps
        .iter()
        .map(|step| match step {
            RoleStep::Create { .. } => "create",
            RoleStep::SetTrust { .. } => "trust",
            RoleStep::PutInvokePolicy { .. } => "policy",
            RoleStep::Tag { .. } => "tag",
            RoleStep::SetDescription { .. } => "description",
            RoleStep::RevokeFunctions { .. } => "revoke",
        })
        .collect()
}

#[test]
fn an_absent_role_is_made_whole_and_then_given_its_policy() {
    let desired = desired(&[ONE, TWO]);
    let (steps, role) = settle(&desired, ObservedRole::Absent, &Keep::Granted);
    assert_eq!(kinds(&steps), ["create", "policy"]);
    assert_eq!(role, right(&desired));
}

#[test]
fn a_role_for_no_function_gets_no_policy() {
    let (steps, role) = settle(&desired(&[]), ObservedRole::Absent, &Keep::Granted);
    assert_eq!(kinds(&steps), ["create"]);
    assert_eq!(role.invoke, None);
}

#[test]
fn a_right_role_needs_nothing() {
    let desired = desired(&[ONE]);
    let plan = plan(&desired, &present(right(&desired)), &Keep::Granted).unwrap();
    assert!(plan.is_empty());
    assert!(plan.notices.is_empty());
}

#[test]
fn everything_wrong_is_repaired_trust_first_and_permissions_after() {
    let desired = desired(&[ONE]);
    let mut role = right(&desired);
    role.trust =
        json!({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}});
    role.invoke = None;
    role.description = None;
    role.tags.clear();
    let (steps, role) = settle(&desired, present(role), &Keep::Granted);
    assert_eq!(kinds(&steps), ["trust", "policy", "tag", "description"]);
    assert_eq!(role, right(&desired));
}

#[test]
fn tags_of_others_are_not_changed() {
    let desired = desired(&[ONE]);
    let mut role = right(&desired);
    role.tags.insert("cost-centre".into(), "7".into());
    role.tags.remove(MANAGED_TAG);
    let (steps, role) = settle(&desired, present(role), &Keep::Granted);
    let RoleStep::Tag { old, new } = &steps[0] else {
        panic!("{steps:?}")
    };
    assert!(old.is_empty());
    assert_eq!(
        *new,
        BTreeMap::from([(MANAGED_TAG.to_owned(), "true".to_owned())])
    );
    assert_eq!(role.tags["cost-centre"], "7");
}

#[test]
fn a_function_that_is_granted_and_no_longer_named_stays_until_it_is_retired() {
    let desired = desired(&[TWO]);
    let mut role = right(&desired);
    role.invoke = Some(invoke_policy(&set(&[ONE])));
    let (steps, role) = settle(&desired, present(role), &Keep::Granted);
    assert_eq!(kinds(&steps), ["policy"]);
    assert!(same_meaning(
        role.invoke.as_ref().unwrap(),
        &invoke_policy(&set(&[ONE, TWO]))
    ));

    let notices = plan(&desired, &present(role.clone()), &Keep::Granted)
        .unwrap()
        .notices;
    assert_eq!(notices.len(), 1);
    assert!(notices[0].contains(ONE), "{notices:?}");

    let (steps, role) = settle(&desired, present(role), &Keep::Only(BTreeSet::new()));
    assert_eq!(kinds(&steps), ["revoke"]);
    assert!(same_meaning(
        role.invoke.as_ref().unwrap(),
        &invoke_policy(&set(&[TWO]))
    ));
}

#[test]
fn a_function_still_in_use_is_not_revoked() {
    let desired = desired(&[TWO]);
    let mut role = right(&desired);
    role.invoke = Some(invoke_policy(&set(&[ONE, TWO])));
    let plan = plan(&desired, &present(role), &Keep::Only(set(&[ONE]))).unwrap();
    assert!(plan.is_empty(), "{:?}", plan.steps);
    assert_eq!(plan.notices.len(), 1);
}

#[test]
fn what_is_needed_is_granted_before_anything_is_revoked() {
    let desired = desired(&[TWO]);
    let mut role = right(&desired);
    role.invoke = Some(invoke_policy(&set(&[ONE])));
    role.tags.clear();
    let (steps, _) = settle(&desired, present(role), &Keep::Only(BTreeSet::new()));
    assert_eq!(kinds(&steps), ["policy", "tag", "revoke"]);
    let RoleStep::PutInvokePolicy { new, .. } = &steps[0] else {
        panic!("{steps:?}")
    };
    assert!(same_meaning(new, &invoke_policy(&set(&[ONE, TWO]))));
}

#[test]
fn anything_wider_than_exact_functions_goes_at_once() {
    let desired = desired(&[ONE]);
    for statement in [
        json!({"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*"}),
        json!({"Effect": "Allow", "Action": "lambda:*", "Resource": ONE}),
        json!({"Effect": "Allow", "NotAction": "iam:*", "Resource": ONE}),
        json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}),
        json!({"Effect": "Deny", "Action": "lambda:InvokeFunction", "Resource": ONE}),
    ] {
        let mut role = right(&desired);
        let mut document = invoke_policy(&set(&[ONE]));
        document["Statement"]
            .as_array_mut()
            .unwrap()
            .push(statement.clone());
        role.invoke = Some(document);
        let (steps, role) = settle(&desired, present(role), &Keep::Granted);
        assert_eq!(kinds(&steps), ["policy"], "{statement}");
        assert!(same_meaning(
            role.invoke.as_ref().unwrap(),
            &invoke_policy(&set(&[ONE]))
        ));
    }
}

#[test]
fn a_wide_policy_on_a_role_without_functions_is_replaced_by_one_that_grants_nothing() {
    let desired = desired(&[]);
    let mut role = right(&desired);
    role.invoke = Some(json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}));
    let (steps, role) = settle(&desired, present(role), &Keep::Granted);
    assert_eq!(kinds(&steps), ["policy"]);
    let grants = crate::policy::granted(role.invoke.as_ref().unwrap());
    assert!(grants.functions.is_empty() && grants.wider.is_empty());
}

#[test]
fn a_strangers_role_is_refused_with_the_command_that_makes_it_acceptable() {
    let desired = desired(&[ONE]);
    for found in [
        None,
        Some("arn:aws:iam::123456789012:policy/other".to_owned()),
    ] {
        let mut role = right(&desired);
        role.boundary = found;
        let refusal = plan(&desired, &present(role), &Keep::Granted).unwrap_err();
        assert_eq!(refusal.problems.len(), 1);
        let problem = &refusal.problems[0];
        assert_eq!(problem.at, "integrations[0].role");
        assert!(
            problem.fix.contains(&format!(
                "aws iam put-role-permissions-boundary --role-name GenesysRole --permissions-boundary {BOUNDARY}"
            )),
            "{problem}"
        );
    }
}

#[test]
fn a_role_that_serves_another_organization_or_stack_is_refused() {
    let desired = desired(&[ONE]);
    for tag in [ORGANIZATION_TAG, STACK_TAG] {
        let mut role = right(&desired);
        role.tags.insert(tag.into(), "another".into());
        let refusal = plan(&desired, &present(role), &Keep::Granted).unwrap_err();
        assert!(
            refusal.problems[0].problem.contains("another"),
            "{refusal:?}"
        );
        assert!(
            refusal.problems[0]
                .fix
                .contains(&format!("--tag-keys {tag}"))
        );
    }
}

#[test]
fn a_role_with_a_path_is_refused_since_its_arn_is_another() {
    let desired = desired(&[ONE]);
    let mut role = right(&desired);
    role.arn = "arn:aws:iam::123456789012:role/team/GenesysRole"
        .parse()
        .unwrap();
    let refusal = plan(&desired, &present(role), &Keep::Granted).unwrap_err();
    assert!(refusal.problems[0].problem.contains("/team/"));
}

#[test]
fn every_reason_for_a_refusal_is_reported_at_once() {
    let desired = desired(&[ONE]);
    let mut role = right(&desired);
    role.boundary = None;
    role.tags.insert(ORGANIZATION_TAG.into(), "another".into());
    let refusal = plan(&desired, &present(role), &Keep::Granted).unwrap_err();
    assert_eq!(refusal.problems.len(), 2);
}

#[test]
fn policies_that_others_attached_are_reported_and_not_changed() {
    let desired = desired(&[ONE]);
    let mut role = right(&desired);
    role.other_inline = Seen::Read(vec![inline("theirs", 100)]);
    role.attached = Seen::Unread {
        because: "denied".into(),
    };
    let plan = plan(&desired, &present(role), &Keep::Granted).unwrap();
    assert!(plan.is_empty());
    assert!(plan.notices[0].contains("theirs"), "{:?}", plan.notices);
    assert!(
        plan.notices[1].contains("could not read"),
        "{:?}",
        plan.notices
    );
}

#[test]
fn the_same_inputs_print_the_same_bytes() {
    let print = |functions: &[&str]| {
        let plan = plan(&desired(functions), &ObservedRole::Absent, &Keep::Granted).unwrap();
        crate::plan::text(&plan.describe(), &plan.notices)
    };
    assert_eq!(print(&[ONE, TWO]), print(&[TWO, ONE]));
}

#[test]
fn steps_say_system_object_and_reason() {
    let desired = desired(&[ONE]);
    let mut role = right(&desired);
    role.invoke = Some(
        json!({"Statement": {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*"}}),
    );
    let plan = plan(&desired, &present(role), &Keep::Granted).unwrap();
    let step = &plan.describe()[0];
    assert_eq!(step.object, ObjectKind::RolePolicy);
    assert_eq!(step.verb, Verb::Update);
    assert_eq!(step.key.as_str(), "prod");
    assert_eq!(
        step.id.as_deref(),
        Some("arn:aws:iam::123456789012:role/GenesysRole")
    );
    assert_eq!(
        step.reason,
        "the policy grants more than it should: lambda:InvokeFunction on *"
    );
    assert_ne!(step.old, Value::Null);
}

#[test]
fn nothing_is_added_to_a_role_whose_trust_could_not_be_set() {
    let put = RoleStep::PutInvokePolicy {
        old: None,
        new: json!({}),
        wider: Vec::new(),
    };
    let trust = RoleStep::SetTrust {
        old: json!({}),
        new: json!({}),
    };
    let revoke = RoleStep::RevokeFunctions {
        old: json!({}),
        new: json!({}),
        revoked: BTreeSet::new(),
    };
    let describe = RoleStep::SetDescription {
        old: None,
        new: String::new(),
    };
    assert!(put.depends_on(&trust));
    assert!(revoke.depends_on(&put));
    assert!(!describe.depends_on(&trust));
    assert!(!put.depends_on(&describe));
}

#[test]
fn a_function_is_in_use_while_an_action_calls_it_or_may_go_back_to_it() {
    use crate::change::{BindingState, Change, ChangeId, End, Phase, PreviousAction};
    let organization: OrganizationId = "org-1".parse().unwrap();
    let key: Key = "orders".parse().unwrap();
    let now = jiff::Timestamp::UNIX_EPOCH;
    let id = ChangeId::of(&organization, &key, &"desired");
    let mut state = BindingState::new(organization, key);
    assert_eq!(Keep::used_by(&[state.clone()]), Keep::Only(BTreeSet::new()));

    let mut change = Change::begin(id, 1, Vec::new(), None, now);
    change.previous = Some(PreviousAction {
        function: Some(ONE.parse().unwrap()),
        digest: crate::digest::Digest::of_bytes(b"orders"),
        version: 1,
        secrets: Vec::new(),
    });
    state.function = Some(TWO.parse().unwrap());
    state.change = Some(change.clone());
    assert_eq!(
        Keep::used_by(&[state.clone()]),
        Keep::Only(set(&[ONE, TWO]))
    );

    change.phase = Phase::Ended {
        end: End::Verified,
        at: now,
    };
    state.change = Some(change);
    assert_eq!(Keep::used_by(&[state]), Keep::Only(set(&[TWO])));
}
