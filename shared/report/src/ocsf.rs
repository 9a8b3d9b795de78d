//! OCSF 1.7.0: one *Compliance Finding* event (class 2003) a line, with the profile `cloud`.
//!
//! Numbers and captions are those of the schema of OCSF 1.7.0, <https://schema.ocsf.io/1.7.0/classes/compliance_finding>.

use std::collections::BTreeSet;
use std::io;

use lockstep_domain::finding::Severity;
use lockstep_domain::ledger::{CheckResult, Ledger, Row, RowId, Sweep};
use serde::Serialize;

use crate::names::{identity, what};

const VERSION: &str = "1.7.0";
const CATEGORY: u32 = 2;
const CLASS: u32 = 2003;

#[derive(Serialize)]
struct Event<'a> {
    activity_id: u32,
    category_uid: u32,
    class_uid: u32,
    type_uid: u32,
    /// Milliseconds since 1970.
    time: i64,
    severity_id: u32,
    severity: &'static str,
    status_id: u32,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_detail: Option<String>,
    message: &'a str,
    metadata: Metadata<'a>,
    cloud: Cloud<'a>,
    finding_info: FindingInfo<'a>,
    compliance: Compliance<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remediation: Option<Remediation<'a>>,
    resources: [Resource<'a>; 1],
    unmapped: Unmapped<'a>,
}

#[derive(Serialize)]
struct Metadata<'a> {
    version: &'static str,
    uid: String,
    correlation_uid: &'a str,
    tenant_uid: &'a str,
    profiles: [&'static str; 1],
    product: Product<'a>,
}

#[derive(Serialize)]
struct Product<'a> {
    name: &'static str,
    vendor_name: &'static str,
    version: &'a str,
}

#[derive(Serialize)]
struct Cloud<'a> {
    provider: &'static str,
    region: &'a str,
    account: Account<'a>,
}

#[derive(Serialize)]
struct Account<'a> {
    uid: &'a str,
}

#[derive(Serialize)]
struct FindingInfo<'a> {
    uid: String,
    title: &'static str,
    desc: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_seen_time: Option<i64>,
    last_seen_time: i64,
    types: [&'static str; 1],
}

#[derive(Serialize)]
struct Compliance<'a> {
    control: &'static str,
    desc: &'static str,
    status_id: u32,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_details: Option<[&'a str; 1]>,
    standards: Vec<&'static str>,
    requirements: Vec<String>,
}

#[derive(Serialize)]
struct Remediation<'a> {
    desc: &'a str,
}

#[derive(Serialize)]
struct Resource<'a> {
    uid: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
}

/// What the class has no attribute for.
#[derive(Serialize)]
struct Unmapped<'a> {
    stack: &'a str,
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    binding: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audit_record: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    evidence: &'a [String],
}

