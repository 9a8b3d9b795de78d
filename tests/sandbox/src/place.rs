//! Where things are: the workspace, the target folder and what the sandbox keeps in it.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use nix::sys::signal::kill;
use nix::unistd::Pid;

use crate::error::Error;

/// The root of the workspace.
pub fn workspace() -> PathBuf {
    // This crate stands at `tests/sandbox`.
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

/// Cargo's target folder.
pub fn target() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(set) => workspace().join(set),
        None => workspace().join("target"),
    }
}

/// What the sandbox keeps: environments, packages, runs, `endpoints.json`, `summary.json`.
///
/// # Errors
/// Where the folder cannot be made.
pub fn sandbox() -> Result<PathBuf, Error> {
    let folder = target().join("sandbox");
    fs::create_dir_all(&folder)
        .map_err(|error| Error::io(format!("cannot make {}", folder.display()), &error))?;
    Ok(folder)
}

/// Waits until nobody else holds the named lock, which is released when the file is dropped.
/// Processes and tests that run side by side set things up once.
///
/// # Errors
/// Where the lock file cannot be made.
pub async fn lock(name: &str) -> Result<File, Error> {
    let path = sandbox()?.join(format!("{name}.lock"));
    let shown = path.display().to_string();
    tokio::task::spawn_blocking(move || {
        let file = File::create(path)?;
        file.lock()?;
        Ok(file)
    })
    .await
    .map_err(|error| Error::new(format!("waiting for {shown}: {error}")))?
    .map_err(|error: std::io::Error| Error::io(format!("cannot lock {shown}"), &error))
}

/// The folder of one run: its logs stay, its temporary files go with it.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// Makes a fresh one, and clears what runs left that were killed.
    ///
    /// # Errors
    /// Where the folder cannot be made.
    pub fn new() -> Result<Self, Error> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let runs = sandbox()?.join("runs");
        clear_dead_runs(&runs);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = runs.join(format!("{}-{number}", std::process::id()));
        // An earlier process may have had our id.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(path.join("tmp"))
            .map_err(|error| Error::io(format!("cannot make {}", path.display()), &error))?;
        Ok(Self { path })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// For temporary files of the processes of this run.
    pub fn tmp(&self) -> PathBuf {
        self.path.join("tmp")
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(self.tmp());
    }
}

/// Logs of ended runs that are kept.
const KEPT_RUNS: usize = 60;

fn clear_dead_runs(runs: &Path) {
    let Ok(entries) = fs::read_dir(runs) else {
        return;
    };
    let mut dead: Vec<(std::time::SystemTime, PathBuf)> = entries
        .flatten()
        .filter(|entry| !is_owner_alive(&entry.file_name().to_string_lossy()))
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    dead.sort();
    for (_, path) in &dead {
        let _ = fs::remove_dir_all(path.join("tmp"));
    }
    for (_, path) in dead.iter().rev().skip(KEPT_RUNS) {
        let _ = fs::remove_dir_all(path);
    }
}

fn is_owner_alive(run: &str) -> bool {
    run.split('-')
        .next()
        .and_then(|pid| pid.parse().ok())
        .is_some_and(|pid| kill(Pid::from_raw(pid), None).is_ok())
}
