//! Rollback, and the end of a change that could not be completed.

use lockstep_domain::change::{AfterFailure, Earlier, End};
use lockstep_domain::credentials::{
    CredentialStep, ObservedCredentialSet, Target, WayBack, after_failure, standing, way_back,
};
use lockstep_domain::ids::Key;

use super::apply::Pointing;
use super::{RebindError, SetRun};
use crate::reconcile::Report;
use crate::reconcile::kind::{Applied, Kind as _};
use crate::reconcile::run::MAX_ROUNDS;
use crate::reconcile::versions::works;
use crate::runtime::chain;

impl SetRun<'_, '_> {
    /// A live test failed: back where the values before still work, else on with what is there.
    pub(super) async fn after_failed_test(&mut self) -> Result<Report, RebindError> {
        let observed = self.observe_set().await?;
        match self.after_failure(&observed).await? {
            AfterFailure::GoBack => self.begin_rollback().await,
            AfterFailure::Keep { because } => {
                self.journal()?.notice(&because);
                let bound = super::Credentials::observe(self).await?;
                self.conclude(&bound).await
            }
        }
    }

    /// A step can't be taken.
    pub(super) async fn after_failed_step(
        &mut self,
        error: &RebindError,
    ) -> Result<Report, RebindError> {
        self.journal()?.trouble_for_all(&chain(error));
        if self.change()?.going_back {
            return self.split(Some(error)).await;
        }
        let observed = match self.observe_set().await {
            Ok(observed) => observed,
            Err(error) if error.is_transient() => return Err(error),
            // Where the slots point now is not known.
            Err(error) => return self.split(Some(&error)).await,
        };
        match way_back(self.change()?, &observed) {
            WayBack::Delete(made) => self.failed_before_moving(&made, error).await,
            WayBack::Move(_) | WayBack::Lost(_) => match self.after_failure(&observed).await? {
                AfterFailure::GoBack => self.begin_rollback().await,
                AfterFailure::Keep { because } => {
                    self.journal()?.notice(&because);
                    self.split(Some(error)).await
                }
            },
        }
    }

    async fn after_failure(
        &self,
        observed: &ObservedCredentialSet,
    ) -> Result<AfterFailure, RebindError> {
        let set = self.kind.set;
        let overlaps = set.credentials.iter().map(|one| one.overlap);
        let earlier = Earlier::credential_set(self.change()?, set.secret, overlaps);
        let works = works(self.world, &earlier).await?;
        Ok(after_failure(works, self.change()?, observed))
    }

    async fn begin_rollback(&mut self) -> Result<Report, RebindError> {
        self.change_mut()?.going_back = true;
        self.save().await?;
        match self.go_back().await {
            Err(error) if !error.is_transient() => self.split(Some(&error)).await,
            outcome => outcome,
        }
    }

    /// Points everything at what it pointed at before, and deletes what was created.
    pub(super) async fn go_back(&mut self) -> Result<Report, RebindError> {
        for _ in 0..MAX_ROUNDS {
            let observed = self.observe_set().await?;
            match way_back(self.change()?, &observed) {
                WayBack::Lost(_) => return self.split(None).await,
                WayBack::Move(moves) => {
                    self.add(&moves).await?;
                    self.point_back(&moves).await?;
                }
                WayBack::Delete(made) => {
                    self.restore_all()?;
                    self.add(&made).await?;
                    match self.retire(&made).await? {
                        Applied::RemoteChanged => {}
                        Applied::All | Applied::Rejected { .. } => return self.rolled_back().await,
                    }
                }
            }
        }
        Err(RebindError::Unsettled { rounds: MAX_ROUNDS })
    }

    /// Adds steps to the recorded change.
    async fn add(&mut self, steps: &[CredentialStep]) -> Result<(), RebindError> {
        let steps = steps.iter().map(CredentialStep::describe);
        self.journal()?.add(steps);
        self.save().await
    }

    /// All of them: one that can't be moved back is no reason to leave another.
    async fn point_back(&mut self, moves: &[CredentialStep]) -> Result<(), RebindError> {
        let mut refused = None;
        for step in moves {
            let CredentialStep::Point {
                key,
                integration,
                slot,
                old,
                new,
                ..
            } = step
            else {
                continue;
            };
            let pointing = Pointing {
                integration,
                slot,
                old: old.as_ref(),
                new: match new {
                    Target::Credential(id) => Some(id),
                    Target::JustMade | Target::Nothing => None,
                },
            };
            let described = step.describe();
            match self.point(&pointing).await {
                Ok(done) => {
                    self.restore(key)?;
                    self.done(&described, done).await?;
                }
                Err(error) if error.is_transient() || error.asks_to_observe_again() => {
                    // The next round, or the next delivery, sees what remains.
                    return self.stopped(&described, error).await;
                }
                Err(error) => {
                    let trouble = format!("it cannot be moved back: {}", chain(&error));
                    self.failed(&described, &error)?;
                    self.journal()?.trouble(key, &trouble);
                    self.save().await?;
                    refused = Some(error);
                }
            }
        }
        refused.map_or(Ok(()), Err)
    }

    /// What is remembered of a credential is again what was remembered before.
    fn restore(&mut self, key: &Key) -> Result<(), RebindError> {
        let previous = self.change()?.previous_credentials.get(key);
        let bound = previous.and_then(|previous| previous.bound.clone());
        let credentials = &mut self.state.value.credentials;
        match bound {
            Some(bound) => credentials.insert(key.clone(), bound),
            None => credentials.remove(key),
        };
        Ok(())
    }

    fn restore_all(&mut self) -> Result<(), RebindError> {
        let previous = self.change()?.previous_credentials.keys();
        let keys: Vec<Key> = previous.cloned().collect();
        keys.iter().try_for_each(|key| self.restore(key))
    }

    /// Nothing was pointed at anything new: what was created is deleted, and the next trigger tries
    /// again.
    async fn failed_before_moving(
        &mut self,
        made: &[CredentialStep],
        error: &RebindError,
    ) -> Result<Report, RebindError> {
        self.add(made).await?;
        self.retire(made).await?;
        self.restore_all()?;
        let because = format!("{}; no credential was moved", chain(error));
        self.end(End::Failed { because }).await
    }

    async fn rolled_back(&mut self) -> Result<Report, RebindError> {
        let troubles = self.change()?.all_troubles().unwrap_or_default();
        let because = format!("{troubles}; all credentials of the secret were moved back");
        self.hold(because.clone())?;
        self.end(End::RolledBack { because }).await
    }

    /// Some are moved, and could not be moved back.
    async fn split(&mut self, error: Option<&RebindError>) -> Result<Report, RebindError> {
        let observed = match self.observe_set().await {
            Err(error) if error.is_transient() => return Err(error),
            seen => seen.ok(),
        };
        let standing = match &observed {
            Some(observed) => standing(self.change()?, observed),
            None => unseen(self.change()?.previous_credentials.keys()),
        };
        if let Some(error) = error {
            self.journal()?.notice(&chain(error));
        }
        let end = End::Split { standing };
        let troubles = self.change()?.all_troubles().unwrap_or_default();
        self.hold(format!("split: {troubles}; {}", end.because()))?;
        self.world.metrics.credentials_split();
        self.end(end).await
    }
}

fn unseen<'k>(keys: impl Iterator<Item = &'k Key>) -> Vec<String> {
    keys.map(|key| format!("{key}: Lockstep could not read which credential its slot refers to"))
        .collect()
}
