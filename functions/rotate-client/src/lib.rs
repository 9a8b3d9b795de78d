//! `rotate-client`: a rotation function of Secrets Manager for the OAuth client that a secret
//! holds, Lockstep's own included.
//!
//! Invoked by Secrets Manager, four times for each rotation, and by a schedule or a person to
//! complete or abandon interrupted rotations (`{"repair": true, "mode": "apply"}`).

use std::ops::ControlFlow;

use lockstep::response::Answer;
use lockstep::rotation;
use lockstep::runtime::{Call, Context, Failure};
use lockstep::services::Rotate;
use lockstep::trigger::{self, RotationIntent};

/// Handles one step of a rotation, or repairs interrupted rotations.
///
/// **Who retries.** Secrets Manager repeats a rotation of which a step failed, several times, with
/// the same token: every step may be done twice, and every failure is an error, so that it does not
/// go on to the next step. What can't pass is announced as *Client Rotation Failed*; what can pass
/// is an error and nothing more. A call that is not valid is emitted as *Request Refused*. The
/// repair runs again on its schedule.
///
/// # Errors
/// The step was not done.
pub async fn handle(world: &Rotate, call: &Call, context: &Context) -> Result<Answer, Failure> {
    let body = call.body();
    let parsed = trigger::rotation(body);
    let for_secrets_manager = body.get("repair").is_none();
    let intent = match trigger::intent(world, parsed, call, context).await? {
        ControlFlow::Continue(intent) => intent,
        // A person reads the answer; Secrets Manager reads errors only.
        ControlFlow::Break(Answer::Refused(refused)) if for_secrets_manager => {
            let errors: Vec<String> = refused.errors.iter().map(ToString::to_string).collect();
            return Err(Failure::permanent("bad_event", errors.join(" ")));
        }
        ControlFlow::Break(answer) => return Ok(answer),
    };
    // On the heap: the SDK's futures are deep, and one inside the other they pass the compiler's
    // limit.
    match intent {
        RotationIntent::Step(request) => {
            Box::pin(rotation::step(world, &request, context.deadline)).await
        }
        RotationIntent::Repair(request) => {
            let report = Box::pin(rotation::repair(world, &request, context.deadline)).await?;
            Answer::report(&report).map_err(|error| Failure::permanent("answer", error))
        }
    }
}
