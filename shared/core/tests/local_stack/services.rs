//! Secrets, functions, the bus and the queues.

use std::time::Duration;

use lockstep::aws::{Access, SecretError, SecretSeen};
use lockstep::config::Config;
use lockstep::response::Answer;
use lockstep::runtime::{Call, Context, Deadline, Edge, Failure, serve};
use lockstep::world::World;
use lockstep_domain::arn::SecretArn;
use lockstep_domain::event::{Event, EventType};
use lockstep_domain::intent::RebindMessage;
use lockstep_domain::manifest::Mode;
use sandbox::Stack;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::on_the_stack;

async fn secret(stack: &Stack, name: &str, value: &str) -> SecretArn {
    let arn = stack.make_secret(name, value).await.unwrap();
    arn.parse().unwrap()
}

#[test]
fn a_secret_is_seen_as_it_is_without_its_value() {
    on_the_stack(async |stack, world| {
        let arn = secret(stack, "prod/seen", "one").await;
        let SecretSeen::Current {
            version_id: first, ..
        } = world.secrets.current(&arn).await.unwrap()
        else {
            panic!("a new secret has no current version");
        };
        let version_id = stack.rotate(&arn.to_string(), "two").await.unwrap();
        let seen = world.secrets.current(&arn).await.unwrap();
        let kms_key = None;
        assert_eq!(
            seen,
            SecretSeen::Current {
                version_id: version_id.parse().unwrap(),
                previous_id: Some(first.into()),
                kms_key
            }
        );

        let delete = stack.aws.secrets.delete_secret().secret_id(arn.to_string());
        delete.recovery_window_in_days(7).send().await.unwrap();
        assert_eq!(
            world.secrets.current(&arn).await.unwrap(),
            SecretSeen::Deleted
        );

        let missing = arn.to_string().replace("prod/seen", "prod/never");
        let missing = missing.parse().unwrap();
        assert_eq!(
            world.secrets.current(&missing).await.unwrap(),
            SecretSeen::Missing
        );
    });
}

#[test]
fn the_oauth_client_is_read_and_a_wrong_shape_is_told_without_quoting_it() {
    on_the_stack(async |stack, world| {
        let endpoints = stack.endpoints();
        let arn = stack.aws_endpoints().client_secret_arn.parse().unwrap();
        let client = world.secrets.genesys_client(&arn).await.unwrap();
        assert_eq!(client.client_id, endpoints.genesys.client_id);
        let value = client.client_secret.expose_secret();
        assert_eq!(value, endpoints.genesys.client_secret);

        let arn = secret(stack, "genesys/wrong", "only-the-value").await;
        let error = world.secrets.genesys_client(&arn).await.unwrap_err();
        assert!(matches!(error, SecretError::Shape { .. }));
        assert!(!format!("{error} {error:?}").contains("only-the-value"));
    });
}

#[test]
fn a_function_that_cannot_read_its_secret_is_found_out() {
    on_the_stack(async |stack, world| {
        let readable = secret(stack, "prod/readable", "x").await;
        let other = secret(stack, "elsewhere/unreadable", "x").await;
        let function = stack.aws_endpoints().target_function_arn.parse().unwrap();
        let asked = [readable, other];
        let seen = world.functions.read_access(&function, &asked).await;
        assert_eq!(seen.secrets[0].1, Access::Allowed);
        assert!(
            matches!(seen.secrets[1].1, Access::Denied { .. }),
            "{seen:?}"
        );

        let gone = "arn:aws:lambda:us-east-1:000000000000:function:Gone";
        let seen = world
            .functions
            .read_access(&gone.parse().unwrap(), &asked)
            .await;
        assert_eq!(seen.role, None);
        for (_, access) in seen.secrets {
            assert!(matches!(access, Access::NotEvaluated { .. }), "{access:?}");
        }
    });
}

#[test]
fn more_events_than_one_call_takes_all_arrive() {
    on_the_stack(async |stack, world| {
        let from = stack.now().await.unwrap();
        let events: Vec<Event> = (0..12)
            .map(|number| {
                let mut detail = world.detail();
                detail.reason = Some(format!("probe {number}"));
                Event {
                    detail_type: EventType::ManifestAccepted,
                    detail,
                }
            })
            .collect();
        world.bus.emit(&events).await.unwrap();
        for number in 0..12 {
            let reason = format!("probe {number}");
            stack
                .wait_for_event(
                    "Manifest Accepted",
                    from,
                    Duration::from_secs(20),
                    |detail| detail["reason"] == reason,
                )
                .await
                .unwrap();
        }
    });
}

