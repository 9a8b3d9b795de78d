//! Counts what was judged, over all processes of a run.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

/// Where the judges of a run leave their figures. Whoever begins a run clears it.
#[must_use]
pub fn judges_folder() -> PathBuf {
    python_environment::target().join("judges")
}

/// How often each operation of one simulator was judged.
#[derive(Debug)]
pub struct Exchanges {
    operations: BTreeMap<String, AtomicU64>,
    violations: AtomicU64,
}

/// The sum over a run.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// How often each operation was judged; 0 where it never was.
    pub operations: BTreeMap<String, u64>,
    /// How many violations were found.
    pub violations: u64,
}

impl Exchanges {
    /// Nothing judged yet of these operations (verb, route template).
    #[must_use]
    pub fn new(operations: &[(&str, &str)]) -> Self {
        let named =
            |(method, route): &(&str, &str)| (format!("{method} {route}"), AtomicU64::new(0));
        Self {
            operations: operations.iter().map(named).collect(),
            violations: AtomicU64::new(0),
        }
    }

    /// Counts one exchange. What is no operation is not counted.
    pub fn judged(&self, method: &str, route: &str) {
        if let Some(count) = self.operations.get(&format!("{method} {route}")) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts violations.
    pub fn violated(&self, violations: usize) {
        let violations = u64::try_from(violations).unwrap_or(u64::MAX);
        self.violations.fetch_add(violations, Ordering::Relaxed);
    }

    /// Forgets the violations: somebody else answers for them.
    pub fn forgive(&self) {
        self.violations.store(0, Ordering::Relaxed);
    }

    /// The figures so far.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let count =
            |(name, count): (&String, &AtomicU64)| (name.clone(), count.load(Ordering::Relaxed));
        Summary {
            operations: self.operations.iter().map(count).collect(),
            violations: self.violations.load(Ordering::Relaxed),
        }
    }

    /// Leaves the figures for the end of the run, in a file of their own.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn leave(&self) -> io::Result<()> {
        self.leave_in(&judges_folder())
    }

    pub(crate) fn leave_in(&self, judges: &Path) -> io::Result<()> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = judges.join("exchanges");
        fs::create_dir_all(&folder)?;
        let path = folder.join(format!("{}-{number}.json", std::process::id()));
        fs::write(path, serde_json::to_vec(&self.summary())?)
    }
}

impl Summary {
    /// The sum of what all simulators of a run left.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn of_run(judges: &Path) -> io::Result<Self> {
        let mut sum = Self::default();
        let entries = match fs::read_dir(judges.join("exchanges")) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(sum),
            Err(error) => return Err(error),
        };
        for entry in entries {
            let one: Self = serde_json::from_slice(&fs::read(entry?.path())?)?;
            for (name, count) in one.operations {
                *sum.operations.entry(name).or_default() += count;
            }
            sum.violations += one.violations;
        }
        Ok(sum)
    }

    /// The figures in one line.
    #[must_use]
    pub fn line(&self) -> String {
        let covered = self.operations.values().filter(|count| **count > 0).count();
        let exchanges: u64 = self.operations.values().sum();
        format!(
            "contract: {covered} of {} operations of the simulator covered, {exchanges} exchanges judged, {} violations",
            self.operations.len(),
            self.violations
        )
    }

    /// The operations that were never judged.
    #[must_use]
    pub fn uncovered(&self) -> Vec<&str> {
        self.operations
            .iter()
            .filter(|(_, count)| **count == 0)
            .map(|(name, _)| name.as_str())
            .collect()
    }
}
