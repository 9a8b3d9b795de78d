//! The rows, by severity and check: why a check matters and what to do is said once for all its rows.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_domain::compliance::Check;
use lockstep_domain::finding::Severity;
use lockstep_domain::ids::Key;
use lockstep_domain::ledger::{CheckResult, Counts, Exception, Ledger, Row};

use super::{SEVERITIES, anchor, class, severity_class, severity_title};
use crate::names::what;
use crate::text::{Prose, Visible, counted, moment, short};

/// The checks of one severity.
pub(super) struct SeverityGroup<'a> {
    pub(super) severity: Severity,
    /// Checks with something to read, then those that passed everywhere.
    pub(super) cards: Vec<Card<'a>>,
}

impl SeverityGroup<'_> {
    pub(super) fn class(&self) -> &'static str {
        severity_class(self.severity)
    }

    pub(super) fn title(&self) -> &'static str {
        severity_title(self.severity)
    }

    pub(super) fn tally(&self) -> String {
        let cards = self.cards.iter().map(|card| card.counts);
        tally(&cards.fold(Counts::default(), sum))
    }
}

/// One check and its rows.
pub(super) struct Card<'a> {
    pub(super) check: Check,
    pub(super) counts: Counts,
    /// Failed, then not evaluated, then excepted.
    pub(super) rows: Vec<Finding<'a>>,
    /// What passed; empty where a note says so in fewer words.
    pub(super) passed: Vec<Passed<'a>>,
    /// What passed, in words, or why it is not listed.
    pub(super) note: Option<&'static str>,
}

impl Card<'_> {
    pub(super) fn is_quiet(&self) -> bool {
        self.rows.is_empty()
    }

    pub(super) fn passed_title(&self) -> String {
        format!("{} passed", crate::text::number(self.counts.passed))
    }

    pub(super) fn controls(&self) -> String {
        let mut by_framework: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for control in self.check.controls() {
            let ids = by_framework.entry(control.framework.title()).or_default();
            ids.push(control.id);
        }
        let named = by_framework
            .into_iter()
            .map(|(framework, ids)| format!("{framework} {}", ids.join(", ")));
        named.collect::<Vec<_>>().join("; ")
    }

    pub(super) fn tally(&self) -> String {
        tally(&self.counts)
    }
}

/// A resource that passed, by the shortest name that people know it by.
pub(super) struct Passed<'a>(&'a Row);

impl<'a> Passed<'a> {
    pub(super) fn name(&self) -> Visible<'a> {
        match (&self.0.key, self.0.resource.starts_with("genesys:")) {
            (Some(key), true) => Visible(key.as_str()),
            (Some(_) | None, _) => Visible(short(&self.0.resource)),
        }
    }
}

/// A row that failed, was not evaluated, or is excepted.
pub(super) struct Finding<'a>(pub(super) &'a Row);

impl<'a> Finding<'a> {
    pub(super) fn anchor(&self) -> String {
        anchor(self.0)
    }

    pub(super) fn class(&self) -> &'static str {
        class(&self.0.result)
    }

    pub(super) fn result(&self) -> &'static str {
        match &self.0.result {
            CheckResult::Passed => "Passed",
            CheckResult::Failed => "Failed",
            CheckResult::NotEvaluated => "Not evaluated",
            CheckResult::Excepted(_) => "Excepted",
        }
    }

    pub(super) fn what(&self) -> Visible<'a> {
        Visible(what(self.0))
    }

    /// The binding, where there is one, and the resource.
    pub(super) fn on(&self) -> String {
        let resource = Visible(short(&self.0.resource));
        match &self.0.key {
            Some(key) => format!("{key} · {resource}"),
            None => resource.to_string(),
        }
    }

    pub(super) fn resource(&self) -> Visible<'a> {
        Visible(&self.0.resource)
    }

    pub(super) fn key(&self) -> Option<&'a Key> {
        self.0.key.as_ref()
    }

    pub(super) fn advice(&self) -> Option<Prose<'a>> {
        self.0.advice.as_deref().map(Prose)
    }

    pub(super) fn exception(&self) -> Option<&'a Exception> {
        match &self.0.result {
            CheckResult::Excepted(exception) => Some(exception),
            CheckResult::Passed | CheckResult::Failed | CheckResult::NotEvaluated => None,
        }
    }

    pub(super) fn since(&self) -> Option<String> {
        self.0.since.map(moment)
    }

    /// When it happened, and the audit record that says so.
    pub(super) fn happened(&self) -> Option<String> {
        let occurrence = self.0.occurrence.as_ref()?;
        Some(match occurrence.at {
            Some(at) => format!("{}, audit record {}", moment(at), occurrence.record),
            None => format!("audit record {}", occurrence.record),
        })
    }

    pub(super) fn evidence(&self) -> impl Iterator<Item = Visible<'a>> {
        self.0.evidence.iter().map(|one| Visible(one))
    }

    pub(super) fn manifest(&self) -> Option<String> {
        let place = self.0.manifest.as_ref()?;
        Some(format!("{}, line {}", place.at, place.line))
    }
}

