//! Each test starts where everything is as desired, changes one side, and reads the plan.

mod ownership;
mod pairs;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::json;

use super::*;
use crate::binding::DesiredTemplates;
use crate::change::{Change, Phase, SecretVersion};
use crate::manifest::{Contract, LiveTest};
use crate::plan::{self, FailureKind, ObjectKind, Outcome, Plan, Verb};

fn integration() -> DesiredIntegration {
    DesiredIntegration {
        key: "prod".parse().unwrap(),
        name: "AWS Lambda production".into(),
        id: None,
        role_arn: "arn:aws:iam::123456789012:role/GenesysRole".into(),
    }
}

fn version(version_id: &str) -> SecretVersion {
    SecretVersion {
        name: "DB".into(),
        arn: "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-AbCdEf"
            .parse()
            .unwrap(),
        version_id: version_id.into(),
    }
}

pub(crate) fn desired(version_id: &str) -> DesiredAction {
    DesiredAction {
        key: "order-lookup".parse().unwrap(),
        id: None,
        adopt: false,
        name: "Order lookup".into(),
        category: Some("Orders".into()),
        secure: Some(false),
        contract: Some(Contract {
            input: json!({"type": "object"}),
            output: json!({"type": "object"}),
        }),
        function: "arn:aws:lambda:us-east-1:123456789012:function:orders"
            .parse()
            .unwrap(),
        templates: DesiredTemplates::Exactly {
            request: format!(r#"{{"version": "{version_id}"}}"#),
            success: Some("${rawResult}".into()),
            translation_map: Some(Default::default()),
            translation_map_defaults: Some(Default::default()),
        },
        timeout_seconds: None,
        secrets: vec![version(version_id)],
        old_version_still_works: false,
        test: None,
    }
}

fn tested(version_id: &str) -> DesiredAction {
    DesiredAction {
        test: Some(LiveTest {
            input: json!({}),
            expect: None,
            safe: true,
        }),
        ..desired(version_id)
    }
}

/// What is observed where `action` is exactly as desired.
pub(crate) fn world(action: &DesiredAction) -> (Observed, BindingState) {
    let integration = integration();
    let seen = ActionSeen {
        id: "custom_-_1".parse().unwrap(),
        name: action.name.clone(),
        integration_id: "int-1".into(),
        category: "Orders".into(),
        version: 7,
        secure: false,
        input_schema: Some(json!({"type": "object", "$schema": "draft-04"})),
        output_schema: Some(json!({"type": "object"})),
        config: action.config(None),
        has_inline_templates: false,
    };
    let mut state = BindingState::new("org-1".parse().unwrap(), action.key.clone());
    state.action_id = Some(seen.id.clone());
    state.integration_id = Some("int-1".parse().unwrap());
    state.bound.clone_from(&action.secrets);
    let observed = Observed {
        integration: Found::One(IntegrationSeen {
            id: "int-1".parse().unwrap(),
            name: integration.name.clone(),
            kind: INTEGRATION_TYPE.into(),
            enabled: true,
            reported: Reported::Active,
            config_version: 1,
            credential: Some(CredentialSeen {
                id: "cred-1".parse().unwrap(),
                name: integration.credential_name(),
                role_arn: None,
                modified_date: None,
            }),
        }),
        own_credentials: vec![],
        action: Found::One(seen),
        draft: DraftSeen::Nothing,
    };
    (observed, state)
}

fn nothing() -> (Observed, BindingState) {
    let observed = Observed {
        integration: Found::Nothing,
        own_credentials: vec![],
        action: Found::Nothing,
        draft: DraftSeen::Nothing,
    };
    let state = BindingState::new("org-1".parse().unwrap(), "order-lookup".parse().unwrap());
    (observed, state)
}

/// The state as it is when we were cut off after recording `steps`.
fn cut_off(state: &BindingState, steps: &[RebindStep]) -> BindingState {
    let mut state = state.clone();
    let mut change = Change::begin(
        desired("v2")
            .desired_id(&state.organization, &integration())
            .current,
        1,
        vec![version("v2")],
        None,
        Timestamp::UNIX_EPOCH,
    );
    change.steps = steps.iter().map(RebindStep::describe).collect();
    state.change = Some(change);
    state
}

/// Every step of the latest change was sent.
fn sent(state: &mut BindingState) {
    for step in &mut state.change.as_mut().unwrap().steps {
        step.sent_at = Some(Timestamp::UNIX_EPOCH);
    }
}

fn kinds(plan: &RebindPlan) -> Vec<(ObjectKind, Verb)> {
    plan.steps
        .iter()
        .map(RebindStep::describe)
        .map(|step| (step.object, step.verb))
        .collect()
}

fn planned(action: &DesiredAction, observed: &Observed, state: &BindingState) -> RebindPlan {
    plan(&integration(), action, observed, state).expect("a plan")
}

fn refused(action: &DesiredAction, observed: &Observed, state: &BindingState) -> String {
    plan(&integration(), action, observed, state)
        .expect_err("a refusal")
        .problems
        .iter()
        .map(|problem| format!("{}: {}\n", problem.at, problem.problem))
        .collect()
}

fn seen(observed: &mut Observed) -> &mut ActionSeen {
    match &mut observed.action {
        Found::One(seen) => seen,
        Found::Nothing | Found::Several(_) | Found::Gone(_) => panic!("no action"),
    }
}

#[test]
fn where_everything_holds_nothing_is_planned() {
    for action in [desired("v1"), tested("v1")] {
        let (observed, state) = world(&action);
        assert_eq!(planned(&action, &observed, &state), RebindPlan::default());
    }
}

#[test]
fn an_empty_organization_gets_everything_in_the_order_of_need() {
    let (observed, state) = nothing();
    let steps: Vec<_> = planned(&tested("v1"), &observed, &state)
        .steps
        .iter()
        .map(RebindStep::describe)
        .collect();
    insta::assert_snapshot!(plan::text(&steps, &[]));
}

#[test]
fn a_rotation_without_a_test_is_one_versioned_update() {
    let (observed, state) = world(&desired("v1"));
    let plan = planned(&desired("v2"), &observed, &state);
    assert_eq!(kinds(&plan), [(ObjectKind::Action, Verb::Update)]);
    let step = plan.steps[0].describe();
    assert_eq!(step.reason, "the current version of DB is now v2");
    assert!(matches!(
        plan.steps[0],
        RebindStep::UpdateAction { version: 7, .. }
    ));
}

#[test]
fn a_rotation_with_a_test_goes_through_the_draft() {
    let (observed, state) = world(&desired("v1"));
    let plan = planned(&tested("v2"), &observed, &state);
    let verbs: Vec<_> = kinds(&plan).into_iter().map(|(_, verb)| verb).collect();
    assert_eq!(
        verbs,
        [
            Verb::Create,
            Verb::Update,
            Verb::Validate,
            Verb::Test,
            Verb::Publish
        ]
    );
}

#[test]
fn a_test_that_may_do_harm_is_not_run() {
    let (observed, state) = world(&desired("v1"));
    let mut action = tested("v2");
    action.test.as_mut().unwrap().safe = false;
    let plan = planned(&action, &observed, &state);
    assert_eq!(kinds(&plan), [(ObjectKind::Action, Verb::Update)]);
}

#[test]
fn a_persons_draft_is_never_overwritten() {
    let (mut observed, state) = world(&desired("v1"));
    observed.draft = DraftSeen::Exists;
    let text = refused(&tested("v2"), &observed, &state);
    assert!(text.contains("draft that someone else opened"), "{text}");
}

#[test]
fn a_draft_of_ours_is_gone_on_with_after_a_crash() {
    let (mut observed, state) = world(&desired("v1"));
    let before = planned(&tested("v2"), &observed, &state);
    observed.draft = DraftSeen::Exists;
    let after = planned(&tested("v2"), &observed, &cut_off(&state, &before.steps));
    assert_eq!(
        after.steps[..],
        before.steps[1..],
        "all but opening the draft"
    );
}

#[test]
fn a_draft_of_an_interrupted_change_stays_ours_while_the_change_continues() {
    let (mut observed, state) = world(&desired("v1"));
    let first = planned(&tested("v2"), &observed, &state);
    observed.draft = DraftSeen::Exists;
    // The next change takes it over, and is cut off in turn.
    let taken_over = planned(&tested("v3"), &observed, &cut_off(&state, &first.steps));
    let again = planned(
        &tested("v3"),
        &observed,
        &cut_off(&state, &taken_over.steps),
    );
    assert_eq!(again.steps, taken_over.steps);
}

#[test]
fn a_draft_that_a_person_opened_after_ours_was_published_is_theirs() {
    let (mut observed, state) = world(&desired("v1"));
    let steps = planned(&tested("v2"), &observed, &state).steps;
    observed.draft = DraftSeen::Exists;
    let mut published = cut_off(&state, &steps);
    for step in &mut published.change.as_mut().unwrap().steps {
        step.outcome = Some(Outcome::Applied);
    }
    let text = refused(&tested("v3"), &observed, &published);
    assert!(text.contains("draft that someone else opened"), "{text}");

    // Its answer was lost, so no step says published; it was read back all the same.
    let mut read_back = cut_off(&state, &steps);
    read_back.change.as_mut().unwrap().phase = Phase::Verifying { unhealthy: false };
    let text = refused(&tested("v3"), &observed, &read_back);
    assert!(text.contains("draft that someone else opened"), "{text}");
}

#[test]
fn what_can_not_change_in_place_is_refused_all_at_once() {
    let (mut observed, state) = world(&desired("v1"));
    let action = seen(&mut observed);
    action.secure = true;
    action.input_schema = Some(json!({"type": "array"}));
    action.integration_id = "int-2".into();
    insta::assert_snapshot!(refused(&desired("v1"), &observed, &state), @r#"
    actions[order-lookup].secure: the action custom_-_1 has secure: true
    actions[order-lookup].contract.input: the input contract differs from that of the published action custom_-_1: `type` is "object" in the manifest and "array" in Genesys Cloud
    actions[order-lookup].integration: the action custom_-_1 belongs to the integration int-2, not to "AWS Lambda production" (int-1); Genesys Cloud cannot move an action to another integration
    "#);
}

#[test]
fn an_adopted_action_keeps_its_secure_flag_where_the_manifest_names_none() {
    let (mut observed, state) = world(&desired("v1"));
    seen(&mut observed).secure = true;
    let silent = DesiredAction {
        secure: None,
        ..desired("v1")
    };
    assert!(planned(&silent, &observed, &state).steps.is_empty());
    let text = refused(&desired("v1"), &observed, &state);
    assert!(text.contains("secure: true"), "{text}");
}

#[test]
fn an_action_of_the_same_name_is_adopted_only_where_the_manifest_says_so() {
    let (observed, mut state) = world(&desired("v1"));
    state.action_id = None;
    let text = refused(&desired("v1"), &observed, &state);
    assert!(text.contains("Lockstep did not create"), "{text}");
    let adopting = DesiredAction {
        adopt: true,
        ..desired("v1")
    };
    assert!(planned(&adopting, &observed, &state).steps.is_empty());
}

#[test]
fn an_action_that_we_were_making_when_cut_off_is_ours() {
    let (empty, fresh) = nothing();
    let making = planned(&desired("v1"), &empty, &fresh);
    let (observed, _) = world(&desired("v1"));
    let mut cut = cut_off(&fresh, &making.steps);
    let text = refused(&desired("v1"), &observed, &cut);
    assert!(
        text.contains("Lockstep did not create"),
        "a create that was never sent made nothing: {text}"
    );
    sent(&mut cut);
    assert!(planned(&desired("v1"), &observed, &cut).steps.is_empty());
}

#[test]
fn a_deleted_id_is_never_created_again() {
    let (mut observed, state) = world(&desired("v1"));
    observed.action = Found::Gone("custom_-_1".into());
    let text = refused(&desired("v1"), &observed, &state);
    assert!(text.contains("does not exist"), "{text}");
}

#[test]
fn several_of_one_name_are_refused() {
    let (mut observed, state) = world(&desired("v1"));
    observed.action = Found::Several(vec!["a".into(), "b".into()]);
    assert!(refused(&desired("v1"), &observed, &state).contains("a, b"));
}

#[test]
fn an_adopted_action_with_delivery_none_keeps_its_templates_byte_for_byte() {
    let mut action = desired("v2");
    action.adopt = true;
    action.contract = None;
    action.category = None;
    action.templates = DesiredTemplates::AsFound;
    let (mut observed, state) = world(&desired("v1"));
    seen(&mut observed).config.request_template = "#set($a = 1)  ${input.x}\n".into();
    assert!(planned(&action, &observed, &state).steps.is_empty());
}

#[test]
fn an_integration_of_our_name_with_a_strangers_credential_is_refused() {
    let (mut observed, mut state) = world(&desired("v1"));
    state.integration_id = None;
    if let Found::One(seen) = &mut observed.integration {
        seen.credential.as_mut().unwrap().name = "theirs".into();
    }
    let text = refused(&desired("v1"), &observed, &state);
    assert!(text.contains("Lockstep did not create"), "{text}");
}

#[test]
fn a_partly_created_integration_is_completed() {
    let (mut observed, mut state) = world(&desired("v1"));
    state.integration_id = None;
    if let Found::One(seen) = &mut observed.integration {
        seen.credential = None;
        seen.enabled = false;
    }
    observed.own_credentials = vec![spare("cred-9", &integration().credential_name())];
    let plan = planned(&desired("v1"), &observed, &state);
    assert_eq!(
        kinds(&plan),
        [
            (ObjectKind::IntegrationConfig, Verb::Update),
            (ObjectKind::Integration, Verb::Enable)
        ],
        "the credential that is there already is used"
    );
}

fn spare(id: &str, name: &str) -> OwnCredential {
    OwnCredential {
        id: id.parse().unwrap(),
        name: name.to_owned(),
        in_use: false,
    }
}

#[test]
fn an_unused_credential_of_ours_is_deleted_and_one_in_use_is_kept() {
    let (mut observed, state) = world(&desired("v1"));
    let mut elsewhere = spare("cred-8", "Lockstep prod: arn:aws:iam::1:role/older");
    elsewhere.in_use = true;
    observed.own_credentials = vec![
        spare("cred-9", "Lockstep prod: arn:aws:iam::1:role/old"),
        elsewhere,
    ];
    let plan = planned(&desired("v1"), &observed, &state);
    assert_eq!(kinds(&plan), [(ObjectKind::Credential, Verb::Revoke)]);
    assert_eq!(plan.steps[0].describe().id.as_deref(), Some("cred-9"));
    assert!(plan.notices[0].contains("cred-8"), "{:?}", plan.notices);
}

#[test]
fn of_two_credentials_of_an_interrupted_run_one_is_used_and_the_other_deleted() {
    let (mut observed, state) = world(&desired("v1"));
    if let Found::One(seen) = &mut observed.integration {
        seen.credential = None;
    }
    let name = integration().credential_name();
    observed.own_credentials = vec![spare("cred-8", &name), spare("cred-9", &name)];
    let plan = planned(&desired("v1"), &observed, &state);
    assert_eq!(
        kinds(&plan),
        [
            (ObjectKind::IntegrationConfig, Verb::Update),
            (ObjectKind::Credential, Verb::Revoke)
        ]
    );
    assert_eq!(plan.steps[1].describe().id.as_deref(), Some("cred-9"));
}

#[test]
fn a_credential_that_shows_another_role_is_rewritten() {
    let (mut observed, state) = world(&desired("v1"));
    if let Found::One(seen) = &mut observed.integration {
        seen.credential.as_mut().unwrap().role_arn = Some("arn:aws:iam::1:role/evil".into());
    }
    let plan = planned(&desired("v1"), &observed, &state);
    assert_eq!(kinds(&plan), [(ObjectKind::Credential, Verb::Update)]);
}
