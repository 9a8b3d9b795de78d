//! The true history: what changed, when, and by whom. For oracles; nothing in AWS reads it.

use jiff::Timestamp;
use serde_json::Value;

use crate::{Call, Origin, Principal};

/// A change of state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// When.
    pub at: Timestamp,
    /// The request that made it; 0 where none did: a test's set-up, or AWS itself.
    pub sequence: u64,
    /// Who.
    pub principal: Principal,
    /// Over whose connection.
    pub origin: Origin,
    /// What.
    pub effect: Effect,
}

/// What can change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// S3: an object, or a new version of it.
    ObjectPut {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
        /// The version's id, where the bucket keeps versions.
        version_id: Option<String>,
        /// Its ETag, without quotes.
        etag: String,
    },
    /// S3: an object is gone, or has a delete marker.
    ObjectDeleted {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
        /// The version that is gone, or the marker's id.
        version_id: Option<String>,
    },
    /// Secrets Manager: a secret exists.
    SecretCreated {
        /// Its ARN.
        secret: String,
    },
    /// Secrets Manager: a version has a value.
    SecretVersionStored {
        /// The secret's ARN.
        secret: String,
        /// The version.
        version_id: String,
    },
    /// Secrets Manager: a label moved.
    SecretLabelMoved {
        /// The secret's ARN.
        secret: String,
        /// The label.
        label: String,
        /// The version that lost it.
        from: Option<String>,
        /// The version that has it now.
        to: Option<String>,
    },
    /// Secrets Manager: a rotation began, or its configuration is tried.
    RotationStarted {
        /// The secret's ARN.
        secret: String,
        /// The version it is about.
        version_id: String,
        /// Whether only `testSecret` is run.
        trial: bool,
    },
    /// Secrets Manager: metadata changed, or the secret is to be deleted or restored.
    SecretChanged {
        /// The secret's ARN.
        secret: String,
        /// The operation.
        operation: String,
    },
    /// SQS: a message is in a queue.
    MessageSent {
        /// The queue's ARN.
        queue: String,
        /// The message's id.
        message_id: String,
        /// Its body.
        body: String,
    },
    /// SQS: a message was given to somebody.
    MessageReceived {
        /// The queue's ARN.
        queue: String,
        /// The message's id.
        message_id: String,
        /// How often by now.
        count: u32,
    },
    /// SQS: a message is gone.
    MessageDeleted {
        /// The queue's ARN.
        queue: String,
        /// The message's id.
        message_id: String,
    },
    /// SQS: a message went to the dead letters.
    MessageDied {
        /// The queue's ARN.
        queue: String,
        /// The queue of dead letters.
        to: String,
        /// The message's id.
        message_id: String,
    },
    /// EventBridge: a bus took an event.
    EventPut {
        /// The bus's name.
        bus: String,
        /// The event as a target gets it.
        event: Value,
    },
    /// Lambda: a function was invoked.
    FunctionInvoked {
        /// The function's ARN, with the qualifier that was asked for.
        function: String,
    },
    /// IAM: a role exists, or changed.
    RoleChanged {
        /// Its ARN.
        role: String,
        /// The operation.
        operation: String,
    },
    /// STS: somebody assumed a role.
    RoleAssumed {
        /// The role's ARN.
        role: String,
    },
}

/// All changes, in order.
#[derive(Clone, Debug, Default)]
pub struct History(Vec<Change>);

impl History {
    /// In order.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.0
    }

    pub(crate) fn add(
        &mut self,
        at: Timestamp,
        call: Option<&Call>,
        account: &str,
        effect: Effect,
    ) {
        let change = match call {
            Some(call) => Change {
                at,
                sequence: call.sequence,
                principal: call.principal.clone(),
                origin: call.origin.clone(),
                effect,
            },
            None => Change {
                at,
                sequence: 0,
                principal: Principal::root(account),
                origin: Origin::default(),
                effect,
            },
        };
        self.0.push(change);
    }
}
