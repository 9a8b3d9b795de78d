//! Groups, deduplication, visibility and dead letters of SQS.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::operation::send_message::builders::SendMessageFluentBuilder;
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};

use crate::case::{Case, answer};
use crate::world::{Kind, World};

const SEND: &str =
    "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html";
const RECEIVE: &str =
    "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html";
const CHANGE: &str = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html";
const GROUPS: &str = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/using-messagegroupid-property.html";
const DEAD: &str = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html";

fn send(sqs: &Client, queue: &str, group: &str, body: &str) -> SendMessageFluentBuilder {
    let send = sqs.send_message().queue_url(queue).message_body(body);
    send.message_group_id(group).message_deduplication_id(body)
}

/// A FIFO queue with messages, each in the group of its first letter.
async fn fifo(world: &World, bodies: &[&str]) -> (Client, String) {
    let (sqs, queue) = (world.sqs(), world.queue(true, None).await);
    for body in bodies {
        let sent = send(&sqs, &queue, &body[..1], body).send().await;
        sent.expect("it is sent");
    }
    (sqs, queue)
}

async fn receive(sqs: &Client, queue: &str, most: i32) -> Vec<Message> {
    let receive = sqs.receive_message().queue_url(queue);
    let receive = receive
        .max_number_of_messages(most)
        .message_system_attribute_names(MessageSystemAttributeName::All);
    let received = receive.send().await.expect("an answer");
    received.messages.unwrap_or_default()
}

fn bodies(messages: &[Message]) -> String {
    let bodies: Vec<&str> = messages.iter().filter_map(Message::body).collect();
    if bodies.is_empty() {
        "nothing".to_owned()
    } else {
        bodies.join(" ")
    }
}

fn attribute(message: &Message, name: &MessageSystemAttributeName) -> String {
    let attributes = message.attributes.as_ref().expect("attributes");
    attributes.get(name).cloned().unwrap_or_default()
}

async fn show_again(sqs: &Client, queue: &str, message: &Message) {
    let change = sqs.change_message_visibility().queue_url(queue);
    let change = change.set_receipt_handle(message.receipt_handle.clone());
    let changed = change.visibility_timeout(0).send().await;
    changed.expect("it is visible");
}

async fn remove(sqs: &Client, queue: &str, message: &Message) {
    let delete = sqs.delete_message().queue_url(queue);
    let delete = delete.set_receipt_handle(message.receipt_handle.clone());
    delete.send().await.expect("it is deleted");
}

