//! What the previous release stored and sent is read, and reading it is no change.
//!
//! The fixtures were written by that release itself, for the manifest beside them.

use lockstep_domain::binding::DesiredAction;
use lockstep_domain::binding::DesiredIntegration;
use lockstep_domain::change::{
    BindingState, Change, Decision, DesiredId, SecretVersion, Subject, decide,
};
use lockstep_domain::credentials::{CredentialSet, DesiredCredentialSet, credential_sets};
use lockstep_domain::evidence::{Record, verify_chain};
use lockstep_domain::guard::{Approval, BlastRadius};
use lockstep_domain::ids::Key;
use lockstep_domain::intent::{RebindMessage, VerifyMessage};
use lockstep_domain::manifest::{Action, Bounds, Manifest};

/// The version that every fixture's change binds.
const VERSION: &str = "22222222-2222-4222-8222-222222222222";

const ACTIONS: [(&str, &str); 4] = [
    ("action-open", include_str!("fixtures/action-open.json")),
    (
        "action-verifying",
        include_str!("fixtures/action-verifying.json"),
    ),
    ("action-held", include_str!("fixtures/action-held.json")),
    (
        "action-verified",
        include_str!("fixtures/action-verified.json"),
    ),
];

const SETS: [(&str, &str); 3] = [
    (
        "credentials-open",
        include_str!("fixtures/credentials-open.json"),
    ),
    (
        "credentials-failed",
        include_str!("fixtures/credentials-failed.json"),
    ),
    (
        "credentials-bound",
        include_str!("fixtures/credentials-bound.json"),
    ),
];

fn manifest() -> Manifest {
    let bounds = Bounds {
        account: "123456789012".into(),
        region: "us-east-1".into(),
        partition: "aws".into(),
        organization_ids: vec![
            "3b2c9f1e-7a54-4d0b-9c1e-5f6a7b8c9d0e"
                .parse()
                .expect("an id"),
        ],
        allowed_functions: vec![
            "arn:aws:lambda:us-east-1:123456789012:function:Genesys*"
                .parse()
                .expect("a pattern"),
        ],
        allowed_hosts: Vec::new(),
        role_name_prefix: "Genesys".into(),
        client_secret_prefix: "genesys/".into(),
        credential_secret_prefix: "genesys-credentials/".into(),
        genesys_account: None,
        own_functions: vec!["lockstep-".into()],
        own_role_prefix: "lockstep-".into(),
    };
    let text = include_str!("fixtures/manifest.yaml");
    lockstep_domain::manifest::read(text, &bounds, &[]).expect("a manifest")
}

fn read(name: &str, text: &str) -> BindingState {
    BindingState::read(text.as_bytes()).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn integration(manifest: &Manifest, action: &Action) -> DesiredIntegration {
    let integration = manifest.integration_of(action).expect("its integration");
    DesiredIntegration::new(integration, "aws", "123456789012")
}

/// What should hold for the action of a state, as this release computes it.
fn desired(manifest: &Manifest, state: &BindingState) -> DesiredId {
    let action = manifest.action(&state.key).expect("an action");
    let secrets = action
        .secrets
        .iter()
        .map(|secret| SecretVersion {
            name: secret.name.to_string(),
            arn: secret.arn.clone(),
            version_id: VERSION.into(),
        })
        .collect();
    let wanted = DesiredAction::new(action, secrets);
    wanted.desired_id(&manifest.organization.id, &integration(manifest, action))
}

fn set(manifest: &Manifest) -> CredentialSet<'_> {
    credential_sets(manifest).into_iter().next().expect("a set")
}

fn change(state: &BindingState) -> &Change {
    state.change.as_ref().expect("a change")
}

#[test]
fn what_is_recorded_of_an_action_is_recognized() {
    let manifest = manifest();
    for (name, text) in ACTIONS {
        let state = read(name, text);
        assert_eq!(state.subject, Subject::Action, "{name}");
        let desired = desired(&manifest, &state);
        assert_eq!(change(&state).id, desired.previous_release, "{name}");
        assert_ne!(desired.current, desired.previous_release, "{name}");
        assert!(
            state.has_met(&desired),
            "{name}: it would count as a change"
        );
    }
}

#[test]
fn what_is_recorded_of_credentials_is_recognized_also_before_any_is_known() {
    let manifest = manifest();
    let set = set(&manifest);
    let wanted = DesiredCredentialSet::new(&manifest, &set, VERSION.into());
    let id = wanted.change_id(&manifest.organization.id);
    for (name, text) in SETS {
        let state = read(name, text);
        assert_eq!(state.subject, Subject::CredentialSet, "{name}");
        assert_eq!(change(&state).id, id, "{name}");
        assert!(state.has_met(&id.clone().into()), "{name}");
    }
}

#[test]
fn a_hold_survives_and_nothing_else_begins_again() {
    let manifest = manifest();
    let decision_of = |index: usize| {
        let (name, text) = ACTIONS[index];
        let state = read(name, text);
        decide(&state, &desired(&manifest, &state), false, false)
    };
    assert_eq!(decision_of(0), Decision::Continue);
    assert_eq!(decision_of(1), Decision::Idle);
    assert!(
        matches!(decision_of(2), Decision::Held { .. }),
        "{:?}",
        decision_of(2)
    );
    assert_eq!(decision_of(3), Decision::Idle);
}

