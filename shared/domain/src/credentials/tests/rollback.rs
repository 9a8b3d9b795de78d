//! How a change goes back, and where it cannot.

use super::*;

#[test]
fn a_change_that_takes_the_place_of_one_cut_off_goes_back_to_what_that_one_would_have() {
    let (_, mut observed, mut state, names) = under_way();
    put(&mut observed, ERP, "two-erp", &names[0], 31);
    let newer = desired("v3-cccccc");
    let before = previous(&newer, &observed, &state);
    let went_back = |key_: &str| before[&key(key_)].credential_id.clone().unwrap();
    assert_eq!(went_back(ERP), credential_id("one-erp-login"));
    assert_eq!(went_back(CRM), credential_id("one-crm-login"));
    // Where that one is gone, with what is there.
    observed.existing.remove(&credential_id("one-erp-login"));
    let before = previous(&newer, &observed, &state);
    assert_eq!(
        before[&key(ERP)].credential_id,
        Some(credential_id("two-erp"))
    );
    // A change that has its verdict has left nothing half done.
    if let Some(change) = &mut state.change {
        change.phase = Phase::Verifying { unhealthy: false };
    }
    observed.existing.insert(credential_id("one-erp-login"));
    let before = previous(&newer, &observed, &state);
    assert_eq!(
        before[&key(ERP)].credential_id,
        Some(credential_id("two-erp"))
    );
}

/// The steps that come next on the way back.
fn next_back(change: &Change, observed: &ObservedCredentialSet) -> Vec<CredentialStep> {
    match way_back(change, observed) {
        WayBack::Move(steps) | WayBack::Delete(steps) => steps,
        WayBack::Lost(keys) => panic!("{keys:?}"),
    }
}

#[test]
fn the_way_back_points_back_what_was_moved_and_then_deletes_what_was_made() {
    let (_, mut observed, state, names) = under_way();
    put(&mut observed, ERP, "two-erp", &names[0], 31);
    let change = state.change.unwrap();
    assert_eq!(
        after_failure(true, &change, &observed),
        AfterFailure::GoBack
    );
    assert_eq!(
        lines(&next_back(&change, &observed)),
        ["update integration_config int-erp"]
    );
    let called = "Lockstep erp-login v1-aaaaa 01234567";
    put(&mut observed, ERP, "one-erp-login", called, 10);
    assert_eq!(
        way_back(&change, &observed),
        WayBack::Delete(next_back(&change, &observed))
    );
    assert_eq!(
        lines(&next_back(&change, &observed)),
        ["revoke credential two-erp"]
    );
    // Once there, what carried the values before is not touched.
    let made = credential_id("two-erp");
    observed.ours.retain(|own| own.id != made);
    assert_eq!(way_back(&change, &observed), WayBack::Delete(vec![]));
}

#[test]
fn a_slot_that_cannot_be_found_ends_the_way_back_before_anything_is_moved() {
    let (_, mut observed, state, names) = under_way();
    put(&mut observed, ERP, "two-erp", &names[0], 31);
    observed
        .slots
        .insert(key(CRM), Found::Gone("int-crm".into()));
    let change = state.change.unwrap();
    assert_eq!(way_back(&change, &observed), WayBack::Lost(vec![key(CRM)]));
}

#[test]
fn there_is_no_way_back_to_values_that_are_dead_or_credentials_that_are_gone() {
    let (_, mut observed, state, _) = under_way();
    let change = state.change.unwrap();
    let why = |old_values_still_work, observed: &ObservedCredentialSet| match after_failure(
        old_values_still_work,
        &change,
        observed,
    ) {
        AfterFailure::Keep { because } => because,
        AfterFailure::GoBack => panic!("there is a way back"),
    };
    assert!(why(false, &observed).contains("no longer work"));
    observed.existing.remove(&credential_id("one-crm-login"));
    let why = why(true, &observed);
    assert!(why.contains("one-crm-login"), "{why}");
}

#[test]
fn a_slot_that_was_empty_goes_back_to_being_empty() {
    let (_, mut observed, state, names) = under_way();
    let mut change = state.change.unwrap();
    let before = change.previous_credentials.get_mut(&key(ERP)).unwrap();
    *before = PreviousCredential {
        credential_id: None,
        bound: None,
        ..before.clone()
    };
    put(&mut observed, ERP, "two-erp", &names[0], 31);
    let back = next_back(&change, &observed);
    let CredentialStep::Point { new, .. } = &back[0] else {
        panic!("{back:?}");
    };
    assert_eq!(*new, Target::Nothing);
}

#[test]
fn the_state_of_each_credential_is_reported() {
    let (_, mut observed, state, names) = under_way();
    put(&mut observed, ERP, "two-erp", &names[0], 31);
    observed
        .slots
        .insert(key(CRM), Found::Gone("int-crm".into()));
    let standing = standing(&state.change.unwrap(), &observed);
    assert!(standing[0].contains("cannot be found"), "{standing:?}");
    assert!(
        standing[1].contains("refers to two-erp; it referred to one-erp-login"),
        "{standing:?}"
    );
}
