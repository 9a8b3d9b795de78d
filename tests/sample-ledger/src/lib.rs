//! Ledgers to render: a believable one of any size, and one with hostile names.

#![expect(clippy::unwrap_used, reason = "a test kit may panic")]

mod chains;
mod hostile;
mod rows;

use jiff::{Timestamp, ToSpan as _};
use lockstep_domain::digest::Digest;
use lockstep_domain::ledger::{
    Cleared, Ledger, ManifestRead, PreviousSweep, Row, SCHEMA, Scope, Sweep,
};
use lockstep_domain::manifest::Mode;

pub use hostile::{HOSTILE, hostile};

/// The organization of every sample.
pub const ORGANIZATION: &str = "8c3f6a52-0d7e-4b1f-9a64-2f1d5e7b9c30";

/// The account and region of every sample.
pub(crate) const ACCOUNT: &str = "210987654321";
pub(crate) const REGION: &str = "eu-central-1";

/// When every sample's sweep started.
#[must_use]
pub fn started() -> Timestamp {
    "2026-11-27T06:00:04Z".parse().unwrap()
}

/// The ledger of an organization with so many bound actions. Most checks passed; some failed, could not be evaluated,
/// or are excepted, and what did is the same in each call.
#[must_use]
pub fn sample(actions: usize) -> Ledger {
    let mut rows = rows::of(actions);
    rows.sort_by_key(Row::id);
    Ledger {
        sweep: sweep(),
        cleared: cleared(&rows),
        timeline: chains::timeline(actions),
        chains: chains::of(actions),
        rows,
    }
}

/// The ledger of the sample in which every check passed.
#[must_use]
pub fn sound(actions: usize) -> Ledger {
    let mut ledger = sample(actions);
    for row in &mut ledger.rows {
        *row = Row {
            key: row.key.clone(),
            ..Row::passed(row.check, row.resource.clone())
        };
    }
    ledger.cleared.clear();
    ledger
}

fn sweep() -> Sweep {
    let started = started();
    Sweep {
        schema: SCHEMA,
        id: Digest::of_bytes(b"this sweep"),
        organization: ORGANIZATION.parse().unwrap(),
        stack: "lockstep-contact-centre".to_owned(),
        account: ACCOUNT.to_owned(),
        region: REGION.to_owned(),
        release: "0.1.0".to_owned(),
        mode: Mode::Apply,
        scope: Scope::Whole,
        reason: None,
        manifest: ManifestRead {
            object: "manifests/contact-centre.yaml".to_owned(),
            version_id: Some("3sL4kqtJlcpXroDTDmJ.rmSpXd3dIbrHY".to_owned()),
            digest: Digest::of_bytes(b"the manifest"),
            accepted_at: started - 71.hours(),
            organization_line: 3,
        },
        started,
        finished: started + 187.seconds(),
        previous: Some(PreviousSweep {
            id: Digest::of_bytes(b"the sweep before"),
            started: started - 1.hour(),
        }),
    }
}

fn cleared(rows: &[Row]) -> Vec<Cleared> {
    let passed = rows.iter().filter(|row| {
        row.check == lockstep_domain::compliance::Check::SecretStale
            && row.result == lockstep_domain::ledger::CheckResult::Passed
    });
    passed
        .take(2)
        .map(|row| Cleared {
            id: row.id(),
            since: Some(started() - 3.hours()),
        })
        .collect()
}
