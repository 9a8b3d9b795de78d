//! What the adapters to the stack's queues share.

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::operation::send_message::builders::SendMessageFluentBuilder;
use lockstep_domain::digest::Digest;
use lockstep_domain::ids::{Key, OrganizationId};
use serde::Serialize;

use super::error::Kind;
use super::{AwsError, Connection, Service, refine, required};

pub(super) const SEND: &str = "sqs:SendMessage";

/// The longest group and deduplication id (SQS API reference, `SendMessage`).
pub(super) const MAX_FIFO_ID: usize = 128;

/// The message group of a binding: it has one writer at a time, and waits for no other binding.
#[must_use]
pub fn message_group(organization: &OrganizationId, binding: &Key) -> String {
    let group = format!("{organization}/{binding}");
    if group.len() <= MAX_FIFO_ID {
        group
    } else {
        Digest::of_bytes(group.as_bytes()).as_str().to_owned()
    }
}

pub(super) fn client(aws: &Connection) -> Client {
    let mut config = aws_sdk_sqs::config::Builder::from(&aws.sdk);
    config.set_retry_partition(aws.budget(Service::Sqs));
    Client::from_conf(config.build())
}

/// Sends a message; only one that got an id is in the queue.
pub(super) async fn sent(request: SendMessageFluentBuilder, url: &str) -> Result<(), AwsError> {
    let answer = request.send().await.map_err(refine(SEND, url))?;
    required(SEND, url, "MessageId", answer.message_id()).map(drop)
}

/// A URL that the configuration should name, of the queue that this operation is for.
pub(super) fn named<'u>(
    operation: &'static str,
    url: Option<&'u str>,
    variable: &str,
) -> Result<&'u str, AwsError> {
    let problem = format!("{variable} is not set on this function");
    url.ok_or_else(|| unknown(operation, variable, &problem))
}

pub(super) fn unknown(operation: &'static str, resource: &str, message: &str) -> AwsError {
    AwsError {
        operation,
        resource: resource.to_owned(),
        kind: Kind::Other,
        code: None,
        message: message.to_owned(),
    }
}

pub(super) fn body<T: Serialize>(message: &T, url: &str) -> Result<String, AwsError> {
    serde_json::to_string(message).map_err(|error| AwsError {
        operation: SEND,
        resource: url.to_owned(),
        kind: Kind::Other,
        code: None,
        message: format!("the message is not JSON: {error}"),
    })
}

/// Rounded up: a wait that is cut to zero is no wait.
pub(super) fn seconds(duration: Duration) -> i32 {
    let whole = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
    i32::try_from(whole).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_fits_the_queue_however_long_its_names_are() {
        let organization = "o".repeat(200).parse().unwrap();
        let one = message_group(&organization, &"a".parse().unwrap());
        let other = message_group(&organization, &"b".parse().unwrap());
        assert!(one.len() <= MAX_FIFO_ID);
        assert_ne!(one, other);
        let short = message_group(&"org".parse().unwrap(), &"prod".parse().unwrap());
        assert_eq!(short, "org/prod");
    }

    #[test]
    fn part_of_a_second_is_a_second() {
        assert_eq!(seconds(Duration::from_millis(1)), 1);
        assert_eq!(seconds(Duration::from_secs(2)), 2);
        assert_eq!(seconds(Duration::ZERO), 0);
    }
}
