//! One sweep of one organization: what it works on, and what it saw.

use std::collections::BTreeSet;

use jiff::Timestamp;
use lockstep_domain::change::SecretVersion;
use lockstep_domain::credentials::CredentialSet;
use lockstep_domain::evidence::Record;
use lockstep_domain::ids::Key;
use lockstep_domain::ledger::Row;
use lockstep_domain::manifest::{Action, Manifest, Mode};

use crate::services::Compliance;

/// Bindings that are observed at the same time; the platform's rate limit is per minute.
pub(super) const AT_ONCE: usize = 4;

/// One sweep of one organization under way.
pub(super) struct Sweep<'a> {
    pub(super) world: &'a Compliance,
    pub(super) manifest: &'a Manifest,
    pub(super) actions: &'a [&'a Action],
    pub(super) credential_sets: &'a [CredentialSet<'a>],
    pub(super) mode: Mode,
    pub(super) began: Timestamp,
}

/// The observation of one binding or credential set.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) rows: Vec<Row>,
    /// Its evidence records, as far as they could be read.
    pub(super) records: Vec<Record>,
    /// The current versions of its secrets, as far as they could be read.
    pub(super) current: Vec<SecretVersion>,
}

/// The observation of the roles.
#[derive(Default)]
pub(super) struct RolesSeen {
    pub(super) rows: Vec<Row>,
    /// Bindings whose role exists and was never bound.
    pub(super) unbound: BTreeSet<Key>,
}

/// What the audit log says.
pub(super) struct Audited {
    pub(super) rows: Vec<Row>,
    /// Its records as lines for a compliance log.
    pub(super) lines: Vec<String>,
    /// When the sweep began, if the audit log was read to its end.
    pub(super) until: Option<Timestamp>,
}

/// Rows of a binding.
pub(super) fn of_binding(rows: Vec<Row>, key: &Key) -> Vec<Row> {
    rows.into_iter().map(|row| row.of(key)).collect()
}
