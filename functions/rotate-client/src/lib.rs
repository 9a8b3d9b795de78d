//! `rotate-client`: a rotation function of Secrets Manager for the OAuth client that a secret holds,
//! Lockstep's own included.
//!
//! Woken by Secrets Manager, four times for each rotation; by a schedule or by hand to finish what
//! rotations left (`{"heal": true, "mode": "apply"}`).

use lockstep::response::{Answer, Refused};
use lockstep::rotation::{self, Call as Asked};
use lockstep::runtime::{Call, Context, Failure};
use lockstep::world::World;

/// Handles one step, or heals.
///
/// **Who retries.** Secrets Manager repeats a rotation of which a step failed, several times, with
/// the same token: every step may be done twice, and every failure is an error, so that it does not
/// go on to the next step. What can't pass is announced as *Client Rotation Failed*; what can pass is
/// an error and nothing more. Healing repeats itself by its schedule.
///
/// # Errors
/// The step was not done.
pub async fn handle(world: &World, call: &Call, context: &Context) -> Result<Answer, Failure> {
    // On the heap: the SDK's futures are deep, and one inside the other they pass the compiler's
    // limit.
    match rotation::request(call.body()) {
        Ok(Asked::Step(request)) => {
            Box::pin(rotation::step(world, &request, context.deadline)).await
        }
        Ok(Asked::Heal(request)) => {
            let report = Box::pin(rotation::heal(world, &request, context.deadline)).await?;
            Answer::report(&report).map_err(|error| Failure::permanent("answer", error))
        }
        // A person who asked gets the mistakes as an answer, Secrets Manager gets an error.
        Err(problems) if call.body().get("heal").is_some() => Ok(Refused::new(problems).into()),
        Err(problems) => {
            let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
            Err(Failure::permanent("bad_event", told.join(" ")))
        }
    }
}
