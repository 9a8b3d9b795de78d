//! The ledger of a sweep: one row per check and resource. Every report format is rendered from it,
//! and nothing else is a source.
//!
//! A ledger is a value: sorted, and the same for the same observations. Counts are computed from
//! its rows and stored nowhere.

mod chain;
mod row;
mod stored;
mod sweep;
#[cfg(test)]
mod tests;
mod timeline;

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use chain::{AuditSeen, BindingChain, BoundSecret, TestSeen};
pub use row::{CheckResult, Exception, ManifestPlace, Occurrence, Row, RowId};
pub use stored::{CheckText, Content, Index, Part, StoredError};
pub use sweep::{ManifestRead, PreviousSweep, Scope, Sweep};
pub use timeline::{Happening, Moment, VerdictKind};

/// The layout of a stored ledger.
pub const SCHEMA: u32 = 1;

/// What one sweep of one organization saw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Ledger {
    /// Which sweep it was.
    pub sweep: Sweep,
    /// One row per check and resource, and one per occurrence, sorted by [`Row::id`].
    pub rows: Vec<Row>,
    /// Conditions that failed in an earlier sweep and do not any more, sorted.
    pub cleared: Vec<Cleared>,
    /// Changes and their verdicts, oldest first.
    pub timeline: Vec<Moment>,
    /// What each binding consists of and how it was proved, sorted by key.
    pub chains: Vec<BindingChain>,
}

/// A condition that failed in an earlier sweep and passed in this one, or whose resource is not
/// checked any more.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Cleared {
    /// The check and the resource.
    #[serde(flatten)]
    pub id: RowId,
    /// Since when it had failed, where that is known.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub since: Option<Timestamp>,
}

/// How many rows have which result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Counts {
    /// Rows that passed.
    pub passed: usize,
    /// Rows that failed.
    pub failed: usize,
    /// Rows that could not be evaluated.
    pub not_evaluated: usize,
    /// Rows that failed and that an exception of the manifest covers.
    pub excepted: usize,
}

impl Counts {
    /// Counts rows.
    pub fn of<'r>(rows: impl IntoIterator<Item = &'r Row>) -> Self {
        let mut counts = Self::default();
        for row in rows {
            let count = match row.result {
                CheckResult::Passed => &mut counts.passed,
                CheckResult::Failed => &mut counts.failed,
                CheckResult::NotEvaluated => &mut counts.not_evaluated,
                CheckResult::Excepted(_) => &mut counts.excepted,
            };
            *count += 1;
        }
        counts
    }

    /// All rows.
    pub fn all(&self) -> usize {
        let Self {
            passed,
            failed,
            not_evaluated,
            excepted,
        } = self;
        passed + failed + not_evaluated + excepted
    }
}

impl Ledger {
    /// How many rows have which result.
    pub fn counts(&self) -> Counts {
        Counts::of(&self.rows)
    }

    /// Rows whose failure this sweep is the first to see.
    pub fn opened(&self) -> impl Iterator<Item = &Row> {
        let started = self.sweep.started;
        self.rows.iter().filter(move |row| {
            row.result == CheckResult::Failed
                && (row.occurrence.is_some() || row.since == Some(started))
        })
    }

    /// The rows of each binding, by its key; `None` for what belongs to no single binding.
    pub fn by_key(&self) -> BTreeMap<Option<&crate::ids::Key>, Vec<&Row>> {
        let mut rows: BTreeMap<_, Vec<&Row>> = BTreeMap::new();
        for row in &self.rows {
            rows.entry(row.key.as_ref()).or_default().push(row);
        }
        rows
    }
}
