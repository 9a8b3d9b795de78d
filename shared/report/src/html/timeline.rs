//! Changes with what happened to them, the newest first.

use std::collections::BTreeMap;

use lockstep_domain::change::ChangeId;
use lockstep_domain::ids::Key;
use lockstep_domain::ledger::{Happening, Ledger, Moment, VerdictKind};

use super::version;
use crate::text::{Visible, moment};

/// How many changes are shown.
const SHOWN: usize = 25;

/// The newest changes.
pub(super) struct Timeline<'a> {
    pub(super) changes: Vec<Change<'a>>,
    /// How many older ones there are.
    pub(super) older: usize,
}

/// One attempt of one change.
pub(super) struct Change<'a> {
    key: &'a Key,
    /// Oldest first.
    moments: Vec<&'a Moment>,
}

impl<'a> Timeline<'a> {
    pub(super) fn of(ledger: &'a Ledger) -> Self {
        let mut changes: BTreeMap<(&Key, &ChangeId, u32), Vec<&Moment>> = BTreeMap::new();
        // Moments are sorted by time.
        for one in &ledger.timeline {
            let change = (&one.key, &one.change_id, one.attempt);
            changes.entry(change).or_default().push(one);
        }
        let mut changes: Vec<Change<'_>> = changes
            .into_iter()
            .map(|((key, ..), moments)| Change { key, moments })
            .collect();
        // Stable: changes of the same moment stay sorted by key.
        changes.sort_by_key(|change| std::cmp::Reverse(change.last().map(|one| one.at)));
        let older = changes.len().saturating_sub(SHOWN);
        changes.truncate(SHOWN);
        Self { changes, older }
    }
}

impl<'a> Change<'a> {
    fn last(&self) -> Option<&'a Moment> {
        self.moments.last().copied()
    }

    pub(super) fn key(&self) -> &'a str {
        self.key.as_str()
    }

    /// The state that it has reached, as a class of the style sheet.
    pub(super) fn class(&self) -> &'static str {
        match self.last().map(|one| &one.happening) {
            None | Some(Happening::Opened { .. } | Happening::Applied) => "step",
            Some(Happening::Ended { verdict, .. }) => verdict_class(*verdict),
        }
    }

    /// The state that it has reached, in words.
    pub(super) fn title(&self) -> &'static str {
        match self.last().map(|one| &one.happening) {
            None | Some(Happening::Opened { .. }) => "begun",
            Some(Happening::Applied) => "awaits its verdict",
            Some(Happening::Ended { verdict, .. }) => verdict_title(*verdict),
        }
    }

    /// When it reached that state: for a `datetime` attribute, and for people.
    pub(super) fn at(&self) -> (String, String) {
        let at = self.last().map(|one| one.at);
        (
            at.map(|at| at.to_string()).unwrap_or_default(),
            at.map(moment).unwrap_or_default(),
        )
    }

    /// The steps before, with their times.
    pub(super) fn steps(&self) -> String {
        let steps = self.moments.iter().map(|one| {
            let step = match &one.happening {
                Happening::Opened { .. } => "begun",
                Happening::Applied => "applied",
                Happening::Ended { verdict, .. } => verdict_title(*verdict),
            };
            format!("{step} {}", one.at.strftime("%H:%M:%S"))
        });
        steps.collect::<Vec<_>>().join(", ")
    }

    pub(super) fn secrets(&self) -> Vec<String> {
        let bound = self.moments.iter().flat_map(|one| match &one.happening {
            Happening::Opened { secrets, .. } => secrets.as_slice(),
            Happening::Applied | Happening::Ended { .. } => &[],
        });
        bound.map(version).collect()
    }

    /// Why it began, and why it ended other than verified.
    pub(super) fn notes(&self) -> Vec<Visible<'a>> {
        let notes = self.moments.iter().filter_map(|one| match &one.happening {
            Happening::Opened { reason, .. } => reason.as_deref(),
            Happening::Applied => None,
            Happening::Ended { because, .. } => because.as_deref(),
        });
        notes.map(Visible).collect()
    }
}

pub(super) fn verdict_class(verdict: VerdictKind) -> &'static str {
    match verdict {
        VerdictKind::Verified => "passed",
        VerdictKind::Violated | VerdictKind::Failed | VerdictKind::Split => "failed",
        VerdictKind::Unverified | VerdictKind::RolledBack => "open",
    }
}

pub(super) fn verdict_title(verdict: VerdictKind) -> &'static str {
    match verdict {
        VerdictKind::Verified => "verified",
        VerdictKind::Violated => "violated",
        VerdictKind::Unverified => "unverified",
        VerdictKind::Failed => "failed",
        VerdictKind::RolledBack => "rolled back",
        VerdictKind::Split => "split",
    }
}
