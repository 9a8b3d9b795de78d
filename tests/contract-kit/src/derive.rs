//! Runs `derive.py` once for each package version, script, additions and input.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use python_environment::{interpreter, lock, ready, target};
use sha2::{Digest, Sha256};

/// Why there is no contract.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The package could not be installed.
    #[error(transparent)]
    Python(#[from] python_environment::Error),
    /// `derive.py` refused, for example an operation that the package does not have.
    #[error("the contract cannot be derived from {package}: {reason}")]
    Refused {
        /// From which package.
        package: &'static str,
        /// What the script wrote to its standard error.
        reason: String,
    },
    /// The contract's file could not be written or read.
    #[error("{}: {source}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The judge does not understand the derived document.
    #[error("the derived contract is not understood: {0}")]
    Document(String),
}

/// How a contract is derived from a Python package.
#[derive(Clone, Copy, Debug)]
pub struct Derivation {
    /// The environment's name, for people who look into the target folder.
    pub name: &'static str,
    /// The package with its dependencies, each with its exact version, as pip reads them.
    pub requirements: &'static str,
    /// The folder of `derive.py` and `additions.json`.
    pub folder: &'static str,
    /// The text of `derive.py`.
    pub script: &'static str,
    /// The text of `additions.json`.
    pub additions: &'static str,
}

impl Derivation {
    /// Whether the package is installed, so that deriving takes no more than seconds.
    #[must_use]
    pub fn is_installed(&self) -> bool {
        ready(self.name, self.requirements).is_some()
    }

    /// The document derived for `input`, which the script reads from its standard input. It is read from
    /// the target folder where it was derived before; `say` receives the progress of an installation.
    ///
    /// # Errors
    /// Python is missing, the package cannot be installed, the script refuses, or the target folder
    /// cannot be written.
    pub fn document(&self, input: &str, say: &dyn Fn(&str)) -> Result<Vec<u8>, Error> {
        let folder = target().join("contract");
        let path = folder.join(format!("{}-{}.json", self.name, self.digest(input)));
        if !path.exists() {
            fs::create_dir_all(&folder).map_err(failed(&folder))?;
            let _lock = lock(&folder.join(format!("{}.lock", self.name)))?;
            if !path.exists() {
                let python = interpreter(self.name, self.requirements, say)?;
                // Whole or not at all: readers take no lock.
                let unfinished = path.with_extension("unfinished");
                fs::write(&unfinished, self.run(&python, input)?).map_err(failed(&unfinished))?;
                fs::rename(&unfinished, &path).map_err(failed(&path))?;
            }
        }
        fs::read(&path).map_err(failed(&path))
    }

    fn run(&self, python: &Path, input: &str) -> Result<Vec<u8>, Error> {
        let refused = |reason: String| Error::Refused {
            package: self.name,
            reason,
        };
        let mut child = Command::new(python)
            .arg(Path::new(self.folder).join("derive.py"))
            .arg(Path::new(self.folder).join("additions.json"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| refused(error.to_string()))?;
        if let Some(mut stdin) = child.stdin.take() {
            // Where the script ended early, its own message explains more than the broken pipe.
            let _ = stdin.write_all(input.as_bytes());
        }
        let output = child.wait_with_output();
        let output = output.map_err(|error| refused(error.to_string()))?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let message = String::from_utf8_lossy(&output.stderr);
        Err(refused(message.trim().to_owned()))
    }

    fn digest(&self, input: &str) -> String {
        let mut digest = Sha256::new();
        for part in [self.requirements, self.script, self.additions, input] {
            digest.update(part.len().to_le_bytes());
            digest.update(part);
        }
        let bytes = digest.finalize();
        bytes
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_path_buf();
    move |source| Error::File { path, source }
}