/// Renders an event for each row.
pub(crate) fn render(ledger: &Ledger, out: &mut dyn io::Write) -> io::Result<()> {
    let cleared: BTreeSet<&RowId> = ledger.cleared.iter().map(|one| &one.id).collect();
    for row in &ledger.rows {
        let activity = activity(row, cleared.contains(&row.id()), &ledger.sweep);
        crate::json::write(&event(row, activity, &ledger.sweep), out)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// What the event reports of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Activity {
    Create,
    Update,
    Close,
}

/// Known before: *Update*. Failed in the sweep before and passes now: *Close*. Everything else is new.
fn activity(row: &Row, is_cleared: bool, sweep: &Sweep) -> Activity {
    let is_known = row.since.is_some_and(|since| since < sweep.started);
    match (&row.result, is_cleared, is_known) {
        (CheckResult::Passed, true, _) => Activity::Close,
        (_, _, true) => Activity::Update,
        (_, _, false) => Activity::Create,
    }
}

impl Activity {
    fn id(self) -> u32 {
        match self {
            Self::Create => 1,
            Self::Update => 2,
            Self::Close => 3,
        }
    }
}

fn event<'a>(row: &'a Row, activity: Activity, sweep: &'a Sweep) -> Event<'a> {
    let time = sweep.finished.as_millisecond();
    let (severity_id, severity) = severity(row);
    let (status_id, status, status_detail) = status(row, activity);
    let happened = row.occurrence.as_ref().and_then(|one| one.at);
    let first_seen = row.since.or(happened);
    Event {
        activity_id: activity.id(),
        category_uid: CATEGORY,
        class_uid: CLASS,
        type_uid: CLASS * 100 + activity.id(),
        time,
        severity_id,
        severity,
        status_id,
        status,
        status_detail,
        message: what(row),
        metadata: Metadata {
            version: VERSION,
            uid: format!("{}-{}", sweep.id.short(16), identity(row).short(16)),
            correlation_uid: sweep.id.as_str(),
            tenant_uid: sweep.organization.as_str(),
            profiles: ["cloud"],
            product: Product {
                name: "Lockstep",
                vendor_name: "Lockstep",
                version: &sweep.release,
            },
        },
        cloud: Cloud {
            provider: "AWS",
            region: &sweep.region,
            account: Account {
                uid: &sweep.account,
            },
        },
        finding_info: FindingInfo {
            uid: identity(row).as_str().to_owned(),
            title: row.check.requires(),
            desc: row.why(),
            first_seen_time: first_seen.map(|at| at.as_millisecond()),
            last_seen_time: time,
            types: [if row.occurrence.is_some() {
                "occurrence"
            } else {
                "condition"
            }],
        },
        compliance: compliance(row),
        remediation: match row.result {
            CheckResult::Passed => None,
            CheckResult::Failed | CheckResult::NotEvaluated | CheckResult::Excepted(_) => {
                Some(Remediation { desc: row.fix() })
            }
        },
        resources: [Resource {
            uid: &row.resource,
            kind: resource_type(&row.resource),
        }],
        unmapped: Unmapped {
            stack: &sweep.stack,
            result: crate::names::result_name(&row.result),
            binding: row.key.as_ref().map(|key| key.as_str()),
            audit_record: row.occurrence.as_ref().map(|one| one.record.as_str()),
            evidence: &row.evidence,
        },
    }
}

/// How severe the event is: a check that passed is information.
fn severity(row: &Row) -> (u32, &'static str) {
    match (&row.result, row.severity()) {
        (CheckResult::Passed, _) => (1, "Informational"),
        (_, Severity::Low) => (2, "Low"),
        (_, Severity::Medium) => (3, "Medium"),
        (_, Severity::High) => (4, "High"),
        (_, Severity::Critical) => (5, "Critical"),
    }
}

/// The state of the finding. An exception suppresses it.
fn status(row: &Row, activity: Activity) -> (u32, &'static str, Option<String>) {
    match (&row.result, activity) {
        (CheckResult::Excepted(exception), _) => {
            let reason = format!(
                "{} Owner: {}. Expires on {}.",
                exception.reason, exception.owner, exception.expires
            );
            (3, "Suppressed", Some(reason))
        }
        (CheckResult::Passed, Activity::Close) => (4, "Resolved", None),
        (CheckResult::Passed | CheckResult::Failed | CheckResult::NotEvaluated, _) => {
            (1, "New", None)
        }
    }
}

/// The result of the check. What was not evaluated is a warning, never a pass.
fn compliance(row: &Row) -> Compliance<'_> {
    let (status_id, status, details) = match &row.result {
        CheckResult::Passed => (1, "Pass", None),
        CheckResult::NotEvaluated => (2, "Warning", Some([row.what.as_str()])),
        CheckResult::Failed | CheckResult::Excepted(_) => (3, "Fail", Some([row.what.as_str()])),
    };
    let standards: BTreeSet<&str> = row
        .controls()
        .iter()
        .map(|one| one.framework.title())
        .collect();
    Compliance {
        control: row.check.id(),
        desc: row.check.requires(),
        status_id,
        status,
        status_details: details,
        standards: standards.into_iter().collect(),
        requirements: row.controls().iter().map(ToString::to_string).collect(),
    }
}

/// What a resource is: the service of an ARN, or the kind of a thing of Genesys Cloud.
fn resource_type(resource: &str) -> &str {
    if resource.starts_with("arn:") {
        return resource.split(':').nth(2).unwrap_or("arn");
    }
    resource.split('/').next().unwrap_or(resource)
}
