//! Which sweep a ledger is of.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::ids::OrganizationId;
use crate::manifest::Mode;

/// One run of all checks of one organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sweep {
    /// The layout of the ledger: [`super::SCHEMA`].
    pub schema: u32,
    /// Its id: of no other sweep.
    pub id: Digest,
    /// The organization.
    pub organization: OrganizationId,
    /// The stack.
    pub stack: String,
    /// The AWS account of the stack, twelve digits.
    pub account: String,
    /// The AWS region of the stack.
    pub region: String,
    /// The release of Lockstep.
    pub release: String,
    /// `plan`: nothing was written.
    pub mode: Mode,
    /// What was checked.
    pub scope: Scope,
    /// Why it was made, where a person said so.
    pub reason: Option<String>,
    /// The manifest that it compared with.
    pub manifest: ManifestRead,
    /// When it started.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub started: Timestamp,
    /// When its last check was made.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub finished: Timestamp,
    /// The sweep before; none for the first one, and where what is remembered of it can't be read.
    pub previous: Option<PreviousSweep>,
}

/// What a sweep checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Everything that the manifest names.
    Whole,
    /// Some bindings only. Nothing is emitted or remembered.
    Partial,
}

/// The accepted manifest that a sweep compared with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ManifestRead {
    /// The object it was uploaded as.
    pub object: String,
    /// That object's version, where the bucket keeps versions.
    pub version_id: Option<String>,
    /// The digest of its text: SHA-256 in lower-case hexadecimal.
    pub digest: Digest,
    /// When it was accepted.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub accepted_at: Timestamp,
    /// The line of the key `organization`, counted from 1: for what no entry names.
    pub organization_line: u32,
}

/// The sweep before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PreviousSweep {
    /// Its id.
    pub id: Digest,
    /// When it started.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub started: Timestamp,
}
