//! SQS: standard and FIFO queues. Long polls answer at once.

mod attributes;
mod outside;
mod queue;
mod receive;
mod send;
mod settle;

use super::unknown;
use crate::exchange::{Exchange, Handled};
use crate::{Context, ServiceError};

pub use outside::Lineage;
pub use queue::{Message, Queue, Redrive, Sqs};
pub use send::Delivery;

pub(crate) fn handle(exchange: &mut Exchange<'_>) -> Handled {
    match exchange.call.operation.as_str() {
        "ChangeMessageVisibility" => settle::change_visibility(exchange),
        "DeleteMessage" => settle::delete(exchange),
        "GetQueueAttributes" => attributes::get(exchange),
        "GetQueueUrl" => attributes::url(exchange),
        "ReceiveMessage" => receive::receive(exchange),
        "SendMessage" => send::one(exchange),
        "SendMessageBatch" => send::batch(exchange),
        _ => Err(unknown(exchange)),
    }
}

/// An error that has the same code in both protocols.
fn error(code: &str, message: impl Into<String>) -> ServiceError {
    ServiceError::bad_request(code, message)
}

fn invalid(message: impl Into<String>) -> ServiceError {
    error("InvalidParameterValue", message)
}

fn no_such_queue() -> ServiceError {
    error("QueueDoesNotExist", "The specified queue does not exist.")
        .with_query_code("AWS.SimpleQueueService.NonExistentQueue")
}

impl Exchange<'_> {
    /// The name of the queue of a URL, once the action on it is allowed. Its batch form needs the
    /// same permission (Service Authorization Reference, Amazon SQS).
    fn queue(&self, action: &str, url: &str) -> Result<String, ServiceError> {
        let mut parts = url.rsplit('/');
        let name = parts.next().unwrap_or_default();
        let account = parts.next().unwrap_or_default();
        let settings = &self.state.settings;
        let arn = format!(
            "arn:{}:sqs:{}:{account}:{name}",
            settings.partition, settings.region
        );
        let queue = self.state.services.sqs.queue(name);
        let queue = queue.filter(|_| account == settings.account);
        let policy = queue.and_then(|queue| queue.policy.as_ref());
        self.authorize(&format!("sqs:{action}"), &arn, Context::new(), policy)?;
        queue.map(|_| name.to_owned()).ok_or_else(no_such_queue)
    }
}
