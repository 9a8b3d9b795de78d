//! What the platform's audit log says: records, the service mapping, windows, and the lines of
//! the compliance log.
//!
//! Sources: official Python SDK 269.0.0, `AuditLogMessage`, `AuditQueryServiceMapping`; a real
//! record in the Genesys developer forum shows empty strings and empty objects where a field does
//! not apply (`"client": {"id": ""}`), so empty and absent mean the same here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::digest::Digest;
use crate::event::{Principal, PrincipalKind};

/// The audited service of integrations and data actions (official Python SDK 269.0.0,
/// `AuditTopicAuditLogMessage.service_name`).
pub const SERVICE: &str = "Integrations";

/// The text for a field that a record does not have.
pub const NOT_AVAILABLE: &str = "N/A";

/// One record of the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    /// Its id; the same record may arrive more than once.
    pub id: String,
    /// When it happened; none where the record does not say it readably.
    pub at: Option<Timestamp>,
    /// The service, such as [`SERVICE`].
    pub service: String,
    /// On whose account it happened.
    pub level: Level,
    /// What was done: a free word of the platform, such as `Update`.
    pub action: String,
    /// The kind of thing, such as `ActionDraft`.
    pub entity_type: String,
    /// The thing.
    pub entity_id: String,
    /// Its name, where the record says it.
    pub entity_name: Option<String>,
    /// How it went.
    pub status: RecordStatus,
    /// The user who did it, where there is one.
    pub user: Option<UserRef>,
    /// The OAuth client through which it was done, where there is one.
    pub client: Option<String>,
}

/// A user as a record names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRef {
    /// The id.
    pub id: String,
    /// The name, where the record says it.
    pub name: Option<String>,
}

/// On whose account something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// A user or an OAuth client.
    User,
    /// The platform itself: `SYSTEM` or `GENESYS_INTERNAL`.
    Platform,
    /// The record does not say, or says something new.
    Unstated,
}

impl Level {
    /// From the wire.
    pub fn parse(text: &str) -> Self {
        match text {
            "USER" => Self::User,
            "SYSTEM" | "GENESYS_INTERNAL" => Self::Platform,
            _ => Self::Unstated,
        }
    }
}

/// How an audited deed went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordStatus {
    /// It was done.
    Success,
    /// It was tried and not done.
    Failure,
    /// It was done, with something to say about it.
    Warning,
    /// The record does not say, or says something new.
    Unstated,
}

impl RecordStatus {
    /// From the wire.
    pub fn parse(text: &str) -> Self {
        match text {
            "SUCCESS" => Self::Success,
            "FAILURE" => Self::Failure,
            "WARNING" => Self::Warning,
            _ => Self::Unstated,
        }
    }

    /// As a compliance log writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "SUCCESS",
            Self::Failure => "FAILURE",
            Self::Warning => "WARNING",
            Self::Unstated => NOT_AVAILABLE,
        }
    }
}

/// What kind of operation a record reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Read or executed; nothing was changed.
    Use,
    /// Taken away.
    Removal,
    /// Made or changed in any other way.
    Write,
}

impl AuditRecord {
    /// What kind of operation it was. An unknown word counts as a change: an unnecessary check is
    /// better than an unnoticed change.
    pub fn deed(&self) -> Deed {
        // Words of the official Python SDK 269.0.0, `AuditTopicAuditLogMessage`, and of the older
        // `AuditLogMessage` (ReadAll). No SDK has Test or Validate: kept, since a draft is tested
        // and validated over this API.
        const USES: [&str; 11] = [
            "View",
            "Read",
            "ReadAll",
            "Execute",
            "Test",
            "Validate",
            "Verify",
            "Authenticate",
            "Download",
            "DownloadCapture",
            "Export",
        ];
        const REMOVALS: [&str; 8] = [
            "Delete",
            "Deleted",
            "DeleteAll",
            "SoftDelete",
            "HardDelete",
            "BulkDelete",
            "Remove",
            "Purge",
        ];
        let is_one_of = |words: &[&str]| {
            words
                .iter()
                .any(|word| self.action.eq_ignore_ascii_case(word))
        };
        if is_one_of(&USES) {
            Deed::Use
        } else if is_one_of(&REMOVALS) {
            Deed::Removal
        } else {
            Deed::Write
        }
    }

    /// Who did it: the user where there is one, else the OAuth client.
    pub fn principal(&self) -> Principal {
        match (&self.user, &self.client) {
            (Some(user), _) => Principal {
                kind: PrincipalKind::User,
                id: user.id.clone(),
                name: user.name.clone(),
            },
            (None, Some(client)) => Principal {
                kind: PrincipalKind::Client,
                id: client.clone(),
                name: None,
            },
            (None, None) => Principal {
                kind: PrincipalKind::Unknown,
                id: NOT_AVAILABLE.into(),
                name: None,
            },
        }
    }

    /// The line of the compliance log.
    pub fn line(&self) -> String {
        let at = self
            .at
            .map_or_else(|| NOT_AVAILABLE.into(), |at| at.to_string());
        let principal = self.principal();
        let user = principal.name.unwrap_or(principal.id);
        let or_none = |text: &str| {
            if text.is_empty() {
                NOT_AVAILABLE.to_owned()
            } else {
                one_line(text)
            }
        };
        // Names are not unique.
        let resource = match &self.entity_name {
            Some(name) => format!("{} ({})", or_none(name), or_none(&self.entity_id)),
            None => or_none(&self.entity_id),
        };
        format!(
            "[{at}] User: {user} | Action: {action} | Resource: {resource} | Status: {status}",
            user = or_none(&user),
            action = or_none(&self.action),
            status = self.status.as_str(),
        )
    }

