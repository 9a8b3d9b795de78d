//! What counts as ours: identity, adoption, drafts, and what of other people is recorded.

use super::*;

#[test]
fn the_desired_id_follows_everything_that_a_change_acts_on() {
    let organization = "org-1".parse().unwrap();
    let id = |action: &DesiredAction, integration: &DesiredIntegration| {
        action.desired_id(&organization, integration).current
    };
    let one = id(&desired("v1"), &integration());
    assert_eq!(one, id(&desired("v1"), &integration()));
    assert_ne!(one, id(&desired("v2"), &integration()));
    let of_another_role = DesiredIntegration {
        role_arn: "arn:aws:iam::123456789012:role/GenesysOther".into(),
        ..integration()
    };
    assert_ne!(one, id(&desired("v1"), &of_another_role));
    let moved = DesiredIntegration {
        key: "test".parse().unwrap(),
        ..integration()
    };
    assert_ne!(one, id(&desired("v1"), &moved));
    let elsewhere = desired("v1").desired_id(&"org-2".parse().unwrap(), &integration());
    assert_ne!(one, elsewhere.current);
}

#[test]
fn an_action_is_never_moved_to_another_integration() {
    let (mut observed, state) = world(&desired("v1"));
    seen(&mut observed).integration_id = "int-2".into();
    let text = refused(&desired("v2"), &observed, &state);
    assert!(text.contains("cannot move an action"), "{text}");
    assert!(text.contains("belongs to the integration int-2"), "{text}");
    // The integration that the manifest means now need not exist.
    observed.integration = Found::Nothing;
    let text = refused(&desired("v2"), &observed, &state);
    assert!(text.contains("does not exist yet"), "{text}");
}

#[test]
fn an_integration_is_remembered_for_the_entry_that_it_was_bound_under() {
    let (observed, mut state) = world(&desired("v1"));
    let other = DesiredIntegration {
        key: "test".parse().unwrap(),
        name: "AWS Lambda test".into(),
        ..integration()
    };
    let Found::One(found) = &observed.integration else {
        panic!("no integration");
    };
    state.lives_in(Some(found.id.clone()), &integration().key);
    assert_eq!(
        remembered_integration(&integration(), &state),
        Some(&found.id)
    );
    assert_eq!(remembered_integration(&other, &state), None);
    // The previous release recorded no key: the credential in the role slot tells.
    state.integration_key = None;
    assert!(!is_of_another_entry(&integration(), &state, found));
    assert!(is_of_another_entry(&other, &state, found));
}

#[test]
fn an_action_made_by_hand_after_our_create_certainly_failed_is_not_ours() {
    let (observed, mut state) = world(&desired("v1"));
    state.action_id = None;
    let create = planned(&desired("v1"), &nothing().0, &nothing().1);
    let mut cut = cut_off(&state, &create.steps);
    sent(&mut cut);
    planned(&desired("v1"), &observed, &cut);
    for step in &mut cut.change.as_mut().unwrap().steps {
        step.outcome = Some(Outcome::failed("denied", "403"));
    }
    let text = refused(&desired("v1"), &observed, &cut);
    assert!(text.contains("Lockstep did not create"), "{text}");
    for step in &mut cut.change.as_mut().unwrap().steps {
        step.outcome = Some(Outcome::failed(FailureKind::AnswerLost, "504"));
    }
    planned(&desired("v1"), &observed, &cut);
}

#[test]
fn a_draft_of_another_action_is_not_ours() {
    let (mut observed, state) = world(&desired("v1"));
    let before = planned(&tested("v2"), &observed, &state);
    let cut = cut_off(&state, &before.steps);
    observed.draft = DraftSeen::Exists;
    planned(&tested("v2"), &observed, &cut);
    // The manifest names another action now, and that one has a draft.
    seen(&mut observed).id = "custom_-_2".parse().unwrap();
    let action = DesiredAction {
        id: Some("custom_-_2".parse().unwrap()),
        ..tested("v2")
    };
    let text = refused(&action, &observed, &cut);
    assert!(text.contains("draft that someone else opened"), "{text}");
}

#[test]
fn what_other_people_wrote_is_neither_shown_nor_recorded() {
    let (mut observed, state) = world(&desired("v1"));
    let planted = "planted-secret";
    let config = &mut seen(&mut observed).config;
    config.headers.insert("x-api-key".into(), planted.into());
    config.request_template = planted.into();
    config.success_template = planted.into();
    config.translation_map.insert("a".into(), planted.into());
    config.request_type = planted.into();
    for action in [desired("v2"), tested("v2")] {
        let plan = planned(&action, &observed, &state);
        for step in &plan.steps {
            let shown = serde_json::to_string(&step.describe()).unwrap();
            assert!(!shown.contains(planted), "{shown}");
        }
    }
}

#[test]
fn a_draft_is_not_ours_because_we_once_failed_to_open_one() {
    let (mut observed, state) = world(&desired("v1"));
    let before = planned(&tested("v2"), &observed, &state);
    let mut failed = cut_off(&state, &before.steps);
    let steps = &mut failed.change.as_mut().unwrap().steps;
    for step in steps.iter_mut() {
        step.outcome = Some(Outcome::skipped("a step before it failed"));
    }
    steps[0].outcome = Some(Outcome::failed("denied", "403"));
    observed.draft = DraftSeen::Exists;
    let text = refused(&tested("v2"), &observed, &failed);
    assert!(text.contains("draft that someone else opened"), "{text}");
}
