//! One self-contained page without a script.
//!
//! The page's policy forbids scripts and every outside resource; the only style that it allows is the one whose digest
//! it names. Markup is well-formed XML, so that a test can read the page with a strict parser.

mod bindings;
mod changes;
mod findings;
mod summary;
mod timeline;

use std::collections::BTreeMap;
use std::io;

use askama::Template;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use lockstep_domain::change::SecretVersion;
use lockstep_domain::finding::Severity;
use lockstep_domain::ids::Key;
use lockstep_domain::ledger::{CheckResult, Counts, Ledger, Row};
use sha2::{Digest as _, Sha256};

use self::bindings::{Binding, Worst};
use self::changes::Changes;
use self::findings::SeverityGroup;
use self::summary::{Tile, matrix};
use self::timeline::Timeline;
use crate::names::identity;
use crate::text::{Prose, Visible, counted, moment, number, short, took};

/// With more bindings than this, rows that passed are counted and not listed.
const LISTED_BINDINGS: usize = 500;

/// From the most to the least severe.
const SEVERITIES: [Severity; 4] = [
    Severity::Critical,
    Severity::High,
    Severity::Medium,
    Severity::Low,
];

const STYLE: &str = include_str!("../templates/report.css");

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    ledger: &'a Ledger,
    counts: Counts,
    groups: Vec<SeverityGroup<'a>>,
    changes: Changes<'a>,
    worst: BTreeMap<&'a str, Worst>,
    by_key: BTreeMap<Option<&'a Key>, Vec<&'a Row>>,
    listed: bool,
}

/// Renders the page.
pub(crate) fn render(ledger: &Ledger, out: &mut dyn io::Write) -> io::Result<()> {
    let listed = ledger.chains.len() <= LISTED_BINDINGS;
    let page = Page {
        ledger,
        counts: ledger.counts(),
        groups: findings::groups(ledger, listed),
        changes: Changes::of(ledger),
        worst: bindings::worst_by_resource(ledger),
        by_key: ledger.by_key(),
        listed,
    };
    page.write_into(out)
}

impl Page<'_> {
    fn style(&self) -> &'static str {
        STYLE
    }

    fn policy(&self) -> String {
        let digest = BASE64_STANDARD.encode(Sha256::digest(STYLE));
        format!(
            "default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
        )
    }

    fn tiles(&self) -> [Tile; 4] {
        summary::tiles(&self.counts)
    }

    fn matrix(&self) -> Vec<summary::Line> {
        matrix(self.ledger)
    }

    fn headline(&self) -> String {
        summary::headline(&self.counts)
    }

    fn stack(&self) -> Visible<'_> {
        Visible(&self.ledger.sweep.stack)
    }

    fn when(&self) -> String {
        let sweep = &self.ledger.sweep;
        format!(
            "Swept on {} in {}",
            moment(sweep.started),
            took(sweep.started, sweep.finished)
        )
    }

    fn bindings(&self) -> impl Iterator<Item = Binding<'_>> {
        let chains = self.ledger.chains.iter();
        let all = chains.map(|chain| {
            let rows = self.by_key.get(&Some(&chain.key));
            Binding::new(chain, rows.map_or(&[][..], Vec::as_slice), &self.worst)
        });
        all.filter(|binding| self.listed || !binding.is_sound())
    }

    /// Whether the page shows the chain of a binding.
    fn has_chain(&self, key: &Key) -> bool {
        let chains = &self.ledger.chains;
        // Chains are sorted by key.
        chains.binary_search_by(|chain| chain.key.cmp(key)).is_ok()
    }

    fn bindings_not_listed(&self) -> usize {
        self.ledger.chains.len() - self.bindings().count()
    }

    fn timeline(&self) -> Timeline<'_> {
        Timeline::of(self.ledger)
    }

    /// The classes under which the note on an empty selection is shown: each pair of filters that no row matches.
    fn empty_selections(&self) -> String {
        findings::empty_selections(self.ledger)
    }

    fn no_comparison(&self) -> Option<&'static str> {
        changes::no_comparison(self.ledger)
    }

    /// What identifies the sweep, as names and values.
    fn facts(&self) -> Vec<(&'static str, String)> {
        summary::facts(&self.ledger.sweep)
    }
}

/// A cell of the table. Zeros are pale; everything else has the color of its result.
fn cell(class: &'static str, count: usize) -> String {
    let class = if count == 0 { "zero" } else { class };
    format!("<td class=\"{class}\">{}</td>", number(count))
}

/// A text with every character visible.
fn visible(text: &str) -> Visible<'_> {
    Visible(text)
}

/// The secret and the first part of the version.
fn version(secret: &SecretVersion) -> String {
    let version = secret.version_id.get(..8).unwrap_or(&secret.version_id);
    Visible(&format!("{} at {version}…", short(&secret.arn.to_string()))).to_string()
}

/// A result, as a class of the style sheet.
fn class(result: &CheckResult) -> &'static str {
    match result {
        CheckResult::Passed => "passed",
        CheckResult::Failed => "failed",
        CheckResult::NotEvaluated => "open",
        CheckResult::Excepted(_) => "excepted",
    }
}

/// A severity, as a class of the style sheet.
fn severity_class(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::High => "high",
        Severity::Medium => "medium",
        Severity::Low => "low",
    }
}

/// A severity, as a heading.
fn severity_title(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "Critical",
        Severity::High => "High",
        Severity::Medium => "Medium",
        Severity::Low => "Low",
    }
}

/// The id of a row's element: the same in every sweep.
fn anchor(row: &Row) -> String {
    format!("row-{}", identity(row).short(12))
}
