//! SARIF 2.1.0 for code scanning: results at the lines of the manifest that name the resources.
//!
//! A check that passed has no result. One that was not evaluated has kind `open` and level `none` (SARIF 2.1.0, 3.27.9
//! and 3.27.10). At most [`RESULTS`] results are written, the most severe first; a notification says how many are not.

use std::collections::BTreeMap;
use std::io;

use lockstep_domain::compliance::Check;
use lockstep_domain::finding::Severity;
use lockstep_domain::ledger::{CheckResult, Ledger, Row, Sweep};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::names::{identity, what};
use crate::text::counted;

/// How many results a file has at most: GitHub code scanning shows no more of one run.
const RESULTS: usize = 5_000;

/// What stands for the bucket to which manifests are uploaded.
const BASE: &str = "MANIFESTS";

/// What a key may hold in the path of a URI as it is (RFC 3986, `pchar` without sub-delimiters, and `/`).
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// Renders the results.
pub(crate) fn render(ledger: &Ledger, out: &mut dyn io::Write) -> io::Result<()> {
    let mut rows: Vec<&Row> = ledger
        .rows
        .iter()
        .filter(|row| rank(row).is_some())
        .collect();
    rows.sort_by_key(|row| rank(row));
    let hidden = rows.len().saturating_sub(RESULTS);
    rows.truncate(RESULTS);
    let checks = rules(&rows);
    let uri = utf8_percent_encode(&ledger.sweep.manifest.object, PATH).to_string();
    let results: Vec<Value> = rows
        .iter()
        .map(|row| result(row, &checks, &uri, &ledger.sweep))
        .collect();
    let log = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [run(ledger, hidden, checks.keys().copied(), &uri, results)],
    });
    crate::json::write(&log, out)?;
    out.write_all(b"\n")
}

/// The order of results, the most important first; none for a check that passed.
fn rank(row: &Row) -> Option<(u8, u8)> {
    let severity = match row.severity() {
        Severity::Critical => 0,
        Severity::High => 1,
        Severity::Medium => 2,
        Severity::Low => 3,
    };
    match row.result {
        CheckResult::Passed => None,
        CheckResult::Failed => Some((severity, 0)),
        CheckResult::NotEvaluated => Some((severity, 1)),
        CheckResult::Excepted(_) => Some((severity, 2)),
    }
}

/// The checks of the rows, each with its place among the rules.
fn rules(rows: &[&Row]) -> BTreeMap<Check, usize> {
    let checks: BTreeMap<Check, usize> = rows.iter().map(|row| (row.check, 0)).collect();
    checks
        .into_keys()
        .enumerate()
        .map(|(at, check)| (check, at))
        .collect()
}

fn run(
    ledger: &Ledger,
    hidden: usize,
    checks: impl Iterator<Item = Check>,
    uri: &str,
    results: Vec<Value>,
) -> Value {
    let sweep = &ledger.sweep;
    let notifications = match hidden {
        0 => Vec::new(),
        hidden => vec![json!({
            "level": "warning",
            "message": { "text": format!(
                "{} not in this file, which holds the {RESULTS} most severe ones. The JSON report has all.",
                match hidden { 1 => "1 result is".to_owned(), more => format!("{} are", counted(more, "result")) },
            ) },
        })],
    };
    json!({
        "tool": { "driver": {
            "name": "Lockstep",
            "version": sweep.release,
            "rules": checks.map(rule).collect::<Vec<_>>(),
        } },
        "automationDetails": {
            "id": format!("lockstep/{}/{}", sweep.organization, sweep.id.short(16)),
        },
        "invocations": [{
            "executionSuccessful": true,
            "startTimeUtc": sweep.started.to_string(),
            "endTimeUtc": sweep.finished.to_string(),
            "toolExecutionNotifications": notifications,
        }],
        "originalUriBaseIds": { BASE: {
            "description": { "text": "The bucket to which manifests are uploaded." },
        } },
        "artifacts": [{
            "location": { "uri": uri, "uriBaseId": BASE },
            "hashes": { "sha-256": sweep.manifest.digest },
        }],
        "columnKind": "unicodeCodePoints",
        "properties": { "passed": ledger.counts().passed, "stack": sweep.stack },
        "results": results,
    })
}

fn rule(check: Check) -> Value {
    let tags: Vec<String> = check.controls().iter().map(ToString::to_string).collect();
    json!({
        "id": check.id(),
        "shortDescription": { "text": check.requires() },
        "fullDescription": { "text": check.why() },
        "help": { "text": check.fix() },
        "defaultConfiguration": { "level": level(check.severity()) },
        "properties": { "tags": tags, "security-severity": score(check.severity()) },
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "note",
    }
}

/// In the middle of the range that GitHub code scanning gives this severity.
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
    }
}

fn result(row: &Row, rules: &BTreeMap<Check, usize>, uri: &str, sweep: &Sweep) -> Value {
    // What no entry names is shown at the key `organization`.
    let line = row
        .manifest
        .as_ref()
        .map_or(sweep.manifest.organization_line, |place| place.line);
    let (kind, level) = match row.result {
        CheckResult::Passed => ("pass", "none"),
        CheckResult::NotEvaluated => ("open", "none"),
        CheckResult::Failed | CheckResult::Excepted(_) => ("fail", level(row.severity())),
    };
    let mut result = json!({
        "ruleId": row.check.id(),
        "ruleIndex": rules.get(&row.check),
        "kind": kind,
        "level": level,
        "message": { "text": format!("{}: {}", row.resource, what(row)) },
        "locations": [{
            "physicalLocation": {
                "artifactLocation": { "uri": uri, "uriBaseId": BASE, "index": 0 },
                "region": { "startLine": line.max(1) },
            },
            "logicalLocations": [{ "fullyQualifiedName": row.resource, "kind": "resource" }],
        }],
        "partialFingerprints": { "checkAndResource/v1": identity(row) },
    });
    if let CheckResult::Excepted(exception) = &row.result {
        let justification = format!(
            "{} Owner: {}. Expires on {}.",
            exception.reason, exception.owner, exception.expires
        );
        result["suppressions"] = json!([{
            "kind": "external",
            "status": "accepted",
            "justification": justification,
        }]);
    }
    result
}
