//! Where the contract comes from.

use contract_kit::{Derivation, Error};
use serde_json::Value;

pub(crate) const ADDITIONS: &str = include_str!("../additions.json");

/// `derive.py` reads the official SDK.
const DERIVATION: Derivation = Derivation {
    name: "official-sdk",
    requirements: include_str!("../requirements.txt"),
    folder: env!("CARGO_MANIFEST_DIR"),
    script: include_str!("../derive.py"),
    additions: ADDITIONS,
};

/// The official SDK with its dependencies, each with its exact version, as pip reads them.
#[must_use]
pub fn requirements() -> &'static str {
    DERIVATION.requirements
}

/// Whether the official SDK is installed, so that deriving takes no more than seconds.
#[must_use]
pub fn is_installed() -> bool {
    DERIVATION.is_installed()
}

/// The derived document for these operations.
pub(crate) fn document(operations: &[(&str, &str)], say: &dyn Fn(&str)) -> Result<Value, Error> {
    let wanted: String = operations
        .iter()
        .map(|(method, route)| format!("{method} {route}\n"))
        .collect();
    let text = DERIVATION.document(&wanted, say)?;
    serde_json::from_slice(&text).map_err(|error| Error::Document(error.to_string()))
}
