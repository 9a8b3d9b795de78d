//! Carrying a plan out, step by step, each outcome recorded as it comes. No decisions here.

use std::collections::BTreeMap;
use std::time::Duration;

use genesys_cloud as api;
use lockstep_domain::change::BoundCredential;
use lockstep_domain::credentials::{CredentialStep, Target, UnitPlan, expected};
use lockstep_domain::ids::{CredentialId, IntegrationId, Key};
use lockstep_domain::plan::Outcome;
use tracing::warn;

use super::{Look, UnitError, Work, observe};
use crate::reconcile::action::awaits_create;
use crate::runtime::chain;

/// How long a deleted credential may still be seen. The official Terraform provider waits as long.
const GONE: Duration = Duration::from_secs(30);
/// Between two looks at it.
const GONE_POLL: Duration = Duration::from_millis(500);

/// What became of a plan.
pub(super) enum Applied {
    /// All of it was carried out, as far as it can be.
    Done,
    /// Somebody else wrote in between, or an answer was lost: look again.
    WorldMoved,
    /// A test failed.
    Rejected,
}

/// What became of one step.
pub(super) enum Carried {
    /// It was done now; the id of what it was about.
    Now(String),
    /// It was found done.
    Already(String),
}

/// A credential made by an earlier step of the plan.
struct Made {
    id: CredentialId,
    name: String,
}