pub const CASES: &[Case] = &[
    Case {
        done: "FIFO: received one by one, while messages of the group are in flight",
        aws: "a1, then b1, then nothing",
        source: GROUPS,
        differs: &[],
        run: |world| {
            Box::pin(async move {
                let (sqs, queue) = fifo(&world, &["a1", "a2", "b1"]).await;
                let first = receive(&sqs, &queue, 1).await;
                let second = receive(&sqs, &queue, 1).await;
                let third = receive(&sqs, &queue, 1).await;
                let (first, second) = (bodies(&first), bodies(&second));
                format!("{first}, then {second}, then {}", bodies(&third))
            })
        },
    },
    Case {
        done: "FIFO: a batch of one group while a message of it is in flight, then after it is \
               deleted",
        aws: "nothing, then a2 a3",
        source: GROUPS,
        differs: &[],
        run: |world| {
            Box::pin(async move {
                let (sqs, queue) = fifo(&world, &["a1", "a2", "a3"]).await;
                let first = receive(&sqs, &queue, 1).await;
                let blocked = receive(&sqs, &queue, 10).await;
                remove(&sqs, &queue, &first[0]).await;
                let rest = receive(&sqs, &queue, 10).await;
                format!("{}, then {}", bodies(&blocked), bodies(&rest))
            })
        },
    },
    Case {
        done: "FIFO: a message that is visible again comes before the rest of its group",
        aws: "a1 a2",
        source: GROUPS,
        differs: &[],
        run: |world| {
            Box::pin(async move {
                let (sqs, queue) = fifo(&world, &["a1", "a2"]).await;
                let first = receive(&sqs, &queue, 1).await;
                show_again(&sqs, &queue, &first[0]).await;
                bodies(&receive(&sqs, &queue, 10).await)
            })
        },
    },
    Case {
        done: "FIFO: the same deduplication id twice",
        aws: "done, a1",
        source: SEND,
        differs: &[],
        run: |world| {
            Box::pin(async move {
                let (sqs, queue) = fifo(&world, &["a1"]).await;
                let again = answer(&send(&sqs, &queue, "a", "a1").send().await);
                format!("{again}, {}", bodies(&receive(&sqs, &queue, 10).await))
            })
        },
    },
    Case {
        done: "FIFO: the same deduplication id after the message is deleted",
        aws: "done, nothing",
        source: SEND,
        differs: &[(Kind::Moto, "done, a1")],
        run: |world| {
            Box::pin(async move {
                let (sqs, queue) = fifo(&world, &["a1"]).await;
                let first = receive(&sqs, &queue, 1).await;
                remove(&sqs, &queue, &first[0]).await;
                let again = answer(&send(&sqs, &queue, "a", "a1").send().await);
                format!("{again}, {}", bodies(&receive(&sqs, &queue, 10).await))
            })
        },
    },
    Case {
        done: "FIFO: the same deduplication id in another group",
        aws: "a1",
        source: "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/using-messagededuplicationid-property.html",
        differs: &[],
        run: |world| {
            Box::pin(async move {
                let (sqs, queue) = fifo(&world, &["a1"]).await;
                let again = send(&sqs, &queue, "b", "a1").send().await;
                again.expect("it is accepted");
                bodies(&receive(&sqs, &queue, 10).await)
            })
        },
    },
    Case {
        done: "FIFO: a message without a group",
        aws: "400 MissingParameter",
        source: SEND,
        differs: &[],
        run: |world| {
            Box::pin(async move {
                let (sqs, queue) = fifo(&world, &[]).await;
                let send = sqs.send_message().queue_url(queue).message_body("a1");
                answer(&send.message_deduplication_id("a1").send().await)
            })
        },
    },
    Case {
        done: "FIFO: a message with a delay of its own",
        aws: "400 InvalidParameterValue",
        source: SEND,
        differs: &[],
        run: |world| {
            Box::pin(async move {
                let (sqs, queue) = fifo(&world, &[]).await;
                answer(&send(&sqs, &queue, "a", "a1").delay_seconds(1).send().await)
            })
        },
    },
    Case {
        done: "A delayed message, at once",
        aws: "nothing",
        source: SEND,
        differs: &[],
        run: |world| {
            Box::pin(async move {
                let (sqs, queue) = (world.sqs(), world.queue(false, None).await);
                let send = sqs.send_message().queue_url(&queue).message_body("later");
                send.delay_seconds(900).send().await.expect("it is sent");
                bodies(&receive(&sqs, &queue, 10).await)
            })
        },
    },
    Case {
        done: "A delay of 901 seconds",
        aws: "400 InvalidParameterValue",
        source: SEND,
        differs: &[(Kind::Ministack, "done")],
        run: |world| {
            Box::pin(async move {
                let (sqs, queue) = (world.sqs(), world.queue(false, None).await);
                let send = sqs.send_message().queue_url(&queue).message_body("later");
                answer(&send.delay_seconds(901).send().await)
            })
        },
    },
    Case {
        done: "A message of 1,048,576 bytes, and one of a byte more",
        aws: "done, 400 InvalidParameterValue",
        source: SEND,
        differs: &[],
        run: |world| {
            Box::pin(async move {
                let (sqs, queue) = (world.sqs(), world.queue(false, None).await);
                let mut seen = Vec::new();
                for size in [1_048_576, 1_048_577] {
                    let send = sqs.send_message().queue_url(&queue);
                    let sent = send.message_body("x".repeat(size)).send().await;
                    seen.push(answer(&sent));
                }
                seen.join(", ")
            })
        },
    },
    Case {
        done: "A received message, received again at once, and after its visibility timeout became \
               0",
        aws: "nothing, then m",
        source: CHANGE,
        differs: &[],
        run: |world| {
            Box::pin(async move {
                let (sqs, queue) = (world.sqs(), world.queue(false, None).await);
                let sent = sqs.send_message().queue_url(&queue).message_body("m");
                sent.send().await.expect("it is sent");
                let first = receive(&sqs, &queue, 1).await;
                let hidden = receive(&sqs, &queue, 1).await;
                show_again(&sqs, &queue, &first[0]).await;
                let again = receive(&sqs, &queue, 1).await;
                format!("{}, then {}", bodies(&hidden), bodies(&again))
            })
        },
    },
    Case {
        done: "Receive count and whether the time of sending stays, received twice",
        aws: "1, 2, true",
        source: RECEIVE,
        differs: &[],
        run: |world| {
            Box::pin(async move {
                let (sqs, queue) = fifo(&world, &["a1"]).await;
                let first = receive(&sqs, &queue, 1).await;
                show_again(&sqs, &queue, &first[0]).await;
                let again = receive(&sqs, &queue, 1).await;
                let count = MessageSystemAttributeName::ApproximateReceiveCount;
                let sent = MessageSystemAttributeName::SentTimestamp;
                let stays = attribute(&first[0], &sent) == attribute(&again[0], &sent);
                let (one, two) = (attribute(&first[0], &count), attribute(&again[0], &count));
                format!("{one}, {two}, {stays}")
            })
        },
    },
    Case {
        done: "A visibility timeout of 43,201 seconds",
        aws: "400 InvalidParameterValue",
        source: CHANGE,
        differs: &[(Kind::Ministack, "done")],
        run: |world| {
            Box::pin(async move {
                let (sqs, queue) = fifo(&world, &["a1"]).await;
                let first = receive(&sqs, &queue, 1).await;
                let change = sqs.change_message_visibility().queue_url(queue);
                let change = change.set_receipt_handle(first[0].receipt_handle.clone());
                answer(&change.visibility_timeout(43_201).send().await)
            })
        },
    },
    Case {
        done: "`maxReceiveCount` 1: the second receive, and what the dead-letter queue has",
        aws: "nothing, m",
        source: DEAD,
        differs: &[],
        run: |world| {
            Box::pin(async move {
                let sqs = world.sqs();
                let dead = world.queue(false, None).await;
                let queue = world.queue(false, Some(&dead)).await;
                let sent = sqs.send_message().queue_url(&queue).message_body("m");
                sent.send().await.expect("it is sent");
                let first = receive(&sqs, &queue, 1).await;
                show_again(&sqs, &queue, &first[0]).await;
                let again = receive(&sqs, &queue, 1).await;
                let dead = receive(&sqs, &dead, 1).await;
                format!("{}, {}", bodies(&again), bodies(&dead))
            })
        },
    },
    Case {
        done: "`SendMessage` to a queue that does not exist",
        aws: "400 AWS.SimpleQueueService.NonExistentQueue",
        source: SEND,
        differs: &[],
        run: |world| {
            Box::pin(async move {
                let there = world.queue(false, None).await;
                let nowhere = format!("{there}-nowhere");
                let send = world.sqs().send_message().queue_url(nowhere);
                answer(&send.message_body("m").send().await)
            })
        },
    },
];
