//! Proves from Genesys Cloud's audit log who changed what.
//!
//! Woken by `rebind-action` (a change to judge), by Genesys Cloud's own audit events (a later
//! change by somebody else), or by hand (a window to look at; writes nothing).
//!
//! What the messages of one delivery have in common is read once ([`prepare`]): of Genesys Cloud's
//! requests per minute, a hundred changes take little more than one.
//!
//! **Who retries.** A message comes back with growing spacing while audit records are missing, until
//! the deadline; after S3 or the bus did not answer, it comes back by the queue's own spacing. What
//! is malformed is refused, announced and done with.

use std::ops::ControlFlow;

use lockstep::response::Answer;
use lockstep::runtime::{Call, Context, Failure};
use lockstep::services::Verify;
use lockstep::trigger::{self, Trigger};
use lockstep::verify::{self, Observations};

/// Reads what the calls of an invocation need to be verified.
pub async fn prepare(world: &Verify, calls: &[&Call], context: &Context) -> Observations {
    let intents: Vec<_> = calls
        .iter()
        .filter_map(|call| match trigger::verify(call.body()) {
            Ok(Trigger::Wanted(intent)) => Some(intent),
            // Each is answered when its turn comes.
            Ok(Trigger::Ignored { .. }) | Err(_) => None,
        })
        .collect();
    Box::pin(Observations::of(world, &intents, context.deadline)).await
}

/// Handles one message or one direct call.
///
/// # Errors
/// What a redelivery can help, now or later.
pub async fn handle(
    world: &Verify,
    call: &Call,
    context: &Context,
    observations: &Observations,
) -> Result<Answer, Failure> {
    let parsed = trigger::verify(call.body());
    let intent = match trigger::intent(world, parsed, call, context).await? {
        ControlFlow::Continue(intent) => intent,
        ControlFlow::Break(answer) => return Ok(answer),
    };
    let received = call.delivery().map_or(1, |delivery| delivery.received);
    // On the heap: the SDK's futures are deep, and one inside the other they pass the compiler's
    // limit.
    let deadline = context.deadline;
    let carried_out = verify::carry_out(world, &intent, observations, received, deadline);
    let answer = Box::pin(carried_out).await?;
    match answer {
        Answer::Refused(refused) => {
            Ok(trigger::refuse(world, refused.errors, call, context).await?)
        }
        Answer::Response(_) | Answer::Report(_) => Ok(answer),
    }
}
