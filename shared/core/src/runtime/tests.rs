//! Messages from their queue to their end: which come back, when, and what is said of them.

use std::sync::atomic::{AtomicU32, Ordering};

use aws_stub::Account;
use serde_json::json;
use tokio::sync::Notify;

use super::*;
use crate::config::tests::config;
use crate::services::{Compliance, Rebind};
use crate::store::StoreError;

/// The stack that the template deploys.
pub(crate) fn stack() -> stack_template::Stack {
    let place = stack_template::Place {
        account: "123456789012".to_owned(),
        region: "us-east-1".to_owned(),
        partition: "aws".to_owned(),
        stack: "lockstep".to_owned(),
    };
    let chosen = [
        ("OrganizationIds", "3b2c9f0e-58a4-4c1d-9a57-0c6d1f4e8b21"),
        (
            "AllowedFunctionArns",
            "arn:aws:lambda:us-east-1:123456789012:function:Orders",
        ),
    ];
    let template = stack_template::Template::of_workspace(place, &chosen).unwrap();
    template.resolve().unwrap()
}

/// How often a message of a queue before a function may be received.
pub(crate) fn max_receives(stack: &stack_template::Stack, queue: &str) -> usize {
    let queue = stack.queue(&format!("{queue}Queue")).unwrap();
    let count = queue.redrive.as_ref().unwrap().max_receive_count;
    usize::try_from(count).unwrap()
}

/// Seconds that a queue before a function keeps a message.
pub(crate) fn retention(stack: &stack_template::Stack, queue: &str) -> u64 {
    let queue = stack.queue(&format!("{queue}Queue")).unwrap();
    queue.retention.as_secs()
}

/// A queue before `rebind-action`, in an account in memory.
struct Queue {
    account: Account,
    world: Rebind,
    handled: AtomicU32,
}

impl Queue {
    async fn new() -> Self {
        let account = Account::start().await;
        let world = Rebind::new(config(), &account.stub.sdk);
        Self {
            account,
            world,
            handled: AtomicU32::new(0),
        }
    }

    /// The payload with a message about this binding that was sent so long ago.
    fn payload(&self, key: &str, id: &str, received: u32, age: Duration) -> Value {
        let sent = self.world.now().as_millisecond() - i64::try_from(age.as_millis()).unwrap();
        json!({"Records": [{
            "messageId": id,
            "receiptHandle": "handle",
            "body": json!({"organization": "org-1", "key": key}).to_string(),
            "attributes": {"ApproximateReceiveCount": received.to_string(), "SentTimestamp": sent.to_string()},
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:lockstep-rebind.fifo"
        }]})
    }

    /// Delivers a message; answers whether it comes back.
    async fn deliver(&self, id: &str, received: u32, age: Duration, ends: &Failure) -> bool {
        self.deliver_of("orders", id, received, age, ends).await
    }

    /// The same, for a binding of this key.
    async fn deliver_of(
        &self,
        key: &str,
        id: &str,
        received: u32,
        age: Duration,
        ends: &Failure,
    ) -> bool {
        let payload = self.payload(key, id, received, age);
        let context = context();
        let handler = async |_: &Rebind, _: &Call, _: &Context| {
            self.handled.fetch_add(1, Ordering::Relaxed);
            Err(ends.clone())
        };
        let answer = serve(&self.world, &handler, payload, &context).await;
        answer.unwrap()["batchItemFailures"] == json!([{"itemIdentifier": id}])
    }

    /// Delivers a message whose handler crashes; answers whether the handler was called.
    async fn crash(&self, id: &str, received: u32, age: Duration) -> bool {
        let payload = self.payload("orders", id, received, age);
        let context = context();
        let called = Notify::new();
        let handler = async |_: &Rebind, _: &Call, _: &Context| {
            called.notify_one();
            std::future::pending::<Result<Answer, Failure>>().await
        };
        let served = serve(&self.world, &handler, payload, &context);
        tokio::select! {
            () = called.notified() => true,
            answer = served => {
                assert_eq!(answer.unwrap()["batchItemFailures"], json!([{"itemIdentifier": id}]));
                false
            }
        }
    }

