//! Unverified behaviour of the platform as a matrix: every open point is a switch of the simulator,
//! and the rotation story comes to its end under every setting and every pair of settings.
//!
//! By default every single setting is told with a first provisioning and a rotation, and so is a set
//! of settings in which every pair of values of all switches occurs. The ignored test tells a
//! rotation under each pair of settings that are not the default, all others being at theirs.

mod crew;
mod ends;
mod settings;
mod story;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;

use scenarios::Error;

use crate::crew::{Job, Told, Worlds, tell};
use crate::settings::{Pair, Row, covering, double, pairs, pairs_in, single, switches};
use crate::story::Kind;

/// Tells of figures: on the terminal whatever becomes of the test's own output, and in a file.
fn figures(file: &str, line: &str) -> Result<(), Error> {
    // A macro would be captured with the test's output.
    writeln!(std::io::stderr(), "{line}")?;
    let folder = sandbox::place::target().join("judges");
    fs::create_dir_all(&folder)?;
    Ok(fs::write(folder.join(file), format!("{line}\n"))?)
}

/// All that failed, each with its settings and what happened.
fn failures(told: &[Told]) -> String {
    let failed = told.iter().filter_map(|one| {
        let problem = one.problem.as_ref()?;
        Some(format!("\n== {}\n{problem}\n", one.name))
    });
    failed.collect()
}

/// The pairs that were seen in rows that passed.
fn seen(told: &[Told]) -> BTreeSet<Pair> {
    let passed = told.iter().filter(|one| one.problem.is_none());
    passed.flat_map(|one| pairs_in(&one.row)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_comes_to_its_end_under_every_setting_and_every_pair() -> Result<(), Error> {
    let all = switches();
    let mut jobs = vec![Job::new(&all, Row::defaults(&all), Kind::Whole)];
    for setting in single(&all) {
        jobs.push(Job::new(&all, setting, Kind::Whole));
    }
    let alone = jobs.len();
    for row in covering(&all) {
        jobs.push(Job::new(&all, row, Kind::Provoked));
    }
    // New integrations and roles keep the processors busy.
    let worlds = Worlds {
        verified: 3,
        unverified: 1,
    };
    let told = tell(&all, jobs, worlds).await;

    let settings = told[1..alone].iter().filter(|one| one.problem.is_none());
    let (settings, pairs, of) = (settings.count(), seen(&told).len(), pairs(&all).len());
    let line = format!(
        "switches: {settings} settings and {pairs} pairs of values passed (of {} and {of}), \
         of {} switches, in {} stories",
        alone - 1,
        all.len(),
        told.len(),
    );
    figures("switches.txt", &line)?;
    let failures = failures(&told);
    assert!(failures.is_empty(), "{failures}");
    assert_eq!(pairs, of);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a quarter of an hour; by default each pair of values is met in a small set of stories"]
async fn a_rotation_comes_to_its_end_under_every_pair_of_settings_by_itself() -> Result<(), Error> {
    let all = switches();
    let jobs: Vec<Job> = double(&all)
        .into_iter()
        .map(|pair| Job::new(&all, pair, Kind::Rotation))
        .collect();
    let of = jobs.len();
    let worlds = Worlds {
        verified: 6,
        unverified: 2,
    };
    let told = tell(&all, jobs, worlds).await;

    let passed = told.iter().filter(|one| one.problem.is_none()).count();
    let line = format!(
        "switches, exhaustively: {passed} pairs of settings that are not the default passed (of {of})"
    );
    figures("switches-exhaustive.txt", &line)?;
    let failures = failures(&told);
    assert!(failures.is_empty(), "{failures}");
    Ok(())
}
