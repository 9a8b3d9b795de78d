//! The verdict of a verification: what the audit log and a second look at the world say about a
//! change.
//!
//! Violated beats Pending beats Verified. No record is never "fine": what must leave a record and
//! has none is pending, and what the platform does not audit is *not evaluable* and says so.

mod matching;
mod our_clients;
mod overwritten;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::audit::{AuditRecord, Deed, Interval, Level, RecordStatus, SERVICE, ServiceMapping};
use crate::change::End;
use crate::compliance::Check;
use crate::event::Principal;
use crate::finding::Finding;
use crate::ledger::{Occurrence, Row};
use crate::manifest::Authorized;

pub use self::our_clients::OurClients;

/// A record that a write of ours must leave in the audit log.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Expected {
    /// The entity's id.
    pub entity_id: String,
    /// Any of these will do; the platform does not document which one it writes.
    pub any_of: Vec<Entry>,
}

impl Expected {
    /// Any of these pairs of entity type and action, for one entity.
    pub fn of(entity_id: &str, any_of: &[(&str, &str)]) -> Self {
        let entry = |&(entity_type, action): &(&str, &str)| Entry {
            entity_type: entity_type.to_owned(),
            action: action.to_owned(),
        };
        Self {
            entity_id: entity_id.to_owned(),
            any_of: any_of.iter().map(entry).collect(),
        }
    }

    /// Whether the record is of such a write.
    pub fn is_met_by(&self, record: &AuditRecord) -> bool {
        let mut entries = self.any_of.iter();
        self.entity_id == record.entity_id && entries.any(|entry| entry.action == record.action)
    }
}

/// What a record says was done to what: entity type and audit action, as the service mapping
/// spells them (`Action` and `Update`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Entry {
    /// `Action`, `ActionDraft` or `Integration`.
    pub entity_type: String,
    /// `Create`, `Update`, `Publish` or `Delete`.
    pub action: String,
}

impl Expected {
    /// The record in words, for a list of what is missing.
    fn describe(&self) -> String {
        let entries: Vec<String> = self
            .any_of
            .iter()
            .map(|one| format!("{} of {}", one.action, one.entity_type))
            .collect();
        format!("{} {}", entries.join(" or "), self.entity_id)
    }
}

/// Everything that a verdict rests on.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The records that the change's writes must leave, one for each write.
    pub expected: &'a [Expected],
    /// What the audit log answered.
    pub records: &'a [AuditRecord],
    /// The ids of what the change is about. Records of other things do not count.
    pub entities: &'a BTreeSet<String>,
    /// From just before the change was opened until now.
    pub window: Interval,
    /// What the platform says it audits.
    pub mapping: &'a ServiceMapping,
    /// The OAuth clients whose deeds are Lockstep's own.
    pub our_clients: &'a OurClients,
    /// Who else may change what is managed.
    pub authorized: &'a Authorized,
    /// Where role or action differ again.
    pub drift: &'a [Finding],
    /// What could not be read. An incomplete answer is never a proof.
    pub incomplete: &'a [String],
}

/// What a case comes to.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// The ids of the records in the window, each once.
    pub records: Vec<String>,
    /// Who made changes, as the records say; each once.
    pub principals: Vec<Principal>,
    /// The records as lines for a compliance log.
    pub compliance_audit: Vec<String>,
    /// What a reader should know, what could not be evaluated included.
    pub notices: Vec<String>,
    /// What the audit log reports that should not have happened, one row per record.
    pub occurrences: Vec<Row>,
}

/// The verdict.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every record that must exist is there, and nobody else's; nothing differs.
    Verified,
    /// A record by a principal who is not authorized, a failed one, one that was not planned, or
    /// the role or the action differs again.
    Violated {
        /// What was found.
        findings: Vec<Finding>,
    },
    /// Not everything is there yet.
    Pending {
        /// What is missing.
        missing: Vec<String>,
    },
}

impl Verdict {
    /// How the change ends with this verdict at `now`; none while there is time to wait for what
    /// is missing.
    pub fn end(&self, now: Timestamp, deadline: Timestamp) -> Option<End> {
        match self {
            Self::Verified => Some(End::Verified),
            Self::Violated { findings } => Some(End::Violated {
                findings: findings.clone(),
            }),
            Self::Pending { missing } if now >= deadline => Some(End::Unverified {
                missing: missing.clone(),
            }),
            Self::Pending { .. } => None,
        }
    }
}

