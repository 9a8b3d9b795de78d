//! How a change ended, whatever the end.

use serde_json::Value;

use super::world::World;
use super::{Error, Stage};

/// The events with which the change of a binding ends.
const ENDS: [&str; 5] = [
    "Change Verified",
    "Change Violated",
    "Change Unverified",
    "Rebind Failed",
    "Rebind Rolled Back",
];

/// Events after which no change comes, about no binding.
const STOPS: [&str; 3] = [
    "Manifest Refused",
    "Plan Refused",
    "Role Provisioning Failed",
];

impl<S: Stage> World<S> {
    /// Waits for the event with which a binding's change ends, emitted since `from`, or for one after
    /// which it can't; answers its detail type and detail.
    ///
    /// # Errors
    /// Where none comes; with what came instead.
    pub async fn ending(&self, key: &str, from: usize) -> Result<(String, Value), Error> {
        let what = format!("the end of {key}'s change");
        let heard = self
            .stack
            .wait_for(&what, from, |event| {
                let name = event.detail_type.as_str();
                event.source == "lockstep"
                    && (STOPS.contains(&name)
                        || (event.detail["key"] == key && ENDS.contains(&name)))
            })
            .await?;
        Ok((heard.detail_type, heard.detail))
    }
}
