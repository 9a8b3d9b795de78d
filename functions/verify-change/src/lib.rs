//! Proves from Genesys Cloud's audit log who changed what.
//!
//! Woken by `rebind-action` (a change to judge), by Genesys Cloud's own audit events (a later
//! change by somebody else), or by hand (a window to look at; writes nothing).
//!
//! **Who retries.** A message comes back with growing spacing while audit records are missing, until
//! the deadline; after S3 or the bus did not answer, it comes back by the queue's own spacing. What
//! is malformed is refused, announced and done with.

use lockstep::response::Answer;
use lockstep::runtime::{Call, Context, Failure};
use lockstep::trigger::{self, Trigger};
use lockstep::verify;
use lockstep::world::World;
use lockstep_domain::event::EventType;
use lockstep_domain::manifest::Mode;

/// Handles one message or one direct call.
///
/// # Errors
/// What a redelivery can help, now or later.
pub async fn handle(world: &World, call: &Call, context: &Context) -> Result<Answer, Failure> {
    let look = match trigger::look(call.body()) {
        Ok(Trigger::Wanted(look)) => look,
        Ok(Trigger::Ignored { because }) => return Ok(Answer::nothing(Mode::Apply, because)),
        Err(problems) => {
            return Ok(world
                .refuse(
                    EventType::ManifestRefused,
                    None,
                    problems,
                    call.trigger_id(context),
                )
                .await?);
        }
    };
    let received = call.delivery().map_or(1, |delivery| delivery.received);
    // On the heap: the SDK's futures are deep, and one inside the other they pass the compiler's
    // limit.
    let look = verify::look(world, &look, received, context.deadline);
    let answer = Box::pin(look).await?;
    match answer {
        Answer::Refused(refused) => Ok(world
            .refuse(
                EventType::ManifestRefused,
                None,
                refused.errors,
                call.trigger_id(context),
            )
            .await?),
        Answer::Response(_) | Answer::Report(_) => Ok(answer),
    }
}
