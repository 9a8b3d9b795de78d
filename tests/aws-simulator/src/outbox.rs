//! What AWS itself does next: events to deliver, rotations to drive, functions to invoke. A
//! scheduler takes it and decides when, in which order and how often.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde_json::Value;

/// Something that AWS does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notification {
    /// An event on a bus, for its rules.
    Event {
        /// The bus's name; `default` for those of AWS's own services.
        bus: String,
        /// When the bus took it.
        at: Timestamp,
        /// As a target gets it.
        event: Value,
    },
    /// A rotation to drive.
    Rotation(RotationJob),
    /// A function that is invoked without anybody waiting for its answer.
    Invocation(AsyncInvocation),
}

/// A rotation of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RotationJob {
    /// The secret's ARN.
    pub secret: String,
    /// The function's ARN.
    pub function: String,
    /// The `ClientRequestToken` of every step: the id of the version under AWSPENDING.
    pub token: String,
    /// When it was asked for.
    pub at: Timestamp,
    /// Whether only `testSecret` is run, to try the configuration (Secrets Manager API reference,
    /// `RotateSecret`, `RotateImmediately`).
    pub trial: bool,
}

/// An invocation of type `Event`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AsyncInvocation {
    /// The function's ARN.
    pub function: String,
    /// When it was asked for.
    pub at: Timestamp,
    /// The payload.
    pub payload: Vec<u8>,
}

/// What is to be done, in the order in which it arose.
#[derive(Clone, Debug, Default)]
pub struct Outbox(VecDeque<Notification>);

impl Outbox {
    pub(crate) fn add(&mut self, notification: Notification) {
        self.0.push_back(notification);
    }

    pub(crate) fn take(&mut self) -> Vec<Notification> {
        std::mem::take(&mut self.0).into()
    }
}
