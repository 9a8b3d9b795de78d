//! Where the contract comes from.

use std::sync::OnceLock;

use contract_kit::{Derivation, Error};

use crate::model::Contract;

/// `derive.py` reads botocore.
const DERIVATION: Derivation = Derivation {
    name: "botocore",
    requirements: include_str!("../requirements.txt"),
    folder: env!("CARGO_MANIFEST_DIR"),
    script: include_str!("../derive.py"),
    additions: include_str!("../additions.json"),
};

/// botocore with its dependencies, each with its exact version, as pip reads them.
#[must_use]
pub fn requirements() -> &'static str {
    DERIVATION.requirements
}

/// Whether botocore is installed, so that deriving takes no more than a second.
#[must_use]
pub fn is_installed() -> bool {
    DERIVATION.is_installed()
}

impl Contract {
    /// The contract of all services, derived when the target folder does not have it, and read once a process.
    ///
    /// # Errors
    /// Python is missing, botocore cannot be installed, or the target folder cannot be written.
    pub fn load() -> Result<&'static Self, &'static Error> {
        static LOADED: OnceLock<Result<Contract, Error>> = OnceLock::new();
        LOADED.get_or_init(read).as_ref()
    }
}

fn read() -> Result<Contract, Error> {
    let document = DERIVATION.document("", &|_| {})?;
    serde_json::from_slice(&document).map_err(|error| Error::Document(error.to_string()))
}