    /// For how long the message was hidden last.
    fn hidden(&self) -> Option<u64> {
        let seen = self.account.stub.seen();
        let mut timed = seen.iter().rev();
        let timed = timed.find(|seen| seen.operation == "ChangeMessageVisibility")?;
        let body: Value = serde_json::from_str(&timed.body).unwrap();
        body["VisibilityTimeout"].as_u64()
    }

    fn events(&self) -> Vec<String> {
        let events = self.account.events().into_iter();
        events.map(|(kind, _)| kind).collect()
    }
}

fn context() -> Context {
    Context {
        request_id: "request".into(),
        deadline: Deadline::after(Duration::from_secs(5)),
    }
}

fn denied() -> Failure {
    Failure::permanent("denied", "the permission is missing")
}

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn what_must_be_repaired_is_an_event_once_and_the_message_waits_for_it() {
    let queue = Queue::new().await;
    assert!(queue.deliver("1", 1, SECOND, &denied()).await);
    assert_eq!(queue.hidden(), Some(5));
    let events = queue.account.events();
    let (kind, detail) = &events[0];
    assert_eq!((events.len(), kind.as_str()), (1, "Rebind Failed"));
    assert_eq!(detail["organization_id"], "org-1");
    assert_eq!(detail["key"], "orders");
    let reason = detail["reason"].as_str().unwrap();
    assert!(reason.starts_with("the permission is missing"), "{reason}");
    assert!(queue.deliver("1", 2, SECOND, &denied()).await);
    assert_eq!(queue.events(), [""; 0], "at the second receive");
    // Another message is another matter.
    assert!(queue.deliver("2", 1, SECOND, &denied()).await);
    assert_eq!(queue.events(), ["Rebind Failed"]);
}

#[tokio::test]
async fn what_a_message_fails_at_is_said_of_credentials_where_its_key_names_one() {
    let queue = Queue::new().await;
    let text = format!(
        r#"
version: 1
organization: {{id: org-1, client_secret: {}}}
integrations:
  - {{key: rest, name: REST, type: custom-rest-actions}}
actions: []
credentials:
  - {{key: basic, integration: rest, slot: basicAuth, type: basicAuth, secret: "{}", fields: {{userName: $.u, password: $.p}}}}
"#,
        crate::config::tests::arn("genesys/client-a1B2c3"),
        crate::config::tests::arn("genesys-credentials/basic-a1B2c3"),
    );
    let kept = json!({"object": "manifests/main.yaml", "version_id": null,
        "accepted_at": "2026-01-01T00:00:00Z", "text": text});
    queue
        .account
        .put("lockstep-state/accepted/org-1.json", kept.to_string());
    for (key, said) in [
        ("basic", "Credential Rebind Failed"),
        ("_secret_basic_12345678", "Credential Rebind Failed"),
        ("orders", "Rebind Failed"),
    ] {
        let (repair, late) = (format!("r-{key}"), format!("l-{key}"));
        assert!(queue.deliver_of(key, &repair, 1, SECOND, &denied()).await);
        assert_eq!(queue.events(), [said], "{key}, to be repaired");
        let retry = Failure::retry("transient", "no answer");
        assert!(
            queue
                .deliver_of(key, &late, 9, budget::BUDGET, &retry)
                .await
        );
        assert_eq!(queue.events(), [said], "{key}, given up");
    }
}

#[tokio::test]
async fn where_the_bus_takes_no_event_the_message_stays_and_says_it_later() {
    let queue = Queue::new().await;
    queue.account.bus_is_down(true);
    assert!(queue.deliver("1", 1, SECOND, &denied()).await);
    queue.account.bus_is_down(false);
    assert!(queue.deliver("1", 2, SECOND, &denied()).await);
    assert_eq!(queue.events(), ["Rebind Failed"]);
}

