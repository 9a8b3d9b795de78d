use std::sync::Arc;

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::primitives::DateTime;
use aws_sdk_eventbridge::types::{PutEventsRequestEntry, PutPartnerEventsRequestEntry};
use aws_simulator::{
    Account, Clock, Effect, EvaluatePolicies, Judging, Notification, Origin, Principal, Settings,
};

use crate::world::{account, code, sdk, start};

fn entry(detail: &str) -> PutEventsRequestEntry {
    PutEventsRequestEntry::builder()
        .event_bus_name("lockstep")
        .source("lockstep")
        .detail_type("Change Verified")
        .detail(detail)
        .build()
}

fn with_bus() -> (Account, Client) {
    let account = account();
    account.state().services.events.put_bus("lockstep");
    let client = Client::new(&sdk(&account));
    (account, client)
}

#[tokio::test(start_paused = true)]
async fn an_event_reaches_its_bus_as_a_target_gets_it() {
    let (account, client) = with_bus();
    let answer = client
        .put_events()
        .entries(entry(r#"{"a":1}"#))
        .send()
        .await
        .unwrap();
    let notifications = account.take_notifications();
    let [Notification::Event { bus, event, .. }] = notifications.as_slice() else {
        panic!("{notifications:?}");
    };
    assert_eq!(bus, "lockstep");
    assert_eq!(event["id"].as_str(), answer.entries()[0].event_id());
    assert_eq!(event["detail"]["a"], 1);
    assert_eq!(event["account"], "123456789012");
    assert_eq!(event["time"], "2026-11-27T09:00:00Z");
    assert!(matches!(
        account.history()[0].effect,
        Effect::EventPut { .. }
    ));
}

#[tokio::test(start_paused = true)]
async fn entries_are_taken_and_refused_one_by_one() {
    let (account, client) = with_bus();
    let of_aws = PutEventsRequestEntry::builder()
        .source("aws.s3")
        .detail_type("x");
    let of_aws = of_aws.detail("{}").event_bus_name("lockstep").build();
    let without_detail = PutEventsRequestEntry::builder()
        .source("a")
        .detail_type("x")
        .build();
    let answer = client
        .put_events()
        .entries(entry("{}"))
        .entries(entry("[]"))
        .entries(of_aws)
        .entries(without_detail)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.failed_entry_count(), 3);
    let codes: Vec<_> = answer
        .entries()
        .iter()
        .map(|entry| entry.error_code())
        .collect();
    assert_eq!(
        codes,
        [
            None,
            Some("MalformedDetail"),
            Some("NotAuthorizedForSourceException"),
            Some("InvalidArgument")
        ]
    );
    assert_eq!(account.take_notifications().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_request_has_at_most_ten_entries_and_less_than_1_mb() {
    let (account, client) = with_bus();
    account.set_judging(Judging::WrongRequestsRefused);
    let eleven = client
        .put_events()
        .set_entries(Some(vec![entry("{}"); 11]))
        .send()
        .await;
    assert_eq!(code(eleven), ("ValidationException".into(), 400));
    let detail = |bytes: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(bytes));
    let large = entry(&detail(1024 * 1024));
    assert_eq!(
        code(client.put_events().entries(large).send().await),
        ("ValidationException".into(), 400)
    );
    client
        .put_events()
        .entries(entry(&detail(900_000)))
        .send()
        .await
        .unwrap();
    assert_eq!(account.take_notifications().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn events_of_a_partner_are_lost_until_their_bus_exists() {
    let (account, client) = with_bus();
    let source = "aws.partner/genesys.com/cloud/org/test";
    let create = || {
        client
            .create_partner_event_source()
            .name(source)
            .account("123456789012")
            .send()
    };
    create().await.unwrap();
    assert_eq!(
        code(create().await),
        ("ResourceAlreadyExistsException".into(), 400)
    );
    let put = || {
        let entry = PutPartnerEventsRequestEntry::builder()
            .source(source)
            .detail_type("x");
        let entry = entry.detail("{}").time(DateTime::from_secs(0)).build();
        client.put_partner_events().entries(entry).send()
    };
    assert_eq!(put().await.unwrap().failed_entry_count(), 0);
    assert!(account.take_notifications().is_empty());
    account.state().services.events.put_bus(source);
    put().await.unwrap();
    let notifications = account.take_notifications();
    assert!(matches!(
        notifications.as_slice(),
        [Notification::Event { bus, event, .. }]
            if bus == source && event["time"] == "1970-01-01T00:00:00Z"
    ));
}

#[tokio::test(start_paused = true)]
async fn a_partner_needs_no_permission_of_the_account_that_it_sends_to() {
    let clock = Clock::starting_at(start());
    let policies = Arc::new(EvaluatePolicies::default());
    let account = Account::authorized_by(Settings::default(), clock, policies);
    let source = "aws.partner/genesys.com/cloud/org/test";
    account.state().services.events.put_bus(source);
    let partner = Principal::root("765628985471");
    let client = Client::new(&account.sdk_config(partner, Origin::default()));
    let entry = PutPartnerEventsRequestEntry::builder()
        .source(source)
        .detail_type("x")
        .detail("{}")
        .time(DateTime::from_secs(0));
    let put = client.put_partner_events().entries(entry.build());
    put.send().await.unwrap();
    assert_eq!(account.take_notifications().len(), 1);
}
