//! The Lambda edge, the same for every function.
//!
//! One invocation is either a batch from a queue or somebody's direct call. Each message of a batch
//! is handled for itself; only those that a redelivery can help are reported back
//! (`batchItemFailures`), so one bad message does not bring the good ones back.
//!
//! **Who retries.** A handler returns [`Failure::Retry`] where the same message can succeed later,
//! [`Failure::Later`] where it knows when, and [`Failure::Permanent`] where somebody has to repair
//! something outside of the message first. No failed message is deleted: each comes back until its
//! [`budget`] is used up, and then goes to the dead-letter queue, so that a redrive works after the
//! repair. A permanent failure is an event at the first receive, and each failure is one at the
//! last, also where every delivery crashed. What is wrong with a message itself is refused by the
//! handler, with an event, and done with. Where the bus takes no event, the message stays. A direct
//! call gets every failure as an error: the caller decides.

pub mod budget;
mod call;
mod edge;
mod failure;

use std::time::Duration;

use aws_lambda_events::event::sqs::SqsBatchResponse;
use lambda_runtime::{LambdaEvent, service_fn};
use lockstep_domain::event::RequestRefused;
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;
use tracing::Instrument as _;

use crate::aws::{self, AwsError};
use crate::config::Config;
use crate::response::Answer;
use crate::services::{Base, Recorded, Services};
use crate::telemetry;
use budget::Return;
use edge::Standing;

pub use crate::deadline::Deadline;
pub use crate::error_chain::chain;
pub use call::{Call, Delivery, Invocation, Unreadable};
pub use edge::Edge;
pub use failure::Failure;

/// What is known of an invocation besides its payload.
#[derive(Clone, Debug)]
pub struct Context {
    /// Lambda's request id.
    pub request_id: String,
    /// Until when the handler may work; a little before Lambda's own deadline.
    pub deadline: Deadline,
}

/// Starts a function and serves invocations until Lambda ends the process.
///
/// # Errors
/// The environment is not right (every mistake is named at once), or the runtime API failed.
pub async fn run<S, H>(handler: H) -> Result<(), lambda_runtime::Error>
where
    S: Services,
    H: AsyncFn(&S, &Call, &Context) -> Result<Answer, Failure>,
{
    telemetry::start(crate::config::log_filter().as_deref());
    let config = match Config::from_process() {
        Ok(config) => config,
        Err(error) => {
            // Lambda shows of a process that ends only that it ended: this line says why.
            tracing::error!(%error, "the function cannot start");
            return Err(error.into());
        }
    };
    let services = S::new(config, &aws::sdk_config().await);
    let serve = async |event: LambdaEvent<Value>| {
        let context = Context {
            request_id: event.context.request_id,
            deadline: Deadline::of_lambda(event.context.deadline, services.base().now()),
        };
        serve(&services, &handler, event.payload, &context).await
    };
    lambda_runtime::run(service_fn(serve)).await
}

/// Handles one invocation, with its span and its metrics; the answer is what Lambda gets.
///
/// # Errors
/// A direct call's failure. A batch never fails as a whole.
pub async fn serve<S, H>(
    services: &S,
    handler: &H,
    payload: Value,
    context: &Context,
) -> Result<Value, Failure>
where
    S: Services,
    H: AsyncFn(&S, &Call, &Context) -> Result<Answer, Failure>,
{
    let answer = match Invocation::from_payload(payload) {
        Invocation::Queue(records) => json(&serve_batch(services, handler, records, context).await),
        Invocation::Direct(body) => {
            let answer = serve_one(services, handler, &Call::Direct(body), context).await;
            answer.and_then(|answer| json(&answer))
        }
    };
    let base = services.base();
    if let Some(sessions) = services.sessions() {
        for stats in sessions.take_stats().await {
            base.metrics.genesys(&stats);
        }
    }
    base.metrics.flush(base.now());
    answer
}

fn json<T: Serialize>(answer: &T) -> Result<Value, Failure> {
    serde_json::to_value(answer).map_err(|error| Failure::permanent("answer", error))
}

