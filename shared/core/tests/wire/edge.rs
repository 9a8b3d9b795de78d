//! The edge: batches of a queue, and direct calls.

use std::time::Duration;

use aws_simulator::Principal;
use lockstep::response::Answer;
use lockstep::runtime::{Call, Context, Deadline, Failure, serve};
use lockstep::services::{Rebind, Verify};
use lockstep_domain::manifest::Mode;
use serde_json::{Value, json};

use crate::world::Setup;

fn context() -> Context {
    Context {
        request_id: "request".into(),
        deadline: Deadline::after(Duration::from_secs(30)),
    }
}

/// What is visible in a queue, as Lambda hands it over.
fn receive(setup: &Setup, queue: &str) -> Vec<Value> {
    let root = Principal::root("123456789012");
    let given = setup.account.poll(&root, queue, 10).unwrap();
    given.into_iter().map(|(_, record)| record).collect()
}

#[tokio::test(start_paused = true)]
async fn of_a_batch_only_what_was_not_handled_comes_back_and_when_it_should() {
    let setup = Setup::new();
    let services: Rebind = setup.services();
    let url = setup.queue("probe-batch");
    let sqs = aws_sdk_sqs::Client::new(&setup.sdk);
    for body in ["done", "early"] {
        let send = sqs.send_message().queue_url(&url);
        let send = send.message_body(json!(body).to_string());
        send.send().await.unwrap();
    }
    let records = receive(&setup, "probe-batch");
    let is_early = |record: &&Value| record["body"] == r#""early""#;
    let early = records.iter().find(is_early).unwrap()["messageId"].clone();
    let handler = async |_: &Rebind, call: &Call, _: &Context| match call.body().as_str() {
        Some("done") => Ok(Answer::nothing(Mode::Apply, "done")),
        _ => Err(Failure::later(Duration::from_secs(2), "too early")),
    };
    let payload = json!({ "Records": records });
    let context = context();
    let answer = serve(&services, &handler, payload, &context);
    assert_eq!(
        answer.await.unwrap(),
        json!({"batchItemFailures": [{"itemIdentifier": early}]})
    );
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(receive(&setup, "probe-batch"), Vec::<Value>::new());
    // Without the word to the queue it would stay hidden for the queue's thirty seconds.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let back = receive(&setup, "probe-batch");
    assert_eq!(back.len(), 1);
    assert_eq!(back[0]["messageId"], early);
}

#[tokio::test(start_paused = true)]
async fn a_direct_call_gets_the_answer_or_the_failure_itself() {
    let services: Rebind = Setup::new().services();
    let handler = async |_: &Rebind, call: &Call, _: &Context| {
        if call.body()["fail"] == true {
            return Err(Failure::retry("busy", "try again"));
        }
        Ok(Answer::nothing(Mode::Plan, "nothing asked"))
    };
    let context = context();
    let answer = serve(&services, &handler, json!({}), &context);
    assert_eq!(answer.await.unwrap()["mode"], "plan");
    let failing = json!({"fail": true});
    let failed = serve(&services, &handler, failing, &context).await;
    assert_eq!(failed.unwrap_err().kind(), "busy");
}

/// The event is what is known of it: a message without its parts can't be handled, now or later.
#[tokio::test(start_paused = true)]
async fn a_record_that_cannot_be_read_is_an_event_and_comes_back_only_where_the_bus_takes_none() {
    let setup = Setup::new();
    let services: Verify = setup.services();
    let handler =
        async |_: &Verify, _: &Call, _: &Context| Ok(Answer::nothing(Mode::Apply, "done"));
    let record = |id: &str| {
        json!({
            "messageId": id, "body": "{}", "attributes": {}, "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:probe",
        })
    };
    let payload = json!({"Records": [record("one"), record("")]});
    let context = context();
    let answer = serve(&services, &handler, payload.clone(), &context);
    assert_eq!(answer.await.unwrap(), json!({"batchItemFailures": []}));
    let arrived = setup.account.take_notifications();
    let refused = |one: &&_| format!("{one:?}").contains("Request Refused");
    assert_eq!(arrived.iter().filter(refused).count(), 2, "{arrived:?}");
    setup.lose_all("PutEvents");
    let answer = serve(&services, &handler, payload, &context);
    assert_eq!(
        answer.await.unwrap(),
        json!({"batchItemFailures": [{"itemIdentifier": "one"}, {"itemIdentifier": ""}]})
    );
}
