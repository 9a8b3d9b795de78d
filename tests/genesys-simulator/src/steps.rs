//! The steps of a run, and how a test tells them (TestExecutionResult of the official Python SDK 269.0.0).

use serde_json::{Value, json};

use crate::error::ApiError;
use crate::switches::OperationNames;

/// One finished step.
struct Step {
    name: &'static str,
    outcome: Result<Value, ApiError>,
}

/// The steps of a run so far.
#[derive(Default)]
pub(crate) struct Run {
    steps: Vec<Step>,
}

impl Run {
    /// Notes a step and hands on what it gave.
    pub(crate) fn step<T>(
        &mut self,
        name: &'static str,
        outcome: Result<T, ApiError>,
        shown: impl Fn(&T) -> Value,
    ) -> Result<T, ApiError> {
        self.steps.push(Step {
            name,
            outcome: outcome.as_ref().map(shown).map_err(Clone::clone),
        });
        outcome
    }

    pub(crate) fn told(
        &self,
        outcome: &Result<Value, ApiError>,
        correlation_id: &str,
        names: OperationNames,
    ) -> Value {
        let operations: Vec<Value> = self
            .steps
            .iter()
            .enumerate()
            .map(|(index, step)| {
                let mut told = json!({
                    "step": index + 1,
                    "success": step.outcome.is_ok(),
                });
                match names {
                    OperationNames::Words => told["name"] = json!(step.name),
                    OperationNames::Codes => told["name"] = json!(code(step.name)),
                    OperationNames::Absent => {}
                }
                match &step.outcome {
                    Ok(result) => told["result"] = result.clone(),
                    Err(error) => told["error"] = error.body(correlation_id),
                }
                told
            })
            .collect();
        let mut told = json!({"operations": operations, "success": outcome.is_ok()});
        match outcome {
            Ok(result) => told["finalResult"] = result.clone(),
            Err(error) => told["error"] = error.body(correlation_id),
        }
        told
    }
}

/// `Assume role` as `ASSUME_ROLE`.
fn code(name: &str) -> String {
    name.to_uppercase().replace(' ', "_")
}
