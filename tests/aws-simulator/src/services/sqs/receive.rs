//! Receiving, and the way to the dead letters.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::invalid;
use super::queue::{Message, Redrive};
use super::send::md5_of;
use crate::exchange::{Exchange, Handled};
use crate::protocol::json::{answer, read};
use crate::{Call, Effect, ServiceError, State};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Request {
    queue_url: String,
    #[serde(default)]
    attribute_names: Vec<String>,
    #[serde(default)]
    message_system_attribute_names: Vec<String>,
    max_number_of_messages: Option<usize>,
    visibility_timeout: Option<i64>,
    #[serde(default)]
    wait_time_seconds: i64,
}

pub(super) fn receive(exchange: &mut Exchange<'_>) -> Handled {
    let request: Request = read(exchange.call, exchange.request)?;
    let name = exchange.queue("ReceiveMessage", &request.queue_url)?;
    let most = request.max_number_of_messages.unwrap_or(1);
    if !(1..=10).contains(&most) {
        return Err(invalid(format!(
            "Value {most} for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided."
        ))
        .into());
    }
    let seconds = request.wait_time_seconds;
    if !(0..=20).contains(&seconds) {
        return Err(invalid(format!(
            "Value {seconds} for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided."
        ))
        .into());
    }
    let visibility = visibility(exchange, &name, request.visibility_timeout)?;
    let call = Some(exchange.call);
    let mut wanted = request.attribute_names;
    wanted.extend(request.message_system_attribute_names);
    let given = exchange
        .state
        .receive(exchange.now, call, &name, most, visibility);
    let messages: Vec<Value> = given
        .iter()
        .map(|message| described(message, &wanted))
        .collect();
    let body = match messages.is_empty() {
        true => json!({}),
        false => json!({"Messages": messages}),
    };
    Ok(answer(exchange.call, &body))
}

fn visibility(
    exchange: &Exchange<'_>,
    name: &str,
    asked: Option<i64>,
) -> Result<SignedDuration, ServiceError> {
    let queue = exchange.state.services.sqs.queue(name);
    let own = queue.map_or(30, |queue| i64::from(queue.visibility_timeout));
    let seconds = asked.unwrap_or(own);
    match (0..=43_200).contains(&seconds) {
        true => Ok(SignedDuration::from_secs(seconds)),
        false => Err(invalid(format!(
            "Value {seconds} for parameter VisibilityTimeout is invalid. Reason: VisibilityTimeout must be an integer between 0 and 43200"
        ))),
    }
}

impl State {
    /// Gives at most `most` messages out, each hidden from then on.
    pub(super) fn receive(
        &mut self,
        now: Timestamp,
        call: Option<&Call>,
        name: &str,
        most: usize,
        visibility: SignedDuration,
    ) -> Vec<Message> {
        self.bury(now, name);
        let unordered = self.services.sqs.unordered;
        let Some(queue) = self.services.sqs.queue_mut(name) else {
            return Vec::new();
        };
        let any_order = unordered && !queue.is_fifo();
        let considered = if any_order { usize::MAX } else { most };
        let mut places = queue.receivable(now, considered);
        let mut given = Vec::new();
        while given.len() < most && !places.is_empty() {
            let next = match any_order {
                false => 0,
                true => usize::try_from(self.ids.below(places.len() as u64)).unwrap(),
            };
            let message = &mut queue.messages[places.remove(next)];
            message.receive_count += 1;
            message.first_received.get_or_insert(now);
            message.last_received = Some(now);
            message.visible_from = now + visibility;
            // The id comes first, so that a handle says of what it is after the message is gone.
            message.receipt = Some(format!("{}.{}", message.id, self.ids.alphanumeric(64)));
            given.push(message.clone());
        }
        let arn = self.settings.arn("sqs", name);
        for message in &given {
            let effect = Effect::MessageReceived {
                queue: arn.clone(),
                message_id: message.id.clone(),
                count: message.receive_count,
            };
            self.record(now, call, effect);
        }
        given
    }

    /// Moves what was received as often as the queue allows to its dead letters. This is done when
    /// it would be received once more (SQS developer guide, "Using dead-letter queues").
    fn bury(&mut self, now: Timestamp, name: &str) {
        let Some(queue) = self.services.sqs.queue_mut(name) else {
            return;
        };
        queue.expire(now);
        let Some(Redrive {
            dead_letters,
            max_receive_count,
        }) = queue.redrive.clone()
        else {
            return;
        };
        let mut dead = Vec::new();
        for place in queue.receivable(now, usize::MAX).into_iter().rev() {
            if queue.messages[place].receive_count >= max_receive_count {
                dead.push(queue.messages.remove(place));
            }
        }
        let source = self.settings.arn("sqs", name);
        let to = self.settings.arn("sqs", &dead_letters);
        for message in dead.into_iter().rev() {
            let effect = Effect::MessageDied {
                queue: source.clone(),
                to: to.clone(),
                message_id: message.id.clone(),
            };
            self.record(now, None, effect);
            if let Some(queue) = self.services.sqs.queue_mut(&dead_letters) {
                queue.add(buried(message, &dead_letters, &source, now), now);
            }
        }
    }
}

/// In a standard queue a dead letter keeps the time since which it is kept; in a FIFO queue that
/// begins anew, and its own id becomes its deduplication id (SQS developer guide, "Setting-up
/// dead-letter queue retention" and "Learn how to configure a dead-letter queue redrive").
fn buried(mut message: Message, to: &str, source: &str, now: Timestamp) -> Message {
    if to.ends_with(".fifo") {
        message.enqueued = now;
        message.deduplication_id = Some(message.id.clone());
    }
    message.visible_from = now;
    message.receipt = None;
    message.dead_letter_source = Some(source.to_owned());
    message
}

/// The system attributes of a message that these names ask for.
pub(super) fn attributes(message: &Message, wanted: &[String]) -> Map<String, Value> {
    let milliseconds = |at: Timestamp| at.as_millisecond().to_string();
    let all = [
        (
            "ApproximateReceiveCount",
            Some(message.receive_count.to_string()),
        ),
        (
            "ApproximateFirstReceiveTimestamp",
            message.first_received.map(milliseconds),
        ),
        ("SenderId", Some(message.sender.clone())),
        ("SentTimestamp", Some(milliseconds(message.sent))),
        ("MessageDeduplicationId", message.deduplication_id.clone()),
        ("MessageGroupId", message.group.clone()),
        ("SequenceNumber", message.sequence_number.clone()),
        (
            "DeadLetterQueueSourceArn",
            message.dead_letter_source.clone(),
        ),
    ];
    let is_wanted = |name: &str| wanted.iter().any(|one| one == name || one == "All");
    all.into_iter()
        .filter(|(name, _)| is_wanted(name))
        .filter_map(|(name, value)| Some((name.to_owned(), value?.into())))
        .collect()
}

fn described(message: &Message, wanted: &[String]) -> Value {
    let attributes = attributes(message, wanted);
    let mut body = json!({
        "Body": message.body,
        "MD5OfBody": md5_of(&message.body),
        "MessageId": message.id,
        "ReceiptHandle": message.receipt,
    });
    if !attributes.is_empty() {
        body["Attributes"] = attributes.into();
    }
    body
}
