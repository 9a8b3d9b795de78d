//! A batch of messages from a queue, each handled for itself.

use std::time::Duration;

use aws_lambda_events::event::sqs::SqsBatchResponse;
use lockstep_domain::event::RequestRefused;

use super::budget::{self, Return};
use super::edge::{Closed, Standing};
use super::{Call, Context, Delivery, Edge, Failure, Unreadable, serve_one};
use crate::aws::AwsError;
use crate::response::Answer;
use crate::services::{Base, Recorded, Services};

/// A message of a batch that is not the first is begun only if the invocation has this much time
/// left: the rest comes back.
const LEAST_TIME: Duration = Duration::from_secs(5);

/// After what time a message comes back that was not begun.
const NOT_BEGUN: Duration = Duration::from_secs(1);

/// A record of a batch, and whether it is to be handled.
enum Taken {
    Open(Call),
    Closed(Delivery, Closed),
    Unreadable(Unreadable),
}

impl Taken {
    fn message_id(&self) -> String {
        let delivery = match self {
            Self::Open(call) => call.delivery(),
            Self::Closed(delivery, _) => Some(delivery),
            // An empty id brings the whole batch back (Lambda developer guide, "Handling errors for
            // an SQS event source", success and failure conditions).
            Self::Unreadable(unreadable) => {
                return unreadable.message_id.clone().unwrap_or_default();
            }
        };
        delivery.map_or_else(String::new, |delivery| delivery.message_id.clone())
    }
}

/// Messages in their order. Behind a failed message of a FIFO queue the rest waits too, whichever
/// group it belongs to, or a group could overtake itself.
pub(super) async fn serve_batch<S, P, T, H>(
    services: &S,
    prepare: &P,
    handler: &H,
    records: Vec<Result<Delivery, Unreadable>>,
    context: &Context,
) -> SqsBatchResponse
where
    S: Services,
    P: AsyncFn(&S, &[&Call], &Context) -> T,
    H: AsyncFn(&S, &Call, &Context, &T) -> Result<Answer, Failure>,
{
    let (edge, base) = (S::EDGE, services.base());
    let is_fifo = |record: &Result<Delivery, Unreadable>| {
        record
            .as_ref()
            .is_ok_and(|delivery| delivery.queue_arn.ends_with(".fifo"))
    };
    let is_fifo = records.iter().any(is_fifo);
    // Before anything is prepared: that may be what crashes.
    let taken = Box::pin(take(base, edge, records)).await;
    let open = taken.iter().filter_map(|taken| match taken {
        Taken::Open(call) => Some(call),
        Taken::Closed(..) | Taken::Unreadable(_) => None,
    });
    let open: Vec<&Call> = open.collect();
    // Boxed, as below.
    let prepared = Box::pin(prepare(services, &open, context)).await;
    let mut again = SqsBatchResponse::default();
    for (index, taken) in taken.into_iter().enumerate() {
        let is_blocked = is_fifo && !again.batch_item_failures.is_empty();
        let is_late = index > 0 && context.deadline.remaining() < LEAST_TIME;
        let message_id = taken.message_id();
        let comes_back = match taken {
            Taken::Open(Call::Queue(delivery)) if is_blocked || is_late => {
                edge.ended(base, &delivery).await;
                if is_late {
                    return_after(services, &delivery, NOT_BEGUN).await;
                }
                true
            }
            Taken::Closed(..) | Taken::Unreadable(_) if is_blocked => true,
            Taken::Open(call) => {
                let handled = comes_back(services, handler, call, context, &prepared);
                Box::pin(handled).await
            }
            Taken::Closed(delivery, closed) => {
                Box::pin(close(services, &delivery, closed)).await;
                true
            }
            Taken::Unreadable(unreadable) => {
                Box::pin(refuse(base, unreadable, context)).await.is_err()
            }
        };
        if comes_back {
            again.add_failure(message_id);
        }
    }
    again
}

/// What is known of each record before any of them is handled.
async fn take(base: &Base, edge: Edge, records: Vec<Result<Delivery, Unreadable>>) -> Vec<Taken> {
    let mut taken = Vec::with_capacity(records.len());
    for record in records {
        taken.push(match record {
            Ok(delivery) => match edge.standing(base, &delivery).await {
                Standing::Open => Taken::Open(Call::Queue(delivery)),
                Standing::Closed(closed) => Taken::Closed(delivery, closed),
            },
            Err(unreadable) => Taken::Unreadable(unreadable),
        });
    }
    taken
}

/// Refuses a record that can't be read, with *Request Refused*. Where the bus does not take the
/// event, the message comes back.
async fn refuse(base: &Base, unreadable: Unreadable, context: &Context) -> Result<(), AwsError> {
    let Unreadable {
        message_id,
        problem,
    } = unreadable;
    let trigger_id = message_id.as_deref().unwrap_or(&context.request_id);
    tracing::error!(trigger_id, %problem, "a record of the batch cannot be read");
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

/// Lets a message come back that is not handled any more: to be given up, or to be moved to the
/// dead-letter queue.
async fn close<S: Services>(services: &S, delivery: &Delivery, closed: Closed) {
    let after = match closed {
        Closed::GivenUp => Duration::ZERO,
        Closed::Crashed => give_up(services.base(), S::EDGE, delivery, &crash()).await,
    };
    return_after(services, delivery, after).await;
}

/// Handles one message; answers whether it has to be delivered again.
async fn comes_back<S, T, H>(
    services: &S,
    handler: &H,
    call: Call,
    context: &Context,
    prepared: &T,
) -> bool
where
    S: Services,
    H: AsyncFn(&S, &Call, &Context, &T) -> Result<Answer, Failure>,
{
    let (edge, base) = (S::EDGE, services.base());
    let handled = serve_one(services, handler, &call, context, prepared).await;
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
