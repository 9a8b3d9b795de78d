//! Runs `derive.py` once for each SDK version, script, additions and set of operations.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use python_environment::{interpreter, lock, ready, target};
use serde_json::Value;
use sha2::{Digest, Sha256};

const NAME: &str = "official-sdk";
const REQUIREMENTS: &str = include_str!("../requirements.txt");
const SCRIPT: &str = include_str!("../derive.py");
pub(crate) const ADDITIONS: &str = include_str!("../additions.json");
const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// Why there is no contract.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The official SDK could not be installed.
    #[error(transparent)]
    Python(#[from] python_environment::Error),
    /// `derive.py` refused, for example an operation that the SDK does not have.
    #[error("the contract cannot be derived from the official SDK: {0}")]
    Refused(String),
    /// The contract's file could not be written or read.
    #[error("{}: {source}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The derived document is none that the judge understands.
    #[error("the derived contract is not understood: {0}")]
    Document(String),
}

/// The official SDK with its dependencies, each with its exact version, as pip reads them.
#[must_use]
pub fn requirements() -> &'static str {
    REQUIREMENTS
}

/// Whether the official SDK is installed, so that deriving takes no more than seconds.
#[must_use]
pub fn is_installed() -> bool {
    ready(NAME, REQUIREMENTS).is_some()
}

/// The derived document for these operations, from the target folder where it was derived before.
pub(crate) fn document(operations: &[(&str, &str)], say: &dyn Fn(&str)) -> Result<Value, Error> {
    let wanted: String = operations
        .iter()
        .map(|(method, route)| format!("{method} {route}\n"))
        .collect();
    let folder = target().join("contract");
    let path = folder.join(format!("{}.json", digest(&wanted)));
    if !path.exists() {
        fs::create_dir_all(&folder).map_err(failed(&folder))?;
        let _lock = lock(&folder.join("lock"))?;
        if !path.exists() {
            let python = interpreter(NAME, REQUIREMENTS, say)?;
            let text = derived(&python, &wanted)?;
            // Whole or not at all: readers take no lock.
            let unfinished = path.with_extension("unfinished");
            fs::write(&unfinished, text).map_err(failed(&unfinished))?;
            fs::rename(&unfinished, &path).map_err(failed(&path))?;
        }
    }
    let text = fs::read(&path).map_err(failed(&path))?;
    serde_json::from_slice(&text).map_err(|error| Error::Document(error.to_string()))
}

fn derived(python: &Path, wanted: &str) -> Result<Vec<u8>, Error> {
    let refused = |error: io::Error| Error::Refused(error.to_string());
    let mut child = Command::new(python)
        .arg(Path::new(HERE).join("derive.py"))
        .arg(Path::new(HERE).join("additions.json"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(refused)?;
    if let Some(mut input) = child.stdin.take() {
        // Where it ended early, what it said on its way tells more than the broken pipe.
        let _ = input.write_all(wanted.as_bytes());
    }
    let output = child.wait_with_output().map_err(refused)?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Error::Refused(said.trim().to_owned()))
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_path_buf();
    move |source| Error::File { path, source }
}

fn digest(wanted: &str) -> String {
    let mut digest = Sha256::new();
    for part in [REQUIREMENTS, SCRIPT, ADDITIONS, wanted] {
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
