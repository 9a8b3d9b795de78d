//! What SQS holds, and which messages can be received when.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::outside::Lineage;

/// How long an id is remembered (SQS API reference, `SendMessage`, `MessageDeduplicationId`).
const DEDUPLICATION: SignedDuration = SignedDuration::from_mins(5);

/// Where messages go that were received too often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redrive {
    /// The name of the queue of dead letters.
    pub dead_letters: String,
    /// How often a message is received before.
    pub max_receive_count: u32,
}

/// A queue. One whose name ends in `.fifo` is FIFO.
#[derive(Clone, Debug)]
pub struct Queue {
    /// Its name.
    pub name: String,
    /// Whether the SHA-256 of a body is its deduplication id.
    pub content_based_deduplication: bool,
    /// How long a message is hidden at first, in seconds.
    pub delay: u32,
    /// How long a received message is hidden, in seconds.
    pub visibility_timeout: u32,
    /// How long a message is kept, in seconds.
    pub retention: u32,
    /// The most bytes of a message (SQS API reference, `SendMessage`: 1 MiB by default).
    pub maximum_message_size: usize,
    /// Where messages go that were received too often.
    pub redrive: Option<Redrive>,
    /// Its policy.
    pub policy: Option<Value>,
    /// In the order in which they were sent.
    pub(super) messages: Vec<Message>,
    /// When and as what each deduplication id was sent.
    sent: BTreeMap<String, (Timestamp, Message)>,
    pub(super) last_sequence: u64,
}

/// A message in a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its id.
    pub id: String,
    /// Its body.
    pub body: String,
    /// Its group.
    pub group: Option<String>,
    /// Its deduplication id.
    pub deduplication_id: Option<String>,
    /// Its place in a FIFO queue.
    pub sequence_number: Option<String>,
    /// `SenderId`.
    pub sender: String,
    /// `SentTimestamp`; it stays as it was when the message becomes a dead letter.
    pub sent: Timestamp,
    /// Since when the queue keeps it.
    pub enqueued: Timestamp,
    /// When it was received first.
    pub first_received: Option<Timestamp>,
    /// When it was received last.
    pub last_received: Option<Timestamp>,
    /// How often it was received, in all queues.
    pub receive_count: u32,
    /// From when on it can be received.
    pub visible_from: Timestamp,
    /// The handle of its latest receipt.
    pub receipt: Option<String>,
    /// The queue that it was a dead letter of.
    pub dead_letter_source: Option<String>,
    /// Which functions ran, and how often, in the chain of requests that sent it.
    pub lineage: Lineage,
}

impl Message {
    /// Whether somebody holds it.
    #[must_use]
    pub fn is_in_flight(&self, now: Timestamp) -> bool {
        self.receipt.is_some() && self.visible_from > now
    }
}

impl Queue {
    /// A queue with the defaults of `CreateQueue` (SQS API reference).
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            content_based_deduplication: false,
            delay: 0,
            visibility_timeout: 30,
            retention: 4 * 86_400,
            maximum_message_size: 1_048_576,
            redrive: None,
            policy: None,
            messages: Vec::new(),
            sent: BTreeMap::new(),
            last_sequence: 0,
        }
    }

    /// Whether it is FIFO.
    #[must_use]
    pub fn is_fifo(&self) -> bool {
        self.name.ends_with(".fifo")
    }

    /// Its messages, in the order in which they were sent: waiting, delayed and in flight.
    #[must_use]
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// Loses its messages, those in flight too (SQS API reference, `PurgeQueue`).
    pub fn purge(&mut self) {
        self.messages.clear();
    }

    /// When the next message that can't be received now can be.
    #[must_use]
    pub fn next_visible(&self, now: Timestamp) -> Option<Timestamp> {
        let later = self.messages.iter().map(|message| message.visible_from);
        later.filter(|at| *at > now).min()
    }

    /// Forgets what is older than the retention period and the deduplication interval.
    pub(super) fn expire(&mut self, now: Timestamp) {
        let retention = SignedDuration::from_secs(i64::from(self.retention));
        self.messages
            .retain(|message| now.duration_since(message.enqueued) <= retention);
        self.sent
            .retain(|_, (at, _)| now.duration_since(*at) < DEDUPLICATION);
    }

    /// The message that was sent under this deduplication id within the interval, even if it was
    /// received and deleted since.
    pub(super) fn duplicate(&self, deduplication_id: Option<&str>) -> Option<&Message> {
        let (_, message) = self.sent.get(deduplication_id?)?;
        Some(message)
    }

    pub(super) fn add(&mut self, mut message: Message, now: Timestamp) -> Message {
        if self.is_fifo() {
            self.last_sequence += 1;
            // 20 digits, as AWS writes it.
            message.sequence_number = Some(format!("{:020}", self.last_sequence));
        }
        if let Some(id) = &message.deduplication_id {
            self.sent.insert(id.clone(), (now, message.clone()));
        }
        self.messages.push(message.clone());
        message
    }

    /// Places of the messages that can be received, at most `most`. In a FIFO queue a group whose
    /// first message is in flight or delayed gives none, and its messages come in order (SQS
    /// developer guide, "FIFO queue delivery logic").
    pub(super) fn receivable(&self, now: Timestamp, most: usize) -> Vec<usize> {
        let mut blocked = BTreeSet::new();
        let mut places = Vec::new();
        for (place, message) in self.messages.iter().enumerate() {
            let group = message.group.as_deref();
            let is_visible = message.visible_from <= now;
            if self.is_fifo() && (!is_visible || blocked.contains(&group)) {
                blocked.insert(group);
                continue;
            }
            if is_visible && places.len() < most {
                places.push(place);
            }
        }
        places
    }
}

/// The queues of the account.
#[derive(Clone, Debug, Default)]
pub struct Sqs {
    queues: BTreeMap<String, Queue>,
    /// Whether standard queues give their messages in any order, as they may.
    pub unordered: bool,
}

impl Sqs {
    /// Adds a queue, or replaces the one of this name.
    pub fn put(&mut self, queue: Queue) {
        self.queues.insert(queue.name.clone(), queue);
    }

    /// A queue by its name.
    #[must_use]
    pub fn queue(&self, name: &str) -> Option<&Queue> {
        self.queues.get(name)
    }

    /// A queue by its name, to change its settings.
    pub fn queue_mut(&mut self, name: &str) -> Option<&mut Queue> {
        self.queues.get_mut(name)
    }

    /// All queues.
    pub fn queues(&self) -> impl Iterator<Item = &Queue> {
        self.queues.values()
    }
}
