//! Python environments with exactly the packages that a requirements text pins.
//!
//! An environment stands under Cargo's target folder, is made by whoever comes first, and is shared by all
//! processes that ask for the same requirements. A new text makes a new environment beside the old one.

use std::env;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};

/// Why there is no environment, with what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder of the environment could not be made.
    #[error("cannot {doing} {}: {source}", path.display())]
    File {
        /// What was tried.
        doing: &'static str,
        /// With which file or folder.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// Python 3 is missing, or has no `venv`.
    #[error(
        "{said}\n  what to do: install Python 3.10 or newer with its venv module (Debian, Ubuntu: apt install python3 python3-venv)"
    )]
    Python {
        /// The end of what it said.
        said: String,
    },
    /// The packages could not be installed.
    #[error(
        "{said}\n  what to do: check that this machine reaches a Python package index (pip config list), then try again"
    )]
    Packages {
        /// The end of what pip said.
        said: String,
    },
}

/// The root of the workspace.
#[must_use]
pub fn workspace() -> PathBuf {
    // This crate stands at `tests/python-environment`.
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

/// Cargo's target folder: `CARGO_TARGET_DIR`, or `target` in the workspace.
#[must_use]
pub fn target() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(set) => workspace().join(set),
        None => workspace().join("target"),
    }
}

/// The interpreter of an environment with exactly these packages. Blocks until it is made, which takes a minute
/// or more the first time; `say` is told what is done meanwhile, and nothing where it stands ready.
///
/// `name` is for people who look into the target folder; the requirements tell environments apart.
///
/// # Errors
/// Python is missing, the packages cannot be installed, or the target folder cannot be written.
pub fn interpreter(name: &str, requirements: &str, say: &dyn Fn(&str)) -> Result<PathBuf, Error> {
    interpreter_in(&target().join("python"), name, requirements, say)
}

/// The interpreter of the environment where it stands ready.
#[must_use]
pub fn ready(name: &str, requirements: &str) -> Option<PathBuf> {
    let folder = folder(&target().join("python"), name, requirements);
    folder
        .join("ready")
        .exists()
        .then(|| folder.join("bin/python"))
}

fn folder(home: &Path, name: &str, requirements: &str) -> PathBuf {
    home.join(format!("{name}-{}", digest(requirements)))
}

fn interpreter_in(
    home: &Path,
    name: &str,
    requirements: &str,
    say: &dyn Fn(&str),
) -> Result<PathBuf, Error> {
    let folder = folder(home, name, requirements);
    let python = folder.join("bin/python");
    let ready = folder.join("ready");
    // Once ready it stays ready: no lock needed.
    if ready.exists() {
        return Ok(python);
    }
    fs::create_dir_all(home).map_err(failed("make", home))?;
    let _lock = lock(&folder.with_extension("lock"))?;
    if !ready.exists() {
        say(&format!(
            "installing {name} into {} (once)",
            folder.display()
        ));
        install(&folder, &python, requirements)?;
        // Written last: without it an environment is not trusted.
        fs::write(&ready, "").map_err(failed("write", &ready))?;
    }
    Ok(python)
}

fn install(folder: &Path, python: &Path, requirements: &str) -> Result<(), Error> {
    // What an interrupted installation left is not to be trusted.
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(failed("clear", folder)(error));
        }
        Ok(()) | Err(_) => {}
    }
    let log = folder.with_extension("log");
    let mut venv = Command::new("python3");
    venv.args(["-m", "venv"]).arg(folder);
    run(&mut venv, &log)?.map_err(|said| Error::Python { said })?;
    let listed = folder.join("requirements.txt");
    fs::write(&listed, requirements).map_err(failed("write", &listed))?;
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "install", "--disable-pip-version-check"])
        .args(["--no-input", "--requirement"])
        .arg(&listed);
    run(&mut pip, &log)?.map_err(|said| Error::Packages { said })
}

/// Runs a tool to its end with its output in a log; inside, the end of what it said where it fails.
fn run(command: &mut Command, log: &Path) -> Result<Result<(), String>, Error> {
    let out = File::create(log).map_err(failed("write", log))?;
    let err = out.try_clone().map_err(failed("write", log))?;
    let ended = command
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(err)
        .status();
    Ok(match ended {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{command:?} failed with {status}{}", tail(log))),
        Err(error) => Err(format!("{command:?} did not start: {error}")),
    })
}

/// The last lines of a log.
fn tail(log: &Path) -> String {
    const LINES: usize = 30;
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let first = lines.len().saturating_sub(LINES);
    lines[first..]
        .iter()
        .map(|line| format!("\n    | {line}"))
        .collect()
}

/// Waits until no process and no thread holds this lock; it is released when the file is dropped.
///
/// # Errors
/// The lock file cannot be made.
pub fn lock(path: &Path) -> Result<File, Error> {
    let file = File::create(path).map_err(failed("make", path))?;
    file.lock().map_err(failed("lock", path))?;
    Ok(file)
}

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_path_buf();
    move |source| Error::File {
        doing,
        path,
        source,
    }
}

fn digest(text: &str) -> String {
    Sha256::digest(text)
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests;