/// Messages in their order. Behind a failed message of a FIFO queue the rest waits too, whichever
/// group it belongs to, or a group could overtake itself.
async fn serve_batch<S, H>(
    services: &S,
    handler: &H,
    records: Vec<Result<Delivery, Unreadable>>,
    context: &Context,
) -> SqsBatchResponse
where
    S: Services,
    H: AsyncFn(&S, &Call, &Context) -> Result<Answer, Failure>,
{
    let is_fifo = |record: &Result<Delivery, Unreadable>| {
        record
            .as_ref()
            .is_ok_and(|delivery| delivery.queue_arn.ends_with(".fifo"))
    };
    let is_fifo = records.iter().any(is_fifo);
    let mut again = SqsBatchResponse::default();
    for record in records {
        let blocked = is_fifo && !again.batch_item_failures.is_empty();
        let message_id = match &record {
            Ok(delivery) => delivery.message_id.clone(),
            // An empty id brings the whole batch back (Lambda developer guide, "Handling errors for
            // an SQS event source", success and failure conditions).
            Err(unreadable) => unreadable.message_id.clone().unwrap_or_default(),
        };
        // Boxed, as below.
        let comes_back = match record {
            _ if blocked => true,
            Ok(delivery) => Box::pin(comes_back(services, handler, delivery, context)).await,
            Err(unreadable) => Box::pin(refuse(services.base(), unreadable, context))
                .await
                .is_err(),
        };
        if comes_back {
            again.add_failure(message_id);
        }
    }
    again
}

/// Refuses a record that can't be read, with *Request Refused*. Where the bus does not take the
/// event, the message comes back.
async fn refuse(base: &Base, unreadable: Unreadable, context: &Context) -> Result<(), AwsError> {
    let Unreadable {
        message_id,
        problem,
    } = unreadable;
    let trigger_id = message_id.as_deref().unwrap_or(&context.request_id);
    tracing::error!(trigger_id, %problem, "a record of the batch can't be read");
    let refused = base.refuse(RequestRefused::of, None, vec![problem], trigger_id);
    match refused.await {
        Ok(_) => Ok(()),
        Err(error) => {
            tracing::warn!(%error, "the message stays in the queue until its refusal is emitted as \
                                    an event");
            Err(error)
        }
    }
}

/// Handles one message; answers whether it has to be delivered again.
async fn comes_back<S, H>(services: &S, handler: &H, delivery: Delivery, context: &Context) -> bool
where
    S: Services,
    H: AsyncFn(&S, &Call, &Context) -> Result<Answer, Failure>,
{
    let (edge, base) = (S::EDGE, services.base());
    match edge.standing(base, &delivery).await {
        Standing::Open => {}
        Standing::GivenUp => {
            return_after(services, &delivery, Duration::ZERO).await;
            return true;
        }
        Standing::Crashed => {
            let after = give_up(base, edge, &delivery, &crash()).await;
            return_after(services, &delivery, after).await;
            return true;
        }
    }
    let call = Call::Queue(delivery);
    let handled = serve_one(services, handler, &call, context).await;
    let (Call::Queue(delivery), Err(failure)) = (&call, handled) else {
        return false;
    };
    let age = delivery.age(base.now());
    let limits = edge.limits(&base.config);
    let after = match budget::comes_back(&failure, delivery.received, age, limits) {
        Return::After(after) => {
            edge.say_what_to_repair(base, delivery, &failure).await;
            after
        }
        Return::GiveUp => give_up(base, edge, delivery, &failure).await,
    };
    edge.ended(base, delivery).await;
    return_after(services, delivery, after).await;
    true
}

