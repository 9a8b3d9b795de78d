//! What is remembered of an organization between sweeps, and what a sweep emits.
//!
//! A *condition* holds or does not: it is emitted when it opens, when it clears, and as a reminder
//! while it is open. An *occurrence* happened: it is emitted once per audit record and never clears.
//! What could not be evaluated opens and clears nothing.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::compliance::Check;
use crate::digest::Digest;
use crate::ids::{Key, OrganizationId};
use crate::ledger::{CheckResult, Cleared, PreviousSweep, Row, RowId};

/// The layout of a [`SweepState`].
const SCHEMA: u32 = 2;

/// What is remembered of an organization between sweeps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SweepState {
    /// The layout of this object.
    schema: u32,
    /// The organization.
    pub organization: OrganizationId,
    /// When the last complete sweep began: the next one asks the audit log from here on.
    pub last_run: Option<Timestamp>,
    /// The last sweep.
    #[serde(default)]
    pub previous: Option<PreviousSweep>,
    /// The conditions that were open at its end.
    #[serde(default)]
    open: Vec<Open>,
    /// What it could not evaluate.
    #[serde(default)]
    unseen: Vec<Open>,
    /// The audit records in its window whose occurrences have been emitted.
    #[serde(default)]
    reported: BTreeSet<String>,
    /// How many sweeps have been remembered.
    #[serde(default)]
    sweeps: u64,
    /// The findings at the end of the last sweep of the release before. Read only.
    #[serde(default, skip_serializing)]
    standing: Vec<Standing>,
}

/// Something that is not as it should be, since when, and when it was last emitted. The check goes by
/// its id: a later release may have removed it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Open {
    check: String,
    resource: String,
    key: Option<Key>,
    since: Option<Timestamp>,
    emitted: Option<Timestamp>,
}

/// A finding as the release before remembered it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct Standing {
    id: String,
    resource: String,
}

/// How a sweep differs from the one before.
#[derive(Clone, Debug, PartialEq)]
pub struct SweepChanges {
    /// Conditions that failed now and not before, and occurrences that were not emitted yet.
    pub new: Vec<Row>,
    /// Conditions that are still open and whose last event is older than the reminder interval.
    pub reminders: Vec<Row>,
    /// Conditions that are not open any more.
    pub cleared: Vec<Cleared>,
    /// Conditions that were open and that an exception covers now.
    pub excepted: Vec<Row>,
    open: Vec<Open>,
    unseen: Vec<Open>,
    reported: BTreeSet<String>,
}

impl SweepState {
    /// Of an organization that was never swept.
    pub fn new(organization: OrganizationId) -> Self {
        Self {
            schema: SCHEMA,
            organization,
            last_run: None,
            previous: None,
            open: Vec::new(),
            unseen: Vec::new(),
            reported: BTreeSet::new(),
            sweeps: 0,
            standing: Vec::new(),
        }
    }

    /// Distinguishes the events of the sweep that starts from this from those of every other sweep.
    /// A sweep that is interrupted and repeated has the same one.
    #[must_use]
    pub fn occurrence(&self) -> String {
        Digest::of(self).as_str().to_owned()
    }

    /// Compares a sweep that began at `now` with what is remembered, and dates its rows: each
    /// condition since the first sweep that saw it.
    pub fn compare(
        &self,
        rows: &mut [Row],
        now: Timestamp,
        reminder: SignedDuration,
    ) -> SweepChanges {
        let before = self.conditions();
        let unseen_before = by_id(&self.unseen);
        let mut changes = SweepChanges {
            new: Vec::new(),
            reminders: Vec::new(),
            cleared: Vec::new(),
            excepted: Vec::new(),
            open: Vec::new(),
            unseen: Vec::new(),
            reported: BTreeSet::new(),
        };
        for row in rows.iter_mut() {
            if let Some(occurrence) = &row.occurrence {
                if !self.reported.contains(&occurrence.record) {
                    changes.new.push(row.clone());
                }
                changes.reported.insert(occurrence.record.clone());
                continue;
            }
            let id = row.id();
            match &row.result {
                CheckResult::Passed => {}
                CheckResult::Excepted(_) => {
                    if before.contains_key(&id) {
                        changes.excepted.push(row.clone());
                    }
                }
                CheckResult::NotEvaluated => {
                    let known = unseen_before.get(&id).and_then(|one| one.since);
                    row.since = Some(known.unwrap_or(now));
                    changes.unseen.push(Open::of(row, None));
                }
                CheckResult::Failed => changes.failed(row, before.get(&id), now, reminder),
            }
        }
        changes.close(&before, rows);
        changes
    }

