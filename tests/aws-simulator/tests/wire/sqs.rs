use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{
    Message, MessageSystemAttributeName, QueueAttributeName, SendMessageBatchRequestEntry,
};
use aws_simulator::services::sqs::{Delivery, Queue, Redrive};
use aws_simulator::{
    Access, Account, Authorizer, Decision, Effect, Principal, PrincipalKind, State, context,
};

use crate::world::{ACCOUNT, account, account_with, code, sdk};

pub fn url(name: &str) -> String {
    format!("https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/{name}")
}

pub async fn receive(client: &Client, name: &str) -> Vec<Message> {
    let request = client
        .receive_message()
        .queue_url(url(name))
        .max_number_of_messages(10);
    let request = request.message_system_attribute_names(MessageSystemAttributeName::All);
    request.send().await.unwrap().messages.unwrap_or_default()
}

pub async fn bodies(client: &Client, name: &str) -> Vec<String> {
    let received = receive(client, name).await;
    received
        .into_iter()
        .map(|message| message.body.unwrap())
        .collect()
}

pub async fn wait(seconds: u64) {
    tokio::time::advance(Duration::from_secs(seconds)).await;
}

/// A queue `work` that gives a message twice before `dead` gets it.
fn with_queues() -> (Account, Client) {
    let account = account();
    let mut work = Queue::new("work");
    work.visibility_timeout = 60;
    work.redrive = Some(Redrive {
        dead_letters: "dead".into(),
        max_receive_count: 2,
    });
    account.state().services.sqs.put(work);
    account.state().services.sqs.put(Queue::new("dead"));
    let client = Client::new(&sdk(&account));
    (account, client)
}

fn send(
    client: &Client,
    body: &str,
) -> aws_sdk_sqs::operation::send_message::builders::SendMessageFluentBuilder {
    client
        .send_message()
        .queue_url(url("work"))
        .message_body(body)
}

#[tokio::test(start_paused = true)]
async fn a_received_message_is_hidden_until_its_timeout_and_then_comes_back() {
    let (_account, client) = with_queues();
    let sent = send(&client, "a").send().await.unwrap();
    let first = receive(&client, "work").await;
    assert_eq!(first[0].message_id(), sent.message_id());
    assert_eq!(first[0].body(), Some("a"));
    wait(59).await;
    assert!(receive(&client, "work").await.is_empty());
    wait(1).await;
    let second = receive(&client, "work").await;
    assert_ne!(first[0].receipt_handle(), second[0].receipt_handle());
    let attributes = second[0].attributes().unwrap();
    let count = attributes.get(&MessageSystemAttributeName::ApproximateReceiveCount);
    assert_eq!(count.unwrap(), "2");
    let sent_at = attributes.get(&MessageSystemAttributeName::SentTimestamp);
    assert_eq!(
        *sent_at.unwrap(),
        crate::world::start().as_millisecond().to_string()
    );
    let delete = |message: &Message| {
        let delete = client.delete_message().queue_url(url("work"));
        delete
            .receipt_handle(message.receipt_handle().unwrap())
            .send()
    };
    // An old handle succeeds and deletes nothing.
    delete(&first[0]).await.unwrap();
    let attributes = client.get_queue_attributes().queue_url(url("work"));
    let hidden = QueueAttributeName::ApproximateNumberOfMessagesNotVisible;
    let seen = attributes
        .attribute_names(hidden.clone())
        .send()
        .await
        .unwrap();
    assert_eq!(seen.attributes().unwrap()[&hidden], "1");
    delete(&second[0]).await.unwrap();
    wait(60).await;
    assert!(receive(&client, "work").await.is_empty());
    let unknown = client
        .delete_message()
        .queue_url(url("work"))
        .receipt_handle("x");
    assert_eq!(
        code(unknown.send().await),
        ("ReceiptHandleIsInvalid".into(), 400)
    );
}

#[tokio::test(start_paused = true)]
async fn what_was_received_too_often_becomes_a_dead_letter_with_its_times_and_counts() {
    let (account, client) = with_queues();
    send(&client, "a").send().await.unwrap();
    for _ in 0..2 {
        assert_eq!(bodies(&client, "work").await, ["a"]);
        assert!(bodies(&client, "dead").await.is_empty());
        wait(60).await;
    }
    assert!(bodies(&client, "work").await.is_empty());
    let dead = receive(&client, "dead").await;
    let attributes = dead[0].attributes().unwrap();
    let attribute = |name| attributes[&name].as_str();
    assert_eq!(
        attribute(MessageSystemAttributeName::ApproximateReceiveCount),
        "3"
    );
    let sent = crate::world::start().as_millisecond().to_string();
    assert_eq!(attribute(MessageSystemAttributeName::SentTimestamp), sent);
    assert_eq!(
        attribute(MessageSystemAttributeName::DeadLetterQueueSourceArn),
        "arn:aws:sqs:us-east-1:123456789012:work"
    );
    let died =
        |change: &aws_simulator::Change| matches!(&change.effect, Effect::MessageDied { .. });
    assert!(account.history().iter().any(died));
    account.redrive("dead");
    let again = receive(&client, "work").await;
    let attributes = again[0].attributes().unwrap();
    assert_eq!(
        attributes[&MessageSystemAttributeName::ApproximateReceiveCount],
        "1"
    );
    assert_ne!(again[0].message_id(), dead[0].message_id());
}

