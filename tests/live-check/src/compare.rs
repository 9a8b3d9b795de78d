//! Two surveys side by side.

use serde::Serialize;

use crate::shape;
use crate::survey::{Seen, Survey};

/// One difference between the organization and the simulator, in the answer to one call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Method and route, with what was special about the call.
    pub call: String,
    /// What differs: `status`, `code`, a header or a field by its path.
    pub what: String,
    /// What the organization has there.
    pub live: String,
    /// What the simulator has there.
    pub simulated: String,
}

/// All differences, in the order of the calls. A call that only one side answered is not compared.
pub(crate) fn differences(live: &Survey, simulated: &Survey) -> Vec<Difference> {
    live.seen
        .iter()
        .filter_map(|(call, seen)| Some((call, seen, simulated.seen.get(call)?)))
        .flat_map(|(call, live, simulated)| of_call(call, live, simulated))
        .collect()
}

fn of_call(call: &str, live: &Seen, simulated: &Seen) -> Vec<Difference> {
    let line = |what: &str, live: String, simulated: String| Difference {
        call: call.to_owned(),
        what: what.to_owned(),
        live,
        simulated,
    };
    let mut all = Vec::new();
    if live.status != simulated.status {
        all.push(line(
            "status",
            live.status.to_string(),
            simulated.status.to_string(),
        ));
    }
    if live.code != simulated.code {
        let told = |code: &str| {
            if code.is_empty() {
                "none".to_owned()
            } else {
                code.to_owned()
            }
        };
        all.push(line("code", told(&live.code), told(&simulated.code)));
    }
    for header in live.headers.symmetric_difference(&simulated.headers) {
        let there = |seen: &Seen| {
            if seen.headers.contains(header) {
                "there"
            } else {
                "absent"
            }
        };
        all.push(line(
            &format!("header {header}"),
            there(live).to_owned(),
            there(simulated).to_owned(),
        ));
    }
    let is_success = |seen: &Seen| (200..300).contains(&seen.status);
    if is_success(live) == is_success(simulated) {
        for (path, live, simulated) in shape::differences(&live.shape, &simulated.shape) {
            let what = if path.is_empty() {
                "the body".to_owned()
            } else {
                path
            };
            all.push(line(&what, live, simulated));
        }
    }
    for (field, value) in &live.unknown_values {
        let known = "not among the published values".to_owned();
        all.push(line(&format!("value of {field}"), value.clone(), known));
    }
    if let Some(model) = live.unreadable {
        let what = "Lockstep's client";
        all.push(line(
            what,
            format!("cannot read it as {model}"),
            "reads it".to_owned(),
        ));
    }
    all
}