    /// Records a sweep: what it saw, and when it began if it read the whole audit log.
    pub fn remember(
        &mut self,
        changes: SweepChanges,
        sweep: PreviousSweep,
        audited: Option<Timestamp>,
    ) {
        let SweepChanges {
            open,
            unseen,
            mut reported,
            new: _,
            reminders: _,
            cleared: _,
            excepted: _,
        } = changes;
        if audited.is_none() {
            // The next sweep asks for the same window again.
            reported.append(&mut self.reported);
        }
        *self = Self {
            schema: SCHEMA,
            organization: self.organization.clone(),
            last_run: audited.or(self.last_run),
            previous: Some(sweep),
            open,
            unseen,
            reported,
            sweeps: self.sweeps + 1,
            standing: Vec::new(),
        };
    }

    /// The open conditions, those that the release before remembered included.
    fn conditions(&self) -> BTreeMap<RowId, Open> {
        let mut conditions = by_id(&self.open);
        for standing in &self.standing {
            let open = Open {
                check: standing.id.clone(),
                resource: standing.resource.clone(),
                key: None,
                since: None,
                emitted: self.last_run,
            };
            if let Some(id) = open.id().filter(|id| !id.check.is_of_audit_log()) {
                conditions.insert(id, open);
            }
        }
        conditions
    }
}

/// Checks that this release does not know any more are left out.
fn by_id(all: &[Open]) -> BTreeMap<RowId, Open> {
    let known = all.iter().filter_map(|one| Some((one.id()?, one.clone())));
    known.collect()
}

impl SweepChanges {
    fn failed(
        &mut self,
        row: &mut Row,
        before: Option<&Open>,
        now: Timestamp,
        reminder: SignedDuration,
    ) {
        let emitted = match before {
            None => {
                row.since = Some(now);
                self.new.push(row.clone());
                now
            }
            Some(before) => {
                row.since = before.since;
                let emitted = before.emitted.unwrap_or(now);
                if now.duration_since(emitted) >= reminder {
                    self.reminders.push(row.clone());
                    now
                } else {
                    emitted
                }
            }
        };
        self.open.push(Open::of(row, Some(emitted)));
    }

    /// What was open and is not any more clears, unless nobody could see it this time.
    fn close(&mut self, before: &BTreeMap<RowId, Open>, rows: &[Row]) {
        let results: BTreeMap<RowId, &CheckResult> =
            rows.iter().map(|row| (row.id(), &row.result)).collect();
        let unseen: BTreeSet<(Check, Option<&Key>)> = rows
            .iter()
            .filter(|row| row.result == CheckResult::NotEvaluated)
            .map(|row| (row.check, row.key.as_ref()))
            .collect();
        for (id, open) in before {
            match results.get(id) {
                Some(CheckResult::Failed | CheckResult::Excepted(_)) => {}
                Some(CheckResult::NotEvaluated) => self.open.push(open.clone()),
                Some(CheckResult::Passed) => self.cleared.push(open.cleared(id)),
                // The resource goes by another name while it can't be read.
                None if unseen.contains(&(id.check, open.key.as_ref())) => {
                    self.open.push(open.clone());
                }
                None => self.cleared.push(open.cleared(id)),
            }
        }
        self.open.sort();
    }
}

impl Open {
    fn of(row: &Row, emitted: Option<Timestamp>) -> Self {
        Self {
            check: row.check.id().to_owned(),
            resource: row.resource.clone(),
            key: row.key.clone(),
            since: row.since,
            emitted,
        }
    }

    fn id(&self) -> Option<RowId> {
        Some(RowId {
            check: self.check.parse().ok()?,
            resource: self.resource.clone(),
            record: None,
        })
    }

    fn cleared(&self, id: &RowId) -> Cleared {
        Cleared {
            id: id.clone(),
            since: self.since,
        }
    }
}
