//! What one run over one binding works with.

use jiff::Timestamp;
use lockstep_domain::change::{BindingState, Change, Journal, NoChange, Writer};
use lockstep_domain::event::{Principal, PrincipalKind};
use lockstep_domain::manifest::{Manifest, Mode};
use lockstep_domain::rebind::in_doubt_for;

use super::{Ask, RebindError};
use crate::genesys::Session;
use crate::services::Rebind;
use crate::store::Versioned;

/// How often a plan is made because remote state changed under the one before it. Taking the lease
/// on an integration uses one of them.
pub(super) const MAX_ROUNDS: u32 = 6;

/// One run over one binding.
pub(super) struct Run<'a, K> {
    pub(super) world: &'a Rebind,
    pub(super) session: &'a Session,
    pub(super) manifest: &'a Manifest,
    pub(super) ask: &'a Ask,
    /// What the binding is about.
    pub(super) kind: K,
    pub(super) state: Versioned<BindingState>,
    /// Whether an earlier run sent a create whose answer was lost.
    pub(super) in_doubt: bool,
}

impl<'a, K> Run<'a, K> {
    pub(super) fn mode(&self) -> Mode {
        self.ask.mode.stricter(self.manifest.organization.mode)
    }

    /// The latest change.
    ///
    /// # Errors
    /// There is none: a mistake of ours.
    pub(super) fn change(&self) -> Result<&Change, RebindError> {
        let change = self.state.value.change.as_ref();
        Ok(change.ok_or(NoChange)?)
    }

    /// The latest change, to be written to.
    ///
    /// # Errors
    /// There is none: a mistake of ours.
    pub(super) fn change_mut(&mut self) -> Result<&mut Change, RebindError> {
        let change = self.state.value.change.as_mut();
        Ok(change.ok_or(NoChange)?)
    }

    /// The record of the latest change.
    ///
    /// # Errors
    /// There is none: a mistake of ours.
    pub(super) fn journal(&mut self) -> Result<Journal<'_>, RebindError> {
        Ok(self.state.value.journal()?)
    }

    pub(super) fn writer(&self) -> Writer<'a> {
        Writer {
            client: &self.session.client_id,
            at: self.world.now(),
        }
    }

    pub(super) fn actor(&self) -> Principal {
        Principal {
            kind: PrincipalKind::Client,
            id: self.session.client_id.to_string(),
            name: None,
        }
    }

    pub(super) async fn save(&mut self) -> Result<(), RebindError> {
        self.world.state_writer.save(&mut self.state).await?;
        Ok(())
    }
}

/// Whether a create of the latest change was sent and its answer never came. By now it shows, or
/// never will.
///
/// # Errors
/// [`RebindError::CreateInDoubt`] where it may still take effect.
pub(super) fn awaits_create(state: &BindingState, now: Timestamp) -> Result<bool, RebindError> {
    let sent_at = state.change.as_ref().and_then(Change::in_doubt_since);
    match sent_at.and_then(|sent_at| in_doubt_for(sent_at, now)) {
        Some(after) => Err(RebindError::CreateInDoubt { after }),
        None => Ok(sent_at.is_some()),
    }
}
