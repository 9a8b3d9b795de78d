//! The result of a test run of an action.

use std::fmt;

use serde::Deserialize;
use serde_json::Value;

use crate::de::or_default;

/// What a test run gave. `Debug` leaves out all data, as an action may answer with secrets.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TestResult {
    /// Whether the whole run succeeded.
    pub success: Option<bool>,
    /// Its steps.
    #[serde(default, deserialize_with = "or_default")]
    pub operations: Vec<TestStep>,
    /// What failed: `ErrorBody` of the published swagger.
    pub error: Option<Value>,
    /// What the flow would get.
    pub final_result: Option<Value>,
}

/// One step of a test run.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TestStep {
    /// Its number.
    pub step: Option<i64>,
    /// Its name, for people.
    pub name: Option<String>,
    /// Whether it succeeded.
    pub success: Option<bool>,
    /// What it gave.
    pub result: Option<Value>,
    /// What failed.
    pub error: Option<Value>,
}

impl TestResult {
    /// True only where the platform said so and no step failed.
    pub fn passed(&self) -> bool {
        self.success == Some(true)
            && self
                .operations
                .iter()
                .all(|step| step.success != Some(false))
    }

    /// The message of what failed, from the run or from its first failed step.
    pub fn error_message(&self) -> Option<&str> {
        let failed = self
            .operations
            .iter()
            .filter_map(|step| step.error.as_ref());
        self.error.iter().chain(failed).find_map(|error| {
            let text = error.as_str().or_else(|| error.get("message")?.as_str())?;
            (!text.is_empty()).then_some(text)
        })
    }
}

impl fmt::Debug for TestResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestResult")
            .field("success", &self.success)
            .field("operations", &self.operations)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for TestStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestStep")
            .field("step", &self.step)
            .field("name", &self.name)
            .field("success", &self.success)
            .finish_non_exhaustive()
    }
}
