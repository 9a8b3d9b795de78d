//! The queue of `rebind-action`.

use aws_sdk_sqs::Client;
use lockstep_domain::digest::Digest;
use lockstep_domain::intent::{OverviewMessage, RebindMessage};
use serde::Serialize;

use super::queues::{MAX_FIFO_ID, SEND, body, client, named, sent};
use super::{AwsError, Connection};
use crate::config::Config;

/// Hands bindings to `rebind-action`.
#[derive(Clone, Debug)]
pub struct RebindQueue {
    client: Client,
    url: Option<String>,
}

impl RebindQueue {
    /// The queue that the configuration names.
    #[must_use]
    pub fn new(aws: &Connection, config: &Config) -> Self {
        Self {
            client: client(aws),
            url: config.rebind_queue_url.clone(),
        }
    }

    /// Hands a binding on.
    ///
    /// `group` comes from [`message_group`](super::message_group); messages of one group are handled in order, one at a
    /// time. `dedup` names the trigger: the same one within five minutes is one message.
    ///
    /// # Errors
    /// The queue did not accept it, or this function does not know the queue.
    pub async fn send(
        &self,
        message: &RebindMessage,
        group: &str,
        dedup: &str,
    ) -> Result<(), AwsError> {
        self.send_as(message, group, dedup).await
    }

    /// Asks for one look at many actions. `group` and `dedup` are as above.
    ///
    /// # Errors
    /// See above.
    pub async fn send_overview(
        &self,
        message: &OverviewMessage,
        group: &str,
        dedup: &str,
    ) -> Result<(), AwsError> {
        self.send_as(message, group, dedup).await
    }

    async fn send_as<T: Serialize>(
        &self,
        message: &T,
        group: &str,
        dedup: &str,
    ) -> Result<(), AwsError> {
        let dedup = if dedup.len() <= MAX_FIFO_ID && !dedup.is_empty() {
            dedup.to_owned()
        } else {
            Digest::of_bytes(dedup.as_bytes()).as_str().to_owned()
        };
        let url = named(SEND, self.url.as_deref(), "LOCKSTEP_REBIND_QUEUE_URL")?;
        let request = self.client.send_message().queue_url(url);
        let request = request
            .message_body(body(message, url)?)
            .message_group_id(group)
            .message_deduplication_id(dedup);
        sent(request, url).await
    }
}
