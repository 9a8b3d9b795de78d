//! The Lambda edge, the same for every function.
//!
//! One invocation is either a batch from a queue or somebody's direct call. Each message of a batch
//! is handled for itself; only those that a redelivery can help are reported back
//! (`batchItemFailures`), so one bad message does not bring the good ones back. What the messages of
//! a batch have in common may be prepared once for all of them ([`serve_together`]).
//!
//! **Who retries.** A handler returns [`Failure::Retry`] where the same message can succeed later,
//! [`Failure::Later`] where it knows when, and [`Failure::Permanent`] where somebody has to repair
//! something outside of the message first. No failed message is deleted: each comes back until its
//! [`budget`] is used up, and then goes to the dead-letter queue, so that a redrive works after the
//! repair. A permanent failure is an event at the first receive, and each failure is one at the
//! last, also where every delivery crashed. What is wrong with a message itself is refused by the
//! handler, with an event, and done with. Where the bus takes no event, the message stays. A direct
//! call gets every failure as an error: the caller decides.

mod batch;
pub mod budget;
mod call;
mod edge;
mod failure;

use std::time::Duration;

use lambda_runtime::{LambdaEvent, service_fn};
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;
use tracing::Instrument as _;

use crate::aws;
use crate::config::Config;
use crate::response::Answer;
use crate::services::Services;
use crate::telemetry;
use batch::serve_batch;

pub use crate::deadline::Deadline;
pub use crate::error_chain::chain;
pub use crate::services::Edge;
pub use call::{Call, Delivery, Invocation, Unreadable};
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
    let nothing = async |_: &S, _: &[&Call], _: &Context| ();
    let handler = async |services: &S, call: &Call, context: &Context, (): &()| {
        // Boxed, as below.
        Box::pin(handler(services, call, context)).await
    };
    Box::pin(run_together(nothing, handler)).await
}

/// As [`run`], with what the calls of an invocation have in common prepared once.
///
/// # Errors
/// As [`run`].
pub async fn run_together<S, P, T, H>(prepare: P, handler: H) -> Result<(), lambda_runtime::Error>
where
    S: Services,
    P: AsyncFn(&S, &[&Call], &Context) -> T,
    H: AsyncFn(&S, &Call, &Context, &T) -> Result<Answer, Failure>,
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
        let served = serve_together(&services, &prepare, &handler, event.payload, &context);
        Box::pin(served).await
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
    let nothing = async |_: &S, _: &[&Call], _: &Context| ();
    let handler = async |services: &S, call: &Call, context: &Context, (): &()| {
        // Boxed, as below.
        Box::pin(handler(services, call, context)).await
    };
    Box::pin(serve_together(
        services, &nothing, &handler, payload, context,
    ))
    .await
}

/// As [`serve`], with what the calls have in common prepared once, before the first of them is
/// handled. What could not be prepared is for the handler to say, for each call.
///
/// # Errors
/// As [`serve`].
pub async fn serve_together<S, P, T, H>(
    services: &S,
    prepare: &P,
    handler: &H,
    payload: Value,
    context: &Context,
) -> Result<Value, Failure>
where
    S: Services,
    P: AsyncFn(&S, &[&Call], &Context) -> T,
    H: AsyncFn(&S, &Call, &Context, &T) -> Result<Answer, Failure>,
{
    let answer = match Invocation::from_payload(payload) {
        Invocation::Queue(records) => {
            let served = serve_batch(services, prepare, handler, records, context);
            json(&Box::pin(served).await)
        }
        Invocation::Direct(body) => {
            let call = Call::Direct(body);
            // Boxed, as below.
            let prepared = Box::pin(prepare(services, &[&call], context)).await;
            let answer = Box::pin(serve_one(services, handler, &call, context, &prepared)).await;
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

async fn serve_one<S, T, H>(
    services: &S,
    handler: &H,
    call: &Call,
    context: &Context,
    prepared: &T,
) -> Result<Answer, Failure>
where
    S: Services,
    H: AsyncFn(&S, &Call, &Context, &T) -> Result<Answer, Failure>,
{
    let span = telemetry::span(&services.base().config.function, &context.request_id);
    let begun = Instant::now();
    async {
        // Boxed: a whole function as one future is too deep a type for the compiler.
        let handled = Box::pin(handler(services, call, context, prepared)).await;
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
