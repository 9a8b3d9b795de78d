//! The queue of `verify-change`.

use std::time::Duration;

use aws_sdk_sqs::Client;
use lockstep_domain::intent::VerifyMessage;

use super::queues::{SEND, body, client, named, seconds, sent};
use super::{AwsError, Connection};
use crate::config::Config;

/// A message may be delayed by at most this (SQS API reference, `SendMessage`, `DelaySeconds`).
pub const MAX_DELAY: Duration = Duration::from_secs(900);

/// Hands changes to `verify-change`.
#[derive(Clone, Debug)]
pub struct VerifyQueue {
    client: Client,
    url: Option<String>,
}

impl VerifyQueue {
    /// The queue that the configuration names.
    #[must_use]
    pub fn new(aws: &Connection, config: &Config) -> Self {
        Self {
            client: client(aws),
            url: config.verify_queue_url.clone(),
        }
    }

    /// Asks for a verdict after `delay`, at most [`MAX_DELAY`].
    ///
    /// # Errors
    /// The queue did not accept it, or this function does not know the queue.
    pub async fn send(&self, message: &VerifyMessage, delay: Duration) -> Result<(), AwsError> {
        let url = named(SEND, self.url.as_deref(), "LOCKSTEP_VERIFY_QUEUE_URL")?;
        let request = self.client.send_message().queue_url(url);
        let request = request
            .message_body(body(message, url)?)
            .delay_seconds(seconds(delay.min(MAX_DELAY)));
        sent(request, url).await
    }
}
