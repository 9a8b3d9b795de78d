//! The rules of exceptions, one by one.

use crate::support::{GOOD, accepted, assert_refused, bounds};

/// [`GOOD`] with exceptions, each on a line of its own.
fn with_exceptions(entries: &[&str]) -> String {
    format!("{GOOD}exceptions:\n  - {}\n", entries.join("\n  - "))
}

const AGE: &str = "{check: LS-SECRET-AGE, resource: arn:db, reason: The vendor rotates in March., \
                   owner: platform team, expires: 2026-12-31}";

#[test]
fn an_exception_says_what_why_who_and_until_when() {
    let manifest = accepted(&with_exceptions(&[AGE]), &bounds());
    let [one] = manifest.exceptions.as_slice() else {
        panic!("{:#?}", manifest.exceptions);
    };
    assert_eq!(one.check, "LS-SECRET-AGE");
    assert_eq!(one.resource, "arn:db");
    assert_eq!(one.exception.owner, "platform team");
    assert_eq!(one.exception.expires.to_string(), "2026-12-31");
}

#[test]
fn what_can_not_be_excepted_is_refused() {
    let cases = [
        (
            "LS-SECRET-AGE",
            "LS-SECRET-OLD",
            "check",
            "no check with the id",
        ),
        (
            "LS-SECRET-AGE",
            "LS-PRINCIPAL",
            "check",
            "reports what happened",
        ),
        ("LS-SECRET-AGE", "old", "check", "Write the id of a check"),
        (
            "2026-12-31",
            "2026-02-30",
            "expires",
            "there is no day 2026-02-30",
        ),
        ("2026-12-31", "soon", "expires", "Write a date"),
    ];
    for (from, to, field, word) in cases {
        let text = with_exceptions(&[&AGE.replace(from, to)]);
        assert_refused(&text, &bounds(), &format!("exceptions[0].{field}"), word);
    }
}

#[test]
fn one_failure_has_one_exception() {
    let text = with_exceptions(&[AGE, AGE]);
    let problem = "exceptions[0] is an exception of LS-SECRET-AGE on the same resource";
    assert_refused(&text, &bounds(), "exceptions[1]", problem);
}