/// Emits that a message is given up; answers after what time it comes back.
async fn give_up(base: &Base, edge: Edge, delivery: &Delivery, failure: &Failure) -> Duration {
    match edge.give_up(base, delivery, failure).await {
        // Visible at once: the queue counts the receives up to its limit, and moves it.
        Ok(Recorded::Yes) => Duration::ZERO,
        // The next delivery would not know that it was given up, and handle it at once again.
        Ok(Recorded::No) => budget::spacing(delivery.received),
        Err(error) => {
            tracing::warn!(%error, "the message stays in the queue until its failure is emitted as \
                                    an event");
            budget::spacing(delivery.received)
        }
    }
}

/// Why a message is given up whose deliveries begin and never end.
fn crash() -> Failure {
    Failure::retry(
        "crashed",
        "the function ended before it had handled the message: it crashed, timed out or ran out of \
         memory; see its log",
    )
}

/// Times a message's return. The queue's own spacing is that for a crash, six times the function's
/// timeout: far too long for what was merely too early or busy.
async fn return_after<S: Services>(services: &S, delivery: &Delivery, after: Duration) {
    let Some(queue) = services.queue() else {
        return;
    };
    let timed = queue.come_back(&delivery.queue_arn, &delivery.receipt_handle, after);
    if let Err(error) = timed.await {
        // It comes back all the same, when the queue's own timeout ends.
        tracing::warn!(%error, "the visibility timeout of the message could not be set");
    }
}

async fn serve_one<S, H>(
    services: &S,
    handler: &H,
    call: &Call,
    context: &Context,
) -> Result<Answer, Failure>
where
    S: Services,
    H: AsyncFn(&S, &Call, &Context) -> Result<Answer, Failure>,
{
    let span = telemetry::span(&services.base().config.function, &context.request_id);
    let begun = Instant::now();
    async {
        // Boxed: a whole function as one future is too deep a type for the compiler.
        let handled = Box::pin(handler(services, call, context)).await;
        log(call, &handled, begun.elapsed());
        // Waiting is not failing: an alarm on failures must stay quiet.
        let succeeded = matches!(handled, Ok(_) | Err(Failure::Later { .. }));
        services.base().metrics.handled(succeeded, begun.elapsed());
        handled
    }
    .instrument(span)
    .await
}

fn log(call: &Call, handled: &Result<Answer, Failure>, took: Duration) {
    let message_id = call.delivery().map(|delivery| delivery.message_id.as_str());
    let received = call.delivery().map(|delivery| delivery.received);
    let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    match handled {
        Ok(Answer::Refused(refused)) => {
            let errors: Vec<String> = refused.errors.iter().map(ToString::to_string).collect();
            tracing::warn!(message_id, received, took_ms, ?errors, "refused");
        }
        Ok(Answer::Response(response)) => {
            tracing::info!(message_id, received, took_ms, text = response.text, "done");
        }
        Ok(Answer::Report(_)) => tracing::info!(message_id, received, took_ms, "done"),
        Err(failure @ Failure::Retry { kind, .. }) => {
            tracing::warn!(message_id, received, took_ms, kind, error = %failure, "will be retried");
        }
        Err(failure @ Failure::Later { .. }) => {
            tracing::info!(message_id, received, took_ms, because = %failure, "too early");
        }
        Err(failure @ Failure::Permanent { kind, object, .. }) => match object {
            Some(object) => {
                let object = &object.object;
                tracing::error!(message_id, received, took_ms, kind, object, error = %failure, "an \
                                                                                                object \
                                                                                                of \
                                                                                                the \
                                                                                                stack \
                                                                                                cannot \
                                                                                                be \
                                                                                                read: \
                                                                                                restore \
                                                                                                it, \
                                                                                                or \
                                                                                                grant \
                                                                                                the \
                                                                                                permission \
                                                                                                named \
                                                                                                in \
                                                                                                `error`");
            }
            None => {
                tracing::error!(message_id, received, took_ms, kind, error = %failure, "not \
                                                                                        handled: \
                                                                                        correct \
                                                                                        the \
                                                                                        permission \
                                                                                        or the \
                                                                                        resource \
                                                                                        named in \
                                                                                        `error`");
            }
        },
    }
}

#[cfg(test)]
pub(crate) mod tests;