#[tokio::test]
async fn the_last_delivery_says_so_before_the_queue_moves_the_message() {
    let queue = Queue::new().await;
    let retry = Failure::retry("transient", "no answer");
    let late = budget::BUDGET;
    assert!(queue.deliver("1", 9, late - 60 * SECOND, &retry).await);
    assert_eq!((queue.events(), queue.hidden()), (Vec::new(), Some(900)));
    queue.account.bus_is_down(true);
    assert!(queue.deliver("1", 10, late, &retry).await);
    assert_eq!(queue.hidden(), Some(900), "nothing was said yet");
    queue.account.bus_is_down(false);
    assert!(queue.deliver("1", 11, late, &retry).await);
    assert_eq!(queue.events(), ["Rebind Failed"]);
    assert_eq!(queue.hidden(), Some(0), "on its way to the dead letters");
    let handled = queue.handled.load(Ordering::Relaxed);
    assert!(queue.deliver("1", 12, late, &retry).await);
    assert_eq!(queue.hidden(), Some(0));
    assert_eq!(queue.events(), [""; 0]);
    assert_eq!(queue.handled.load(Ordering::Relaxed), handled, "given up");
}

#[tokio::test]
async fn a_sweep_that_does_not_take_place_is_a_finding_for_those_who_subscribe_to_findings() {
    let queue = Queue::new().await;
    let payload = queue.payload("orders", "1", 1, SECOND);
    let handler = async |_: &Compliance, _: &Call, _: &Context| Err(denied());
    let sweeps = Compliance::new(config(), &queue.account.stub.sdk);
    let served = serve(&sweeps, &handler, payload, &context()).await;
    served.unwrap();
    let events = queue.account.events();
    let [(kind, detail)] = events.as_slice() else {
        panic!("{events:?}");
    };
    let stack = stack();
    let rule = stack.rule("FindingRule").unwrap();
    let event = json!({"source": "lockstep", "detail-type": kind, "detail": detail});
    assert!(rule.pattern.matches(&event), "{event}");
}

#[tokio::test]
async fn an_unreadable_object_is_one_event_a_version_with_the_way_back() {
    let queue = Queue::new().await;
    let object = "state/org-1/orders.json";
    let version = queue.account.put(&format!("lockstep-state/{object}"), "{");
    let corrupt = || {
        let problem = "no JSON".into();
        let object = object.into();
        Failure::from(StoreError::Corrupt { object, problem })
    };
    assert!(queue.deliver("1", 1, SECOND, &corrupt()).await);
    let events = queue.account.events();
    let (kind, detail) = &events[0];
    assert_eq!((events.len(), kind.as_str()), (1, "Object Unreadable"));
    assert_eq!(detail["object"]["key"], object);
    assert_eq!(detail["object"]["version_id"], version.as_str());
    let restore = detail["object"]["restore"].as_str().unwrap();
    assert!(restore.starts_with("aws s3api copy-object "), "{restore}");
    assert!(queue.deliver("2", 1, SECOND, &corrupt()).await);
    assert_eq!(queue.events(), [""; 0], "of the same version");
    queue.account.put(&format!("lockstep-state/{object}"), "[");
    assert!(queue.deliver("3", 1, SECOND, &corrupt()).await);
    assert_eq!(queue.events(), ["Object Unreadable"]);
}