impl Work<'_> {
    /// Carries a plan out. Its steps are the last ones of the recorded change.
    pub(super) async fn apply(
        &mut self,
        look: &Look,
        plan: &UnitPlan,
    ) -> Result<Applied, UnitError> {
        let with_tests = self.change()?.test.is_none();
        let steps = plan.steps(with_tests);
        let first = self.change()?.steps.len().saturating_sub(steps.len());
        let mut made: BTreeMap<Key, Made> = BTreeMap::new();
        for (index, step) in plan.moves.iter().enumerate() {
            let now = self.world.now();
            if self.change()?.about_to_send(first + index, now) {
                self.save().await?;
            }
            let carried = match step {
                CredentialStep::Create { .. } => self.create(look, step, &mut made).await,
                CredentialStep::Point { .. } => self.point_forward(look, step, &made).await,
                CredentialStep::Test { .. } | CredentialStep::Delete { .. } => continue,
            };
            match carried {
                Ok(carried) => self.carried(first + index, step, carried).await?,
                Err(error) => return self.stopped(first + index, step, error).await,
            }
        }
        let after_moves = first + plan.moves.len();
        let tests = if with_tests { plan.tests.len() } else { 0 };
        if tests > 0 {
            self.change()?.phase = lockstep_domain::change::Phase::Testing;
            self.save().await?;
            self.try_out(&plan.tests, after_moves).await?;
        }
        let failed = |test: &lockstep_domain::change::TestRecord| !test.passed;
        if self.change()?.test.as_ref().is_some_and(failed) {
            self.skip_from(after_moves + tests, "a live test failed")
                .await?;
            return Ok(Applied::Rejected);
        }
        if !plan.retirements.is_empty() {
            // Running calls may still use what was there before.
            self.settle().await?;
        }
        self.retire(&plan.retirements, after_moves + tests).await
    }

    /// Deletes what nothing uses any more. What can't be deleted for good is said and left: that is
    /// no reason to take back what works.
    pub(super) async fn retire(
        &mut self,
        steps: &[CredentialStep],
        first: usize,
    ) -> Result<Applied, UnitError> {
        for (index, step) in steps.iter().enumerate() {
            let CredentialStep::Delete { id, name, .. } = step else {
                continue;
            };
            match self.delete(id).await {
                Ok(Some(carried)) => self.carried(first + index, step, carried).await?,
                Ok(None) => {
                    let because = "an integration uses it again";
                    self.outcome(
                        first + index,
                        Outcome::Skipped {
                            because: because.into(),
                        },
                    )?;
                }
                Err(error) if error.is_transient() || error.asks_to_look_again() => {
                    return self.stopped(first + index, step, error).await;
                }
                Err(error) => {
                    let because = chain(&error);
                    warn!(%id, because, "a credential that nothing uses can't be deleted");
                    self.outcome(first + index, failed(&error))?;
                    let notice = format!(
                        "the credential {id} ({name}) could not be deleted, and nothing uses it: \
                         {because}"
                    );
                    self.change()?.notices.push(notice);
                }
            }
        }
        self.save().await?;
        Ok(Applied::Done)
    }

    async fn create(
        &mut self,
        look: &Look,
        step: &CredentialStep,
        made: &mut BTreeMap<Key, Made>,
    ) -> Result<Carried, UnitError> {
        let CredentialStep::Create {
            key,
            name,
            credential_type,
            ..
        } = step
        else {
            return Err(UnitError::incomplete("a step"));
        };
        let fields = look.values.of(key);
        let fields = fields.ok_or(UnitError::incomplete("the values of a credential"))?;
        let created = self
            .session
            .genesys
            .create_credential(name, credential_type, fields)
            .await?;
        let id: CredentialId = created
            .id
            .parse()
            .map_err(|_| UnitError::incomplete("a credential's id"))?;
        let carried = Carried::Now(id.to_string());
        let name = name.clone();
        made.insert(key.clone(), Made { id, name });
        Ok(carried)
    }

    async fn point_forward(
        &mut self,
        look: &Look,
        step: &CredentialStep,
        made: &BTreeMap<Key, Made>,
    ) -> Result<Carried, UnitError> {
        let CredentialStep::Point {
            key,
            integration,
            slot,
            old,
            new,
            ..
        } = step
        else {
            return Err(UnitError::incomplete("a step"));
        };
        let unknown = || UnitError::incomplete("the id of what was just made");
        let (id, name) = match new {
            Target::JustMade => {
                let made = made.get(key).ok_or_else(unknown)?;
                (made.id.clone(), made.name.clone())
            }
            Target::Credential(id) => (id.clone(), self.name_of(look, id)),
            Target::Nothing => return Err(unknown()),
        };
        let was_there = self
            .point(integration, slot, old.as_ref(), Some(&id))
            .await?;
        self.bound(look, key, integration, slot, &id, name);
        // Also where it was found done: by us, when we were cut off.
        Ok(if was_there {
            Carried::Already(integration.to_string())
        } else {
            Carried::Now(integration.to_string())
        })
    }

    fn name_of(&self, look: &Look, id: &CredentialId) -> String {
        let ours = look.observed.ours.iter().find(|own| own.id == *id);
        ours.map(|own| own.name.clone()).unwrap_or_default()
    }

    /// Remembers what the slot points at now.
    fn bound(
        &mut self,
        look: &Look,
        key: &Key,
        integration: &IntegrationId,
        slot: &str,
        id: &CredentialId,
        name: String,
    ) {
        let known = self.state.value.credentials.get(key);
        if known.is_some_and(|known| known.credential_id == *id) {
            // Ours from before, pointed at again.
            return;
        }
        let Some(desired) = look.desired.credential(key) else {
            return;
        };
        let bound = BoundCredential {
            integration_id: integration.clone(),
            slot: slot.to_owned(),
            credential_id: id.clone(),
            name,
            modified_date: None,
            version_id: look.desired.secret.version_id.clone(),
            recipe: desired.recipe(),
            fingerprint: desired.fingerprint.clone(),
        };
        self.state.value.credentials.insert(key.clone(), bound);
    }

    /// Points a slot elsewhere: read, then written under the version that was read; every other
    /// slot and property as it was. Answers whether it pointed there already.
    pub(super) async fn point(
        &self,
        integration: &IntegrationId,
        slot: &str,
        old: Option<&CredentialId>,
        new: Option<&CredentialId>,
    ) -> Result<bool, UnitError> {
        let genesys = &self.session.genesys;
        let config = genesys.get_integration_config(integration.as_str()).await?;
        let mut config = config.ok_or(UnitError::incomplete("the integration's config"))?;
        let now = config.credentials.get(slot).map(|now| now.id.as_str());
        if now == new.map(CredentialId::as_str) {
            return Ok(true);
        }
        if now != old.map(CredentialId::as_str) {
            return Err(UnitError::Moved);
        }
        match new {
            Some(id) => config
                .credentials
                .insert(slot.to_owned(), api::CredentialRef::to(id.as_str())),
            None => config.credentials.remove(slot),
        };
        genesys
            .put_integration_config(integration.as_str(), &config)
            .await?;
        Ok(false)
    }

    /// Deletes a credential and sees that it is gone; none where an integration uses it after all.
    pub(super) async fn delete(&self, id: &CredentialId) -> Result<Option<Carried>, UnitError> {
        let genesys = &self.session.genesys;
        if !observe::users_of(genesys, id).await?.is_empty() {
            return Ok(None);
        }
        match genesys.delete_credential(id.as_str()).await {
            Ok(()) => {}
            Err(error) if error.is_not_found() => {
                return Ok(Some(Carried::Already(id.to_string())));
            }
            Err(error) => return Err(error.into()),
        }
        let deadline = tokio::time::Instant::now() + GONE;
        while genesys.get_credential(id.as_str()).await?.is_some() {
            if tokio::time::Instant::now() + GONE_POLL > deadline {
                return Err(UnitError::StillThere { id: id.to_string() });
            }
            tokio::time::sleep(GONE_POLL).await;
        }
        Ok(Some(Carried::Now(id.to_string())))
    }

    /// Records a step that was done.
    pub(super) async fn carried(
        &mut self,
        position: usize,
        step: &CredentialStep,
        carried: Carried,
    ) -> Result<(), UnitError> {
        let now = self.world.now();
        let (id, outcome) = match carried {
            Carried::Now(id) => (id, Outcome::Applied),
            Carried::Already(id) => (id, Outcome::AlreadyDone),
        };
        let client = self.session.client_id.clone();
        let change = self.change()?;
        change.written_through(&client, now);
        let described = step.describe();
        change.expected.extend(expected(&described, &id));
        // What only clears up has nothing to settle.
        change.applied_at = match step {
            CredentialStep::Create { .. } | CredentialStep::Point { .. } => Some(now),
            CredentialStep::Test { .. } | CredentialStep::Delete { .. } => {
                change.applied_at.or(Some(now))
            }
        };
        if let Some(recorded) = change.steps.get_mut(position) {
            recorded.outcome = Some(outcome);
            recorded.id = Some(id);
        }
        self.save().await
    }

    /// Records a step that was not done, and those after it as left out. What makes the world move
    /// is no error.
    pub(super) async fn stopped(
        &mut self,
        position: usize,
        step: &CredentialStep,
        error: UnitError,
    ) -> Result<Applied, UnitError> {
        self.outcome(position, failed(&error))?;
        self.skip_from(position + 1, "a step before it failed")
            .await?;
        awaits_create(&self.state.value, self.world.now())?;
        if error.asks_to_look_again() {
            return Ok(Applied::WorldMoved);
        }
        if !error.is_transient() {
            self.trouble(step.key(), &chain(&error))?;
            self.save().await?;
        }
        Err(error)
    }

    fn outcome(&mut self, position: usize, outcome: Outcome) -> Result<(), UnitError> {
        let now = self.world.now();
        self.change()?.not_applied(position, outcome, now);
        Ok(())
    }

    async fn skip_from(&mut self, position: usize, because: &str) -> Result<(), UnitError> {
        for later in self.change()?.steps.iter_mut().skip(position) {
            later.outcome = Some(Outcome::Skipped {
                because: because.into(),
            });
        }
        self.save().await
    }
}

fn failed(error: &UnitError) -> Outcome {
    Outcome::Failed {
        kind: error.kind().to_owned(),
        message: chain(error),
    }
}
