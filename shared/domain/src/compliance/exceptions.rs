//! Exceptions of the manifest: a failure that somebody answers for, until a day.
//!
//! An exception covers a *condition*, never an occurrence, and a critical one only where the stack's
//! parameter `CriticalExceptions` names the check. One that does not apply is a finding.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::Offset;
use jiff::{Timestamp, ToSpan as _};

use super::{Check, UnknownCheck};
use crate::finding::Severity;
use crate::ledger::{CheckResult, Exception, Row};
use crate::manifest::ManifestException;

/// What the stack allows of exceptions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExceptionLimits {
    /// How many days after the manifest was accepted one may expire.
    pub max_days: u32,
    /// The critical checks that one may be made of.
    pub critical: BTreeSet<Check>,
}

/// When exceptions are judged.
#[derive(Clone, Copy, Debug)]
pub struct ExceptionDates {
    /// When the manifest was accepted.
    pub accepted_at: Timestamp,
    /// When the sweep began.
    pub now: Timestamp,
}

/// Applies the exceptions to the rows that they cover, and answers a row for each exception: whether it
/// applies.
pub fn except(
    rows: &mut [Row],
    exceptions: &[ManifestException],
    limits: &ExceptionLimits,
    dates: ExceptionDates,
) -> Vec<Row> {
    let mut covered: BTreeMap<(Check, String), &Exception> = BTreeMap::new();
    let mut judged = Vec::new();
    for one in exceptions {
        let resource = exception_resource(&one.check, &one.resource);
        match usable(one, limits, dates) {
            Err(problem) => judged.push(Row::failed(Check::Exception, resource, problem)),
            Ok(check) => {
                judged.push(used(check, one, rows, resource));
                covered.insert((check, one.resource.clone()), &one.exception);
            }
        }
    }
    for row in rows {
        let is_condition = row.result == CheckResult::Failed && row.occurrence.is_none();
        let exception = covered.get(&(row.check, row.resource.clone()));
        if let (true, Some(exception)) = (is_condition, exception) {
            row.result = CheckResult::Excepted((*exception).clone());
        }
    }
    judged
}

/// How rows name an exception.
#[must_use]
pub fn exception_resource(check: &str, resource: &str) -> String {
    format!("lockstep:exception/{check}/{resource}")
}

/// The check that an exception is made of, or why it does not apply.
fn usable(
    one: &ManifestException,
    limits: &ExceptionLimits,
    dates: ExceptionDates,
) -> Result<Check, String> {
    let check: Check = one
        .check
        .parse()
        .map_err(|error: UnknownCheck| error.to_string())?;
    let expires = one.exception.expires;
    if check.is_of_audit_log() {
        return Err(format!(
            "{check} reports what happened, and no exception is possible of that"
        ));
    }
    if check.severity() == Severity::Critical && !limits.critical.contains(&check) {
        return Err(format!(
            "{check} is critical, and the stack parameter CriticalExceptions does not name it"
        ));
    }
    let today = day(dates.now);
    if expires < today {
        return Err(format!("it expired on {expires}"));
    }
    let latest = day(dates.accepted_at).checked_add(i64::from(limits.max_days).days());
    if latest.is_ok_and(|latest| expires > latest) {
        return Err(format!(
            "it expires on {expires}, more than {} days after the manifest was accepted",
            limits.max_days
        ));
    }
    Ok(check)
}

fn day(at: Timestamp) -> Date {
    Offset::UTC.to_datetime(at).date()
}

