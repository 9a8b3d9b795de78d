//! The end of the demo: a compliance sweep, and a copy of its report.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::Story;
use super::scene::Scene;
use crate::error::Error;
use crate::place;
use crate::stack::Stack;

/// What a sweep found, and the copy of its page.
struct Report {
    passed: u64,
    checked: u64,
    page: PathBuf,
}

impl Story {
    /// Runs a compliance sweep and keeps its page.
    pub(super) async fn check(&mut self, stack: &Stack) -> Result<(), Error> {
        self.progress.heading("Check everything");
        let before = Instant::now();
        let report = sweep(stack).await;
        let report = self.step(Scene::Checked, before, report, |report| {
            format!("{} of {} checks passed", report.passed, report.checked)
        })?;
        self.summary.report = Some(report.page);
        Ok(())
    }
}

/// Sweeps the organization and keeps a copy of the page.
async fn sweep(stack: &Stack) -> Result<Report, Error> {
    let request = json!({"mode": "apply", "reason": "the demo"});
    let answer = stack.invoke("check-compliance", &request).await?;
    if answer.failed {
        let why = format!("check-compliance failed: {}", answer.payload);
        return Err(Error::new(why));
    }
    let report = &answer.payload;
    let reports = report["reports"].as_array().into_iter().flatten();
    let uri = reports
        .filter_map(Value::as_str)
        .find(|uri| uri.ends_with(".html"))
        .ok_or_else(|| Error::new("the sweep stored no page"))?;
    let text = stack.text(uri).await?;
    let text = text.ok_or_else(|| Error::new(format!("there is no {uri}")))?;
    let page = place::sandbox()?.join("report.html");
    fs::write(&page, text)
        .map_err(|error| Error::io(format!("cannot write {}", page.display()), &error))?;
    let count = |name: &str| report[name].as_u64().unwrap_or_default();
    Ok(Report {
        passed: count("passed"),
        checked: count("checked"),
        page,
    })
}
