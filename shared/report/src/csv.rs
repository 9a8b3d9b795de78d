//! CSV for spreadsheets (RFC 4180), one line per row of the ledger.
//!
//! A spreadsheet evaluates a cell that begins like a formula, even between quotes. Such a cell gets an apostrophe in
//! front of it (OWASP, "CSV Injection").

use std::io;

use lockstep_domain::ledger::{CheckResult, Ledger, Row};

use crate::names::{result_name, severity_name};
use crate::text::is_hidden;

const COLUMNS: [&str; 18] = [
    "check",
    "severity",
    "result",
    "resource",
    "binding",
    "what",
    "why",
    "fix",
    "since",
    "audit_record",
    "happened_at",
    "exception_reason",
    "exception_owner",
    "exception_expires",
    "controls",
    "evidence",
    "manifest_place",
    "manifest_line",
];

/// Renders the rows.
pub(crate) fn render(ledger: &Ledger, out: &mut dyn io::Write) -> io::Result<()> {
    write_line(&COLUMNS.map(str::to_owned), out)?;
    for row in &ledger.rows {
        write_line(&cells(row), out)?;
    }
    Ok(())
}

fn cells(row: &Row) -> [String; COLUMNS.len()] {
    let exception = match &row.result {
        CheckResult::Excepted(exception) => Some(exception),
        CheckResult::Passed | CheckResult::Failed | CheckResult::NotEvaluated => None,
    };
    let occurrence = row.occurrence.as_ref();
    let controls: Vec<String> = row.controls().iter().map(ToString::to_string).collect();
    let place = row.manifest.as_ref();
    [
        row.check.id().to_owned(),
        severity_name(row.severity()).to_owned(),
        result_name(&row.result).to_owned(),
        row.resource.clone(),
        row.key
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        crate::names::what(row).to_owned(),
        row.why().to_owned(),
        row.fix().to_owned(),
        row.since.map(|at| at.to_string()).unwrap_or_default(),
        occurrence.map(|one| one.record.clone()).unwrap_or_default(),
        occurrence
            .and_then(|one| one.at)
            .map(|at| at.to_string())
            .unwrap_or_default(),
        exception.map(|one| one.reason.clone()).unwrap_or_default(),
        exception.map(|one| one.owner.clone()).unwrap_or_default(),
        exception
            .map(|one| one.expires.to_string())
            .unwrap_or_default(),
        controls.join("; "),
        row.evidence.join(" "),
        place.map(|one| one.at.clone()).unwrap_or_default(),
        place.map(|one| one.line.to_string()).unwrap_or_default(),
    ]
}

fn write_line(cells: &[String], out: &mut dyn io::Write) -> io::Result<()> {
    for (at, cell) in cells.iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        write!(out, "{comma}\"{}\"", guarded(cell))?;
    }
    out.write_all(b"\r\n")
}

/// The inside of a quoted cell: on one line, visible, and never a formula.
fn guarded(cell: &str) -> String {
    let mut guarded = String::with_capacity(cell.len() + 1);
    if cell
        .trim_start()
        .starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠', '\''])
    {
        guarded.push('\'');
    }
    for character in cell.chars() {
        match character {
            '"' => guarded.push_str("\"\""),
            '\n' | '\r' | '\t' => guarded.push(' '),
            hidden if is_hidden(hidden) => guarded.push_str(&hidden.escape_unicode().to_string()),
            other => guarded.push(other),
        }
    }
    guarded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_quoted_on_one_line_and_never_a_formula() {
        assert_eq!(guarded("say \"no\"\r\n"), "say \"\"no\"\"  ");
        assert_eq!(guarded("=1+1"), "'=1+1");
        assert_eq!(guarded(" \t@SUM(1)"), "'  @SUM(1)");
        assert_eq!(guarded("＝1"), "'＝1");
        assert_eq!(guarded("1=1"), "1=1");
        assert_eq!(guarded("\u{202e}x"), "\\u{202e}x");
    }
}
