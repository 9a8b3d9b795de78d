//! No file is longer than a person reads at once.

use std::collections::BTreeSet;

use crate::workspace::{files, list, text};

const PRODUCT: usize = 400;
const TESTS: usize = 500;

/// How many lines a file may have: one of the product fewer than one of tests.
fn limit(file: &str) -> usize {
    let is_test =
        file.starts_with("tests/") || file.contains("/tests/") || file.ends_with("tests.rs");
    if is_test { TESTS } else { PRODUCT }
}

/// The exceptions name files. The list only shrinks: who shortens a file removes its line, and nobody
/// adds one.
#[test]
fn no_file_is_longer_than_its_limit() {
    let exceptions: BTreeSet<String> = list("long.txt").into_iter().collect();
    let folders = ["functions", "shared", "tests", "tools"];
    let all = folders.into_iter().flat_map(|folder| files(folder, ".rs"));
    let is_long = |file: &String| text(file).lines().count() > limit(file);
    let long: BTreeSet<String> = all.filter(is_long).collect();
    let new: Vec<&String> = long.difference(&exceptions).collect();
    assert!(
        new.is_empty(),
        "longer than {PRODUCT} lines (tests: {TESTS}): {new:#?}"
    );
    let shorter: Vec<&String> = exceptions.difference(&long).collect();
    assert!(
        shorter.is_empty(),
        "no longer too long, so remove them from tests/house/long.txt: {shorter:#?}"
    );
}
