//! What a queue is, and how full.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::queue::Queue;
use super::{error, no_such_queue};
use crate::exchange::{Exchange, Handled};
use crate::protocol::json::{answer, read};
use crate::{Settings, State};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Request {
    queue_url: String,
    #[serde(default)]
    attribute_names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct UrlRequest {
    queue_name: String,
}

impl Settings {
    /// The URL of a queue.
    #[must_use]
    pub fn queue_url(&self, name: &str) -> String {
        format!(
            "https://sqs.{}.amazonaws.com/{}/{name}",
            self.region, self.account
        )
    }
}

pub(super) fn url(exchange: &mut Exchange<'_>) -> Handled {
    let UrlRequest { queue_name } = read(exchange.call, exchange.request)?;
    let url = exchange.state.settings.queue_url(&queue_name);
    exchange.queue("GetQueueUrl", &url)?;
    Ok(answer(exchange.call, &json!({"QueueUrl": url})))
}

pub(super) fn get(exchange: &mut Exchange<'_>) -> Handled {
    let Request {
        queue_url,
        attribute_names,
    } = read(exchange.call, exchange.request)?;
    let name = exchange.queue("GetQueueAttributes", &queue_url)?;
    let now = exchange.now;
    let queue = exchange
        .state
        .services
        .sqs
        .queue_mut(&name)
        .ok_or_else(no_such_queue)?;
    queue.expire(now);
    let queue = queue.clone();
    let all = attributes(exchange.state, &queue, now);
    let unknown = attribute_names.iter().find(|name| {
        let is_known = all.iter().any(|(known, _)| known == name);
        !is_known && *name != "All"
    });
    if let Some(unknown) = unknown {
        let message = format!("Unknown Attribute {unknown}.");
        return Err(error("InvalidAttributeName", message).into());
    }
    let is_wanted = |name: &str| {
        attribute_names
            .iter()
            .any(|one| one == name || one == "All")
    };
    let shown: Map<String, Value> = all
        .into_iter()
        .filter(|(name, _)| is_wanted(name))
        .filter_map(|(name, value)| Some((name.to_owned(), value?.into())))
        .collect();
    let body = match shown.is_empty() {
        true => json!({}),
        false => json!({"Attributes": shown}),
    };
    Ok(answer(exchange.call, &body))
}

/// Every attribute that is known here, with its value where the queue has it.
fn attributes(
    state: &State,
    queue: &Queue,
    now: jiff::Timestamp,
) -> Vec<(&'static str, Option<String>)> {
    let count = |of: &dyn Fn(&super::Message) -> bool| {
        let counted = queue.messages().iter().filter(|message| of(message));
        Some(counted.count().to_string())
    };
    let redrive = queue.redrive.as_ref().map(|redrive| {
        json!({
            "deadLetterTargetArn": state.settings.arn("sqs", &redrive.dead_letters),
            "maxReceiveCount": redrive.max_receive_count,
        })
        .to_string()
    });
    let content_based = queue
        .is_fifo()
        .then(|| queue.content_based_deduplication.to_string());
    vec![
        (
            "ApproximateNumberOfMessages",
            count(&|message| message.visible_from <= now),
        ),
        (
            "ApproximateNumberOfMessagesNotVisible",
            count(&|message| message.is_in_flight(now)),
        ),
        (
            "ApproximateNumberOfMessagesDelayed",
            count(&|message| message.visible_from > now && !message.is_in_flight(now)),
        ),
        ("ContentBasedDeduplication", content_based),
        ("DelaySeconds", Some(queue.delay.to_string())),
        ("FifoQueue", queue.is_fifo().then(|| "true".to_owned())),
        (
            "MaximumMessageSize",
            Some(queue.maximum_message_size.to_string()),
        ),
        ("MessageRetentionPeriod", Some(queue.retention.to_string())),
        ("Policy", queue.policy.as_ref().map(Value::to_string)),
        ("QueueArn", Some(state.settings.arn("sqs", &queue.name))),
        ("ReceiveMessageWaitTimeSeconds", Some("0".to_owned())),
        ("RedrivePolicy", redrive),
        ("SqsManagedSseEnabled", Some("true".to_owned())),
        (
            "VisibilityTimeout",
            Some(queue.visibility_timeout.to_string()),
        ),
    ]
}
