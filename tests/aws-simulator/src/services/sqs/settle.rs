//! Deleting a received message, and hiding it for longer.

use jiff::SignedDuration;
use serde::Deserialize;

use super::{error, invalid};
use crate::exchange::{Exchange, Handled};
use crate::protocol::json::read;
use crate::{Effect, Response, ServiceError};

/// How long a message can be hidden since it was received (SQS API reference,
/// `ChangeMessageVisibility`).
const LONGEST: i64 = 43_200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct DeleteRequest {
    queue_url: String,
    receipt_handle: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct VisibilityRequest {
    queue_url: String,
    receipt_handle: String,
    visibility_timeout: i64,
}

/// The id of the message that a handle is of.
fn message_of(handle: &str) -> Result<&str, ServiceError> {
    let (id, rest) = handle.split_once('.').unwrap_or_default();
    match (id.len(), rest.len()) {
        (36, 64) => Ok(id),
        (_, _) => Err(error(
            "ReceiptHandleIsInvalid",
            format!("The input receipt handle \"{handle}\" is not a valid receipt handle."),
        )),
    }
}

fn done() -> Response {
    Response::new(200).with_body("application/x-amz-json-1.0", "{}")
}

/// An old handle succeeds and may delete nothing; in a FIFO queue one whose time is over is an error
/// (SQS API reference, `DeleteMessage` and `ReceiveMessage`, `ReceiveRequestAttemptId`).
pub(super) fn delete(exchange: &mut Exchange<'_>) -> Handled {
    let DeleteRequest {
        queue_url,
        receipt_handle,
    } = read(exchange.call, exchange.request)?;
    let name = exchange.queue("DeleteMessage", &queue_url)?;
    let id = message_of(&receipt_handle)?.to_owned();
    let now = exchange.now;
    let Some(queue) = exchange.state.services.sqs.queue_mut(&name) else {
        return Ok(done());
    };
    queue.expire(now);
    let fifo = queue.is_fifo();
    let Some(place) = queue.messages.iter().position(|message| message.id == id) else {
        return Ok(done());
    };
    let message = &queue.messages[place];
    let is_latest = message.receipt.as_ref() == Some(&receipt_handle);
    if fifo && !(is_latest && message.is_in_flight(now)) {
        return Err(invalid(format!(
            "Value {receipt_handle} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired."
        ))
        .into());
    }
    if is_latest {
        queue.messages.remove(place);
        let queue = exchange.state.settings.arn("sqs", &name);
        exchange.record(Effect::MessageDeleted {
            queue,
            message_id: id,
        });
    }
    Ok(done())
}

pub(super) fn change_visibility(exchange: &mut Exchange<'_>) -> Handled {
    let VisibilityRequest {
        queue_url,
        receipt_handle,
        visibility_timeout: seconds,
    } = read(exchange.call, exchange.request)?;
    let name = exchange.queue("ChangeMessageVisibility", &queue_url)?;
    if !(0..=LONGEST).contains(&seconds) {
        return Err(invalid(format!(
            "Value {seconds} for parameter VisibilityTimeout is invalid. Reason: VisibilityTimeout must be an integer between 0 and 43200"
        ))
        .into());
    }
    let id = message_of(&receipt_handle)?.to_owned();
    let now = exchange.now;
    let gone = || {
        invalid(format!(
            "Value {receipt_handle} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change."
        ))
    };
    let queue = exchange
        .state
        .services
        .sqs
        .queue_mut(&name)
        .ok_or_else(gone)?;
    queue.expire(now);
    let mut messages = queue.messages.iter_mut();
    let message = messages.find(|message| message.id == id).ok_or_else(gone)?;
    if !message.is_in_flight(now) {
        let query = "AWS.SimpleQueueService.MessageNotInflight";
        let message = "The specified message is not in flight.";
        return Err(error("MessageNotInflight", message)
            .with_query_code(query)
            .into());
    }
    if message.receipt.as_ref() != Some(&receipt_handle) {
        return Err(gone().into());
    }
    let received = message.last_received.unwrap_or(now);
    let until = now + SignedDuration::from_secs(seconds);
    if until.duration_since(received) > SignedDuration::from_secs(LONGEST) {
        return Err(invalid(format!(
            "Value {seconds} for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message is beyond the limit [43200 seconds]."
        ))
        .into());
    }
    message.visible_from = until;
    Ok(done())
}
