//! Evidence: a chain of records, and reports.

use lockstep::services::Verify;
use lockstep::store::StoreError;
use lockstep_domain::change::{BindingState, Change, ChangeId, End};
use lockstep_domain::evidence::{Body, verify_chain};

use crate::world::{Setup, binding};

fn ended(state: &BindingState, world: &Verify, end: End) -> Body {
    let id = ChangeId::of(&state.organization, &state.key, &1);
    let change = Change::begin(id, 1, Vec::new(), None, world.now());
    Body::new(state, &change, end)
}

#[tokio::test(start_paused = true)]
async fn evidence_is_neither_lost_nor_doubled_by_a_run_that_died() {
    let setup = Setup::new();
    let world: &Verify = &setup.services();
    let (organization, key) = binding("evidence");
    let mut state = BindingState::new(organization.clone(), key.clone());
    let before = state.clone();
    let verified = ended(&state, world, End::Verified);
    let uri = world.evidence.append(&mut state, &verified).await.unwrap();
    assert!(
        uri.ends_with("/evidence/evidence/order-lookup/000001.json"),
        "{uri}"
    );

    // It died before it saved the state. The next run comes to the same verdict ...
    let mut again = before.clone();
    let same = world.evidence.append(&mut again, &verified).await.unwrap();
    assert_eq!(same, uri);
    assert_eq!(again.chain, state.chain);
    // ... or to another one, which then follows.
    let mut differing = before;
    let missing = vec!["Action Update".to_owned()];
    let unverified = ended(&differing, world, End::Unverified { missing });
    let second = world
        .evidence
        .append(&mut differing, &unverified)
        .await
        .unwrap();
    assert!(second.ends_with("/000002.json"), "{second}");

    let records = world.evidence.records(&organization, &key).await.unwrap();
    assert_eq!(records.len(), 2);
    verify_chain(&records).unwrap();
    assert_eq!(differing.chain.length, 2);
    assert_eq!(differing.chain.uri.as_deref(), Some(second.as_str()));
}

#[tokio::test(start_paused = true)]
async fn a_record_that_does_not_continue_the_chain_is_not_adopted() {
    let setup = Setup::new();
    let world: &Verify = &setup.services();
    let (organization, key) = binding("forked");
    let mut state = BindingState::new(organization, key);
    let body = ended(&state, world, End::Verified);
    world.evidence.append(&mut state, &body).await.unwrap();
    let mut forked = state.clone();
    forked.chain.hash = None;
    forked.chain.length = 0;
    forked.chain.hash = Some(lockstep_domain::digest::Digest::of(&"elsewhere"));
    let appended = world.evidence.append(&mut forked, &body).await;
    assert!(
        matches!(appended, Err(StoreError::Corrupt { .. })),
        "{appended:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_report_is_written_once() {
    let setup = Setup::new();
    let world: &Verify = &setup.services();
    let object = "evidence/sweeps/probe.json";
    let uri = world.evidence.write_report(object, &[1, 2]).await.unwrap();
    assert_eq!(
        uri,
        format!("s3://{}/{object}", world.config.evidence_bucket)
    );
    world.evidence.write_report(object, &[1, 2]).await.unwrap();
    let other = world.evidence.write_report(object, &[3]).await;
    assert!(matches!(other, Err(StoreError::Conflict { .. })));
}
