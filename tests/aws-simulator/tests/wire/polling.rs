use std::collections::BTreeSet;

use aws_sdk_sqs::Client;
use aws_simulator::services::sqs::Queue;
use aws_simulator::{Access, Account, Authorizer, Decision, Origin, Principal, State};
use serde_json::Value;

use crate::sqs::{bodies, url, wait};
use crate::world::{ACCOUNT, account, account_with, sdk};

fn role() -> Principal {
    Principal::role(ACCOUNT, "lockstep-provision-role", "poller")
}

async fn with_message() -> (Account, Client) {
    let account = account();
    account.state().services.sqs.put(Queue::new("work"));
    let client = Client::new(&sdk(&account));
    send(&client).await;
    (account, client)
}

async fn send(client: &Client) {
    let send = client
        .send_message()
        .queue_url(url("work"))
        .message_body("{}");
    send.send().await.unwrap();
}

/// The names in a JSON value, with the path to each.
fn names(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    for (name, inside) in value.as_object().into_iter().flatten() {
        let path = format!("{path}/{name}");
        names(inside, &path, found);
        found.insert(path);
    }
}

#[tokio::test(start_paused = true)]
async fn a_function_gets_records_as_lambda_makes_them() {
    let (account, _client) = with_message().await;
    let polled = account.poll(&role(), "work", 1).unwrap();
    let text = include_str!("../../../../events/provision-role/secret-label-updated.queued.json");
    let of_lambda: Value = serde_json::from_str(text).unwrap();
    let (mut ours, mut theirs) = (BTreeSet::new(), BTreeSet::new());
    names(&polled[0].1, "", &mut ours);
    names(&of_lambda["Records"][0], "", &mut theirs);
    assert_eq!(ours, theirs);
    assert_eq!(polled[0].1["attributes"]["ApproximateReceiveCount"], "1");
}

#[tokio::test(start_paused = true)]
async fn what_was_handled_is_gone_and_the_rest_comes_back() {
    let (account, client) = with_message().await;
    let first = account.poll(&role(), "work", 1).unwrap();
    assert!(account.poll(&role(), "work", 1).unwrap().is_empty());
    wait(30).await;
    let second = account.poll(&role(), "work", 1).unwrap();
    assert_eq!(second[0].0.receive_count, 2);
    // Handled, but too late: somebody else has it.
    account.acknowledge(&role(), "work", &first[0].0).unwrap();
    account.acknowledge(&role(), "work", &second[0].0).unwrap();
    wait(30).await;
    assert!(bodies(&client, "work").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn polling_needs_the_permissions_of_the_role() {
    struct NoReceiving;
    impl Authorizer for NoReceiving {
        fn decide(&self, _: &State, access: &Access<'_>) -> Decision {
            match access.action {
                "sqs:ReceiveMessage" => Decision::Deny {
                    because: "because no identity-based policy allows it".into(),
                },
                _ => Decision::Allow,
            }
        }
    }
    let account = account_with(NoReceiving);
    account.state().services.sqs.put(Queue::new("work"));
    let denied = account.poll(&role(), "work", 1).unwrap_err();
    assert_eq!(denied.code, "AccessDenied");
    assert!(
        denied.message.contains("sqs:ReceiveMessage"),
        "{}",
        denied.message
    );
}

#[tokio::test(start_paused = true)]
async fn a_function_that_wakes_itself_is_counted() {
    let (account, client) = with_message().await;
    let origin = Origin::new("tester", "1");
    for run in 1..=16 {
        let polled = account.poll(&role(), "work", 1).unwrap();
        assert_eq!(account.begin_invocation(&origin, Some(&polled[0].0)), run);
        send(&client).await;
        account.acknowledge(&role(), "work", &polled[0].0).unwrap();
    }
    // A schedule begins a chain of its own.
    assert_eq!(account.begin_invocation(&origin, None), 1);
}
