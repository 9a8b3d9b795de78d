//! Triggers: the wire shapes that wake a function, each parsed into the function's intent.
//!
//! Wire shapes end here. Each function has one parser, in a file of its own, and takes the same
//! shape whether it came through its queue or by a direct call. The raw value decides which shape
//! it is; only then does `aws_lambda_events` read it, since its types take almost everything for
//! almost anything. What they refuse is refused with an event, as is a mistake of a person.
//!
//! A well-formed trigger that asks for nothing is [`Trigger::Ignored`] on purpose, with the reason.

mod compliance;
mod event_bridge;
mod provision;
mod rebind;
mod rotation;
mod verify;

use std::ops::ControlFlow;

use lockstep_domain::event::RequestRefused;
use lockstep_domain::manifest::Mode;
use lockstep_domain::problem::Problem;
use lockstep_domain::request::Request;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::aws::AwsError;
use crate::response::Answer;
use crate::runtime::{Call, Context};
use crate::services::Base;

pub use compliance::compliance;
pub use provision::{SECRET_CALLS, provision};
pub use rebind::rebind;
pub use rotation::{RotationIntent, StepRequest, rotation};
pub use verify::verify;

/// What a trigger asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Trigger<T> {
    /// Something to do.
    Wanted(T),
    /// Nothing, although it is well-formed.
    Ignored {
        /// Why.
        because: String,
    },
}

/// A trigger, or every mistake in it.
pub type Parsed<T> = Result<Trigger<T>, Vec<Problem>>;

impl<T> Trigger<T> {
    fn ignored(because: impl Into<String>) -> Self {
        Self::Ignored {
            because: because.into(),
        }
    }
}

/// The intent to carry out, or the answer where there is none: the trigger asks for nothing, or it
/// is not valid, which is emitted as *Request Refused*.
///
/// # Errors
/// The bus did not take the event.
pub async fn intent<T>(
    world: &Base,
    parsed: Parsed<T>,
    call: &Call,
    context: &Context,
) -> Result<ControlFlow<Answer, T>, AwsError> {
    Ok(match parsed {
        Ok(Trigger::Wanted(intent)) => ControlFlow::Continue(intent),
        Ok(Trigger::Ignored { because }) => {
            ControlFlow::Break(Answer::nothing(Mode::Apply, because))
        }
        Err(problems) => ControlFlow::Break(refuse(world, problems, call, context).await?),
    })
}

/// Refuses what a trigger asks for, with *Request Refused*.
///
/// # Errors
/// The bus did not take the event.
pub async fn refuse(
    world: &Base,
    problems: Vec<Problem>,
    call: &Call,
    context: &Context,
) -> Result<Answer, AwsError> {
    let trigger_id = call.trigger_id(context);
    let refused = world.refuse(RequestRefused::of, None, problems, trigger_id);
    // On the heap: the SDK's futures are deep, and one inside the other they pass the compiler's
    // limit.
    Box::pin(refused).await
}

const SHAPES: &str = "See the files in `events/` for the accepted shapes.";

/// One of our own messages. Nobody writes them by hand, so the first mistake is enough.
fn message<T: DeserializeOwned>(body: &Value) -> Result<T, Vec<Problem>> {
    T::deserialize(body).map_err(|error| vec![Problem::new("event", error.to_string(), SHAPES)])
}

/// What a schedule without an input of its own asks for.
fn scheduled() -> Request {
    Request {
        mode: Mode::Apply,
        organization: None,
        keys: None,
        secret: None,
        retry: false,
        reason: Some("schedule".to_owned()),
    }
}

#[cfg(test)]
mod tests;
