//! The Python environment of the local AWS: made once, shared by all who run beside each other.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tokio::process::Command;

use crate::error::Error;
use crate::progress::Progress;
use crate::{place, process};

const REQUIREMENTS: &str = include_str!("../requirements.txt");

/// The interpreter of an environment with exactly the packages of `requirements.txt`.
///
/// # Errors
/// Where Python 3 is missing, or the packages cannot be installed.
pub async fn interpreter(progress: &Progress) -> Result<PathBuf, Error> {
    let digest: String = Sha256::digest(REQUIREMENTS)
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let folder = place::sandbox()?.join(format!("venv-{digest}"));
    let python = folder.join("bin/python");
    let ready = folder.join("ready");
    // Once ready it stays ready: no lock needed.
    if !ready.exists() {
        let _lock = place::lock("venv").await?;
        if !ready.exists() {
            let work = install(&folder, &python, &ready);
            progress
                .during("installing the local AWS into target/sandbox (once)", work)
                .await?;
        }
    }
    Ok(python)
}

async fn install(folder: &Path, python: &Path, ready: &Path) -> Result<(), Error> {
    // What an interrupted installation left is not to be trusted.
    let _ = fs::remove_dir_all(folder);
    let log = folder.with_extension("log");
    process::run(Command::new("python3").arg("-m").arg("venv").arg(folder), &log)
        .await
        .map_err(|error| {
            error.fix("install Python 3.10 or newer with its venv module (Debian, Ubuntu: apt install python3 python3-venv)")
        })?;
    let requirements = folder.join("requirements.txt");
    fs::write(&requirements, REQUIREMENTS)
        .map_err(|error| Error::io("cannot write the requirements", &error))?;
    let mut pip = Command::new(python);
    pip.args([
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--no-input",
        "-r",
    ])
    .arg(&requirements);
    process::run(&mut pip, &log).await.map_err(|error| {
        error.fix("check that this machine reaches a Python package index (pip config list), then try again")
    })?;
    fs::write(ready, "").map_err(|error| Error::io("cannot finish the environment", &error))
}
