//! The stack's queues: whether all of them are drained, and sending to them by hand.

use std::time::Duration;

use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::world::{Error, PATIENCE, World};

/// The outputs of the template that name the queues before the functions.
const QUEUES: [&str; 4] = [
    "ProvisionQueueUrl",
    "RebindQueueUrl",
    "VerifyQueueUrl",
    "ComplianceQueueUrl",
];

/// An event may still be on its way from a bus to a queue, so one empty look proves nothing.
const EMPTY_LOOKS: u32 = 4;

/// Between two looks.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

impl World {
    /// Waits until no message waits, hides or is being handled in any queue of the stack.
    ///
    /// # Errors
    /// Where that does not come; with how many are where.
    pub async fn quiet(&self) -> Result<(), Error> {
        let deadline = Instant::now() + PATIENCE;
        let mut empty = 0;
        while empty < EMPTY_LOOKS {
            let mut left = Vec::new();
            for queue in QUEUES {
                let count = self.messages(queue).await?;
                if count > 0 {
                    left.push(format!("{queue}: {count}"));
                }
            }
            empty = if left.is_empty() { empty + 1 } else { 0 };
            if Instant::now() > deadline {
                return Err(format!("the queues are never empty: {}", left.join(", ")).into());
            }
            // Queues tell nobody when they are empty.
            sleep(BETWEEN_LOOKS).await;
        }
        Ok(())
    }

    /// All messages of a queue, given the template's output with its address.
    ///
    /// # Errors
    /// Where it can't be asked.
    pub async fn messages(&self, queue: &str) -> Result<u64, Error> {
        let answer = self
            .stack
            .aws
            .sqs
            .get_queue_attributes()
            .queue_url(self.stack.output(queue)?)
            .attribute_names(Attribute::All)
            .send()
            .await?;
        let count = |name: Attribute| {
            let text = answer.attributes()?.get(&name)?;
            text.parse::<u64>().ok()
        };
        let counts = [
            Attribute::ApproximateNumberOfMessages,
            Attribute::ApproximateNumberOfMessagesNotVisible,
            Attribute::ApproximateNumberOfMessagesDelayed,
        ];
        Ok(counts.into_iter().filter_map(count).sum())
    }

    /// How long a queue hides a message that somebody took. Only for messages taken from now on.
    ///
    /// # Errors
    /// Where it can't be set.
    pub async fn hide_for(&self, queue: &str, time: Duration) -> Result<(), Error> {
        self.stack
            .aws
            .sqs
            .set_queue_attributes()
            .queue_url(self.stack.output(queue)?)
            .attributes(Attribute::VisibilityTimeout, time.as_secs().to_string())
            .send()
            .await?;
        Ok(())
    }

    /// Stops a function from taking messages; answers what [`Self::resume`] needs.
    ///
    /// # Errors
    /// Where it can't be stopped.
    pub async fn pause(&self, function: &str) -> Result<Vec<String>, Error> {
        let lambda = &self.stack.aws.lambda;
        let sources = lambda
            .list_event_source_mappings()
            .function_name(self.stack.function_name(function)?)
            .send()
            .await?;
        let sources = sources.event_source_mappings().iter();
        let sources: Vec<String> = sources
            .filter_map(|one| one.uuid().map(str::to_owned))
            .collect();
        self.set_enabled(&sources, false).await?;
        Ok(sources)
    }

    /// Lets a function take messages again.
    ///
    /// # Errors
    /// Where it can't be let.
    pub async fn resume(&self, sources: &[String]) -> Result<(), Error> {
        self.set_enabled(sources, true).await
    }

    async fn set_enabled(&self, sources: &[String], enabled: bool) -> Result<(), Error> {
        for source in sources {
            self.stack
                .aws
                .lambda
                .update_event_source_mapping()
                .uuid(source)
                .enabled(enabled)
                .send()
                .await?;
        }
        Ok(())
    }

    /// Loses the messages of a queue, once there are as many.
    ///
    /// # Errors
    /// Where they do not come, or can't be lost.
    pub async fn purge(&self, queue: &str, messages: u64) -> Result<(), Error> {
        let deadline = Instant::now() + PATIENCE;
        while self.messages(queue).await? < messages {
            if Instant::now() > deadline {
                return Err(format!("{queue} never holds {messages} messages").into());
            }
            sleep(BETWEEN_LOOKS).await;
        }
        let url = self.stack.output(queue)?;
        self.stack
            .aws
            .sqs
            .purge_queue()
            .queue_url(url)
            .send()
            .await?;
        Ok(())
    }

    /// Delivers an event to `provision-role` as a rule would: through its queue.
    ///
    /// # Errors
    /// Where the queue does not take it.
    pub async fn deliver(&self, event: &Value) -> Result<(), Error> {
        self.stack
            .aws
            .sqs
            .send_message()
            .queue_url(self.stack.output("ProvisionQueueUrl")?)
            .message_body(event.to_string())
            .send()
            .await?;
        Ok(())
    }
}

/// The event of a secret whose AWSCURRENT moved to a version, as Secrets Manager sends it
/// (its user guide, "Secret Label Updated event").
pub fn label_updated(id: &str, secret: &str, version: &str, time: &str) -> Value {
    json!({
        "version": "0",
        "id": id,
        "detail-type": "Secret Label Updated",
        "source": "aws.secretsmanager",
        "account": sandbox::aws::ACCOUNT,
        "time": time,
        "region": sandbox::REGION,
        "resources": [secret],
        "detail": {"labelUpdated": "AWSCURRENT", "versionId": version},
    })
}
