//! JUnit XML for CI systems: a suite per check, a case per row. What was not evaluated is an error.

use std::io;

use lockstep_domain::ledger::{CheckResult, Ledger, Row};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::names::severity_name;
use crate::text::Visible;

/// Renders the rows.
pub(crate) fn render(ledger: &Ledger, out: &mut dyn io::Write) -> io::Result<()> {
    let name = format!("Lockstep {}", Visible(&ledger.sweep.stack));
    let mut report = Report::new(name);
    // Rows are sorted by check.
    for rows in ledger.rows.chunk_by(|a, b| a.check == b.check) {
        report.add_test_suite(suite(rows));
    }
    report.serialize(out).map_err(io::Error::other)
}

fn suite(rows: &[Row]) -> TestSuite {
    let id = rows.first().map_or("", |row| row.check.id());
    let mut suite = TestSuite::new(id);
    suite.add_test_cases(rows.iter().map(case));
    suite
}

fn case(row: &Row) -> TestCase {
    let name = match &row.occurrence {
        Some(occurrence) => format!("{} (audit record {})", row.resource, occurrence.record),
        None => row.resource.clone(),
    };
    let mut case = TestCase::new(Visible(&name).to_string(), status(row));
    case.set_classname(row.check.id());
    case
}

fn status(row: &Row) -> TestCaseStatus {
    let mut status = match &row.result {
        CheckResult::Passed => return TestCaseStatus::success(),
        CheckResult::Failed => TestCaseStatus::non_success(NonSuccessKind::Failure),
        CheckResult::NotEvaluated => TestCaseStatus::non_success(NonSuccessKind::Error),
        CheckResult::Excepted(exception) => {
            let mut skipped = TestCaseStatus::skipped();
            let text = format!(
                "{} Owner: {}. Expires on {}.",
                exception.reason, exception.owner, exception.expires
            );
            skipped.set_message(Visible(&text).to_string());
            return skipped;
        }
    };
    let text = format!(
        "{}\n\n{}\n\n{}",
        crate::names::what(row),
        row.why(),
        row.fix()
    );
    status
        .set_type(severity_name(row.severity()))
        .set_message(Visible(crate::names::what(row)).to_string())
        .set_description(Visible(&text).to_string());
    status
}
