//! The state at a glance.

use lockstep_domain::finding::Severity;
use lockstep_domain::ledger::{Counts, Ledger, Scope, Sweep};
use lockstep_domain::manifest::Mode;

use super::{SEVERITIES, severity_title};
use crate::text::{counted, moment, number};

/// One of the four large numbers.
pub(super) struct Tile {
    pub(super) class: &'static str,
    pub(super) title: &'static str,
    pub(super) count: usize,
    pub(super) note: &'static str,
    /// Where its part of the bar begins and how wide it is, in thousandths of all rows.
    pub(super) from: usize,
    pub(super) width: usize,
}

/// The numbers, worst first.
pub(super) fn tiles(counts: &Counts) -> [Tile; 4] {
    let all = counts.all().max(1);
    let mut before = 0;
    [
        ("failed", "Failed", counts.failed, "need a decision"),
        (
            "open",
            "Not evaluated",
            counts.not_evaluated,
            "could not be seen",
        ),
        (
            "excepted",
            "Excepted",
            counts.excepted,
            "accepted in the manifest",
        ),
        ("passed", "Passed", counts.passed, "seen as required"),
    ]
    .map(|(class, title, count, note)| {
        let from = before * 1000 / all;
        before += count;
        let width = before * 1000 / all - from;
        Tile {
            class,
            title,
            count,
            note,
            from,
            width,
        }
    })
}

/// A line of the table of severities and results.
pub(super) struct Line {
    pub(super) title: &'static str,
    pub(super) counts: Counts,
}

/// A line for each severity.
pub(super) fn matrix(ledger: &Ledger) -> Vec<Line> {
    let of = |severity: Severity| {
        ledger
            .rows
            .iter()
            .filter(move |row| row.severity() == severity)
    };
    SEVERITIES
        .into_iter()
        .map(|severity| Line {
            title: severity_title(severity),
            counts: Counts::of(of(severity)),
        })
        .collect()
}

/// The state in one or two sentences. What was not evaluated is never called passed.
pub(super) fn headline(counts: &Counts) -> String {
    let Counts {
        failed,
        not_evaluated,
        excepted,
        ..
    } = *counts;
    let all = counted(counts.all(), "check");
    let mut text = match (counts.all(), failed, not_evaluated) {
        (0, _, _) => return "This sweep made no check.".to_owned(),
        (_, 0, 0) if excepted == 0 => return format!("All {all} passed."),
        (_, 0, 0) => format!("None of {all} failed."),
        (_, 0, _) => format!("None of {all} is known to fail, but not all could be evaluated."),
        (_, failed, _) => format!("{} of {all} failed.", number(failed)),
    };
    if not_evaluated > 0 {
        let verb = if not_evaluated == 1 { "was" } else { "were" };
        text.push_str(&format!(" {} {verb} not evaluated.", number(not_evaluated)));
    }
    if excepted > 0 {
        let covered = counted(excepted, "failure");
        let verb = if excepted == 1 { "is" } else { "are" };
        text.push_str(&format!(" {covered} {verb} covered by an exception."));
    }
    text
}

/// What identifies a sweep, as names and values.
pub(super) fn facts(sweep: &Sweep) -> Vec<(&'static str, String)> {
    let manifest = &sweep.manifest;
    let version = manifest.version_id.as_deref();
    let mut facts = vec![
        ("Organization", sweep.organization.to_string()),
        (
            "Stack",
            format!(
                "{} in {}, account {}",
                sweep.stack, sweep.region, sweep.account
            ),
        ),
        (
            "Mode",
            match sweep.mode {
                Mode::Plan => "plan: Lockstep only reports",
                Mode::Apply => "apply: Lockstep repairs what it manages",
            }
            .to_owned(),
        ),
        (
            "Scope",
            match sweep.scope {
                Scope::Whole => "everything that the manifest names",
                Scope::Partial => "some bindings only",
            }
            .to_owned(),
        ),
        (
            "Manifest",
            match version {
                Some(version) => format!("{}, version {version}", manifest.object),
                None => manifest.object.clone(),
            },
        ),
        ("Manifest digest (SHA-256)", manifest.digest.to_string()),
        ("Manifest accepted", moment(manifest.accepted_at)),
        ("Started", moment(sweep.started)),
        ("Finished", moment(sweep.finished)),
        ("Sweep", sweep.id.to_string()),
    ];
    if let Some(previous) = &sweep.previous {
        facts.push(("Previous sweep", previous.id.to_string()));
    }
    if let Some(reason) = &sweep.reason {
        facts.push(("Reason", reason.clone()));
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_sweep_in_which_every_check_passed_is_called_passed() {
        let counts = |passed, failed, not_evaluated, excepted| Counts {
            passed,
            failed,
            not_evaluated,
            excepted,
        };
        assert_eq!(headline(&counts(0, 0, 0, 0)), "This sweep made no check.");
        assert_eq!(headline(&counts(7, 0, 0, 0)), "All 7 checks passed.");
        assert_eq!(
            headline(&counts(7, 0, 1, 0)),
            "None of 8 checks is known to fail, but not all could be evaluated. 1 was not evaluated."
        );
        assert_eq!(
            headline(&counts(7, 0, 0, 2)),
            "None of 9 checks failed. 2 failures are covered by an exception."
        );
        assert_eq!(
            headline(&counts(1_000, 2, 3, 1)),
            "2 of 1,006 checks failed. 3 were not evaluated. 1 failure is covered by an exception."
        );
    }

    #[test]
    fn the_parts_of_the_bar_fill_it() {
        let counts = Counts {
            passed: 2,
            failed: 1,
            not_evaluated: 3,
            excepted: 1,
        };
        let mut end = 0;
        for tile in tiles(&counts) {
            assert_eq!(tile.from, end);
            end = tile.from + tile.width;
        }
        assert_eq!(end, 1000);
    }
}
