//! JSON for programs: the ledger, with the texts of the checks that its rows name.

use std::collections::BTreeSet;
use std::io;

use lockstep_domain::compliance::Check;
use lockstep_domain::finding::Severity;
use lockstep_domain::ledger::{BindingChain, Cleared, Counts, Ledger, Moment, Row, Sweep};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

use crate::text::is_hidden;

/// A sweep's ledger with everything that a reader needs to understand it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "Lockstep compliance report")]
pub struct Report<'a> {
    /// Which sweep it was.
    pub sweep: &'a Sweep,
    /// How many rows have which result.
    pub counts: Counts,
    /// The checks that `rows` and `cleared` name.
    pub checks: Vec<CheckTexts>,
    /// One row per check and resource, and one per occurrence.
    pub rows: &'a [Row],
    /// Conditions that failed in an earlier sweep and do not any more.
    pub cleared: &'a [Cleared],
    /// Changes and their verdicts, oldest first.
    pub timeline: &'a [Moment],
    /// What each binding consists of and how it was proved.
    pub chains: &'a [BindingChain],
}

/// What the catalogue says about a check.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CheckTexts {
    /// The stable id.
    pub id: Check,
    /// How severe a failure is.
    pub severity: Severity,
    /// What the check requires.
    pub requires: &'static str,
    /// Why that matters.
    pub why: &'static str,
    /// What to do where it fails.
    pub fix: &'static str,
    /// The controls that the check supports.
    pub controls: Vec<ControlName>,
}

/// A control of a public framework.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ControlName {
    /// The framework, with its version.
    pub framework: &'static str,
    /// The control's identifier in it.
    pub id: &'static str,
}

impl<'a> Report<'a> {
    /// Of a ledger.
    #[must_use]
    pub fn of(ledger: &'a Ledger) -> Self {
        let Ledger {
            sweep,
            rows,
            cleared,
            timeline,
            chains,
        } = ledger;
        let of_rows = rows.iter().map(|row| row.check);
        let checks: BTreeSet<Check> = of_rows
            .chain(cleared.iter().map(|one| one.id.check))
            .collect();
        Self {
            sweep,
            counts: ledger.counts(),
            checks: checks.into_iter().map(CheckTexts::of).collect(),
            rows,
            cleared,
            timeline,
            chains,
        }
    }
}

impl CheckTexts {
    fn of(check: Check) -> Self {
        let control = |control: &lockstep_domain::compliance::Control| ControlName {
            framework: control.framework.title(),
            id: control.id,
        };
        Self {
            id: check,
            severity: check.severity(),
            requires: check.requires(),
            why: check.why(),
            fix: check.fix(),
            controls: check.controls().iter().map(control).collect(),
        }
    }
}

/// Renders the report.
pub(crate) fn render(ledger: &Ledger, out: &mut dyn io::Write) -> io::Result<()> {
    write(&Report::of(ledger), out)?;
    out.write_all(b"\n")
}

/// Writes a value on one line, with escapes for the characters that a reader could not see.
pub(crate) fn write(value: &impl Serialize, out: &mut dyn io::Write) -> io::Result<()> {
    value
        .serialize(&mut Serializer::with_formatter(out, VisibleFormatter))
        .map_err(io::Error::from)
}

/// JSON allows most invisible characters in a string as they are; a terminal or an editor would follow them.
struct VisibleFormatter;

impl Formatter for VisibleFormatter {
    fn write_string_fragment<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(is_hidden) {
            let (before, from) = rest.split_at(at);
            writer.write_all(before.as_bytes())?;
            let mut characters = from.chars();
            let mut units = [0; 2];
            for unit in characters
                .next()
                .map_or(&mut [][..], |hidden| hidden.encode_utf16(&mut units))
            {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = characters.as_str();
        }
        writer.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invisible_character_is_escaped_and_means_the_same() {
        let text = "a\u{202e}b\u{e0041}c\u{7f}\u{1}é";
        let mut out = Vec::new();
        write(&text, &mut out).unwrap();
        let written = String::from_utf8(out).unwrap();
        assert_eq!(written, "\"a\\u202eb\\udb40\\udc41c\\u007f\\u0001é\"");
        assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
    }
}
