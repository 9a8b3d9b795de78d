//! Faults that the control API plants: what goes wrong, where, and how often.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::Value;

use crate::routes::{ROUTES, Route};

/// How an answer goes wrong on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The connection is reset and nothing was done.
    Reset,
    /// No answer is ever given and nothing is done.
    Timeout,
    /// The request is done; half of the answer's body arrives, then the connection ends.
    Truncate,
    /// The request is done; the answer's body is no JSON.
    Garbage,
    /// The request is done, and the connection is reset before the answer.
    AppliedThenLost,
    /// The request is done, and no answer is ever given.
    AppliedThenTimeout,
    /// The answer is `status`, or none is ever given; the request is done afterwards all the same.
    AppliedLater {
        /// How long after the request it is done, on the simulated clock.
        after_ms: u32,
    },
}

/// A fault, as the control API takes it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// HTTP verb, or `*`.
    pub method: String,
    /// A route template such as `/api/v2/integrations/actions/{actionId}`, or `*`.
    pub route: String,
    /// Answer with this status instead of doing the request.
    pub status: Option<u16>,
    /// Headers to add to the answer, or to set on it.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The answer's body; goes with `status`.
    pub body: Option<Value>,
    /// What happens to the answer, or to the connection.
    pub kind: Option<FaultKind>,
    /// Wait this long before anything is done.
    #[serde(default)]
    pub latency_ms: u64,
    /// How many matching calls pass first.
    #[serde(default)]
    pub after: u32,
    /// How many matching calls are hit.
    pub times: u32,
}

impl Fault {
    /// The wait as a duration.
    pub(crate) fn latency(&self) -> Duration {
        Duration::from_millis(self.latency_ms)
    }

    /// What is wrong with the fault itself, so that a mistyped one does not silently hit nothing.
    pub(crate) fn problem(&self) -> Option<String> {
        if self.routes().next().is_none() {
            return Some(format!(
                "no operation matches {} {}; a route is a template such as /api/v2/integrations/actions/{{actionId}}, or *",
                self.method, self.route
            ));
        }
        let is_later = matches!(self.kind, Some(FaultKind::AppliedLater { .. }));
        if is_later && !self.routes().all(|route| route.handler.is_of_world()) {
            return Some(
                "`applied_later` is for operations that change the organization, not for tokens and runs; name one"
                    .to_owned(),
            );
        }
        if self.times == 0 {
            return Some("`times` must be at least 1".to_owned());
        }
        if let Some(status) = self.status
            && !(200..=599).contains(&status)
        {
            return Some("`status` must be between 200 and 599".to_owned());
        }
        if self.body.is_some() && self.status.is_none() {
            return Some("`body` needs a `status`".to_owned());
        }
        if self.status.is_none()
            && self.kind.is_none()
            && self.headers.is_empty()
            && self.latency_ms == 0
        {
            return Some("give one of `status`, `kind`, `headers` and `latency_ms`".to_owned());
        }
        let excludes_status = match self.kind {
            Some(
                FaultKind::Reset
                | FaultKind::Timeout
                | FaultKind::AppliedThenLost
                | FaultKind::AppliedThenTimeout,
            ) => true,
            Some(FaultKind::Truncate | FaultKind::Garbage | FaultKind::AppliedLater { .. })
            | None => false,
        };
        if excludes_status && self.status.is_some() {
            return Some("this `kind` gives no answer, so it takes no `status`".to_owned());
        }
        self.headers.iter().find_map(|(name, value)| {
            let is_bad =
                HeaderName::try_from(name).is_err() || HeaderValue::try_from(value).is_err();
            is_bad.then(|| format!("header `{name}` is no valid header"))
        })
    }

    fn routes(&self) -> impl Iterator<Item = &'static Route> + '_ {
        ROUTES
            .iter()
            .filter(|route| self.matches(route.method, route.template))
    }

    fn matches(&self, method: &str, template: &str) -> bool {
        (self.method == "*" || self.method == method)
            && (self.route == "*" || self.route == template)
    }
}

/// Takes the fault that hits this call, and counts the call on the others that match it.
pub(crate) fn take(faults: &mut Vec<Fault>, method: &str, template: &str) -> Option<Fault> {
    let mut hit = None;
    for fault in faults.iter_mut() {
        if !fault.matches(method, template) {
            continue;
        }
        if fault.after > 0 {
            fault.after -= 1;
        } else if hit.is_none() {
            fault.times -= 1;
            hit = Some(fault.clone());
        }
    }
    faults.retain(|fault| fault.times > 0);
    hit
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> Fault {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_fault_hits_after_the_calls_that_pass_and_only_so_many_times() {
        let mut faults = vec![fault(
            r#"{"method":"GET","route":"*","status":503,"after":1,"times":2}"#,
        )];
        let mut hits = || take(&mut faults, "GET", "/api/v2/integrations").is_some();
        assert_eq!([hits(), hits(), hits(), hits()], [false, true, true, false]);
        assert!(faults.is_empty());
    }

    #[test]
    fn a_fault_that_could_hit_nothing_is_refused() {
        for text in [
            r#"{"method":"GET","route":"/api/v2/nothing","status":503,"times":1}"#,
            r#"{"method":"PUT","route":"/api/v2/integrations/actions/{actionId}","status":503,"times":1}"#,
            r#"{"method":"GET","route":"*","times":1}"#,
            r#"{"method":"GET","route":"*","status":503,"times":0}"#,
            r#"{"method":"GET","route":"*","kind":"reset","status":503,"times":1}"#,
            r#"{"method":"POST","route":"*","kind":{"applied_later":{"after_ms":9}},"times":1}"#,
        ] {
            assert!(fault(text).problem().is_some(), "{text}");
        }
        let good = r#"{"method":"PATCH","route":"/api/v2/integrations/actions/{actionId}","kind":"applied_then_lost","times":1}"#;
        assert_eq!(fault(good).problem(), None);
    }
}
