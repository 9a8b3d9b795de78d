//! What `check-compliance` is asked for.

use lockstep_domain::intent::ComplianceIntent;
use lockstep_domain::request::parse;
use serde_json::Value;

use super::event_bridge::Event;
use super::{Parsed, Trigger, scheduled};

/// Parses what woke `check-compliance`.
///
/// # Errors
/// Every mistake in it.
pub fn compliance(body: &Value) -> Parsed<ComplianceIntent> {
    let request = match Event::of(body)? {
        Some(event) if event.is_schedule() => scheduled(),
        Some(event) => return Ok(event.unexpected()),
        None => parse(body)?,
    };
    Ok(Trigger::Wanted(ComplianceIntent::Sweep(request)))
}
