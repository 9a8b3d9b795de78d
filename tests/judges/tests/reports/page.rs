//! The page in a real browser: axe-core at three sizes, in light and in dark, and the filters.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use judges::node::installed;
use judges::{figures, undisturbed};
use lockstep_report::Format;
use python_environment::target;
use sample_ledger::{hostile, sample, sound};
use serde::Deserialize;

use crate::TOOLS;

const DRIVER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reports/page.js");
const PROGRAMS: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

#[derive(Debug, Deserialize)]
struct Answer {
    views: usize,
    problems: Vec<String>,
}

/// A browser of this machine; the tests install none.
fn browser() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let mut programs = PROGRAMS
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    programs.find(|program| program.is_file())
}

fn judged(browser: &PathBuf, pages: &[(&str, String)]) -> Answer {
    let folder = target()
        .join("tmp")
        .join(format!("pages-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let node = installed(TOOLS).unwrap();
    let mut driver = Command::new(node.program);
    driver
        .env("NODE_PATH", node.packages)
        .arg(DRIVER)
        .arg(browser);
    for (name, page) in pages {
        let path = folder.join(format!("{name}.html"));
        fs::write(&path, page).unwrap();
        driver.arg(path);
    }
    let said = undisturbed(&mut driver).output().unwrap();
    fs::remove_dir_all(&folder).unwrap();
    assert!(said.status.success(), "{said:?}");
    serde_json::from_slice(&said.stdout).unwrap()
}

fn page(ledger: &lockstep_domain::ledger::Ledger) -> String {
    let mut out = Vec::new();
    Format::Html.render(ledger, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
#[ignore = "starts a browser; .ci/run runs it"]
fn the_page_has_no_violation_in_a_real_browser() {
    let Some(browser) = browser() else {
        figures("page", "axe-core: not run, as this machine has no Chromium").unwrap();
        return;
    };
    let pages = [
        ("sample", page(&sample(40))),
        ("sound", page(&sound(3))),
        ("hostile", page(&hostile(30))),
    ];
    let answer = judged(&browser, &pages);
    assert!(answer.problems.is_empty(), "{:#?}", answer.problems);
    assert_eq!(answer.views, 18);
    let broken = page(&sample(3)).replace("<html lang=\"en\">", "<html>");
    let answer = judged(&browser, &[("broken", broken)]);
    assert!(
        answer
            .problems
            .iter()
            .any(|one| one.contains("html-has-lang")),
        "a planted fault is found: {:?}",
        answer.problems
    );
    figures("page", "axe-core: 18 views of 3 pages, no violation").unwrap();
}
