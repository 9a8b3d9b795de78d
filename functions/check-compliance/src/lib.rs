//! Checks every binding: is all of it as it should be, and did only authorized principals change
//! it?
//!
//! Woken by a schedule or by hand. In mode `plan` it writes nothing.
//!
//! **Who retries.** Nobody needs to: what could not be read is reported as not evaluated, and the
//! next sweep looks again. An organization that can't be swept while others are is a finding and an
//! event of its own. Only where no organization can be swept, or the evidence or an event can't be
//! written, the message comes back.

use lockstep::compliance;
use lockstep::response::Answer;
use lockstep::runtime::{Call, Context, Failure};
use lockstep::trigger::{self, Trigger};
use lockstep::world::World;
use lockstep_domain::event::EventType;
use lockstep_domain::manifest::Mode;

/// Handles one schedule or one direct call.
///
/// # Errors
/// Lockstep's own state or its bus could not be reached.
pub async fn handle(world: &World, call: &Call, context: &Context) -> Result<Answer, Failure> {
    let request = match trigger::sweep(call.body()) {
        Ok(Trigger::Wanted(request)) => request,
        Ok(Trigger::Ignored { because }) => return Ok(Answer::nothing(Mode::Plan, because)),
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
    let by_hand = call.delivery().is_none();
    // On the heap: the SDK's futures are deep, and one inside the other they pass the compiler's
    // limit.
    let sweep = compliance::sweep(world, &request, by_hand, context.deadline);
    let answer = Box::pin(sweep).await?;
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
