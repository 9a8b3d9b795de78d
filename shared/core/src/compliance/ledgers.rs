//! From the sweep of an organization to its ledger, and storing that.

use jiff::Timestamp;
use lockstep_domain::compliance::merged;
use lockstep_domain::digest::Digest;
use lockstep_domain::ledger::{Ledger, ManifestRead, PreviousSweep, Row, SCHEMA, Scope, Sweep};
use lockstep_domain::manifest::Lines;

use super::organization::Swept;
use crate::runtime::Failure;
use crate::services::Compliance;
use crate::store::Accepted;

/// What a sweep was asked for.
pub(super) struct Asked<'a> {
    pub(super) began: Timestamp,
    pub(super) reason: Option<&'a str>,
    pub(super) scope: Scope,
    /// What concerns the stack as a whole: it belongs to each ledger.
    pub(super) of_stack: &'a [Row],
}

/// The ledger of an organization's sweep.
pub(super) fn ledger(
    world: &Compliance,
    swept: &Swept,
    accepted: &Accepted,
    asked: &Asked<'_>,
) -> Ledger {
    let lines = Lines::of(&accepted.text);
    let mut rows = swept.rows.clone();
    rows.extend(asked.of_stack.iter().cloned());
    let mut rows = merged(rows);
    for row in &mut rows {
        row.manifest = lines.place(&row.resource, row.key.as_ref()).cloned();
    }
    let config = &world.config;
    let manifest = ManifestRead {
        object: accepted.object.clone(),
        version_id: accepted.version_id.clone(),
        digest: Digest::of_bytes(accepted.text.as_bytes()),
        accepted_at: accepted.accepted_at,
        organization_line: lines.organization(),
    };
    let remembered = swept.remembered.as_ref();
    Ledger {
        sweep: Sweep {
            schema: SCHEMA,
            id: Digest::of(&(
                &config.account,
                &config.region,
                &config.stack,
                &swept.organization,
                asked.began,
                &manifest.digest,
            )),
            organization: swept.organization.clone(),
            stack: config.stack.clone(),
            account: config.account.clone(),
            region: config.region.clone(),
            release: env!("CARGO_PKG_VERSION").to_owned(),
            mode: swept.mode,
            scope: asked.scope,
            reason: asked.reason.map(str::to_owned),
            manifest,
            started: asked.began,
            finished: swept.finished,
            previous: swept.previous.clone(),
        },
        rows,
        cleared: remembered
            .map(|(_, changes)| changes.cleared.clone())
            .unwrap_or_default(),
        timeline: swept.history.timeline.clone(),
        chains: swept.history.chains.clone(),
    }
}

/// Stores a ledger: its parts first, then the index that names them. Answers where the index is.
///
/// # Errors
/// S3 did not store all of it.
pub(super) async fn store(
    world: &Compliance,
    ledger: &Ledger,
    swept: &Swept,
) -> Result<String, Failure> {
    let Sweep {
        organization,
        started,
        id,
        ..
    } = &ledger.sweep;
    let folder = format!("evidence/sweeps/{organization}/{started}-{}", id.short(8));
    let stored = ledger.stored(swept.compliance_audit.clone(), swept.steps.clone());
    let (index, parts) = stored.map_err(|error| Failure::permanent("ledger", error))?;
    for (name, bytes) in parts {
        let object = format!("{folder}/{name}");
        world.evidence.write_bytes(&object, bytes).await?;
    }
    let object = format!("{folder}/index.json");
    Ok(world.evidence.write_report(&object, &index).await?)
}

/// What the next sweep remembers of this one.
pub(super) fn previous(ledger: &Ledger) -> PreviousSweep {
    PreviousSweep {
        id: ledger.sweep.id.clone(),
        started: ledger.sweep.started,
    }
}