/// Whether a usable exception covers anything. Of a check that could not be made, nobody knows.
fn used(check: Check, one: &ManifestException, rows: &[Row], resource: String) -> Row {
    const CHECK: Check = Check::Exception;
    let mut mine = rows
        .iter()
        .filter(|row| row.check == check && row.resource == one.resource);
    match mine.next().map(|row| &row.result) {
        Some(CheckResult::Failed | CheckResult::Excepted(_)) => Row::passed(CHECK, resource),
        Some(CheckResult::NotEvaluated) => {
            Row::not_evaluated(CHECK, resource, "the check itself could not be evaluated")
        }
        Some(CheckResult::Passed) => Row::failed(CHECK, resource, "it is unused: the check passes"),
        None => {
            let what = "it is unused: there is no such check of such a resource";
            Row::failed(CHECK, resource, what)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf";

    fn exception(check: &str, expires: &str) -> ManifestException {
        ManifestException {
            check: check.into(),
            resource: SECRET.into(),
            exception: Exception {
                reason: "the vendor rotates in March".into(),
                owner: "platform team".into(),
                expires: expires.parse().unwrap(),
            },
        }
    }

    fn limits() -> ExceptionLimits {
        ExceptionLimits {
            max_days: 90,
            critical: BTreeSet::new(),
        }
    }

    fn judge(rows: &mut [Row], one: ManifestException, limits: &ExceptionLimits) -> Row {
        let dates = ExceptionDates {
            accepted_at: "2026-01-01T12:00:00Z".parse().unwrap(),
            now: "2026-02-01T12:00:00Z".parse().unwrap(),
        };
        except(rows, &[one], limits, dates).remove(0)
    }

    fn old() -> Row {
        Row::failed(Check::SecretAge, SECRET, "it is old")
    }

    #[test]
    fn a_failure_that_an_exception_covers_is_excepted_until_the_end_of_its_last_day() {
        let mut rows = [old()];
        let row = judge(
            &mut rows,
            exception("LS-SECRET-AGE", "2026-02-01"),
            &limits(),
        );
        assert_eq!(row.result, CheckResult::Passed);
        let CheckResult::Excepted(exception) = &rows[0].result else {
            panic!("{:?}", rows[0]);
        };
        assert_eq!(exception.owner, "platform team");
        assert_eq!(rows[0].what, "it is old", "what was seen stays");
    }

    #[test]
    fn an_exception_that_does_not_apply_is_a_finding_and_covers_nothing() {
        let cases = [
            ("LS-SECRET-AGE", "2026-01-31", "expired on 2026-01-31"),
            ("LS-SECRET-AGE", "2026-04-02", "more than 90 days"),
            ("LS-NOTHING", "2026-02-01", "no check with the id"),
            ("LS-SECRET-DELETED", "2026-02-01", "CriticalExceptions"),
            ("LS-PRINCIPAL", "2026-02-01", "what happened"),
        ];
        for (check, expires, word) in cases {
            let mut rows = [
                old(),
                Row::failed(Check::SecretDeleted, SECRET, "it is gone"),
                Row::failed(Check::Principal, SECRET, "somebody"),
            ];
            let row = judge(&mut rows, exception(check, expires), &limits());
            assert_eq!(row.result, CheckResult::Failed, "{check}");
            assert!(row.what.contains(word), "{check}: {}", row.what);
            assert!(rows.iter().all(|row| row.result == CheckResult::Failed));
        }
    }

    #[test]
    fn a_critical_check_that_the_stack_names_may_be_excepted() {
        let mut rows = [Row::failed(Check::SecretDeleted, SECRET, "it is gone")];
        let limits = ExceptionLimits {
            critical: BTreeSet::from([Check::SecretDeleted]),
            ..limits()
        };
        let row = judge(
            &mut rows,
            exception("LS-SECRET-DELETED", "2026-02-01"),
            &limits,
        );
        assert_eq!(row.result, CheckResult::Passed);
        assert!(matches!(rows[0].result, CheckResult::Excepted(_)));
    }

    #[test]
    fn an_exception_that_covers_nothing_is_a_finding_unless_nobody_could_look() {
        let one = || exception("LS-SECRET-AGE", "2026-02-01");
        let passed = judge(
            &mut [Row::passed(Check::SecretAge, SECRET)],
            one(),
            &limits(),
        );
        assert!(passed.what.contains("the check passes"), "{passed:?}");
        let none = judge(&mut [], one(), &limits());
        assert!(none.what.contains("no such check"), "{none:?}");
        let mut unread = [Row::not_evaluated(Check::SecretAge, SECRET, "denied")];
        let row = judge(&mut unread, one(), &limits());
        assert_eq!(row.result, CheckResult::NotEvaluated);
    }
}