#[test]
fn once_converted_a_hold_does_not_cover_another_role() {
    let manifest = manifest();
    let (name, text) = ACTIONS[2];
    let mut state = read(name, text);
    assert!(state.recognize(&desired(&manifest, &state)));
    let stored = serde_json::to_vec(&state).unwrap();
    let state = BindingState::read(&stored).expect("a state of this release");
    assert!(state.holds(&desired(&manifest, &state)).is_some());
    let text = include_str!("fixtures/manifest.yaml");
    let action = manifest.action(&state.key).unwrap();
    assert!(text.contains("role: GenesysDataActionsExecutionRole"));
    let other = DesiredIntegration {
        role_arn: "arn:aws:iam::123456789012:role/GenesysOther".into(),
        ..integration(&manifest, action)
    };
    let secrets = change(&state).secrets.clone();
    let corrected = DesiredAction::new(action, secrets);
    let corrected = corrected.desired_id(&manifest.organization.id, &other);
    assert_eq!(
        decide(&state, &corrected, false, false),
        Decision::Begin { attempt: 1 }
    );
}

/// A resync after the upgrade looks at every binding of an organization.
#[test]
fn forty_bindings_are_converted_once_and_none_of_them_counts_as_a_change() {
    let manifest = manifest();
    let mut states: Vec<BindingState> = (0..40)
        .map(|n| {
            let (name, text) = ACTIONS[1 + n % 3];
            read(name, text)
        })
        .collect();
    let mut changing = std::collections::BTreeSet::new();
    for (n, state) in states.iter().enumerate() {
        if !state.has_met(&desired(&manifest, state)) {
            changing.insert(format!("binding-{n}").parse::<Key>().unwrap());
        }
    }
    let guard = BlastRadius {
        organization: manifest.organization.id.clone(),
        changing,
        max_changes: 25,
    };
    assert_eq!(guard.check(Approval::Upload), Ok(()));
    assert!(guard.changing.is_empty(), "{:?}", guard.changing);
    for state in &mut states {
        let desired = desired(&manifest, state);
        let before = change(state).clone();
        let decision_before = decide(state, &desired, false, false);
        assert!(
            matches!(decision_before, Decision::Idle | Decision::Held { .. }),
            "{decision_before:?}"
        );
        assert!(state.recognize(&desired), "the conversion is one write");
        assert_eq!(decide(state, &desired, false, false), decision_before);
        // Its events and the messages about it still name it.
        assert_eq!(
            (&change(state).id, change(state).attempt),
            (&before.id, before.attempt)
        );
        let stored = serde_json::to_vec(state).unwrap();
        let mut again = BindingState::read(&stored).expect("a state of this release");
        assert_eq!(again, *state);
        assert!(!again.recognize(&desired), "a second resync writes nothing");
    }
}

#[test]
fn nothing_of_other_peoples_configuration_survives_the_conversion() {
    for (name, text) in ACTIONS {
        let stored = serde_json::to_string(&read(name, text)).unwrap();
        assert!(!stored.contains("planted"), "{name}: {stored}");
    }
    assert!(ACTIONS[0].1.contains("planted-in-header"));
    let state = read(ACTIONS[0].0, ACTIONS[0].1);
    let previous = change(&state)
        .previous
        .as_ref()
        .expect("what was there before");
    let function = previous.function.as_ref().map(ToString::to_string);
    let old = "arn:aws:lambda:us-east-1:123456789012:function:GenesysLoyaltyOld";
    assert_eq!(function.as_deref(), Some(old));
}

#[test]
fn the_words_of_recorded_steps_are_written_as_they_were_read() {
    let mut compared = 0;
    for (name, text) in ACTIONS.into_iter().chain(SETS) {
        let stored: serde_json::Value = serde_json::from_str(text).unwrap();
        let written = serde_json::to_value(read(name, text)).unwrap();
        let steps = |state: &serde_json::Value| state["change"]["steps"].as_array().cloned();
        let (before, after) = (steps(&stored).unwrap(), steps(&written).unwrap());
        assert_eq!(before.len(), after.len(), "{name}");
        compared += before.len();
        for (before, after) in before.iter().zip(&after) {
            for member in ["system", "kind", "verb", "key", "id", "outcome", "reason"] {
                assert_eq!(before.get(member), after.get(member), "{name}: {member}");
            }
        }
    }
    assert_eq!(compared, 10);
}

#[test]
fn a_new_change_carries_the_next_number() {
    let (name, text) = ACTIONS[3];
    let state = read(name, text);
    let before = change(&state);
    let next = Change::begin(
        before.id.clone(),
        2,
        Vec::new(),
        Some(before),
        before.opened_at,
    );
    assert_eq!((before.number(), next.number()), (1, 2));
}

#[test]
fn evidence_is_sound() {
    let record: Record = serde_json::from_str(include_str!("fixtures/evidence-1.json")).unwrap();
    assert_eq!(verify_chain(std::slice::from_ref(&record)), Ok(()));
    assert!(record.continues(&lockstep_domain::change::ChainHead::default()));
}

#[test]
fn messages_are_read() {
    let rebind: RebindMessage =
        serde_json::from_str(include_str!("fixtures/message-rebind.json")).unwrap();
    assert!(rebind.retry);
    let verify: VerifyMessage =
        serde_json::from_str(include_str!("fixtures/message-verify.json")).unwrap();
    let mut state = read(ACTIONS[1].0, ACTIONS[1].1);
    assert!(state.recognize(&desired(&manifest(), &state)));
    assert_eq!((&verify.change_id, verify.attempt), (&change(&state).id, 1));
}

#[test]
fn a_state_of_a_newer_release_is_refused() {
    let newer = ACTIONS[3].1.replacen("\"schema\": 1", "\"schema\": 3", 1);
    let error = BindingState::read(newer.as_bytes())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("a newer release of Lockstep wrote it (schema 3"),
        "{error}"
    );
    assert!(
        BindingState::read(b"").is_err(),
        "an empty object is no state"
    );
    assert!(BindingState::read(b"{}").is_err());
}