/// A queue that no function is behind.
async fn queue(stack: &Stack, name: &str) -> String {
    let fifo = name.ends_with(".fifo");
    let create = stack.aws.sqs.create_queue().queue_name(name);
    let create = if fifo {
        create.attributes(aws_sdk_sqs::types::QueueAttributeName::FifoQueue, "true")
    } else {
        create
    };
    create.send().await.unwrap().queue_url.unwrap()
}

/// Everything that is in a queue within so many seconds, as Lambda would hand it over.
async fn receive(stack: &Stack, url: &str, seconds: i32) -> Vec<Value> {
    let name = url.rsplit('/').next().unwrap();
    let received = stack
        .aws
        .sqs
        .receive_message()
        .queue_url(url)
        .max_number_of_messages(10)
        .visibility_timeout(600)
        .wait_time_seconds(seconds)
        .send()
        .await
        .unwrap();
    let record = |message: aws_sdk_sqs::types::Message| {
        json!({
            "messageId": message.message_id,
            "receiptHandle": message.receipt_handle,
            "body": message.body,
            "attributes": {"ApproximateReceiveCount": "1"},
            "eventSource": "aws:sqs",
            "eventSourceARN": format!("arn:aws:sqs:us-east-1:000000000000:{name}"),
        })
    };
    received
        .messages
        .unwrap_or_default()
        .into_iter()
        .map(record)
        .collect()
}

#[test]
fn the_same_trigger_is_one_message_and_another_is_a_second() {
    on_the_stack(async |stack, world| {
        let url = queue(stack, "probe-rebind.fifo").await;
        let config = Config {
            rebind_queue_url: Some(url.clone()),
            ..world.config.clone()
        };
        let world = World::new(config, &stack.aws.config);
        let message = RebindMessage {
            organization: "org".parse().unwrap(),
            key: "order-lookup".parse().unwrap(),
            retry: false,
            reason: None,
        };
        let long = "x".repeat(200);
        for dedup in ["event-1", "event-1", long.as_str()] {
            world
                .queues
                .rebind(&message, "org/prod", dedup)
                .await
                .unwrap();
        }
        let received = receive(stack, &url, 5).await;
        assert_eq!(received.len(), 2);
        let body = received[0]["body"].as_str().unwrap();
        assert_eq!(
            serde_json::from_str::<RebindMessage>(body).unwrap(),
            message
        );
    });
}

#[test]
fn of_a_batch_only_what_was_not_handled_comes_back_and_when_it_should() {
    on_the_stack(async |stack, world| {
        let url = queue(stack, "probe-batch").await;
        for body in ["done", "early"] {
            let send = stack.aws.sqs.send_message().queue_url(&url);
            send.message_body(json!(body).to_string())
                .send()
                .await
                .unwrap();
        }
        let mut records = receive(stack, &url, 5).await;
        while records.len() < 2 {
            records.extend(receive(stack, &url, 5).await);
        }
        let handler = async |_: &World, call: &Call, _: &Context| match call.body().as_str() {
            Some("done") => Ok(Answer::nothing(Mode::Apply, "done")),
            _ => Err(Failure::later(Duration::from_secs(2), "too early")),
        };
        let context = Context {
            request_id: "request".into(),
            deadline: Deadline::after(Duration::from_secs(30)),
        };
        let early = records
            .iter()
            .find(|record| record["body"] == r#""early""#)
            .unwrap()["messageId"]
            .clone();
        let begun = Instant::now();
        let payload = json!({"Records": records});
        let answer = serve(&world, Edge::Rebind, &handler, payload, &context)
            .await
            .unwrap();
        assert_eq!(
            answer,
            json!({"batchItemFailures": [{"itemIdentifier": early}]})
        );
        // Without the word to the queue it would stay hidden for ten minutes.
        let back = receive(stack, &url, 20).await;
        assert_eq!(back.len(), 1);
        assert_eq!(back[0]["messageId"], early);
        assert!(
            begun.elapsed() >= Duration::from_secs(1),
            "it came back at once"
        );
    });
}

#[test]
fn a_direct_call_gets_the_answer_or_the_failure_itself() {
    on_the_stack(async |_, world| {
        let handler = async |_: &World, call: &Call, _: &Context| {
            if call.body()["fail"] == true {
                return Err(Failure::retry("busy", "try again"));
            }
            Ok(Answer::nothing(Mode::Plan, "nothing asked"))
        };
        let context = Context {
            request_id: "request".into(),
            deadline: Deadline::after(Duration::from_secs(5)),
        };
        let answer = serve(&world, Edge::Rebind, &handler, json!({}), &context)
            .await
            .unwrap();
        assert_eq!(answer["mode"], "plan");
        let failed = serve(
            &world,
            Edge::Rebind,
            &handler,
            json!({"fail": true}),
            &context,
        )
        .await;
        assert_eq!(failed.unwrap_err().kind(), "busy");
    });
}
