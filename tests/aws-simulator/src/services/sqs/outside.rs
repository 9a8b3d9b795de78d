//! What Lambda, SQS and a person do to queues besides requests: polling, tracing and redrives.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::no_such_queue;
use super::queue::Message;
use super::receive::attributes;
use super::send::md5_of;
use crate::{Account, Context, Effect, Origin, Principal, ServiceError, State};

/// How often each function has run in one chain of requests.
pub type Lineage = BTreeMap<String, u32>;

impl State {
    fn may_poll(
        &self,
        now: jiff::Timestamp,
        role: &Principal,
        queue: &str,
        actions: &[&str],
    ) -> Result<(), ServiceError> {
        let arn = self.settings.arn("sqs", queue);
        let known = self.services.sqs.queue(queue).ok_or_else(no_such_queue)?;
        for action in actions {
            let policy = known.policy.as_ref();
            self.authorize(now, role, action, &arn, Context::new(), policy)
                .map_err(|because| super::error("AccessDenied", format!("{action} {because}")))?;
        }
        Ok(())
    }
}

impl Account {
    /// Receives as an event source mapping does, with the permissions of the function's role: a
    /// message and its record of the function's event (Lambda developer guide, "Using Lambda with
    /// Amazon SQS").
    ///
    /// # Errors
    /// The role may not, or there is no such queue.
    pub fn poll(
        &self,
        role: &Principal,
        queue: &str,
        most: usize,
    ) -> Result<Vec<(Message, Value)>, ServiceError> {
        let now = self.clock().now();
        let mut state = self.state();
        let actions = ["sqs:GetQueueAttributes", "sqs:ReceiveMessage"];
        state.may_poll(now, role, queue, &actions)?;
        let known = state.services.sqs.queue(queue).ok_or_else(no_such_queue)?;
        let seconds = i64::from(known.visibility_timeout);
        let visibility = SignedDuration::from_secs(seconds);
        let given = state.receive(now, None, queue, most, visibility);
        let arn = state.settings.arn("sqs", queue);
        let region = state.settings.region.clone();
        let record = |message: Message| {
            let record = json!({
                "messageId": message.id,
                "receiptHandle": message.receipt,
                "body": message.body,
                "attributes": attributes(&message, &["All".to_owned()]),
                "messageAttributes": {},
                "md5OfBody": md5_of(&message.body),
                "eventSource": "aws:sqs",
                "eventSourceARN": arn,
                "awsRegion": region,
            });
            (message, record)
        };
        Ok(given.into_iter().map(record).collect())
    }

    /// Deletes a message that a function handled. What it did not handle is not deleted, and comes
    /// back after its visibility timeout (same page).
    ///
    /// # Errors
    /// The role may not, or there is no such queue.
    pub fn acknowledge(
        &self,
        role: &Principal,
        queue: &str,
        message: &Message,
    ) -> Result<(), ServiceError> {
        let now = self.clock().now();
        let mut state = self.state();
        state.may_poll(now, role, queue, &["sqs:DeleteMessage"])?;
        let arn = state.settings.arn("sqs", queue);
        let known = state
            .services
            .sqs
            .queue_mut(queue)
            .ok_or_else(no_such_queue)?;
        let before = known.messages.len();
        let fifo = known.is_fifo();
        known.messages.retain(|one| {
            let is_it = one.id == message.id && one.receipt == message.receipt;
            !is_it || (fifo && !one.is_in_flight(now))
        });
        if known.messages.len() < before {
            let message_id = message.id.clone();
            let effect = Effect::MessageDeleted {
                queue: arn,
                message_id,
            };
            state.record(now, None, effect);
        }
        Ok(())
    }

    /// Says what an execution environment is about to handle, so that what it sends belongs to the
    /// same chain of requests. Answers how often the function has run in this chain: Lambda stops it
    /// at about 16 (Lambda developer guide, "Use Lambda recursive loop detection").
    pub fn begin_invocation(&self, origin: &Origin, message: Option<&Message>) -> u32 {
        let mut lineage = message.map(|one| one.lineage.clone()).unwrap_or_default();
        let runs = lineage.entry(origin.function.clone()).or_default();
        *runs += 1;
        let runs = *runs;
        self.state().lineages.insert(origin.clone(), lineage);
        runs
    }

    /// Moves all dead letters of a queue back, as a person's redrive does: they are new messages of
    /// the queue that they came from (SQS API reference, `StartMessageMoveTask`).
    pub fn redrive(&self, dead_letters: &str) {
        let now = self.clock().now();
        let mut state = self.state();
        let Some(queue) = state.services.sqs.queue_mut(dead_letters) else {
            return;
        };
        for message in std::mem::take(&mut queue.messages) {
            let source = message.dead_letter_source.clone().unwrap_or_default();
            let name = source.rsplit(':').next().unwrap_or_default().to_owned();
            let id = state.ids.uuid();
            let Some(queue) = state.services.sqs.queue_mut(&name) else {
                continue;
            };
            let again = Message {
                deduplication_id: message.deduplication_id.as_ref().map(|_| id.clone()),
                id,
                sent: now,
                enqueued: now,
                first_received: None,
                last_received: None,
                receive_count: 0,
                visible_from: now,
                receipt: None,
                dead_letter_source: None,
                lineage: Lineage::new(),
                ..message
            };
            let again = queue.add(again, now);
            let effect = Effect::MessageSent {
                queue: source,
                message_id: again.id,
                body: again.body,
            };
            state.record(now, None, effect);
        }
    }
}