#[tokio::test]
async fn a_denied_object_names_the_permission_and_no_command_that_would_overwrite_it() {
    let queue = Queue::new().await;
    let object = "lockstep-state/state/org-1/orders.json";
    queue.account.put(object, "{}");
    queue.account.deny(object);
    let (organization, key) = ("org-1".parse().unwrap(), "orders".parse().unwrap());
    let failure = queue.world.states.load(&organization, &key).await;
    let failure = Failure::from(failure.unwrap_err());
    assert!(queue.deliver("1", 1, SECOND, &failure).await);
    let events = queue.account.events();
    let (kind, detail) = &events[0];
    assert_eq!((events.len(), kind.as_str()), (1, "Object Unreadable"));
    assert_eq!(detail["object"]["key"], "state/org-1/orders.json");
    assert_eq!(detail["object"]["permission"], "s3:GetObject");
    assert_eq!(detail["object"]["restore"], Value::Null);
    assert!(queue.deliver("2", 1, SECOND, &failure).await);
    assert_eq!(queue.events(), [""; 0], "once a day");
    // What was emitted on another day is nothing to today's.
    let marks = queue.account.objects("lockstep-state/emitted/");
    let yesterday = queue.world.now() - jiff::SignedDuration::from_hours(24);
    let unreadable = failure.object().unwrap();
    let announced = queue.world.announce_unreadable_on(unreadable, yesterday);
    announced.await.unwrap();
    let events = queue.account.events();
    assert_eq!(events.len(), 1);
    assert_ne!(events[0].1["event_id"], detail["event_id"]);
    let now = queue.account.objects("lockstep-state/emitted/");
    assert_eq!(now.len(), marks.len() + 1);
}

#[tokio::test]
async fn a_message_whose_every_delivery_crashes_is_given_up_with_an_event() {
    let queue = Queue::new().await;
    // The queue's visibility, which is when a crashed delivery comes back.
    let visibility = 1800 * SECOND;
    let mut called = 0;
    for received in 1..=10 {
        let age = (received - 1) * visibility;
        match queue.crash("1", received, age).await {
            true => called += 1,
            false => break,
        }
        assert_eq!(queue.events(), [""; 0], "at receive {received}");
    }
    assert_eq!(called, 5);
    let events = queue.account.events();
    let (kind, detail) = &events[0];
    assert_eq!((events.len(), kind.as_str()), (1, "Rebind Failed"));
    let reason = detail["reason"].as_str().unwrap();
    assert!(reason.contains("the function ended before"), "{reason}");
    assert_eq!(queue.hidden(), Some(0), "on its way to the dead letters");
    assert!(!queue.crash("1", 7, budget::BUDGET * 2).await);
    assert_eq!(queue.events(), [""; 0], "once");
}

#[tokio::test]
async fn a_late_message_whose_deliveries_end_is_no_crash() {
    let queue = Queue::new().await;
    let late = budget::BUDGET * 2;
    let wait = Failure::later(60 * SECOND, "the role settles");
    for received in 1..=20 {
        assert!(queue.deliver("1", received, late, &wait).await);
    }
    assert_eq!(queue.handled.load(Ordering::Relaxed), 20);
    assert_eq!(queue.events(), [""; 0]);
}

#[tokio::test]
async fn a_wait_that_never_ends_is_an_event_before_the_queue_moves_the_message() {
    let queue = Queue::new().await;
    let wait = Failure::later(15 * SECOND, "the first binding is tested");
    let most = u32::try_from(max_receives(&stack(), "Rebind")).unwrap();
    for received in 1..=most {
        assert!(queue.deliver("1", received, SECOND, &wait).await);
    }
    let events = queue.account.events();
    let (kind, detail) = &events[0];
    assert_eq!((events.len(), kind.as_str()), (1, "Rebind Failed"));
    let reason = detail["reason"].as_str().unwrap();
    assert!(
        reason.starts_with("the first binding is tested. "),
        "{reason}"
    );
}

#[tokio::test]
async fn while_s3_is_down_giving_up_is_no_hot_loop_and_one_event_for_who_deduplicates() {
    let queue = Queue::new().await;
    let retry = Failure::retry("transient", "no answer");
    queue.account.s3_is_down(true);
    let mut ids = Vec::new();
    for received in 9..=11 {
        assert!(queue.deliver("1", received, budget::BUDGET, &retry).await);
        assert_eq!(queue.hidden(), Some(900), "it is not remembered");
        let events = queue.account.events().into_iter();
        ids.extend(events.map(|(_, detail)| detail["event_id"].clone()));
    }
    assert_eq!(ids.len(), 3);
    ids.dedup();
    assert_eq!(ids.len(), 1, "{ids:?}");
    queue.account.s3_is_down(false);
    assert!(queue.deliver("1", 12, budget::BUDGET, &retry).await);
    assert_eq!(queue.hidden(), Some(0));
}

