//! What is created, pointed, tested and deleted, and in which order.

use super::*;

#[test]
fn everything_is_made_before_anything_is_pointed_and_tested_before_anything_is_deleted() {
    let (observed, state) = bound_to_one();
    let plan = planned(&desired("v2-bbbbbb"), &observed, &state);
    assert_eq!(
        shown(&plan.describe(true)),
        [
            "create credential erp-login",
            "create credential crm-login",
            "update integration_config int-erp",
            "update integration_config int-crm",
            "test action custom_-_1",
            "test action custom_-_1",
            "revoke credential one-erp-login",
            "revoke credential one-crm-login",
        ]
    );
    assert!(plan.notices.is_empty(), "{:?}", plan.notices);
}

#[test]
fn a_first_adoption_leaves_and_names_what_a_person_made() {
    let desired = desired("v1-aaaaaa");
    let state = BindingState::new(organization(), desired.key.clone());
    let plan = planned(&desired, &at_first(), &state);
    assert_eq!(plan.moves.len(), 4);
    assert_eq!(plan.retirements, []);
    assert!(
        plan.notices[0].contains("person-erp-login"),
        "{:?}",
        plan.notices
    );
}

#[test]
fn a_correct_credential_is_not_changed() {
    let (observed, state) = bound_to_one();
    assert!(!planned(&desired("v1-aaaaaa"), &observed, &state).writes());
}

#[test]
fn a_new_version_with_the_same_values_pushes_nothing() {
    let (observed, state) = bound_to_one();
    let mut desired = desired("v2-bbbbbb");
    for credential in &mut desired.credentials {
        credential.fingerprint = Some(Fingerprint("of-v1-aaaaaa".into()));
    }
    assert!(!planned(&desired, &observed, &state).writes());
    desired.credentials[1].fingerprint = Some(Fingerprint("another".into()));
    let plan = planned(&desired, &observed, &state);
    assert_eq!(
        lines(&plan.moves),
        [
            "create credential crm-login",
            "update integration_config int-crm"
        ]
    );
}

#[test]
fn a_credential_that_a_stranger_wrote_to_is_replaced_and_that_one_deleted() {
    let (mut observed, state) = bound_to_one();
    let called = state.credentials[&key(ERP)].name.clone();
    put(&mut observed, ERP, "one-erp-login", &called, 99);
    let plan = planned(&desired("v1-aaaaaa"), &observed, &state);
    assert_eq!(
        shown(&plan.describe(false)),
        [
            "create credential erp-login",
            "update integration_config int-erp",
            "revoke credential one-erp-login",
        ]
    );
    let Some(CredentialStep::Create { name, reason, .. }) = plan.moves.first() else {
        panic!("{:?}", plan.moves);
    };
    assert_ne!(*name, called, "a name is never used twice");
    assert!(reason.contains("someone else wrote"), "{reason}");
}

#[test]
fn a_config_that_someone_switched_is_switched_back_to_the_credential_that_still_works() {
    let (mut observed, state) = bound_to_one();
    put(&mut observed, ERP, "person-erp-login", "Made by hand", 1);
    let plan = planned(&desired("v1-aaaaaa"), &observed, &state);
    assert_eq!(
        shown(&plan.describe(false)),
        ["update integration_config int-erp"]
    );
    let CredentialStep::Point { new, .. } = &plan.moves[0] else {
        panic!("{:?}", plan.moves);
    };
    assert_eq!(*new, Target::Credential(credential_id("one-erp-login")));
}

#[test]
fn a_deleted_credential_is_created_again() {
    let (mut observed, state) = bound_to_one();
    if let Some(Found::One(seen)) = observed.slots.get_mut(&key(ERP)) {
        seen.current.as_mut().unwrap().exists = false;
    }
    observed.ours.retain(|own| own.key != key(ERP));
    observed.existing.remove(&credential_id("one-erp-login"));
    let plan = planned(&desired("v1-aaaaaa"), &observed, &state);
    assert_eq!(
        shown(&plan.describe(false)),
        [
            "create credential erp-login",
            "update integration_config int-erp"
        ]
    );
}

#[test]
fn a_credential_of_ours_that_another_integration_uses_is_kept_and_reported() {
    let (mut observed, state) = bound_to_one();
    observed.ours[0].used_by.push("int-other".parse().unwrap());
    let plan = planned(&desired("v2-bbbbbb"), &observed, &state);
    assert_eq!(
        lines(&plan.retirements),
        ["revoke credential one-crm-login"]
    );
    assert!(plan.notices[0].contains("int-other"), "{:?}", plan.notices);
}
