//! What is planned for a set of two credentials on two integrations, and how it goes back.

mod forward;
mod rollback;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::json;

use super::*;
use crate::change::{
    AfterFailure, BindingState, BoundCredential, Change, ChangeId, End, Fingerprint, Phase,
    PreviousCredential, SecretVersion,
};
use crate::ids::{CredentialId, Key, OrganizationId};
use crate::manifest::{LiveTest, OtherIntegration, Overlap, TriedAction};
use crate::plan::{Plan, Step};
use crate::rebind::Found;

const ERP: &str = "erp-login";
const CRM: &str = "crm-login";

fn key(text: &str) -> Key {
    text.parse().unwrap()
}

fn credential_id(text: &str) -> CredentialId {
    text.parse().unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn organization() -> OrganizationId {
    "org-1".parse().unwrap()
}

fn one(name: &str, overlap: Overlap) -> DesiredCredential {
    let integration = key(name.trim_end_matches("-login"));
    DesiredCredential {
        key: key(name),
        integration: OtherIntegration {
            key: integration.clone(),
            name: format!("Service {integration}"),
            integration_type: "custom-rest-actions".into(),
            id: None,
        },
        slot: "basicAuth".into(),
        credential_type: "basicAuth".into(),
        overlap,
        fields: BTreeMap::from([("password".into(), "$.password".parse().unwrap())]),
        tests: vec![TriedAction {
            key: key(&format!("{integration}-lookup")),
            name: "Look up".into(),
            id: None,
            integration,
            test: LiveTest {
                input: json!({}),
                expect: None,
                safe: true,
            },
        }],
        fingerprint: None,
    }
}

fn desired(version: &str) -> DesiredCredentialSet {
    let arn: crate::arn::SecretArn =
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:genesys-credentials/erp-AbCdEf"
            .parse()
            .unwrap();
    DesiredCredentialSet {
        key: Key::of_secret(&arn),
        secret: SecretVersion {
            name: arn.name().into(),
            arn,
            version_id: version.into(),
        },
        credentials: vec![
            one(ERP, Overlap::Alternating),
            one(CRM, Overlap::Alternating),
        ],
    }
}

fn id(desired: &DesiredCredentialSet) -> ChangeId {
    desired.change_id(&organization())
}

fn integration_of(key: &str) -> String {
    format!("int-{}", key.trim_end_matches("-login"))
}

/// Both slots hold a person's credential, and nothing of ours exists.
fn at_first() -> ObservedCredentialSet {
    let mut observed = ObservedCredentialSet {
        slots: BTreeMap::new(),
        ours: Vec::new(),
        existing: BTreeSet::new(),
        tests: BTreeMap::new(),
    };
    for name in [ERP, CRM] {
        let integration = integration_of(name);
        let lookup = key(&name.replace("-login", "-lookup"));
        observed.slots.insert(
            key(name),
            Found::One(SlotSeen {
                integration_id: integration.parse().unwrap(),
                kind: "custom-rest-actions".into(),
                slot: Some("basicAuth".into()),
                known: vec!["basicAuth".into()],
                takes: vec!["basicAuth".into(), "userDefined".into()],
                current: None,
            }),
        );
        observed
            .tests
            .insert(lookup, Found::One("custom_-_1".parse().unwrap()));
        let person = format!("person-{name}");
        put(&mut observed, name, &person, "Made by hand", 1);
    }
    observed
}

/// Points a slot at a credential, which then exists.
fn put(observed: &mut ObservedCredentialSet, name: &str, id: &str, called: &str, modified: i64) {
    let Some(Found::One(seen)) = observed.slots.get_mut(&key(name)) else {
        panic!("no slot for {name}");
    };
    let before = seen.current.replace(InSlot {
        id: credential_id(id),
        exists: true,
        name: Some(called.into()),
        modified_date: Some(at(modified)),
    });
    observed.existing.insert(credential_id(id));
    if let Some(before) = before
        && let Some(own) = observed.ours.iter_mut().find(|own| own.id == before.id)
    {
        own.used_by.clear();
    }
    let integration = integration_of(name).parse().unwrap();
    match observed
        .ours
        .iter_mut()
        .find(|own| own.id == credential_id(id))
    {
        Some(own) => {
            own.used_by = vec![integration];
            own.modified_date = Some(at(modified));
        }
        None if our_name(called).is_some() => observed.ours.push(OwnSeen {
            id: credential_id(id),
            key: key(name),
            name: called.into(),
            modified_date: Some(at(modified)),
            used_by: vec![integration],
        }),
        None => {}
    }
}

fn bound(name: &str, id: &str, called: &str, version: &str, modified: i64) -> BoundCredential {
    BoundCredential {
        integration_id: integration_of(name).parse().unwrap(),
        slot: "basicAuth".into(),
        credential_id: credential_id(id),
        name: called.into(),
        modified_date: Some(at(modified)),
        version_id: version.into(),
        recipe: one(name, Overlap::Alternating).recipe(),
        fingerprint: Some(Fingerprint(format!("of-{version}"))),
    }
}

/// Both credentials bound to version one, and proved.
fn bound_to_one() -> (ObservedCredentialSet, BindingState) {
    let desired = desired("v1-aaaaaa");
    let mut observed = at_first();
    let mut state = BindingState::new(organization(), desired.key.clone());
    for name in [ERP, CRM] {
        let called = format!("Lockstep {name} v1-aaaaa 01234567");
        let id = format!("one-{name}");
        put(&mut observed, name, &id, &called, 10);
        let bound = bound(name, &id, &called, "v1-aaaaaa", 10);
        state.credentials.insert(key(name), bound);
    }
    let mut change = Change::begin(id(&desired), 1, vec![], None, at(5));
    change.phase = Phase::Ended {
        end: End::Verified,
        at: at(20),
    };
    state.change = Some(change);
    (observed, state)
}

fn lines(steps: &[CredentialStep]) -> Vec<String> {
    let steps: Vec<Step> = steps.iter().map(CredentialStep::describe).collect();
    shown(&steps)
}

fn shown(steps: &[Step]) -> Vec<String> {
    let line = |step: &Step| {
        let id = step.id.as_deref().unwrap_or(step.key.as_str());
        format!("{} {} {id}", step.verb.as_str(), step.object.as_str())
    };
    steps.iter().map(line).collect()
}

fn planned(
    desired: &DesiredCredentialSet,
    observed: &ObservedCredentialSet,
    state: &BindingState,
) -> CredentialSetPlan {
    plan(desired, observed, state, &id(desired)).unwrap()
}

/// A change to version two that was recorded, with what it was to make.
fn under_way() -> (
    DesiredCredentialSet,
    ObservedCredentialSet,
    BindingState,
    Vec<String>,
) {
    let (observed, mut state) = bound_to_one();
    let desired = desired("v2-bbbbbb");
    let plan = planned(&desired, &observed, &state);
    let names = plan.moves.iter().filter_map(|step| match step {
        CredentialStep::Create { name, .. } => Some(name.clone()),
        CredentialStep::Point { .. }
        | CredentialStep::Test { .. }
        | CredentialStep::Delete { .. } => None,
    });
    let names: Vec<String> = names.collect();
    let before = previous(&desired, &observed, &state);
    let mut change = Change::begin(id(&desired), 1, vec![], state.change.as_ref(), at(30));
    change.previous_credentials = before;
    state.change = Some(change);
    (desired, observed, state, names)
}

#[test]
fn a_create_whose_answer_was_lost_is_found_by_its_name_and_a_second_one_is_deleted() {
    let (desired, mut observed, state, names) = under_way();
    for id in ["two-b", "two-a"] {
        observed.existing.insert(credential_id(id));
        observed.ours.push(OwnSeen {
            id: credential_id(id),
            key: key(ERP),
            name: names[0].clone(),
            modified_date: Some(at(31)),
            used_by: vec![],
        });
    }
    let plan = planned(&desired, &observed, &state);
    assert_eq!(lines(&plan.moves)[0], "create credential crm-login");
    let CredentialStep::Point { new, .. } = &plan.moves[1] else {
        panic!("{:?}", plan.moves);
    };
    assert_eq!(*new, Target::Credential(credential_id("two-a")));
    assert!(lines(&plan.retirements).contains(&"revoke credential two-b".into()));
}

#[test]
fn a_pointing_that_the_state_does_not_know_of_is_recognised_and_not_made_again() {
    let (desired, mut observed, state, names) = under_way();
    put(&mut observed, ERP, "two-erp", &names[0], 31);
    let plan = planned(&desired, &observed, &state);
    let erp: Vec<&CredentialStep> = plan
        .moves
        .iter()
        .filter(|step| *step.key() == key(ERP))
        .collect();
    let [CredentialStep::Point { old, new, .. }] = erp.as_slice() else {
        panic!("{erp:?}");
    };
    assert_eq!(*new, Target::Credential(old.clone().unwrap()));
    assert!(lines(&plan.retirements).contains(&"revoke credential one-erp-login".into()));
    assert!(!lines(&plan.retirements).contains(&"revoke credential two-erp".into()));
}

#[test]
fn every_reason_not_to_act_is_reported_at_once() {
    let (mut observed, state) = bound_to_one();
    let mut desired = desired("v2-bbbbbb");
    desired.credentials[0].slot = "nowhere".into();
    if let Some(Found::One(seen)) = observed.slots.get_mut(&key(ERP)) {
        seen.slot = None;
    }
    desired.credentials[1].credential_type = "amazonWebServicesARN".into();
    observed.tests.insert(key("crm-lookup"), Found::Nothing);
    let refusal = plan(&desired, &observed, &state, &id(&desired)).unwrap_err();
    let places: Vec<&str> = refusal.problems.iter().map(|one| one.at.as_str()).collect();
    assert_eq!(
        places,
        [
            "credentials[erp-login].slot",
            "credentials[crm-login].type",
            "actions[crm-lookup]",
        ]
    );
    assert!(refusal.problems[0].fix.contains("basicAuth"));
    for (found, word) in [
        (Found::Nothing, "has the name"),
        (Found::Gone("int-9".into()), "does not exist"),
        (
            Found::Several(vec!["a".into(), "b".into()]),
            "2 integrations",
        ),
    ] {
        observed.slots.insert(key(ERP), found);
        let refusal = plan(&desired, &observed, &state, &id(&desired)).unwrap_err();
        assert!(refusal.problems[0].problem.contains(word), "{refusal:?}");
    }
}

#[test]
fn a_plan_shows_the_paths_of_values_and_no_value() {
    let (observed, state) = bound_to_one();
    let plan = planned(&desired("v2-bbbbbb"), &observed, &state);
    let shown = plan.moves[0].describe();
    assert_eq!(shown.new["fields"]["password"], "$.password");
    assert_eq!(shown.new["version_id"], "v2-bbbbbb");
}

#[test]
fn the_id_of_a_change_does_not_depend_on_having_read_the_values() {
    let plain = desired("v1-aaaaaa");
    let mut read = plain.clone();
    read.credentials[0].fingerprint = Some(Fingerprint("x".into()));
    assert_eq!(id(&plain), id(&read));
    assert_ne!(id(&plain), id(&desired("v2-bbbbbb")));
}
