//! Runs `derive.py` once for each botocore version, script and additions.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use python_environment::{interpreter, lock, ready, target};
use sha2::{Digest, Sha256};

use crate::model::Contract;

const NAME: &str = "botocore";
const REQUIREMENTS: &str = include_str!("../requirements.txt");
const SCRIPT: &str = include_str!("../derive.py");
const ADDITIONS: &str = include_str!("../additions.json");
const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// Why there is no contract.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// botocore could not be installed.
    #[error(transparent)]
    Python(#[from] python_environment::Error),
    /// `derive.py` refused, for example a service that botocore does not have.
    #[error("the contract cannot be derived from botocore: {0}")]
    Refused(String),
    /// The contract's file could not be written or read.
    #[error("{}: {source}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The derived document is not what the judge understands.
    #[error("the derived contract is not understood: {0}")]
    Document(#[from] serde_json::Error),
}

/// botocore with its dependencies, each with its exact version, as pip reads them.
#[must_use]
pub fn requirements() -> &'static str {
    REQUIREMENTS
}

/// Whether botocore is installed, so that deriving takes no more than a second.
#[must_use]
pub fn is_installed() -> bool {
    ready(NAME, REQUIREMENTS).is_some()
}

impl Contract {
    /// The contract of all services, derived when the target folder does not have it, and read once a process.
    ///
    /// # Errors
    /// Python is missing, botocore cannot be installed, or the target folder cannot be written.
    pub fn load() -> Result<&'static Self, &'static Error> {
        static LOADED: OnceLock<Result<Contract, Error>> = OnceLock::new();
        LOADED
            .get_or_init(|| Ok(serde_json::from_slice(&document()?)?))
            .as_ref()
    }
}

/// The derived document, from the target folder where it was derived before.
fn document() -> Result<Vec<u8>, Error> {
    let folder = target().join("contract");
    let path = folder.join(format!("aws-{}.json", digest()));
    if !path.exists() {
        fs::create_dir_all(&folder).map_err(failed(&folder))?;
        let _lock = lock(&folder.join("aws.lock"))?;
        if !path.exists() {
            let python = interpreter(NAME, REQUIREMENTS, &|_| {})?;
            // Whole or not at all: readers take no lock.
            let unfinished = path.with_extension("unfinished");
            fs::write(&unfinished, derived(&python)?).map_err(failed(&unfinished))?;
            fs::rename(&unfinished, &path).map_err(failed(&path))?;
        }
    }
    fs::read(&path).map_err(failed(&path))
}

fn derived(python: &Path) -> Result<Vec<u8>, Error> {
    let output = Command::new(python)
        .arg(Path::new(HERE).join("derive.py"))
        .arg(Path::new(HERE).join("additions.json"))
        .output()
        .map_err(|error| Error::Refused(error.to_string()))?;
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

fn digest() -> String {
    let mut digest = Sha256::new();
    for part in [REQUIREMENTS, SCRIPT, ADDITIONS] {
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
