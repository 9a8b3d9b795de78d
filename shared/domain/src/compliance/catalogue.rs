//! The catalogue: what each check requires, why, what to do, and which controls it supports.
//!
//! It is data. `docs/checks.md` is generated from it, and reports render it.

pub mod changes;
mod control;
pub mod functions;
pub mod genesys;
pub mod lockstep;
pub mod roles;
pub mod secrets;

pub use control::{Control, Framework};

use crate::finding::Severity;

/// One entry: everything about a check that does not depend on what was seen.
#[derive(Debug)]
pub struct About {
    /// The stable id.
    pub id: &'static str,
    /// How severe a failure is.
    pub severity: Severity,
    /// What the check requires.
    pub requires: &'static str,
    /// Why that matters.
    pub why: &'static str,
    /// What to do where it fails.
    pub fix: &'static str,
    /// On what the requirement rests.
    pub source: &'static str,
    /// The controls that the check supports.
    pub controls: &'static [Control],
}
