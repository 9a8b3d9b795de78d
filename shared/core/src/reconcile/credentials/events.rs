//! What is told of a unit: each event once for each of its credentials, under that one's own key.

use lockstep_domain::change::{BindingState, Change, End};
use lockstep_domain::credentials::Unit;
use lockstep_domain::event::{Detail, EventType, Principal};
use lockstep_domain::ids::Key;
use lockstep_domain::manifest::Manifest;
use lockstep_domain::rebind::Refusal;

use super::UnitError;
use crate::reconcile::action::{Ask, RebindError, Report};
use crate::runtime::chain;
use crate::world::World;

/// The details of events about a change of a unit, one for each credential; none for a binding
/// that is no unit.
pub(crate) fn details(world: &World, state: &BindingState, change: &Change) -> Vec<(Key, Detail)> {
    // What a change goes back to is remembered of each of its credentials, and of no other.
    let keys = change.previous_credentials.keys();
    keys.map(|key| {
        let mut detail = of_key(world, state, key);
        detail.change_id = Some(change.id.clone());
        detail.sequence = Some(change.number());
        detail.secrets.clone_from(&change.secrets);
        detail.notices.clone_from(&change.notices);
        if let (None, Some(previous)) = (
            state.credentials.get(key),
            change.previous_credentials.get(key),
        ) {
            detail.integration_id = Some(previous.integration_id.clone());
            detail.credential_id.clone_from(&previous.credential_id);
        }
        (key.clone(), detail)
    })
    .collect()
}

fn of_key(world: &World, state: &BindingState, key: &Key) -> Detail {
    let mut detail = world.detail();
    detail.organization_id = Some(state.organization.clone());
    detail.key = Some(key.clone());
    if let Some(bound) = state.credentials.get(key) {
        detail.integration_id = Some(bound.integration_id.clone());
        detail.credential_id = Some(bound.credential_id.clone());
    }
    detail
}

/// Why a change ended as it did, in words.
pub(super) fn because(end: &End) -> String {
    match end {
        End::Failed { because } | End::RolledBack { because } => because.clone(),
        End::Split { standing } => format!("where they stand: {}", standing.join("; ")),
        End::Verified => "verified".into(),
        End::Violated { .. } => "violated".into(),
        End::Unverified { .. } => "unverified".into(),
    }
}

/// A run over a unit that could do nothing, and did nothing.
pub(super) struct NoChange<'a> {
    pub(super) manifest: &'a Manifest,
    pub(super) unit: &'a Unit<'a>,
    pub(super) ask: &'a Ask,
    pub(super) actor: Principal,
}

impl NoChange<'_> {
    /// Emits *Credential Rebind Failed* for each credential of the unit.
    pub(super) async fn announce(
        &self,
        world: &World,
        state: &BindingState,
        error: &UnitError,
    ) -> Result<Report, UnitError> {
        let because = chain(error);
        for credential in &self.unit.credentials {
            let mut detail = of_key(world, state, &credential.key);
            detail.organization_id = Some(self.manifest.organization.id.clone());
            detail.actor = self.actor.clone();
            detail.occurrence = Some(self.ask.trigger_id.clone());
            detail.reason = Some(because.clone());
            if let UnitError::Rebind(RebindError::Refused(Refusal { problems })) = error {
                detail.errors.clone_from(problems);
            }
            world
                .emit(EventType::CredentialRebindFailed, detail)
                .await?;
        }
        Ok(Report {
            notices: vec![because],
            ..Report::default()
        })
    }
}
