//! One sweep of one organization: what it works on, and the results that its checks add to.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use lockstep_domain::compliance::{Checked, Report, Standing, SweepState};
use lockstep_domain::credentials::CredentialSet;
use lockstep_domain::ids::{Key, OrganizationId};
use lockstep_domain::manifest::{Action, Manifest, Mode};

use crate::services::Compliance;
use crate::store::Versioned;

/// Bindings that are observed at the same time; the platform's rate limit is per minute.
pub(super) const AT_ONCE: usize = 4;

/// The result of the sweep of one organization.
pub(super) struct Swept {
    pub(super) organization: OrganizationId,
    pub(super) mode: Mode,
    pub(super) report: Report,
    pub(super) compliance_audit: Vec<String>,
    /// What the next sweep starts from; none where this one saw only a part.
    pub(super) remembered: Option<Versioned<SweepState>>,
    /// When it began, if the audit log was read to its end.
    pub(super) audited: Option<Timestamp>,
    /// To which binding a finding belongs, where it belongs to one.
    pub(super) keys: BTreeMap<Standing, Key>,
}

/// One sweep of one organization under way.
pub(super) struct Sweep<'a> {
    pub(super) world: &'a Compliance,
    pub(super) manifest: &'a Manifest,
    pub(super) actions: &'a [&'a Action],
    pub(super) credential_sets: &'a [CredentialSet<'a>],
    pub(super) began: Timestamp,
    pub(super) swept: Swept,
    /// Bindings whose role is there and was never bound.
    pub(super) unbound: BTreeSet<Key>,
}

impl Sweep<'_> {
    /// Adds what a check found; `key` is the binding that it belongs to.
    pub(super) fn count(&mut self, key: Option<&Key>, checked: Checked) {
        if let Some(key) = key {
            for finding in &checked.findings {
                let standing = Standing::of(finding);
                self.swept
                    .keys
                    .entry(standing)
                    .or_insert_with(|| key.clone());
            }
        }
        self.swept.report.count(checked.findings);
    }
}
