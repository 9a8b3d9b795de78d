//! One row: the result of one check on one resource.

use std::cmp::Ordering;

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::compliance::{Check, Control};
use crate::finding::{Finding, Severity, Status};
use crate::ids::Key;

/// The result of one check on one resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Row {
    /// The check. Its severity, its texts and its controls are those of the catalogue.
    pub check: Check,
    /// What was checked: an ARN, `genesys:<kind>/<id>`, `lockstep:binding/<organization>/<key>`, or
    /// an object of a bucket.
    pub resource: String,
    /// Set where the row reports something that happened. Unlike a condition, it never clears.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurrence: Option<Occurrence>,
    /// The binding that the resource belongs to, where it belongs to one; the first one where
    /// several share it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    /// The result.
    pub result: CheckResult,
    /// What was seen, where it differs from what the check requires; why nothing could be seen, where
    /// the check was not evaluated; empty where it passed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub what: String,
    /// What to do about this one, where that is more exact than the catalogue's advice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    /// Since when it has failed or could not be evaluated: the start of the first sweep that saw
    /// it. None for a check that passed, for an occurrence, and in a partial sweep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub since: Option<Timestamp>,
    /// Where the proof is: S3 URIs of evidence records, and ids of audit records.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// The entry of the manifest that names the resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<ManifestPlace>,
}

/// What distinguishes a row from every other row of a ledger, and connects it with the row of the
/// sweep before.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct RowId {
    /// The check.
    pub check: Check,
    /// The resource.
    pub resource: String,
    /// The audit record, where the row reports an occurrence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
}

/// The result of a check. Only [`CheckResult::Passed`] is a pass.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckResult {
    /// What the check requires was seen.
    Passed,
    /// Something else was seen.
    Failed,
    /// It could not be seen; [`Row::what`] says why.
    NotEvaluated,
    /// Something else was seen, and an exception of the manifest covers it.
    Excepted(Exception),
}

/// An exception that the manifest makes.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct Exception {
    /// Why the failure is accepted.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day (UTC) on which it applies.
    #[schemars(with = "String", extend("format" = "date"))]
    pub expires: Date,
}

/// Something that happened, as the audit log reports it.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct Occurrence {
    /// The id of the audit record.
    pub record: String,
    /// When it happened; none where the record does not say.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub at: Option<Timestamp>,
}

/// An entry of the accepted manifest.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct ManifestPlace {
    /// The place, such as `actions[2]`.
    pub at: String,
    /// Its line in the accepted text, counted from 1.
    pub line: u32,
}

impl Row {
    /// A check that passed.
    pub fn passed(check: Check, resource: impl Into<String>) -> Self {
        Self::new(check, resource.into(), CheckResult::Passed, String::new())
    }

    /// A check that failed; `what` says what was seen.
    pub fn failed(check: Check, resource: impl Into<String>, what: impl Into<String>) -> Self {
        Self::new(check, resource.into(), CheckResult::Failed, what.into())
    }

    /// A check that could not be made.
    pub fn not_evaluated(
        check: Check,
        resource: impl Into<String>,
        because: impl Into<String>,
    ) -> Self {
        let result = CheckResult::NotEvaluated;
        Self::new(check, resource.into(), result, because.into())
    }

    fn new(check: Check, resource: String, result: CheckResult, what: String) -> Self {
        Self {
            check,
            resource,
            occurrence: None,
            key: None,
            result,
            what,
            advice: None,
            since: None,
            evidence: Vec::new(),
            manifest: None,
        }
    }

    /// With advice that is more exact than the catalogue's.
    #[must_use]
    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// As a row of a binding.
    #[must_use]
    pub fn of(mut self, key: &Key) -> Self {
        self.key = Some(key.clone());
        self
    }

    /// Takes over what another row with the same id says. The worse result counts: failed, then not
    /// evaluated, then passed.
    pub fn absorb(&mut self, other: Self) {
        let Self {
            result,
            what,
            advice,
            evidence,
            key,
            check: _,
            resource: _,
            occurrence: _,
            since: _,
            manifest: _,
        } = other;
        match rank(&self.result).cmp(&rank(&result)) {
            Ordering::Less => {
                self.result = result;
                self.what = what;
                self.advice = advice;
            }
            Ordering::Equal => join(&mut self.what, &what),
            Ordering::Greater => {}
        }
        for proof in evidence {
            if !self.evidence.contains(&proof) {
                self.evidence.push(proof);
            }
        }
        self.key = self.key.take().or(key);
    }

    /// What distinguishes it from every other row.
    pub fn id(&self) -> RowId {
        RowId {
            check: self.check,
            resource: self.resource.clone(),
            record: self.occurrence.as_ref().map(|one| one.record.clone()),
        }
    }

    /// How severe a failure is.
    pub fn severity(&self) -> Severity {
        self.check.severity()
    }

    /// Why the check matters.
    pub fn why(&self) -> &'static str {
        self.check.why()
    }

    /// What to do.
    pub fn fix(&self) -> &str {
        self.advice.as_deref().unwrap_or_else(|| self.check.fix())
    }

    /// The controls that the check supports.
    pub fn controls(&self) -> &'static [Control] {
        self.check.controls()
    }

    /// As an event reports it; none where the check passed, and where an exception covers the failure.
    pub fn finding(&self) -> Option<Finding> {
        let status = match &self.result {
            CheckResult::Passed | CheckResult::Excepted(_) => return None,
            CheckResult::Failed => Status::Failed,
            CheckResult::NotEvaluated => Status::NotEvaluated,
        };
        Some(Finding {
            status,
            fix: self.fix().to_owned(),
            ..Finding::failed(self.check, &self.resource, &self.what)
        })
    }
}

/// How bad a result is.
fn rank(result: &CheckResult) -> u8 {
    match result {
        CheckResult::Passed => 0,
        CheckResult::Excepted(_) => 1,
        CheckResult::NotEvaluated => 2,
        CheckResult::Failed => 3,
    }
}

fn join(text: &mut String, more: &str) {
    let is_known = more.is_empty() || text.split("; ").any(|part| part == more);
    if !is_known {
        text.push_str("; ");
        text.push_str(more);
    }
}
