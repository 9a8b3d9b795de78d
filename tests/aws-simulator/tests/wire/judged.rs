//! Each exchange is judged by botocore's models.

use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use aws_simulator::{Account, Judging};

use crate::world::{account, sdk};

/// Eleven entries, where ten are the most: the in-memory AWS refuses them, as AWS does.
async fn send_too_many(account: &Account) {
    let client = aws_sdk_eventbridge::Client::new(&sdk(account));
    let entry = PutEventsRequestEntry::builder().source("lockstep");
    let entry = entry.detail_type("Change Verified").detail("{}").build();
    let sent = client.put_events().set_entries(Some(vec![entry; 11]));
    assert!(sent.send().await.is_err());
}

/// A description of more characters than a secret's may have, which the in-memory AWS does not look at.
async fn describe_too_much(account: &Account) {
    let client = aws_sdk_secretsmanager::Client::new(&sdk(account));
    let created = client.create_secret().name("orders").secret_string("{}");
    let created = created.description("x".repeat(2_049)).send().await;
    created.unwrap();
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "events PutEvents, request, body/Entries: 11 items")]
async fn a_wrong_request_fails_the_test_although_it_is_refused() {
    send_too_many(&account()).await;
}

#[tokio::test(start_paused = true)]
async fn a_wrong_request_on_purpose_must_be_refused() {
    let account = account();
    account.set_judging(Judging::WrongRequestsRefused);
    send_too_many(&account).await;
    assert_eq!(account.take_violations(), Vec::<String>::new());
    describe_too_much(&account).await;
    let found = account.take_violations();
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("body/Description"), "{found:?}");
    assert!(found[0].ends_with("it was not refused"), "{found:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_judged_is_counted_and_can_be_switched_off() {
    let account = account();
    let list = aws_sdk_secretsmanager::Client::new(&sdk(&account)).list_secrets();
    list.clone().send().await.unwrap();
    account.set_judging(Judging::Nothing);
    list.send().await.unwrap();
    send_too_many(&account).await;
    assert_eq!(account.take_violations(), Vec::<String>::new());
    let judged = account.judged();
    assert_eq!(judged["secretsmanager ListSecrets"], 1);
    assert_eq!(judged.len(), 1);
}
