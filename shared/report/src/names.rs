//! How severities and results are spelled in formats for programs, and what all formats say of a row.

use lockstep_domain::digest::Digest;
use lockstep_domain::finding::Severity;
use lockstep_domain::ledger::{CheckResult, Row};

/// A severity as the JSON report spells it.
pub(crate) fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::High => "high",
        Severity::Medium => "medium",
        Severity::Low => "low",
    }
}

/// A result as the JSON report spells it.
pub(crate) fn result_name(result: &CheckResult) -> &'static str {
    match result {
        CheckResult::Passed => "passed",
        CheckResult::Failed => "failed",
        CheckResult::NotEvaluated => "not_evaluated",
        CheckResult::Excepted(_) => "excepted",
    }
}

/// What was seen, or why nothing was; what is required where that was seen.
pub(crate) fn what(row: &Row) -> &str {
    match &row.result {
        CheckResult::Passed => row.check.requires(),
        CheckResult::Failed | CheckResult::NotEvaluated | CheckResult::Excepted(_) => &row.what,
    }
}

/// What identifies a row in every sweep: its check, its resource, and the audit record of an occurrence.
pub(crate) fn identity(row: &Row) -> Digest {
    let record = row.occurrence.as_ref().map_or("", |one| &one.record);
    let name = format!("{}\n{}\n{record}", row.check.id(), row.resource);
    Digest::of_bytes(name.as_bytes())
}