/// The rows by severity and check; severities without a row are absent.
pub(super) fn groups(ledger: &Ledger, listed: bool) -> Vec<SeverityGroup<'_>> {
    let mut groups = Vec::new();
    for severity in SEVERITIES {
        let of_severity = ledger.rows.iter().filter(|row| row.severity() == severity);
        let mut cards: Vec<Card<'_>> = Vec::new();
        // Rows are sorted by check.
        for row in of_severity {
            match cards.last_mut() {
                Some(card) if card.check == row.check => card.add(row),
                Some(_) | None => {
                    let mut card = Card::new(row.check);
                    card.add(row);
                    cards.push(card);
                }
            }
        }
        for card in &mut cards {
            card.rows.sort_by_key(|finding| rank(&finding.0.result));
            card.summarize(ledger.chains.len(), listed);
        }
        cards.sort_by_key(Card::is_quiet);
        if !cards.is_empty() {
            groups.push(SeverityGroup { severity, cards });
        }
    }
    groups
}

impl<'a> Card<'a> {
    fn new(check: Check) -> Self {
        Self {
            check,
            counts: Counts::default(),
            rows: Vec::new(),
            passed: Vec::new(),
            note: None,
        }
    }

    /// Where the check has one row for each binding, the names of those that passed are no news.
    fn summarize(&mut self, bindings: usize, listed: bool) {
        let rows = self.rows.iter().map(|finding| finding.0);
        let all = rows.chain(self.passed.iter().map(|passed| passed.0));
        let keys: BTreeSet<_> = all.filter_map(|row| row.key.as_ref()).collect();
        let of_each_binding = keys.len() == bindings && self.counts.all() == bindings;
        self.note = match (of_each_binding, self.is_quiet()) {
            _ if self.passed.is_empty() => None,
            (true, true) => Some("Every binding."),
            (true, false) => Some("Every other binding."),
            (false, _) if !listed => Some("Not listed here."),
            (false, _) => None,
        };
        if self.note.is_some() {
            self.passed.clear();
        }
    }

    fn add(&mut self, row: &'a Row) {
        self.counts = sum(self.counts, Counts::of([row]));
        match row.result {
            CheckResult::Passed => self.passed.push(Passed(row)),
            CheckResult::Failed | CheckResult::NotEvaluated | CheckResult::Excepted(_) => {
                self.rows.push(Finding(row));
            }
        }
    }
}

fn rank(result: &CheckResult) -> u8 {
    match result {
        CheckResult::Failed => 0,
        CheckResult::NotEvaluated => 1,
        CheckResult::Excepted(_) => 2,
        CheckResult::Passed => 3,
    }
}

fn sum(a: Counts, b: Counts) -> Counts {
    Counts {
        passed: a.passed + b.passed,
        failed: a.failed + b.failed,
        not_evaluated: a.not_evaluated + b.not_evaluated,
        excepted: a.excepted + b.excepted,
    }
}

/// The numbers that are not zero, worst first.
pub(super) fn tally(counts: &Counts) -> String {
    let Counts {
        passed,
        failed,
        not_evaluated,
        excepted,
    } = *counts;
    let parts = [
        (failed, "failed"),
        (not_evaluated, "not evaluated"),
        (excepted, "excepted"),
        (passed, "passed"),
    ];
    let named: Vec<String> = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, result)| format!("{} {result}", crate::text::number(count)))
        .collect();
    match named.is_empty() {
        true => counted(0, "check"),
        false => named.join(", "),
    }
}

/// The pairs of filters that no row matches, as classes of the style sheet.
pub(super) fn empty_selections(ledger: &Ledger) -> String {
    let found: BTreeSet<(&str, &str)> = ledger
        .rows
        .iter()
        .flat_map(|row| {
            let (result, severity) = (class(&row.result), severity_class(row.severity()));
            [
                (result, severity),
                (result, "all"),
                ("all", severity),
                ("all", "all"),
            ]
        })
        .collect();
    let severities = ["all", "critical", "high", "medium", "low"];
    let results = ["all", "failed", "open", "excepted", "passed"];
    let pairs = results
        .into_iter()
        .flat_map(|result| severities.map(|severity| (result, severity)));
    let empty: Vec<String> = pairs
        .filter(|pair| !found.contains(pair))
        .map(|(result, severity)| format!("{result}-{severity}"))
        .collect();
    empty.join(" ")
}
