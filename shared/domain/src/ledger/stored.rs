//! How a ledger is stored: parts of one JSON value a line, and an index with the digest of each.
//!
//! An object of a bucket that keeps everything is never too large to read, a renderer can read one
//! part after another, and nobody can exchange a part without the index showing it.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Cleared, Ledger, Sweep};
use crate::compliance::Check;
use crate::digest::Digest;
use crate::finding::Severity;
use crate::plan::Step;

/// Lines of one part.
const LINES: usize = 2_000;

/// A stored ledger: which parts it has, and what is small enough to stand here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Index {
    /// Which sweep it was.
    pub sweep: Sweep,
    /// What the checks of its rows mean, by id, as the release that swept had it.
    pub checks: BTreeMap<String, CheckText>,
    /// The parts, in order.
    pub parts: Vec<Part>,
    /// Conditions that are not open any more.
    pub cleared: Vec<Cleared>,
    /// Records of the audit log as lines for a compliance log.
    pub compliance_audit: Vec<String>,
    /// What was queued because an earlier run had left it unfinished.
    pub steps: Vec<Step>,
}

/// What a check means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckText {
    /// How severe a failure is.
    pub severity: Severity,
    /// What it requires.
    pub requires: String,
    /// Why.
    pub why: String,
    /// What to do where it fails.
    pub fix: String,
    /// The controls that it supports.
    pub controls: Vec<String>,
}

impl CheckText {
    /// Of a check.
    pub fn of(check: Check) -> Self {
        Self {
            severity: check.severity(),
            requires: check.requires().to_owned(),
            why: check.why().to_owned(),
            fix: check.fix().to_owned(),
            controls: check.controls().iter().map(ToString::to_string).collect(),
        }
    }
}

/// One part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Its name beside the index.
    pub name: String,
    /// What its lines are.
    pub content: Content,
    /// The digest of its bytes: SHA-256 in lower-case hexadecimal.
    pub digest: Digest,
}

/// What the lines of a part are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// [`super::Row`]s.
    Rows,
    /// [`super::Moment`]s.
    Timeline,
    /// [`super::BindingChain`]s.
    Chains,
}

/// A ledger could not be stored or read.
#[derive(Debug, thiserror::Error)]
pub enum StoredError {
    /// A part that the index names does not exist.
    #[error("the part {name} of the ledger does not exist")]
    Missing {
        /// Which.
        name: String,
    },
    /// A part is not the one that was stored.
    #[error("the part {name} of the ledger differs from the one that was stored")]
    Altered {
        /// Which.
        name: String,
    },
    /// Something is not the JSON that it should be.
    #[error("the part {name} of the ledger is not readable: {error}")]
    Json {
        /// Which.
        name: String,
        /// Why not.
        error: serde_json::Error,
    },
}

impl Ledger {
    /// The ledger as it is stored: the bytes of each part, by its name, and the index.
    ///
    /// # Errors
    /// A value is not JSON, which none of ours is.
    pub fn stored(
        &self,
        compliance_audit: Vec<String>,
        steps: Vec<Step>,
    ) -> Result<(Index, BTreeMap<String, Vec<u8>>), StoredError> {
        let mut parts = Parts::default();
        parts.add(Content::Rows, "rows", &self.rows)?;
        parts.add(Content::Timeline, "timeline", &self.timeline)?;
        parts.add(Content::Chains, "chains", &self.chains)?;
        let checks = self.rows.iter().map(|row| row.check);
        let index = Index {
            sweep: self.sweep.clone(),
            checks: checks
                .map(|check| (check.id().to_owned(), CheckText::of(check)))
                .collect(),
            parts: parts.index,
            cleared: self.cleared.clone(),
            compliance_audit,
            steps,
        };
        Ok((index, parts.bytes))
    }

    /// Reads a stored ledger. Every part is compared with the digest in the index.
    ///
    /// # Errors
    /// A part is missing, altered, or not readable.
    pub fn read(index: &Index, parts: &BTreeMap<String, Vec<u8>>) -> Result<Self, StoredError> {
        Ok(Self {
            sweep: index.sweep.clone(),
            rows: index.lines(Content::Rows, parts)?,
            cleared: index.cleared.clone(),
            timeline: index.lines(Content::Timeline, parts)?,
            chains: index.lines(Content::Chains, parts)?,
        })
    }
}

#[derive(Default)]
struct Parts {
    index: Vec<Part>,
    bytes: BTreeMap<String, Vec<u8>>,
}

impl Parts {
    fn add<T: Serialize>(
        &mut self,
        content: Content,
        of: &str,
        values: &[T],
    ) -> Result<(), StoredError> {
        for (number, some) in values.chunks(LINES).enumerate() {
            let name = format!("{of}-{:04}.jsonl", number + 1);
            let mut bytes = Vec::new();
            for value in some {
                serde_json::to_writer(&mut bytes, value).map_err(|error| StoredError::Json {
                    name: name.clone(),
                    error,
                })?;
                bytes.push(b'\n');
            }
            self.index.push(Part {
                name: name.clone(),
                content,
                digest: Digest::of_bytes(&bytes),
            });
            self.bytes.insert(name, bytes);
        }
        Ok(())
    }
}

impl Index {
    fn lines<T: DeserializeOwned>(
        &self,
        content: Content,
        parts: &BTreeMap<String, Vec<u8>>,
    ) -> Result<Vec<T>, StoredError> {
        let mut values = Vec::new();
        for part in self.parts.iter().filter(|part| part.content == content) {
            let name = part.name.clone();
            let Some(bytes) = parts.get(&name) else {
                return Err(StoredError::Missing { name });
            };
            if Digest::of_bytes(bytes) != part.digest {
                return Err(StoredError::Altered { name });
            }
            for line in bytes
                .split(|byte| *byte == b'\n')
                .filter(|one| !one.is_empty())
            {
                let value = serde_json::from_slice(line).map_err(|error| StoredError::Json {
                    name: name.clone(),
                    error,
                })?;
                values.push(value);
            }
        }
        Ok(values)
    }
}
