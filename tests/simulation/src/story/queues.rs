//! The stack's queues: stopping a function from taking messages, losing them, and sending by hand.

use std::time::Duration;

use serde_json::{Value, json};

use super::world::World;
use super::{Error, Stage};

impl<S: Stage> World<S> {
    /// Waits until no message waits, hides or is being handled in any queue of the stack.
    ///
    /// # Errors
    /// Where that does not come; with how many are where.
    pub async fn quiet(&self) -> Result<(), Error> {
        self.stack.quiet().await
    }

    /// All messages of a queue, given the template's output with its address.
    ///
    /// # Errors
    /// Where it can't be asked.
    pub async fn messages(&self, queue: &str) -> Result<u64, Error> {
        self.stack.messages(queue).await
    }

    /// How long a queue hides a message that somebody took. Only for messages taken from now on.
    ///
    /// # Errors
    /// Where it can't be set.
    pub async fn hide_for(&self, queue: &str, time: Duration) -> Result<(), Error> {
        self.stack.hide_for(queue, time).await
    }

    /// Stops a function from taking messages until [`Self::resume`].
    ///
    /// # Errors
    /// Where it can't be stopped.
    pub async fn pause(&self, function: &str) -> Result<(), Error> {
        self.stack.set_awake(function, false).await
    }

    /// Lets a function take messages again.
    ///
    /// # Errors
    /// Where it can't be let.
    pub async fn resume(&self, function: &str) -> Result<(), Error> {
        self.stack.set_awake(function, true).await
    }

    /// Loses the messages of a queue, once there are as many.
    ///
    /// # Errors
    /// Where they do not come, or can't be lost.
    pub async fn purge(&self, queue: &str, messages: u64) -> Result<(), Error> {
        let what = format!("{messages} messages in {queue}");
        let are_there = async || {
            let count = self.messages(queue).await?;
            Ok((count >= messages).then_some(()))
        };
        self.stack.until(&what, are_there).await?;
        self.stack.lose_messages(queue).await
    }

    /// Delivers an event to `provision-role` as a rule would: through its queue.
    ///
    /// # Errors
    /// Where the queue does not take it.
    pub async fn deliver(&self, event: &Value) -> Result<(), Error> {
        let queue = "ProvisionQueueUrl";
        self.stack.send(queue, &event.to_string()).await
    }
}

/// The event of a secret whose AWSCURRENT moved to a version, as Secrets Manager sends it
/// (its user guide, "Secret Label Updated event").
#[must_use]
pub fn label_updated(id: &str, secret: &str, version: &str, time: &str) -> Value {
    let mut arn = secret.split(':').skip(3);
    let (region, account) = (arn.next(), arn.next());
    json!({
        "version": "0",
        "id": id,
        "detail-type": "Secret Label Updated",
        "source": "aws.secretsmanager",
        "account": account,
        "time": time,
        "region": region,
        "resources": [secret],
        "detail": {"labelUpdated": "AWSCURRENT", "versionId": version},
    })
}
