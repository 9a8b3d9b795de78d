//! Triggers: the wire shapes that wake a function up, each turned into what it asks for.
//!
//! Wire shapes end here. Each function has its own parser, and each takes the same shape whether it
//! came through its queue or by a direct call. A well-formed trigger that is none of our business
//! is [`Trigger::Ignored`] on purpose, with the reason; a shape that people write is checked to
//! the last field, and every mistake is told at once.

mod envelope;

use lockstep_domain::ids::OrganizationId;
use lockstep_domain::intent::{Intent, RebindMessage, VerifyMessage};
use lockstep_domain::manifest::Mode;
use lockstep_domain::problem::Problem;
use lockstep_domain::request::{Request, TutorialRequest, VerifyRequest, parse};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::config::Config;
use envelope::Envelope;

/// What a trigger comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum Trigger<T> {
    /// Something to do.
    Wanted(T),
    /// Understood, and nothing to do.
    Ignored {
        /// Why.
        because: String,
    },
}

impl<T> Trigger<T> {
    fn ignored(because: impl Into<String>) -> Self {
        Self::Ignored {
            because: because.into(),
        }
    }
}

/// What `rebind-action` is asked to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// `provision-role` hands one binding on.
    Binding(RebindMessage),
    /// A person asks.
    Asked(Request),
    /// A person asks in the form that tutorials use.
    Tutorial(TutorialRequest),
}

/// What `verify-change` is asked to look at.
#[derive(Clone, Debug, PartialEq)]
pub enum Look {
    /// A change of ours.
    Change(VerifyMessage),
    /// A window, by hand.
    Window(VerifyRequest),
    /// Something that Genesys Cloud says was changed.
    Foreign(Foreign),
}

/// An audit event of Genesys Cloud. Only a reason to look: what it says is read again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreign {
    /// The organization, from the event's source, which AWS vouches for.
    pub organization: OrganizationId,
    /// The audit record's id.
    pub audit_id: String,
    /// What kind of thing was changed, such as `Action`.
    pub entity_type: String,
    /// Its id.
    pub entity_id: String,
}

/// What `provision-role` is asked to achieve.
///
/// # Errors
/// Every mistake of something that a person wrote.
pub fn intent(body: &Value, config: &Config) -> Result<Trigger<Intent>, Vec<Problem>> {
    match Envelope::of(body) {
        Some(envelope) => Ok(envelope.intent(config)),
        None => parse(body).map(|request| Trigger::Wanted(Intent::Asked(request))),
    }
}

/// What `rebind-action` is asked to do.
///
/// # Errors
/// Every mistake of something that a person wrote.
pub fn work(body: &Value) -> Result<Trigger<Work>, Vec<Problem>> {
    if let Some(envelope) = Envelope::of(body) {
        return Ok(envelope.unexpected());
    }
    let has = |name: &str| body.get(name).is_some();
    let work = if has("action_id") {
        Work::Tutorial(parse(body)?)
    } else if has("key") && !has("mode") {
        Work::Binding(message(body)?)
    } else {
        Work::Asked(parse(body)?)
    };
    Ok(Trigger::Wanted(work))
}

/// What `verify-change` is asked to look at.
///
/// # Errors
/// Every mistake of something that a person wrote.
pub fn look(body: &Value) -> Result<Trigger<Look>, Vec<Problem>> {
    if let Some(envelope) = Envelope::of(body) {
        return Ok(envelope.look());
    }
    let look = if body.get("change_id").is_some() {
        Look::Change(message(body)?)
    } else {
        Look::Window(parse(body)?)
    };
    Ok(Trigger::Wanted(look))
}

/// What `check-compliance` is asked to check.
///
/// # Errors
/// Every mistake of something that a person wrote.
pub fn sweep(body: &Value) -> Result<Trigger<Request>, Vec<Problem>> {
    match Envelope::of(body) {
        Some(envelope) if envelope.is_schedule() => Ok(Trigger::Wanted(scheduled())),
        Some(envelope) => Ok(envelope.unexpected()),
        None => parse(body).map(Trigger::Wanted),
    }
}

/// One of our own messages. Nobody writes them by hand, so the first mistake is enough.
fn message<T: DeserializeOwned>(body: &Value) -> Result<T, Vec<Problem>> {
    T::deserialize(body).map_err(|error| {
        let fix = "See the files in `events/` for the accepted shapes.";
        vec![Problem::new("event", error.to_string(), fix)]
    })
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
