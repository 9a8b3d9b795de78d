//! `docs/checks.md` is the catalogue of checks, written out.

#![expect(
    clippy::disallowed_methods,
    reason = "the page is compared with what is stored, and written anew where that is asked for"
)]
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use lockstep_domain::compliance::{CATALOGUE, Check, Control, Framework};
use lockstep_domain::finding::Severity;

const PAGE: &str = "docs/checks.md";

fn page() -> PathBuf {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    PathBuf::from(root).join(PAGE)
}

fn severity(check: Check) -> &'static str {
    match check.severity() {
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
        Severity::Critical => "critical",
    }
}

const HEAD: &str = "\
# Checks

What `check-compliance` checks, written from the catalogue that the code runs on. Regenerate this page with `BLESS=1 cargo test -p lockstep-domain --test checks`.

Each check has one row per resource in the ledger of a sweep. Its result is *passed*, *failed*, *not evaluated* or *excepted*; what could not be seen is never passed. A failure is a *condition*, which opens and clears, except that what the audit log reports (`LS-PRINCIPAL`, `LS-AUDIT-FAILED`, `LS-AUDIT-UNPLANNED`) is an *occurrence*: one row per audit record, which never clears.

A check *supports* the controls named with it: its result is evidence that an auditor may use. No check alone satisfies a control. The identifiers are those of:

";

fn controls(check: Check) -> String {
    let of = |framework: Framework| {
        let all = check.controls().iter();
        let mine: Vec<&str> = all
            .filter(|control| control.framework == framework)
            .map(|control: &Control| control.id)
            .collect();
        (!mine.is_empty()).then(|| format!("{}: {}", framework.title(), mine.join(", ")))
    };
    let named: Vec<String> = Framework::ALL.into_iter().filter_map(of).collect();
    if named.is_empty() {
        "none".to_owned()
    } else {
        named.join("; ")
    }
}

fn written() -> String {
    let mut text = HEAD.to_owned();
    let mut line = |said: String| {
        writeln!(text, "{said}").unwrap();
    };
    for framework in Framework::ALL {
        line(format!("* {}: {}.", framework.title(), framework.source()));
    }
    line(String::new());
    line("| check | severity | requires |".into());
    line("|---|---|---|".into());
    for check in CATALOGUE.iter().copied() {
        let (severity, requires) = (severity(check), check.requires());
        line(format!("| `{check}` | {severity} | {requires} |"));
    }
    for check in CATALOGUE.iter().copied() {
        line(format!("\n## {check}\n"));
        line(format!("{}\n", check.requires()));
        line(format!("* **Severity:** {}", severity(check)));
        line(format!("* **Why:** {}", check.why()));
        line(format!("* **Fix:** {}", check.fix()));
        line(format!("* **Source:** {}", check.source()));
        line(format!("* **Supports:** {}", controls(check)));
    }
    text
}

#[test]
fn the_page_of_the_checks_is_the_catalogue() {
    let written = written();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(page(), &written).unwrap();
    }
    let stored = std::fs::read_to_string(page()).unwrap_or_default();
    assert!(
        stored == written,
        "{PAGE} is not the catalogue. Write it anew with\n  \
         BLESS=1 cargo test -p lockstep-domain --test checks"
    );
}

/// Identifiers have the form that their framework gives them: a slip of the finger shows.
#[test]
fn each_control_has_the_form_of_its_framework() {
    let all: BTreeSet<&Control> = CATALOGUE.iter().flat_map(|one| one.controls()).collect();
    assert!(all.len() > 20, "{all:?}");
    for control in all {
        let id = control.id;
        let numbers = |text: &str, least: usize| {
            let parts: Vec<&str> = text.split('.').collect();
            parts.len() >= least && parts.iter().all(|part| part.parse::<u8>().is_ok())
        };
        let fits = match control.framework {
            Framework::Nist80053r5 => id
                .split_once('-')
                .is_some_and(|(family, number)| family.len() == 2 && numbers(number, 1)),
            Framework::PciDss40 => numbers(id, 3),
            Framework::Soc2 => id.strip_prefix("CC").is_some_and(|rest| numbers(rest, 2)),
            Framework::Iso27001 => id.strip_prefix("A.").is_some_and(|rest| numbers(rest, 2)),
        };
        assert!(fits, "{control}");
    }
}