/// Judges a case. Pure: the same case always comes to the same judgement.
pub fn judge(case: &Case<'_>) -> Judgement {
    let records = relevant(case);
    let mut notices = Vec::new();
    let (evaluable, mute): (Vec<&Expected>, Vec<&Expected>) =
        case.expected.iter().partition(|one| {
            one.any_of.iter().any(|entry| {
                case.mapping
                    .audits(SERVICE, &entry.entity_type, &entry.action)
            })
        });
    if case.incomplete.is_empty() {
        notices.extend(mute.iter().map(|one| {
            format!(
                "not evaluable: Genesys Cloud does not audit {}",
                one.describe()
            )
        }));
    }
    let occurrences = occurrences(case, &records, &mut notices);
    let mut findings: Vec<Finding> = occurrences.iter().filter_map(Row::finding).collect();
    findings.extend(case.drift.iter().cloned());
    let ours: Vec<&AuditRecord> = records
        .iter()
        .filter(|record| case.our_clients.did(record) && record.status == RecordStatus::Success)
        .collect();
    let mut missing: Vec<String> = matching::unmatched(&evaluable, &ours)
        .into_iter()
        .map(|one| format!("no audit record yet: {}", one.describe()))
        .collect();
    missing.extend(case.incomplete.iter().cloned());
    let verdict = if !findings.is_empty() {
        Verdict::Violated { findings }
    } else if missing.is_empty() {
        Verdict::Verified
    } else {
        Verdict::Pending { missing }
    };
    notices.sort();
    notices.dedup();
    Judgement {
        verdict,
        records: records.iter().map(|record| record.id.clone()).collect(),
        principals: principals(&records),
        compliance_audit: records.iter().map(AuditRecord::line).collect(),
        notices,
        occurrences,
    }
}

/// The records that count: about our things, within the window, each once, oldest first.
fn relevant(case: &Case<'_>) -> Vec<AuditRecord> {
    crate::audit::distinct(
        case.records
            .iter()
            .filter(|record| case.entities.contains(&record.entity_id))
            .filter(|record| case.window.holds(record))
            .cloned(),
    )
}

fn principals(records: &[AuditRecord]) -> Vec<Principal> {
    let named: BTreeMap<(_, String), Principal> = records
        .iter()
        .filter(|record| record.deed() != Deed::Use)
        .map(AuditRecord::principal)
        .map(|principal| ((principal.kind, principal.id.clone()), principal))
        .collect();
    named.into_values().collect()
}

/// Whose deed a record reports.
enum Whose {
    Ours,
    Authorized,
    Platform,
    Foreign,
}

fn whose(case: &Case<'_>, record: &AuditRecord) -> Whose {
    let client = record.client.as_deref();
    let user = record.user.as_ref().map(|user| user.id.as_str());
    let authorized = case
        .authorized
        .clients
        .iter()
        .any(|one| Some(one.as_str()) == client)
        || case
            .authorized
            .users
            .iter()
            .any(|one| Some(one.as_str()) == user);
    if case.our_clients.did(record) {
        Whose::Ours
    } else if authorized {
        Whose::Authorized
    } else if client.is_none() && user.is_none() && record.level == Level::Platform {
        Whose::Platform
    } else {
        Whose::Foreign
    }
}

fn occurrences(case: &Case<'_>, records: &[AuditRecord], notices: &mut Vec<String>) -> Vec<Row> {
    let mut rows = Vec::new();
    for record in records.iter().filter(|one| one.deed() != Deed::Use) {
        match whose(case, record) {
            Whose::Ours => rows.extend(own_occurrence(case, record)),
            Whose::Authorized => notices.push(format!(
                "an authorized principal also made a change: {}",
                record.line()
            )),
            Whose::Platform => notices.push(format!(
                "Genesys Cloud itself made a change: {}",
                record.line()
            )),
            Whose::Foreign => rows.push(foreign(record)),
        }
    }
    rows
}

/// What is wrong with a record of our own client, if anything. Creating, updating and publishing
/// is what Lockstep does, and other bindings share the integration; it deletes nothing but a
/// draft of its own.
fn own_occurrence(case: &Case<'_>, record: &AuditRecord) -> Option<Row> {
    if record.status == RecordStatus::Failure {
        let what = format!("a write by Lockstep failed: {}", describe(record));
        return Some(occurrence(Check::WriteFailed, record, what));
    }
    let planned = || case.expected.iter().any(|one| one.is_met_by(record));
    let is_draft = record.entity_type.eq_ignore_ascii_case("ActionDraft");
    if record.deed() == Deed::Removal && !is_draft && !planned() {
        let what = format!(
            "Lockstep's client made a change that is in no plan: {}",
            describe(record)
        );
        return Some(occurrence(Check::Unplanned, record, what));
    }
    None
}

fn occurrence(check: Check, record: &AuditRecord, what: String) -> Row {
    let occurrence = Occurrence {
        record: record.identity(),
        at: record.at,
    };
    Row {
        occurrence: Some(occurrence),
        evidence: vec![format!("genesys:audit/{}", record.identity())],
        ..Row::failed(check, record.resource(), what)
    }
}

/// A change by somebody who is not authorized.
pub fn foreign(record: &AuditRecord) -> Row {
    let principal = record.principal();
    let who = match principal.name {
        Some(name) => format!("{} ({name})", principal.id),
        None => principal.id,
    };
    let kind = match principal.kind {
        crate::event::PrincipalKind::Client => "OAuth client",
        crate::event::PrincipalKind::User => "user",
        crate::event::PrincipalKind::Function => "function",
        crate::event::PrincipalKind::Unknown => "principal",
    };
    let what = format!("unauthorized change by {kind} {who}: {}", describe(record));
    occurrence(Check::Principal, record, what)
}

fn describe(record: &AuditRecord) -> String {
    let when = record.at.map(|at| format!(" at {at}")).unwrap_or_default();
    format!(
        "{} of {} {}{when}, status {}, record {}",
        record.action,
        record.entity_type,
        record.entity_id,
        record.status.as_str(),
        record.id
    )
}

#[cfg(test)]
mod tests;
