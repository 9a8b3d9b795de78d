//! Sweeps, and what their reports say.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::world::{Error, PATIENCE, World};

/// Between two sweeps that wait for something.
const BETWEEN_SWEEPS: Duration = Duration::from_millis(500);

impl World {
    /// The report of a sweep of everything, in mode `apply` or `plan`.
    ///
    /// # Errors
    /// Where `check-compliance` can't be invoked, or fails.
    pub async fn sweep(&self, mode: &str) -> Result<Value, Error> {
        self.ask("check-compliance", json!({"mode": mode})).await
    }

    /// Sweeps in mode `apply` until a finding stands that needs time to come.
    ///
    /// # Errors
    /// Where it does not come; with the last report.
    pub async fn sweep_until_found(&self, id: &str) -> Result<Value, Error> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let report = self.sweep("apply").await?;
            if !found(&report, id).is_empty() {
                return Ok(report);
            }
            if Instant::now() > deadline {
                return Err(format!("{id} is never found: {report:#}").into());
            }
            sleep(BETWEEN_SWEEPS).await;
        }
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
