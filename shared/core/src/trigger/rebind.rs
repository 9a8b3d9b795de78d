//! What `rebind-action` is asked for.

use lockstep_domain::intent::RebindIntent;
use lockstep_domain::request::parse;
use serde_json::Value;

use super::event_bridge::Event;
use super::{Parsed, Trigger, message};

/// Parses what woke `rebind-action`.
///
/// # Errors
/// Every mistake in it.
pub fn rebind(body: &Value) -> Parsed<RebindIntent> {
    if let Some(event) = Event::of(body)? {
        return Ok(event.unexpected());
    }
    let has = |name: &str| body.get(name).is_some();
    let intent = if has("action_id") {
        RebindIntent::Tutorial(parse(body)?)
    } else if has("key") && !has("mode") {
        RebindIntent::Binding(message(body)?)
    } else if has("keys") && !has("mode") {
        RebindIntent::Overview(message(body)?)
    } else {
        RebindIntent::Asked(parse(body)?)
    };
    Ok(Trigger::Wanted(intent))
}
