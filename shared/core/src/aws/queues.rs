//! The stack's queues: handing work on, and having it come back later.

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::operation::send_message::builders::SendMessageFluentBuilder;
use lockstep_domain::digest::Digest;
use lockstep_domain::ids::{Key, OrganizationId};
use lockstep_domain::intent::{RebindMessage, VerifyMessage};
use serde::Serialize;

use super::error::Kind;
use super::{AwsError, Connection, Service, refine, required};
use crate::config::Config;

/// A message may be delayed by at most this (SQS API reference, `SendMessage`, `DelaySeconds`).
pub const MAX_DELAY: Duration = Duration::from_secs(900);

/// A message may stay hidden for at most this since it was received (SQS API reference,
/// `ChangeMessageVisibility`). Some time has gone by when it is asked for, hence not all 12 hours.
pub const MAX_HIDDEN: Duration = Duration::from_secs(11 * 3600);

/// The longest group and deduplication id (SQS API reference, `SendMessage`).
const MAX_FIFO_ID: usize = 128;

/// The stack's queues.
#[derive(Clone, Debug)]
pub struct Queues {
    client: Client,
    rebind: Option<String>,
    verify: Option<String>,
}

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

fn client(aws: &Connection) -> Client {
    let mut config = aws_sdk_sqs::config::Builder::from(&aws.sdk);
    config.set_retry_partition(aws.budget(Service::Sqs));
    Client::from_conf(config.build())
}

impl Queues {
    /// The queues that the configuration names.
    #[must_use]
    pub fn new(aws: &Connection, config: &Config) -> Self {
        Self {
            client: client(aws),
            rebind: config.rebind_queue_url.clone(),
            verify: config.verify_queue_url.clone(),
        }
    }

    /// Hands a binding to `rebind-action`.
    ///
    /// `group` comes from [`message_group`]; messages of one group are handled in order, one at a
    /// time. `dedup` names the trigger: the same one within five minutes is one message.
    ///
    /// # Errors
    /// The queue did not accept it, or this function does not know the queue.
    pub async fn rebind(
        &self,
        message: &RebindMessage,
        group: &str,
        dedup: &str,
    ) -> Result<(), AwsError> {
        let dedup = if dedup.len() <= MAX_FIFO_ID && !dedup.is_empty() {
            dedup.to_owned()
        } else {
            Digest::of_bytes(dedup.as_bytes()).as_str().to_owned()
        };
        let url = named(self.rebind.as_deref(), "LOCKSTEP_REBIND_QUEUE_URL")?;
        let request = self.client.send_message().queue_url(url);
        let request = request
            .message_body(body(message, url)?)
            .message_group_id(group)
            .message_deduplication_id(dedup);
        sent(request, url).await
    }

    /// Asks `verify-change` for a verdict after `delay`, at most [`MAX_DELAY`].
    ///
    /// # Errors
    /// The queue did not accept it, or this function does not know the queue.
    pub async fn verify(&self, message: &VerifyMessage, delay: Duration) -> Result<(), AwsError> {
        let url = named(self.verify.as_deref(), "LOCKSTEP_VERIFY_QUEUE_URL")?;
        let request = self.client.send_message().queue_url(url);
        let request = request
            .message_body(body(message, url)?)
            .delay_seconds(seconds(delay.min(MAX_DELAY)));
        sent(request, url).await
    }

    /// Lets a received message of one of the stack's queues come back after `after`, at most
    /// [`MAX_HIDDEN`]. The message must also be reported as failed, or it is gone.
    ///
    /// # Errors
    /// The queue refused, or it is not one of the stack's.
    pub async fn come_back(
        &self,
        queue_arn: &str,
        receipt_handle: &str,
        after: Duration,
    ) -> Result<(), AwsError> {
        const OPERATION: &str = "sqs:ChangeMessageVisibility";
        let known = self.rebind.as_deref().or(self.verify.as_deref());
        let url = known
            .and_then(|known| beside(known, queue_arn))
            .ok_or_else(|| unknown(OPERATION, queue_arn, "it is not a queue of this stack"))?;
        self.client
            .change_message_visibility()
            .queue_url(&url)
            .receipt_handle(receipt_handle)
            .visibility_timeout(seconds(after.min(MAX_HIDDEN)))
            .send()
            .await
            .map(drop)
            .map_err(refine(OPERATION, url.as_str()))
    }
}

/// Sends a message; only one that got an id is in the queue.
async fn sent(request: SendMessageFluentBuilder, url: &str) -> Result<(), AwsError> {
    const OPERATION: &str = "sqs:SendMessage";
    let answer = request.send().await.map_err(refine(OPERATION, url))?;
    required(OPERATION, url, "MessageId", answer.message_id()).map(drop)
}

/// A URL that the configuration should name, and whose message is to be sent there.
fn named<'u>(url: Option<&'u str>, variable: &str) -> Result<&'u str, AwsError> {
    let problem = format!("{variable} is not set on this function");
    url.ok_or_else(|| unknown("sqs:SendMessage", variable, &problem))
}

fn unknown(operation: &'static str, resource: &str, message: &str) -> AwsError {
    AwsError {
        operation,
        resource: resource.to_owned(),
        kind: Kind::Other,
        code: None,
        message: message.to_owned(),
    }
}

/// The URL of a queue beside a known one. A message's record names its queue by ARN, the API wants
/// the URL; queues of one account and region differ in the last part only.
fn beside(known: &str, arn: &str) -> Option<String> {
    let mut sections = arn.splitn(6, ':');
    let (Some("arn"), Some(_), Some("sqs"), Some(_), Some(account), Some(name)) = (
        sections.next(),
        sections.next(),
        sections.next(),
        sections.next(),
        sections.next(),
        sections.next(),
    ) else {
        return None;
    };
    let (around, _) = known.trim_end_matches('/').rsplit_once('/')?;
    around
        .ends_with(&format!("/{account}"))
        .then(|| format!("{around}/{name}"))
}

fn body<T: Serialize>(message: &T, url: &str) -> Result<String, AwsError> {
    serde_json::to_string(message).map_err(|error| AwsError {
        operation: "sqs:SendMessage",
        resource: url.to_owned(),
        kind: Kind::Other,
        code: None,
        message: format!("the message is not JSON: {error}"),
    })
}

/// Rounded up: a wait that is cut to zero is no wait.
fn seconds(duration: Duration) -> i32 {
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
    fn a_queue_is_found_beside_a_known_one_of_its_account() {
        let known = "https://sqs.us-east-1.amazonaws.com/123456789012/lockstep-rebind.fifo";
        let arn = "arn:aws:sqs:us-east-1:123456789012:lockstep-provision";
        let url = "https://sqs.us-east-1.amazonaws.com/123456789012/lockstep-provision";
        assert_eq!(beside(known, arn).as_deref(), Some(url));
        for arn in [
            "arn:aws:sqs:us-east-1:210987654321:q",
            "lockstep-provision",
            "",
        ] {
            assert_eq!(beside(known, arn), None, "{arn}");
        }
    }

    #[test]
    fn part_of_a_second_is_a_second() {
        assert_eq!(seconds(Duration::from_millis(1)), 1);
        assert_eq!(seconds(Duration::from_secs(2)), 2);
        assert_eq!(seconds(Duration::ZERO), 0);
    }
}
