//! Sending.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use md5::{Digest as _, Md5};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::Sha256;

use super::queue::{Message, Queue};
use super::{error, invalid, no_such_queue};
use crate::exchange::{Exchange, Handled};
use crate::protocol::json::{answer, read};
use crate::services::s3::hex;
use crate::{Account, Call, Context, Effect, Principal, ServiceError, State};

/// The most bytes of the messages of a batch together (SQS API reference, `SendMessageBatch`).
const LARGEST_BATCH: usize = 1_048_576;

/// What is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Sent {
    message_body: String,
    delay_seconds: Option<i64>,
    message_group_id: Option<String>,
    message_deduplication_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct OneRequest {
    queue_url: String,
    #[serde(default)]
    message_body: String,
    delay_seconds: Option<i64>,
    message_group_id: Option<String>,
    message_deduplication_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct BatchRequest {
    queue_url: String,
    #[serde(default)]
    entries: Vec<BatchEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct BatchEntry {
    id: String,
    #[serde(default)]
    message_body: String,
    delay_seconds: Option<i64>,
    message_group_id: Option<String>,
    message_deduplication_id: Option<String>,
}

pub(super) fn md5_of(text: &str) -> String {
    hex(&Md5::digest(text.as_bytes()))
}

pub(super) fn one(exchange: &mut Exchange<'_>) -> Handled {
    let request: OneRequest = read(exchange.call, exchange.request)?;
    let name = exchange.queue("SendMessage", &request.queue_url)?;
    let sent = Sent {
        message_body: request.message_body,
        delay_seconds: request.delay_seconds,
        message_group_id: request.message_group_id,
        message_deduplication_id: request.message_deduplication_id,
    };
    let message = send(exchange, &name, sent)?;
    Ok(answer(exchange.call, &described(&message)))
}

fn described(message: &Message) -> Value {
    let mut body = json!({
        "MD5OfMessageBody": md5_of(&message.body),
        "MessageId": message.id,
    });
    if let Some(number) = &message.sequence_number {
        body["SequenceNumber"] = number.as_str().into();
    }
    body
}

/// Each entry has a result of its own (SQS API reference, `SendMessageBatch`).
pub(super) fn batch(exchange: &mut Exchange<'_>) -> Handled {
    let request: BatchRequest = read(exchange.call, exchange.request)?;
    let name = exchange.queue("SendMessage", &request.queue_url)?;
    check_batch(&request.entries)?;
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for entry in request.entries {
        let sent = Sent {
            message_body: entry.message_body,
            delay_seconds: entry.delay_seconds,
            message_group_id: entry.message_group_id,
            message_deduplication_id: entry.message_deduplication_id,
        };
        match send(exchange, &name, sent) {
            Ok(message) => {
                let mut result = described(&message);
                result["Id"] = entry.id.into();
                successful.push(result);
            }
            Err(problem) => failed.push(json!({
                "Code": problem.code,
                "Id": entry.id,
                "Message": problem.message,
                "SenderFault": true,
            })),
        }
    }
    let mut body = json!({"Successful": successful});
    if !failed.is_empty() {
        body["Failed"] = failed.into();
    }
    Ok(answer(exchange.call, &body))
}

fn check_batch(entries: &[BatchEntry]) -> Result<(), ServiceError> {
    let ids: BTreeSet<&str> = entries.iter().map(|entry| entry.id.as_str()).collect();
    let is_id = |id: &str| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        (1..=80).contains(&id.len()) && id.chars().all(allowed)
    };
    let total: usize = entries.iter().map(|entry| entry.message_body.len()).sum();
    let problem = |code: &str, query: &'static str, message: &str| {
        Err(error(code, message).with_query_code(query))
    };
    if entries.is_empty() {
        let query = "AWS.SimpleQueueService.EmptyBatchRequest";
        return problem(
            "EmptyBatchRequest",
            query,
            "There should be at least one SendMessageBatchRequestEntry in the request.",
        );
    }
    if entries.len() > 10 {
        let query = "AWS.SimpleQueueService.TooManyEntriesInBatchRequest";
        return problem(
            "TooManyEntriesInBatchRequest",
            query,
            "Maximum number of entries per request are 10.",
        );
    }
    if ids.len() != entries.len() {
        let query = "AWS.SimpleQueueService.BatchEntryIdsNotDistinct";
        return problem(
            "BatchEntryIdsNotDistinct",
            query,
            "Two or more batch entries have the same Id.",
        );
    }
    if !ids.iter().all(|id| is_id(id)) {
        let query = "AWS.SimpleQueueService.InvalidBatchEntryId";
        return problem(
            "InvalidBatchEntryId",
            query,
            "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.",
        );
    }
    if total > LARGEST_BATCH {
        let query = "AWS.SimpleQueueService.BatchRequestTooLong";
        return problem(
            "BatchRequestTooLong",
            query,
            "Batch requests cannot be longer than 1048576 bytes.",
        );
    }
    Ok(())
}

fn send(exchange: &mut Exchange<'_>, name: &str, sent: Sent) -> Result<Message, ServiceError> {
    let (now, call) = (exchange.now, exchange.call);
    exchange
        .state
        .send(now, Some(call), &call.principal, name, sent)
}

