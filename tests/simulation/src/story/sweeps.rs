//! Sweeps, and what their reports say.

use serde_json::{Value, json};

use super::world::World;
use super::{Error, Stage};

impl<S: Stage> World<S> {
    /// The report of a sweep of everything, in mode `apply` or `plan`.
    ///
    /// # Errors
    /// Where `check-compliance` can't be invoked, or fails.
    pub async fn sweep(&self, mode: &str) -> Result<Value, Error> {
        self.ask("check-compliance", json!({"mode": mode})).await
    }

    /// Sweeps in mode `apply` until a finding is there that needs time.
    ///
    /// # Errors
    /// Where it does not come; with the last report.
    pub async fn sweep_until_found(&self, id: &str) -> Result<Value, Error> {
        let is_found = async || {
            let report = self.sweep("apply").await?;
            let is_found = !found(&report, id).is_empty();
            Ok(is_found.then_some(report))
        };
        self.stack
            .until(&format!("the finding {id}"), is_found)
            .await
    }
}

/// The findings of one id that failed.
pub fn found<'r>(report: &'r Value, id: &str) -> Vec<&'r Value> {
    let findings = report["findings"].as_array().into_iter().flatten();
    findings
        .filter(|finding| finding["status"] == "failed" && finding["id"] == id)
        .collect()
}

/// The key and the verb of each step of a report, and whether it was done.
pub fn steps(report: &Value) -> Vec<(&str, &str, bool)> {
    let steps = report["steps"].as_array().into_iter().flatten();
    steps
        .map(|step| {
            let text = |name: &str| step[name].as_str().unwrap_or_default();
            (text("key"), text("verb"), !step["outcome"].is_null())
        })
        .collect()
}