#[tokio::test]
async fn a_mark_that_expired_leads_to_one_more_event() {
    let queue = Queue::new().await;
    assert!(queue.deliver("1", 1, SECOND, &denied()).await);
    assert_eq!(queue.events().len(), 1);
    for mark in queue.account.objects("lockstep-state/emitted/") {
        queue.account.delete(&mark);
    }
    assert!(queue.deliver("1", 2, SECOND, &denied()).await);
    assert!(queue.deliver("1", 3, SECOND, &denied()).await);
    assert_eq!(queue.events(), ["Rebind Failed"]);
}

#[test]
fn emitted_events_are_remembered_for_longer_than_queues_keep_a_message() {
    let stack = stack();
    let rules = &stack.bucket("StateBucket").unwrap().lifecycle;
    let expires = rules
        .iter()
        .find(|rule| rule.prefix == "emitted/" && rule.expiration_days.is_some());
    let days = u64::from(expires.unwrap().expiration_days.unwrap());
    for queue in ["Provision", "Rebind", "Verify", "Compliance"] {
        assert!(days * 86_400 > retention(&stack, queue), "{queue}");
    }
}

/// Messages of one delivery, by their ids.
fn together(queue: &Queue, ids: &[&str]) -> Value {
    let records = ids.iter().map(|id| {
        let mut payload = queue.payload("orders", id, 1, SECOND);
        payload["Records"][0]["eventSourceARN"] =
            json!("arn:aws:sqs:us-east-1:123456789012:lockstep-verify");
        payload["Records"][0].take()
    });
    json!({"Records": records.collect::<Vec<_>>()})
}

fn ids_of(answer: &Value) -> Vec<&str> {
    let failed = answer["batchItemFailures"].as_array();
    let failed = failed.into_iter().flatten();
    failed
        .filter_map(|one| one["itemIdentifier"].as_str())
        .collect()
}

#[tokio::test]
async fn what_messages_have_in_common_is_prepared_once_and_one_failure_does_not_touch_the_others() {
    let queue = Queue::new().await;
    let prepared = AtomicU32::new(0);
    let prepare = async |_: &Rebind, calls: &[&Call], _: &Context| {
        prepared.fetch_add(1, Ordering::Relaxed);
        calls.len()
    };
    let handler = async |_: &Rebind, call: &Call, _: &Context, count: &usize| {
        assert_eq!(*count, 3);
        match call.delivery().map(|delivery| delivery.message_id.as_str()) {
            Some("2") => Err(Failure::retry("transient", "no answer")),
            _ => Ok(Answer::nothing(
                lockstep_domain::manifest::Mode::Apply,
                "done",
            )),
        }
    };
    let payload = together(&queue, &["1", "2", "3"]);
    let context = Context {
        deadline: Deadline::after(Duration::from_secs(60)),
        ..context()
    };
    let served = serve_together(&queue.world, &prepare, &handler, payload, &context);
    let answer = served.await.unwrap();
    assert_eq!(ids_of(&answer), ["2"]);
    assert_eq!(prepared.load(Ordering::Relaxed), 1);
    assert_eq!(queue.hidden(), Some(5));
}

#[tokio::test]
async fn a_message_that_there_is_no_time_for_comes_back_at_once() {
    let queue = Queue::new().await;
    let context = Context {
        request_id: "request".into(),
        deadline: Deadline::after(SECOND),
    };
    let handler = async |_: &Rebind, _: &Call, _: &Context| {
        queue.handled.fetch_add(1, Ordering::Relaxed);
        Ok(Answer::nothing(
            lockstep_domain::manifest::Mode::Apply,
            "done",
        ))
    };
    let payload = together(&queue, &["1", "2"]);
    let answer = serve(&queue.world, &handler, payload, &context).await;
    assert_eq!(ids_of(&answer.unwrap()), ["2"]);
    assert_eq!(queue.handled.load(Ordering::Relaxed), 1);
    assert_eq!(queue.hidden(), Some(1));
}
