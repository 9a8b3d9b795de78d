//! Two surveys side by side.

use std::fmt;

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
    /// The switch that explains it alone; absent where none does, or only several together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub switch: Option<String>,
}

impl Difference {
    fn is_where(&self, other: &Self) -> bool {
        self.call == other.call && self.what == other.what
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            call,
            what,
            live,
            simulated,
            switch: _,
        } = self;
        write!(
            f,
            "{call}: {what}: {live} here, {simulated} in the simulator"
        )
    }
}

/// All differences, in the order of the calls. A call that only one side answered is not compared.
pub(crate) fn differences(live: &Survey, simulated: &Survey) -> Vec<Difference> {
    live.seen
        .iter()
        .filter_map(|(call, seen)| Some((call, seen, simulated.seen.get(call)?)))
        .flat_map(|(call, live, simulated)| of_call(call, live, simulated))
        .collect()
}

/// The differences that are gone in `tuned`, each with the first switch that alone makes it go.
pub(crate) fn explained(
    live: &Survey,
    assumed: &Survey,
    tuned: &Survey,
    alone: &[(String, Survey)],
) -> Vec<Difference> {
    let remaining = differences(live, tuned);
    let mut all = differences(live, assumed);
    all.retain(|found| !remaining.iter().any(|other| other.is_where(found)));
    for found in &mut all {
        let mut switches = alone.iter();
        let explains = switches.find(|(_, survey)| is_gone(found, live, survey));
        found.switch = explains.map(|(switch, _)| switch.clone());
    }
    all
}

/// Whether a difference is gone because the simulator answers alike, and not because it is asked no more or
/// its answer cannot be compared.
fn is_gone(found: &Difference, live: &Survey, simulated: &Survey) -> bool {
    let (Some(here), Some(there)) = (live.seen.get(&found.call), simulated.seen.get(&found.call))
    else {
        return false;
    };
    let mut left = of_call(&found.call, here, there).into_iter();
    is_success(here) == is_success(there) && !left.any(|other| other.is_where(found))
}

fn is_success(seen: &Seen) -> bool {
    (200..300).contains(&seen.status)
}

fn of_call(call: &str, live: &Seen, simulated: &Seen) -> Vec<Difference> {
    let line = |what: &str, live: String, simulated: String| Difference {
        call: call.to_owned(),
        what: what.to_owned(),
        live,
        simulated,
        switch: None,
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const CALL: &str = "PATCH /api/v2/integrations/actions/{actionId}";

    fn answered(status: u16, code: &str) -> Survey {
        let seen = Seen {
            status,
            code: code.to_owned(),
            headers: Default::default(),
            shape: shape::of(&json!({})),
            unknown_values: Vec::new(),
            unreadable: None,
        };
        Survey {
            seen: [(CALL.to_owned(), seen)].into(),
            ..Survey::default()
        }
    }

    fn switches(found: &[Difference]) -> Vec<(&str, Option<&str>)> {
        let all = found.iter();
        all.map(|found| (found.what.as_str(), found.switch.as_deref()))
            .collect()
    }

    #[test]
    fn a_difference_names_the_switch_that_alone_explains_it_and_none_where_it_takes_several() {
        let live = answered(409, "stale");
        let alone = [
            ("one".to_owned(), answered(400, "other")),
            ("two".to_owned(), answered(409, "other")),
        ];
        let found = explained(&live, &answered(400, "invalid"), &live, &alone);
        assert_eq!(switches(&found), [("status", Some("two")), ("code", None)]);
    }

    #[test]
    fn a_switch_under_which_a_call_is_not_made_explains_nothing_of_it() {
        let live = answered(409, "stale");
        let alone = [("one".to_owned(), Survey::default())];
        let found = explained(&live, &answered(409, "invalid"), &live, &alone);
        assert_eq!(switches(&found), [("code", None)]);
    }

    #[test]
    fn a_difference_that_takes_another_form_is_not_explained() {
        let tuned = answered(408, "");
        assert!(explained(&answered(409, ""), &answered(400, ""), &tuned, &[]).is_empty());
    }
}
