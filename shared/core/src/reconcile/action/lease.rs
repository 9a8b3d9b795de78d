//! The lease on an integration: taken before it is created or changed, released when that is done.

use std::time::Duration;

use jiff::Timestamp;
use lockstep_domain::binding::DesiredIntegration;
use lockstep_domain::ids::Key;
use lockstep_domain::manifest::Manifest;
use lockstep_domain::rebind::IntegrationRecord;
use tracing::{info, warn};

use super::{ActionRun, Observation, RebindError};
use crate::reconcile::Ask;
use crate::services::Rebind;
use crate::store::{StoreError, Versioned};

/// How long a binding waits before it asks for a lease again that another one holds: creating an
/// integration takes some seconds.
const ASK_AGAIN: Duration = Duration::from_secs(3);

/// What is recorded of the binding's integration, and whether this run may change it.
pub(super) struct Lease {
    record: Versioned<IntegrationRecord>,
    held: bool,
}

impl Lease {
    /// Reads the record.
    ///
    /// # Errors
    /// It could not be read.
    pub(super) async fn read(
        world: &Rebind,
        manifest: &Manifest,
        integration: &DesiredIntegration,
    ) -> Result<Self, StoreError> {
        let organization = &manifest.organization.id;
        let record = world.states.integration(organization, &integration.key);
        Ok(Self {
            record: record.await?,
            held: false,
        })
    }

    /// What is recorded.
    pub(super) fn record(&self) -> &IntegrationRecord {
        &self.record.value
    }

    /// Takes the lease for a binding.
    ///
    /// # Errors
    /// [`RebindError::IntegrationTaken`], or the record could not be written.
    async fn take(&mut self, world: &Rebind, holder: &Key, ask: &Ask) -> Result<(), RebindError> {
        let integration = self.record.value.integration.clone();
        let remaining = ask.deadline.remaining();
        let taken = self
            .record
            .value
            .take(holder, &ask.run_id, remaining, world.now());
        let taken_by = |holder: Key, after: Duration| RebindError::IntegrationTaken {
            integration: integration.clone(),
            holder,
            after,
        };
        if let Err(taken) = taken {
            return Err(taken_by(taken.holder, taken.remaining.min(ASK_AGAIN)));
        }
        match world.state_writer.save_integration(&mut self.record).await {
            Ok(()) => {}
            Err(StoreError::Conflict { .. }) => {
                return Err(taken_by(holder.clone(), ASK_AGAIN));
            }
            Err(error) => return Err(error.into()),
        }
        self.held = true;
        Ok(())
    }

    /// Releases it and records what is known of the integration. Where that can't be written the
    /// lease runs out.
    async fn release(&mut self, world: &Rebind, in_doubt_since: Option<Timestamp>) {
        if !std::mem::take(&mut self.held) {
            return;
        }
        self.record.value.release(in_doubt_since);
        if let Err(error) = world.state_writer.save_integration(&mut self.record).await {
            warn!(%error, "the lease on the integration could not be released; it will expire");
        }
    }
}

impl ActionRun<'_, '_> {
    /// What is recorded of the integration, where this run has read it.
    pub(super) fn record(&self) -> Option<&IntegrationRecord> {
        self.kind.lease.as_ref().map(Lease::record)
    }

    /// The same, to be saved when the lease is released; none without the lease.
    pub(super) fn leased(&mut self) -> Option<&mut IntegrationRecord> {
        let lease = self.kind.lease.as_mut().filter(|lease| lease.held)?;
        Some(&mut lease.record.value)
    }

    /// Whether this run may change the integration.
    pub(super) fn holds_lease(&self) -> bool {
        self.kind.lease.as_ref().is_some_and(|lease| lease.held)
    }

    /// Takes the lease on the integration. Another binding may have changed the integration since
    /// it was observed, so the caller observes it again.
    ///
    /// # Errors
    /// [`RebindError::IntegrationTaken`], or the record could not be read or written.
    pub(super) async fn take_lease(&mut self) -> Result<(), RebindError> {
        let mut lease = Lease::read(self.world, self.manifest, &self.kind.integration).await?;
        lease
            .take(self.world, &self.kind.action.key, self.ask)
            .await?;
        info!(integration = %self.kind.integration.key, "the lease on the integration is taken");
        self.kind.lease = Some(lease);
        Ok(())
    }

    /// Releases the lease, if this run holds it: other bindings need not wait for a test.
    pub(super) async fn release_lease(&mut self) {
        let change = self.state.value.change.as_ref();
        let in_doubt_since = change.and_then(|change| change.in_doubt_since());
        if let Some(lease) = &mut self.kind.lease {
            lease.release(self.world, in_doubt_since).await;
        }
    }

    /// Whether the integration was read as it was before Lockstep's own last write.
    ///
    /// # Errors
    /// [`RebindError::StaleRead`].
    pub(super) fn is_up_to_date(&self, observation: &Observation) -> Result<(), RebindError> {
        let Some(record) = self.record() else {
            return Ok(());
        };
        if let Some(seen) = observation.integration()
            && record.integration_id.as_ref() == Some(&seen.id)
            && let Some(written) = record.config_version
            && seen.config_version < written
        {
            return Err(RebindError::StaleRead {
                id: seen.id.clone(),
                seen: seen.config_version,
                written,
            });
        }
        Ok(())
    }
}
