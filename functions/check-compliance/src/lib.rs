//! Checks every binding: is all of it as it should be, and did only authorized principals change
//! it?
//!
//! Woken by a schedule or by hand. In mode `plan` it writes nothing.
//!
//! **Who retries.** Nobody needs to: what could not be read is reported as not evaluated, and the
//! next sweep looks again. An organization that can't be swept while others are is a finding and an
//! event of its own. Only where no organization can be swept, or the evidence or an event can't be
//! written, the message comes back.

use std::ops::ControlFlow;

use lockstep::compliance;
use lockstep::response::Answer;
use lockstep::runtime::{Call, Context, Failure};
use lockstep::services::Compliance;
use lockstep::trigger;
use lockstep_domain::intent::ComplianceIntent;

/// Handles one schedule or one direct call.
///
/// # Errors
/// Lockstep's own state or its bus could not be reached.
pub async fn handle(world: &Compliance, call: &Call, context: &Context) -> Result<Answer, Failure> {
    let parsed = trigger::compliance(call.body());
    let ComplianceIntent::Sweep(request) =
        match trigger::intent(world, parsed, call, context).await? {
            ControlFlow::Continue(intent) => intent,
            ControlFlow::Break(answer) => return Ok(answer),
        };
    let by_hand = call.delivery().is_none();
    // On the heap: the SDK's futures are deep, and one inside the other they pass the compiler's
    // limit.
    let sweep = compliance::sweep(world, &request, by_hand, context.deadline);
    let answer = Box::pin(sweep).await?;
    match answer {
        Answer::Refused(refused) => {
            Ok(trigger::refuse(world, refused.errors, call, context).await?)
        }
        Answer::Response(_) | Answer::Report(_) => Ok(answer),
    }
}
