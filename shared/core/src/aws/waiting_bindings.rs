//! Whether bindings wait in the queue before `rebind-action`.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;

use super::queues::{client, named};
use super::{AwsError, Connection, refine, required};
use crate::config::Config;

/// Sees whether bindings wait in the queue before `rebind-action`.
#[derive(Clone, Debug)]
pub struct WaitingBindings {
    client: Client,
    url: Option<String>,
}

impl WaitingBindings {
    /// Of the queue that the configuration names.
    #[must_use]
    pub fn new(aws: &Connection, config: &Config) -> Self {
        Self {
            client: client(aws),
            url: config.rebind_queue_url.clone(),
        }
    }

    /// Whether a binding waits, or is being bound. The counts are approximate (SQS API reference,
    /// `GetQueueAttributes`).
    ///
    /// # Errors
    /// The queue did not answer, or this function does not know it.
    pub async fn exist(&self) -> Result<bool, AwsError> {
        const OPERATION: &str = "sqs:GetQueueAttributes";
        const COUNTS: [QueueAttributeName; 3] = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesDelayed,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        ];
        let url = named(OPERATION, self.url.as_deref(), "LOCKSTEP_REBIND_QUEUE_URL")?;
        let request = self.client.get_queue_attributes().queue_url(url);
        let request = request.set_attribute_names(Some(COUNTS.to_vec()));
        let answer = request.send().await.map_err(refine(OPERATION, url))?;
        let mut exist = false;
        for count in COUNTS {
            let counts = answer.attributes();
            let counted = counts.and_then(|counts| counts.get(&count));
            let counted = counted.map(String::as_str);
            exist |= required(OPERATION, url, count.as_str(), counted)? != "0";
        }
        Ok(exist)
    }
}
