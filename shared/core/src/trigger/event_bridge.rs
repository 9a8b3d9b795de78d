//! Events as EventBridge delivers them.

use aws_lambda_events::event::eventbridge::EventBridgeEvent;
use lockstep_domain::problem::Problem;
use serde::Deserialize;
use serde_json::Value;

use super::{SHAPES, Trigger};

/// An event, of which only what is needed is read: AWS may add fields at any time.
pub(super) struct Event(EventBridgeEvent<Value>);

impl Event {
    /// The event, if this is one.
    ///
    /// # Errors
    /// It is one, and not as EventBridge writes it (EventBridge user guide, "Event structure").
    pub(super) fn of(body: &Value) -> Result<Option<Self>, Vec<Problem>> {
        // Nothing that people or our functions write has this member; every event has it.
        if body.get("detail-type").is_none() {
            return Ok(None);
        }
        let refused = |problem: String| vec![Problem::new("event", problem, SHAPES)];
        let event = EventBridgeEvent::<Value>::deserialize(body)
            .map_err(|error| refused(format!("is not an event of EventBridge: {error}")))?;
        if !event.detail.is_object() {
            return Err(refused("its `detail` is not an object".to_owned()));
        }
        Ok(Some(Self(event)))
    }

    pub(super) fn source(&self) -> &str {
        &self.0.source
    }

    pub(super) fn detail_type(&self) -> &str {
        &self.0.detail_type
    }

    /// The first of the resources that it is about.
    pub(super) fn resource(&self) -> Option<&str> {
        let first = self.0.resources.as_ref()?.first()?;
        Some(first.as_str()).filter(|first| !first.is_empty())
    }

    /// A text of the detail that is not empty.
    pub(super) fn text(&self, pointer: &str) -> Option<&str> {
        let text = self.0.detail.pointer(pointer)?.as_str()?;
        Some(text).filter(|text| !text.is_empty())
    }

    pub(super) fn is_schedule(&self) -> bool {
        self.detail_type() == "Scheduled Event"
            && matches!(self.source(), "aws.events" | "aws.scheduler")
    }

    pub(super) fn unexpected<T>(&self) -> Trigger<T> {
        Trigger::ignored(format!(
            "this function does not handle {:?} from {:?}",
            self.detail_type(),
            self.source()
        ))
    }
}