#[tokio::test(start_paused = true)]
async fn a_message_can_be_delayed_hidden_for_longer_and_given_back() {
    let (account, client) = with_queues();
    send(&client, "a").delay_seconds(900).send().await.unwrap();
    assert!(bodies(&client, "work").await.is_empty());
    let next = {
        let state = account.state();
        let queue = state.services.sqs.queue("work").unwrap();
        queue.next_visible(crate::world::start())
    };
    assert_eq!(next, Some(crate::world::start() + Duration::from_secs(900)));
    wait(900).await;
    let received = receive(&client, "work").await;
    let hide = |seconds: i32| {
        let change = client.change_message_visibility().queue_url(url("work"));
        let handle = received[0].receipt_handle().unwrap();
        change
            .receipt_handle(handle)
            .visibility_timeout(seconds)
            .send()
    };
    let invalid = ("InvalidParameterValue".to_owned(), 400);
    assert_eq!(code(hide(43_201).await), invalid);
    hide(600).await.unwrap();
    wait(599).await;
    assert!(bodies(&client, "work").await.is_empty());
    // Twelve hours count from the receipt.
    assert_eq!(code(hide(43_200).await), invalid);
    hide(0).await.unwrap();
    assert_eq!(
        code(hide(10).await),
        ("AWS.SimpleQueueService.MessageNotInflight".into(), 400)
    );
    assert_eq!(bodies(&client, "work").await, ["a"]);
    let late = send(&client, "a").delay_seconds(901).send().await;
    assert_eq!(code(late), invalid);
}

#[tokio::test(start_paused = true)]
async fn a_queue_takes_what_fits_and_keeps_it_for_its_retention() {
    let (_account, client) = with_queues();
    let invalid = ("InvalidParameterValue".to_owned(), 400);
    let large = send(&client, &"x".repeat(1_048_577)).send().await;
    assert_eq!(code(large), invalid);
    send(&client, &"x".repeat(1_048_576)).send().await.unwrap();
    let with_id = send(&client, "a")
        .message_deduplication_id("d")
        .send()
        .await;
    assert_eq!(code(with_id), invalid);
    let control = send(&client, "a\u{1}").send().await;
    assert_eq!(code(control), ("InvalidMessageContents".into(), 400));
    let other = client
        .send_message()
        .queue_url(url("other"))
        .message_body("a")
        .send()
        .await;
    assert_eq!(
        code(other),
        ("AWS.SimpleQueueService.NonExistentQueue".into(), 400)
    );
    wait(4 * 86_400 + 1).await;
    assert!(bodies(&client, "work").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn each_entry_of_a_batch_has_its_own_result() {
    let (_account, client) = with_queues();
    let entry = |id: &str, delay: i32| {
        let entry = SendMessageBatchRequestEntry::builder()
            .id(id)
            .message_body(id);
        entry.delay_seconds(delay).build().unwrap()
    };
    let send = |entries| {
        client
            .send_message_batch()
            .queue_url(url("work"))
            .set_entries(Some(entries))
            .send()
    };
    let answer = send(vec![entry("a", 0), entry("b", 1000)]).await.unwrap();
    assert_eq!(answer.successful()[0].id(), "a");
    assert_eq!(answer.failed()[0].code(), "InvalidParameterValue");
    assert_eq!(bodies(&client, "work").await, ["a"]);
    for (entries, problem) in [
        (Vec::new(), "EmptyBatchRequest"),
        (vec![entry("a", 0); 2], "BatchEntryIdsNotDistinct"),
        (vec![entry("a b", 0)], "InvalidBatchEntryId"),
        (
            (0..11).map(|id| entry(&id.to_string(), 0)).collect(),
            "TooManyEntriesInBatchRequest",
        ),
    ] {
        let expected = (format!("AWS.SimpleQueueService.{problem}"), 400);
        assert_eq!(code(send(entries).await), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_standard_queue_may_give_its_messages_in_any_order_but_the_same_by_seed() {
    let mut seen = Vec::new();
    for _ in 0..2 {
        let (account, client) = with_queues();
        account.state().services.sqs.unordered = true;
        for body in ["a", "b", "c", "d", "e", "f", "g", "h"] {
            send(&client, body).send().await.unwrap();
        }
        seen.push(bodies(&client, "work").await);
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0].len(), 8);
    assert!(!seen[0].is_sorted());
}

/// Lets a service send only on behalf of one rule.
struct OneRule;

impl Authorizer for OneRule {
    fn decide(&self, _: &State, access: &Access<'_>) -> Decision {
        let source = access.context.get(context::SOURCE_ARN);
        match source.is_some_and(|source| source[0].ends_with(":rule/a")) {
            true => Decision::Allow,
            false => Decision::Deny {
                because: "because no resource-based policy allows it".into(),
            },
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_sends_what_the_queue_allows_it_and_a_denial_is_in_lower_case() {
    let account = account_with(OneRule);
    account.state().services.sqs.put(Queue::new("work"));
    let deliver = |rule: &str| {
        account.deliver(Delivery {
            sender: Principal {
                account: ACCOUNT.into(),
                kind: PrincipalKind::Service {
                    name: "events.amazonaws.com".into(),
                    source_arn: Some(format!("arn:aws:events:us-east-1:{ACCOUNT}:rule/{rule}")),
                },
            },
            queue: "work".into(),
            body: "x".into(),
            group: None,
            deduplication_id: None,
        })
    };
    assert_eq!(deliver("a").unwrap().body, "x");
    assert_eq!(deliver("b").unwrap_err().code, "AccessDenied");
    let client = Client::new(&sdk(&account));
    let error = send(&client, "a").send().await.unwrap_err();
    let message = error.as_service_error().unwrap().meta().message().unwrap();
    assert!(
        message.contains(
            "perform: sqs:sendmessage on resource: arn:aws:sqs:us-east-1:123456789012:work"
        ),
        "{message}"
    );
    assert_eq!(code::<(), _>(Err(error)), ("AccessDenied".into(), 403));
}
