//! What changed since the sweep before.

use lockstep_domain::ledger::{CheckResult, Cleared, Ledger, Row, Scope};

use super::findings::Finding;
use crate::names::what;
use crate::text::{Visible, counted, moment, number, short};

/// How many entries of one list are shown.
const SHOWN: usize = 50;

/// The differences from the sweep before.
pub(super) struct Changes<'a> {
    opened: Vec<&'a Row>,
    unseen: Vec<&'a Row>,
    cleared: &'a [Cleared],
}

/// One list of differences.
pub(super) struct List<'a> {
    pub(super) class: &'static str,
    pub(super) title: String,
    pub(super) entries: Vec<Entry<'a>>,
    /// How many more there are, as a sentence.
    pub(super) more: Option<String>,
}

/// One difference.
pub(super) struct Entry<'a> {
    /// What was seen; of what cleared, what the check requires.
    pub(super) title: &'a str,
    pub(super) on: String,
    /// The element with the details, where there is one.
    pub(super) anchor: Option<String>,
    pub(super) note: Option<String>,
}

impl<'a> Changes<'a> {
    pub(super) fn of(ledger: &'a Ledger) -> Self {
        let started = Some(ledger.sweep.started);
        let unseen = ledger.rows.iter().filter(|row| match row.result {
            CheckResult::NotEvaluated => row.since == started,
            CheckResult::Passed | CheckResult::Failed | CheckResult::Excepted(_) => false,
        });
        Self {
            opened: ledger.opened().collect(),
            unseen: unseen.collect(),
            cleared: &ledger.cleared,
        }
    }

    /// The lists that are not empty.
    pub(super) fn lists(&self) -> Vec<List<'a>> {
        let row = |row: &&'a Row| Entry {
            title: what(row),
            on: Finding(row).on(),
            anchor: Some(super::anchor(row)),
            note: Finding(row).happened(),
        };
        let cleared = |one: &'a Cleared| Entry {
            title: one.id.check.requires(),
            on: Visible(short(&one.id.resource)).to_string(),
            anchor: None,
            note: one
                .since
                .map(|since| format!("had failed since {}", moment(since))),
        };
        [
            list("failed", "failed for the first time", &self.opened, row),
            list("open", "could no longer be evaluated", &self.unseen, row),
            list("passed", "cleared", self.cleared, cleared),
        ]
        .into_iter()
        .filter(|list| !list.entries.is_empty())
        .collect()
    }
}

fn list<'a, 's, T>(
    class: &'static str,
    happened: &str,
    all: &'s [T],
    entry: impl Fn(&'s T) -> Entry<'a>,
) -> List<'a> {
    let hidden = all.len().saturating_sub(SHOWN);
    List {
        class,
        title: format!("{} {happened}", number(all.len())),
        entries: all.iter().take(SHOWN).map(entry).collect(),
        more: (hidden > 0).then(|| format!("{} not listed here", counted(hidden, "more row"))),
    }
}

/// Why there is nothing to compare with; none where there is.
pub(super) fn no_comparison(ledger: &Ledger) -> Option<&'static str> {
    match (ledger.sweep.scope, &ledger.sweep.previous) {
        (Scope::Partial, _) => Some(
            "This sweep checked some bindings only, so it is not compared with earlier sweeps.",
        ),
        (Scope::Whole, None) => Some("No earlier sweep of this organization is known."),
        (Scope::Whole, Some(_)) => None,
    }
}
