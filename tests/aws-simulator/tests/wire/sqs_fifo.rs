use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::MessageSystemAttributeName;
use aws_simulator::Account;
use aws_simulator::services::sqs::{Queue, Redrive};

use crate::sqs::{bodies, receive, url, wait};
use crate::world::{account, code, sdk};

const QUEUE: &str = "work.fifo";

fn with_queue(change: impl FnOnce(&mut Queue)) -> (Account, Client) {
    let account = account();
    let mut queue = Queue::new(QUEUE);
    change(&mut queue);
    account.state().services.sqs.put(queue);
    account.state().services.sqs.put(Queue::new("dead.fifo"));
    let client = Client::new(&sdk(&account));
    (account, client)
}

async fn send(client: &Client, group: &str, body: &str) -> String {
    let request = client
        .send_message()
        .queue_url(url(QUEUE))
        .message_body(body);
    let request = request
        .message_group_id(group)
        .message_deduplication_id(body);
    request.send().await.unwrap().message_id.unwrap()
}

async fn delete(client: &Client, handle: &str) -> (String, u16) {
    let delete = client
        .delete_message()
        .queue_url(url(QUEUE))
        .receipt_handle(handle);
    match delete.send().await {
        Ok(_) => (String::new(), 200),
        failed => code(failed),
    }
}

#[tokio::test(start_paused = true)]
async fn a_group_in_flight_gives_nothing_more_and_keeps_its_order() {
    let (_account, client) = with_queue(|_| {});
    for (group, body) in [("a", "a1"), ("b", "b1"), ("a", "a2")] {
        send(&client, group, body).await;
    }
    let one = client
        .receive_message()
        .queue_url(url(QUEUE))
        .send()
        .await
        .unwrap();
    assert_eq!(one.messages()[0].body(), Some("a1"));
    assert_eq!(bodies(&client, QUEUE).await, ["b1"]);
    assert!(bodies(&client, QUEUE).await.is_empty());
    // Given back, it comes before its successor.
    wait(30).await;
    let again = receive(&client, QUEUE).await;
    let order: Vec<_> = again
        .iter()
        .map(|message| message.body().unwrap())
        .collect();
    assert_eq!(order, ["a1", "b1", "a2"]);
    let numbers: Vec<_> = again
        .iter()
        .map(|message| {
            message.attributes().unwrap()[&MessageSystemAttributeName::SequenceNumber].clone()
        })
        .collect();
    assert!(numbers.is_sorted());
    assert_eq!(
        delete(&client, again[0].receipt_handle().unwrap()).await.1,
        200
    );
    wait(30).await;
    assert_eq!(bodies(&client, QUEUE).await, ["b1", "a2"]);
}

#[tokio::test(start_paused = true)]
async fn an_id_is_one_message_for_five_minutes_even_after_it_was_deleted() {
    let (_account, client) = with_queue(|_| {});
    let first = send(&client, "a", "x").await;
    let received = receive(&client, QUEUE).await;
    delete(&client, received[0].receipt_handle().unwrap()).await;
    wait(299).await;
    assert_eq!(send(&client, "a", "x").await, first);
    assert!(bodies(&client, QUEUE).await.is_empty());
    wait(1).await;
    assert_ne!(send(&client, "a", "x").await, first);
    assert_eq!(bodies(&client, QUEUE).await, ["x"]);
}

#[tokio::test(start_paused = true)]
async fn a_handle_whose_time_is_over_deletes_nothing() {
    let (_account, client) = with_queue(|_| {});
    send(&client, "a", "x").await;
    let received = receive(&client, QUEUE).await;
    wait(30).await;
    let late = delete(&client, received[0].receipt_handle().unwrap()).await;
    assert_eq!(late, ("InvalidParameterValue".into(), 400));
    assert_eq!(bodies(&client, QUEUE).await, ["x"]);
}

#[tokio::test(start_paused = true)]
async fn a_queue_wants_a_group_and_an_id_and_no_delay_of_a_message() {
    let (account, client) = with_queue(|_| {});
    let send = || {
        client
            .send_message()
            .queue_url(url(QUEUE))
            .message_body("x")
    };
    assert_eq!(code(send().send().await), ("MissingParameter".into(), 400));
    let invalid = ("InvalidParameterValue".to_owned(), 400);
    let without_id = send().message_group_id("a").send().await;
    assert_eq!(code(without_id), invalid);
    let delayed = send()
        .message_group_id("a")
        .message_deduplication_id("d")
        .delay_seconds(1);
    assert_eq!(code(delayed.send().await), invalid);
    let long = send()
        .message_group_id("g".repeat(129))
        .message_deduplication_id("d");
    assert_eq!(code(long.send().await), invalid);
    let deduplicate_content = |account: &Account| {
        let mut state = account.state();
        let queue = state.services.sqs.queue_mut(QUEUE).unwrap();
        queue.content_based_deduplication = true;
    };
    deduplicate_content(&account);
    for _ in 0..2 {
        send().message_group_id("a").send().await.unwrap();
    }
    assert_eq!(bodies(&client, QUEUE).await, ["x"]);
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_frees_its_group_and_gets_its_id_as_deduplication_id() {
    let (_account, client) = with_queue(|queue| {
        queue.redrive = Some(Redrive {
            dead_letters: "dead.fifo".into(),
            max_receive_count: 1,
        });
    });
    let first = send(&client, "a", "a1").await;
    let received = client
        .receive_message()
        .queue_url(url(QUEUE))
        .send()
        .await
        .unwrap();
    assert_eq!(received.messages().len(), 1);
    send(&client, "a", "a2").await;
    wait(30).await;
    assert_eq!(bodies(&client, QUEUE).await, ["a2"]);
    let dead = receive(&client, "dead.fifo").await;
    let attributes = dead[0].attributes().unwrap();
    assert_eq!(
        attributes[&MessageSystemAttributeName::MessageDeduplicationId],
        first
    );
    assert_eq!(attributes[&MessageSystemAttributeName::MessageGroupId], "a");
}
