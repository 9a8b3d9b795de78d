//! The queue that a function's messages come from: having one come back later.

use std::time::Duration;

use aws_sdk_sqs::Client;

use super::queues::{client, seconds, unknown};
use super::{AwsError, Connection, refine};
use crate::config::Config;

/// A message may stay hidden for at most this since it was received (SQS API reference,
/// `ChangeMessageVisibility`). Some time has gone by when it is asked for, hence not all 12 hours.
pub const MAX_HIDDEN: Duration = Duration::from_secs(11 * 3600);

/// The function's own queue.
#[derive(Clone, Debug)]
pub struct OwnQueue {
    client: Client,
    /// The URL of another queue of the stack.
    neighbour: Option<String>,
}

impl OwnQueue {
    /// The queue beside those that the configuration names.
    #[must_use]
    pub fn new(aws: &Connection, config: &Config) -> Self {
        let (rebind, verify) = (&config.rebind_queue_url, &config.verify_queue_url);
        Self {
            client: client(aws),
            neighbour: rebind.as_ref().or(verify.as_ref()).cloned(),
        }
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
        let url = self
            .neighbour
            .as_deref()
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
