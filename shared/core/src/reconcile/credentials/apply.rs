//! Carrying a plan out: moves, then tests, then retirements. No decisions here.

use std::collections::BTreeMap;

use genesys_cloud as api;
use lockstep_domain::change::{BoundCredential, Phase};
use lockstep_domain::credentials::{CredentialSetPlan, CredentialStep, Target};
use lockstep_domain::ids::{CredentialId, IntegrationId, Key};

use super::{Observation, RebindError, SetRun};
use crate::reconcile::kind::{Applied, Done};
use crate::reconcile::progress::Taken;

/// The credentials that earlier steps of the plan created, by manifest key.
#[derive(Default)]
pub(in crate::reconcile) struct Made(BTreeMap<Key, MadeCredential>);

struct MadeCredential {
    id: CredentialId,
    name: String,
}

/// A slot of an integration's config, and what it is pointed at.
pub(super) struct Pointing<'s> {
    pub(super) integration: &'s IntegrationId,
    pub(super) slot: &'s str,
    pub(super) old: Option<&'s CredentialId>,
    pub(super) new: Option<&'s CredentialId>,
}

impl SetRun<'_, '_> {
    pub(super) async fn apply_plan(
        &mut self,
        observation: &Observation,
        plan: &CredentialSetPlan,
    ) -> Result<Applied, RebindError> {
        let mut made = Made::default();
        for step in &plan.moves {
            match self.take(step, observation, &mut made).await? {
                Taken::Done => {}
                Taken::RemoteChanged => return Ok(Applied::RemoteChanged),
                Taken::TestFailed { because } => return Ok(Applied::Rejected { because }),
            }
        }
        if self.change()?.test.is_none() && !plan.tests.is_empty() {
            self.change_mut()?.phase = Phase::Testing;
            self.save().await?;
            self.try_out(&plan.tests).await?;
        }
        let test = self.change()?.test.as_ref();
        if let Some(because) = test.and_then(|test| test.problem.clone()) {
            self.journal()?.skip_rest("a live test failed");
            self.save().await?;
            return Ok(Applied::Rejected { because });
        }
        if !plan.retirements.is_empty() {
            // Running calls may still use what was there before.
            self.settle().await?;
        }
        self.retire(&plan.retirements).await
    }

    /// Carries one move out.
    pub(super) async fn carry_out(
        &mut self,
        step: &CredentialStep,
        observation: &Observation,
        made: &mut Made,
    ) -> Result<Done, RebindError> {
        match step {
            CredentialStep::Create {
                key,
                name,
                credential_type,
                ..
            } => {
                let fields = observation.values.of(key);
                let fields = fields.ok_or(RebindError::incomplete("a credential's values"))?;
                let genesys = &self.session.genesys;
                let created = genesys.create_credential(name, credential_type, fields);
                let id = created.await?.id.parse();
                let id: CredentialId =
                    id.map_err(|_| RebindError::incomplete("a credential's id"))?;
                let done = Done::Now(id.to_string());
                let name = name.clone();
                made.0.insert(key.clone(), MadeCredential { id, name });
                Ok(done)
            }
            CredentialStep::Point {
                key,
                integration,
                slot,
                old,
                new,
                ..
            } => {
                let (id, name) = target(new, key, observation, made)?;
                let pointing = Pointing {
                    integration,
                    slot,
                    old: old.as_ref(),
                    new: Some(&id),
                };
                let done = self.point(&pointing).await?;
                // Also where it was found done: by us, when we were cut off.
                self.bound(observation, key, &pointing, name);
                Ok(done)
            }
            // Not moves: tests and retirements are carried out separately.
            CredentialStep::Test { .. } | CredentialStep::Delete { .. } => {
                Err(RebindError::incomplete("a move"))
            }
        }
    }

    /// Remembers what the slot points at now.
    fn bound(
        &mut self,
        observation: &Observation,
        key: &Key,
        pointing: &Pointing<'_>,
        name: String,
    ) {
        let Some(id) = pointing.new else {
            return;
        };
        let known = self.state.value.credentials.get(key);
        if known.is_some_and(|known| known.credential_id == *id) {
            // Ours from before, pointed at again.
            return;
        }
        let Some(desired) = observation.desired.credential(key) else {
            return;
        };
        let bound = BoundCredential {
            integration_id: pointing.integration.clone(),
            slot: pointing.slot.to_owned(),
            credential_id: id.clone(),
            name,
            modified_date: None,
            version_id: observation.desired.secret.version_id.clone(),
            recipe: desired.recipe(),
            fingerprint: desired.fingerprint.clone(),
        };
        self.state.value.credentials.insert(key.clone(), bound);
    }

    /// Points a slot elsewhere: read, then written under the version that was read; every other
    /// slot and property as it was.
    pub(super) async fn point(&self, pointing: &Pointing<'_>) -> Result<Done, RebindError> {
        let Pointing {
            integration,
            slot,
            old,
            new,
        } = *pointing;
        let genesys = &self.session.genesys;
        let config = genesys.get_integration_config(integration.as_str()).await?;
        let mut config = config.ok_or(RebindError::incomplete("the integration's config"))?;
        let now = config.credentials.get(slot).map(|now| now.id.as_str());
        if now == new.map(CredentialId::as_str) {
            return Ok(Done::Already(integration.to_string()));
        }
        if now != old.map(CredentialId::as_str) {
            return Err(RebindError::SlotMoved);
        }
        match new {
            Some(id) => {
                let reference = api::CredentialRef::to(id.as_str());
                config.credentials.insert(slot.to_owned(), reference);
            }
            None => {
                config.credentials.remove(slot);
            }
        }
        genesys
            .put_integration_config(integration.as_str(), &config)
            .await?;
        Ok(Done::Now(integration.to_string()))
    }
}

/// What a slot is to be pointed at, with its name.
fn target(
    new: &Target,
    key: &Key,
    observation: &Observation,
    made: &Made,
) -> Result<(CredentialId, String), RebindError> {
    let unknown = || RebindError::incomplete("the id of what was just created");
    match new {
        Target::JustMade => {
            let made = made.0.get(key).ok_or_else(unknown)?;
            Ok((made.id.clone(), made.name.clone()))
        }
        Target::Credential(id) => {
            let mut ours = observation.observed.ours.iter();
            let own = ours.find(|own| own.id == *id);
            let name = own.map(|own| own.name.clone());
            Ok((id.clone(), name.unwrap_or_default()))
        }
        Target::Nothing => Err(unknown()),
    }
}