impl State {
    fn send(
        &mut self,
        now: Timestamp,
        call: Option<&Call>,
        sender: &Principal,
        name: &str,
        sent: Sent,
    ) -> Result<Message, ServiceError> {
        let lineage = call.and_then(|call| self.lineages.get(&call.origin));
        let lineage = lineage.cloned().unwrap_or_default();
        let (id, partition) = (self.ids.uuid(), self.settings.partition.clone());
        let queue = self
            .services
            .sqs
            .queue_mut(name)
            .ok_or_else(no_such_queue)?;
        queue.expire(now);
        check(queue, &sent)?;
        let deduplication_id = deduplication_id(queue, &sent)?;
        if let Some(known) = queue.duplicate(deduplication_id.as_deref()) {
            return Ok(known.clone());
        }
        let delay = sent.delay_seconds.unwrap_or_else(|| i64::from(queue.delay));
        let message = Message {
            id,
            body: sent.message_body,
            group: sent.message_group_id,
            deduplication_id,
            sequence_number: None,
            sender: sender.arn(&partition),
            sent: now,
            enqueued: now,
            first_received: None,
            last_received: None,
            receive_count: 0,
            visible_from: now + SignedDuration::from_secs(delay),
            receipt: None,
            dead_letter_source: None,
            lineage,
        };
        let message = queue.add(message, now);
        let effect = Effect::MessageSent {
            queue: self.settings.arn("sqs", name),
            message_id: message.id.clone(),
            body: message.body.clone(),
        };
        self.record(now, call, effect);
        Ok(message)
    }
}

/// SQS API reference, `SendMessage`: what a queue of each kind takes.
fn check(queue: &Queue, sent: &Sent) -> Result<(), ServiceError> {
    if sent.message_body.is_empty() {
        return Err(error(
            "MissingParameter",
            "The request must contain the parameter MessageBody.",
        ));
    }
    if sent.message_body.len() > queue.maximum_message_size {
        let most = queue.maximum_message_size;
        let message = format!(
            "One or more parameters are invalid. Reason: Message must be shorter than {most} bytes."
        );
        return Err(invalid(message));
    }
    let is_allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..);
    if !sent.message_body.chars().all(is_allowed) {
        let message = "Invalid characters found in the message body.";
        return Err(error("InvalidMessageContents", message));
    }
    let fifo = queue.is_fifo();
    match sent.delay_seconds {
        Some(delay) if !(0..=900).contains(&delay) => {
            return Err(invalid(format!(
                "Value {delay} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900."
            )));
        }
        Some(delay) if fifo => {
            return Err(invalid(format!(
                "Value {delay} for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for this queue type."
            )));
        }
        Some(_) | None => {}
    }
    for (name, id) in [
        ("MessageGroupId", &sent.message_group_id),
        ("MessageDeduplicationId", &sent.message_deduplication_id),
    ] {
        let is_id =
            |id: &str| (1..=128).contains(&id.len()) && id.chars().all(|c| c.is_ascii_graphic());
        if id.as_deref().is_some_and(|id| !is_id(id)) {
            return Err(invalid(format!(
                "Value for parameter {name} is invalid. Reason: {name} can only include alphanumeric and punctuation characters. 1 to 128 in length."
            )));
        }
    }
    match (fifo, &sent.message_group_id, &sent.message_deduplication_id) {
        (true, None, _) => Err(error(
            "MissingParameter",
            "The request must contain the parameter MessageGroupId.",
        )),
        (false, _, Some(id)) => Err(invalid(format!(
            "Value {id} for parameter MessageDeduplicationId is invalid. Reason: The request include parameter that is not valid for this queue type."
        ))),
        (_, _, _) => Ok(()),
    }
}

fn deduplication_id(queue: &Queue, sent: &Sent) -> Result<Option<String>, ServiceError> {
    match (&sent.message_deduplication_id, queue.is_fifo()) {
        (Some(id), _) => Ok(Some(id.clone())),
        (None, false) => Ok(None),
        (None, true) if queue.content_based_deduplication => {
            Ok(Some(content_id(&sent.message_body)))
        }
        (None, true) => Err(invalid(
            "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
        )),
    }
}

fn content_id(body: &str) -> String {
    hex(&<Sha256 as sha2::Digest>::digest(body.as_bytes()))
}

/// A message that a service of AWS sends by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The service, with the ARN on whose behalf it acts.
    pub sender: Principal,
    /// The queue's name.
    pub queue: String,
    /// The body.
    pub body: String,
    /// The group, for a FIFO queue.
    pub group: Option<String>,
    /// The deduplication id, for a FIFO queue.
    pub deduplication_id: Option<String>,
}

impl Account {
    /// Sends a message as a service does: the queue's policy must allow it.
    ///
    /// # Errors
    /// The policy does not allow it, or the queue does not take it.
    pub fn deliver(&self, delivery: Delivery) -> Result<Message, ServiceError> {
        let now = self.clock().now();
        let mut state = self.state();
        let arn = state.settings.arn("sqs", &delivery.queue);
        let queue = state
            .services
            .sqs
            .queue(&delivery.queue)
            .ok_or_else(no_such_queue)?;
        let policy = queue.policy.clone();
        let action = "sqs:SendMessage";
        state
            .authorize(
                now,
                &delivery.sender,
                action,
                &arn,
                Context::new(),
                policy.as_ref(),
            )
            .map_err(|because| error("AccessDenied", because))?;
        let sent = Sent {
            message_body: delivery.body,
            delay_seconds: None,
            message_group_id: delivery.group,
            message_deduplication_id: delivery.deduplication_id,
        };
        state.send(now, None, &delivery.sender, &delivery.queue, sent)
    }
}