    /// What distinguishes it from other records: its id, or, where it has none, a digest of what it
    /// says.
    pub fn identity(&self) -> String {
        if self.id.is_empty() {
            Digest::of_bytes(self.line().as_bytes())
                .short(32)
                .to_owned()
        } else {
            self.id.clone()
        }
    }

    /// The thing as findings name it.
    pub fn resource(&self) -> String {
        format!("genesys:{}/{}", self.entity_type, self.entity_id)
    }
}

/// Names are written by people: no line break or separator of theirs may forge a second entry.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() || c == '|' { ' ' } else { c })
        .collect()
}

/// Each record once, oldest first; the same record may arrive in two answers.
pub fn distinct(records: impl IntoIterator<Item = AuditRecord>) -> Vec<AuditRecord> {
    let mut seen = BTreeSet::new();
    let mut records: Vec<AuditRecord> = records
        .into_iter()
        .filter(|record| record.id.is_empty() || seen.insert(record.id.clone()))
        .collect();
    records.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    records
}

/// What the platform says it audits: services, their entities, and the actions on each. The
/// authority on which records can exist.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceMapping {
    /// Actions by entity type by service, in the platform's spelling.
    pub services: BTreeMap<String, BTreeMap<String, BTreeSet<String>>>,
}

impl ServiceMapping {
    /// Whether the service appears at all.
    pub fn has_service(&self, service: &str) -> bool {
        self.services
            .keys()
            .any(|name| name.eq_ignore_ascii_case(service))
    }

    /// Whether everything that `other` lists for these entities of the service is listed here.
    pub fn includes(&self, other: &Self, service: &str, entity_types: &[&str]) -> bool {
        other
            .services
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case(service))
            .flat_map(|(_, entities)| entities)
            .filter(|(entity, _)| {
                entity_types
                    .iter()
                    .any(|one| one.eq_ignore_ascii_case(entity))
            })
            .flat_map(|(entity, actions)| actions.iter().map(move |action| (entity, action)))
            .all(|(entity, action)| self.audits(service, entity, action))
    }

    /// Whether this action on such an entity of the service leaves a record.
    pub fn audits(&self, service: &str, entity_type: &str, action: &str) -> bool {
        let same = |one: &str, other: &str| one.eq_ignore_ascii_case(other);
        self.services
            .iter()
            .filter(|(name, _)| same(name, service))
            .flat_map(|(_, entities)| entities)
            .filter(|(name, _)| same(name, entity_type))
            .flat_map(|(_, listed)| listed)
            .any(|listed| same(action, listed))
    }
}

/// A span of time that the audit log is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    from: Timestamp,
    to: Timestamp,
}

/// How far back the realtime query reaches (published swagger: "only 14 days worth of audits for
/// certain services").
const REALTIME_REACH: SignedDuration = SignedDuration::from_hours(14 * 24);

/// How long an interval of the asynchronous query may be, in practice.
const LONGEST: SignedDuration = SignedDuration::from_hours(30 * 24);

impl Interval {
    /// From `from` to `to`, widened to whole seconds: the wire knows no smaller unit. Never
    /// empty.
    pub fn new(from: Timestamp, to: Timestamp) -> Self {
        let from = floor(from);
        let ceiling = match floor(to) {
            whole if whole == to => whole,
            whole => whole
                .checked_add(SignedDuration::from_secs(1))
                .unwrap_or(whole),
        };
        let least = from
            .checked_add(SignedDuration::from_secs(1))
            .unwrap_or(from);
        Self {
            from,
            to: ceiling.max(least),
        }
    }

    /// Its begin.
    pub fn from(&self) -> Timestamp {
        self.from
    }

    /// Its end.
    pub fn to(&self) -> Timestamp {
        self.to
    }

    /// Whether the realtime query reaches back to its begin. An hour is kept in hand.
    pub fn is_within_realtime(&self, now: Timestamp) -> bool {
        now.duration_since(self.from) < REALTIME_REACH - SignedDuration::from_hours(1)
    }

    /// The same span in pieces that the asynchronous query takes.
    pub fn pieces(&self) -> Vec<Self> {
        let mut pieces = Vec::new();
        let mut from = self.from;
        while from < self.to {
            let to = from.checked_add(LONGEST).unwrap_or(self.to).min(self.to);
            pieces.push(Self { from, to });
            from = to;
        }
        pieces
    }

    /// Whether a record belongs into it. One that does not say when it happened does: what was
    /// answered to a question about the interval is not dropped for want of a date.
    pub fn holds(&self, record: &AuditRecord) -> bool {
        record.at.is_none_or(|at| self.from <= at && at <= self.to)
    }
}

impl fmt::Display for Interval {
    /// `YYYY-MM-DDThh:mm:ssZ/YYYY-MM-DDThh:mm:ssZ` (published swagger, `AuditQueryRequest`).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.from, self.to)
    }
}

fn floor(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second())
        .ok()
        .map(|whole| {
            // Before 1970 `as_second` rounds towards zero, hence up.
            if whole > time {
                whole
                    .checked_sub(SignedDuration::from_secs(1))
                    .unwrap_or(whole)
            } else {
                whole
            }
        })
        .unwrap_or(time)
}

#[cfg(test)]
mod tests;
