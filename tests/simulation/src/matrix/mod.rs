//! Unverified behaviour of the platform as a matrix: every open point is a switch of the simulator, and
//! each scenario comes to its end under every setting and every pair of settings.

mod actions;
mod credentials;
mod ends;
mod job;
mod settings;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::{fs, io};

use genesys_contract::judges_folder;

use self::settings::{Pair, Row, Switch, covering, double, pairs, pairs_in, single, switches};

use self::job::Provocations;
pub use self::job::{Job, Played, Scenario, play_all};

/// Says the figures of a run, past what a test harness captures, and leaves them in a file for
/// `figures`, which adds up what the judges of a run count.
///
/// # Errors
/// The file can't be written.
pub fn leave_figures(file: &str, line: &str) -> io::Result<()> {
    // A macro would be captured with the test's output.
    writeln!(io::stderr(), "{line}")?;
    let folder = judges_folder();
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(file), format!("{line}\n"))
}

/// All that failed, each with its scenario, its settings and what happened.
#[must_use]
pub fn failures(played: &[Played]) -> String {
    let failed = played.iter().filter_map(|one| {
        let problem = one.problem.as_ref()?;
        let (scenario, name) = (one.job.scenario, &one.job.name);
        Some(format!("\n== {scenario:?}: {name}\n{problem}\n"))
    });
    failed.collect()
}

/// Each setting by itself, and a small set of rows in which every pair of values of all switches occurs;
/// in every scenario.
#[derive(Clone, Debug)]
pub struct Matrix {
    all: Vec<Switch>,
}

impl Default for Matrix {
    fn default() -> Self {
        Self { all: switches() }
    }
}

/// How much of the matrix passed in one scenario, or in each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passed {
    /// Settings that are not the default, each by itself.
    pub settings: usize,
    /// Pairs of values of two switches.
    pub pairs: usize,
}

impl Matrix {
    /// Its stories.
    #[must_use]
    pub fn jobs(&self) -> Vec<Job> {
        let all = &self.all;
        let mut rows = vec![(Row::defaults(all), Provocations::OfSettings)];
        rows.extend(
            single(all)
                .into_iter()
                .map(|row| (row, Provocations::OfSettings)),
        );
        rows.extend(
            covering(all)
                .into_iter()
                .map(|row| (row, Provocations::All)),
        );
        let of = |scenario| {
            rows.iter()
                .map(move |(row, provocations)| Job::new(all, scenario, row.clone(), *provocations))
        };
        Scenario::ALL.into_iter().flat_map(of).collect()
    }

    /// All there is of it.
    #[must_use]
    pub fn whole(&self) -> Passed {
        Passed {
            settings: single(&self.all).len(),
            pairs: pairs(&self.all).len(),
        }
    }

    /// What passed in every scenario.
    #[must_use]
    pub fn passed(&self, played: &[Played]) -> Passed {
        let mut seen = BTreeMap::<Scenario, (BTreeSet<&str>, BTreeSet<Pair>)>::new();
        for one in played.iter().filter(|one| one.problem.is_none()) {
            let (settings, pairs) = seen.entry(one.job.scenario).or_default();
            if one.job.row.changed(&self.all).len() == 1 {
                settings.insert(one.job.name.as_str());
            }
            pairs.extend(pairs_in(&one.job.row));
        }
        let of = |scenario| seen.remove(scenario).unwrap_or_default();
        let seen: Vec<_> = Scenario::ALL.iter().map(of).collect();
        let each = single(&self.all)
            .into_iter()
            .map(|row| row.named(&self.all));
        Passed {
            settings: each
                .filter(|name| seen.iter().all(|(known, _)| known.contains(name.as_str())))
                .count(),
            pairs: pairs(&self.all)
                .iter()
                .filter(|pair| seen.iter().all(|(_, pairs)| pairs.contains(pair)))
                .count(),
        }
    }

    /// The figures of a run.
    #[must_use]
    pub fn figures(&self, played: &[Played]) -> String {
        let (passed, whole) = (self.passed(played), self.whole());
        format!(
            "switches: {} settings and {} pairs of values passed (of {} and {}), of {} switches, in {} \
             stories of {} scenarios",
            passed.settings,
            passed.pairs,
            whole.settings,
            whole.pairs,
            self.all.len(),
            played.len(),
            Scenario::ALL.len(),
        )
    }
}

impl Matrix {
    /// Each pair of settings that are not the default, all others at theirs, in every scenario.
    #[must_use]
    pub fn each_pair(&self) -> Vec<Job> {
        let rows = double(&self.all);
        let of = |scenario| {
            let job = move |row: &Row| {
                Job::new(&self.all, scenario, row.clone(), Provocations::OfSettings)
            };
            rows.iter().map(job)
        };
        Scenario::ALL.into_iter().flat_map(of).collect()
    }
}
