//! A finding: one failed check on one resource.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::compliance::Check;

/// How bad.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Low,
    /// Causes a failure when something else happens.
    Medium,
    /// Calls fail, or an unauthorized principal has changed something.
    High,
    /// A breach is open.
    Critical,
}

/// The result of the check. A check that could not be evaluated never counts as passed.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It does not hold.
    Failed,
    /// It could not be evaluated.
    NotEvaluated,
}

/// One failed check on one resource. The id is stable: it names the check, not the occurrence.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// `LS-...`.
    pub id: String,
    /// How bad.
    pub severity: Severity,
    /// What it is about: an ARN, or `genesys:<kind>/<id>`.
    pub resource: String,
    /// Failed, or not evaluated.
    pub status: Status,
    /// What is the case.
    pub what: String,
    /// Why that matters.
    pub why: String,
    /// What to do.
    pub fix: String,
}

impl Finding {
    /// A failed check with the catalogue's texts.
    pub fn failed(check: Check, resource: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            id: check.id().to_owned(),
            severity: check.severity(),
            resource: resource.into(),
            status: Status::Failed,
            what: what.into(),
            why: check.why().to_owned(),
            fix: check.fix().to_owned(),
        }
    }
}
