//! A change whose organization can't be judged now.

use aws_stub::Account;
use lockstep_domain::change::ChangeId;

use super::*;
use crate::config::tests::config;
use crate::services::{Services as _, Verify};

#[tokio::test]
async fn an_accepted_copy_that_cannot_be_read_is_no_missing_manifest() {
    let account = Account::start().await;
    let world = Verify::new(config(), &account.stub.sdk);
    let (organization, key) = ("org-1".parse().unwrap(), "orders".parse().unwrap());
    let id = ChangeId::of(&organization, &key, &"desired");
    // Long past its deadline: without a manifest it would end as unverified.
    let mut change = Change::begin(id.clone(), 1, Vec::new(), None, Timestamp::UNIX_EPOCH);
    change.phase = Phase::Verifying { unhealthy: false };
    let mut state = BindingState::new(organization.clone(), key.clone());
    state.change = Some(change);
    let state = serde_json::to_string(&state).unwrap();
    let place = "lockstep-state/state/org-1/orders.json";
    account.put(place, state.clone());
    account.put("lockstep-state/accepted/org-1.json", "{");
    let message = VerifyMessage {
        organization,
        key,
        change_id: id,
        attempt: 1,
    };
    let deadline = Deadline::after(Duration::from_secs(30));
    let observations = Observations::default();
    let answer = verify(&world, &message, &observations, 1, deadline).await;
    let failure = answer.unwrap_err();
    let object = failure.object().map(|object| object.object.as_str());
    assert_eq!(object, Some("accepted/org-1.json"), "{failure}");
    let events: Vec<String> = account.events().into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(events, ["Object Unreadable"]);
    assert_eq!(account.object(place).unwrap(), state.into_bytes(), "no end");
}
