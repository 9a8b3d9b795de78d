//! The way back, and the end of a change that could not be carried to its end.

use lockstep_domain::change::{End, Held};
use lockstep_domain::credentials::{CredentialStep, Target, can_go_back, standing, way_back};
use lockstep_domain::event::EventType;
use lockstep_domain::evidence::Body;
use lockstep_domain::ids::Key;
use lockstep_domain::manifest::Overlap;
use tracing::warn;

use super::apply::{Applied, Carried};
use super::{MAX_ROUNDS, UnitError, Work, described, events};
use crate::reconcile::action::{RebindError, Report};
use crate::reconcile::versions::still_work;
use crate::runtime::chain;

impl Work<'_> {
    /// A live test failed: back where the values before still work, else on with what is there.
    pub(super) async fn rejected(&mut self) -> Result<Report, UnitError> {
        let observed = self.observe().await?;
        let old_values_still_work = self.old_values_still_work().await?;
        match can_go_back(old_values_still_work, self.change()?, &observed) {
            Ok(()) => self.turn_back().await,
            Err(because) => {
                self.change()?.notices.push(because);
                let look = self.look().await?;
                self.conclude(&look).await
            }
        }
    }

    /// A permanent failure. Where nothing is under way, it is announced and nothing else.
    pub(super) async fn fail(&mut self, error: &UnitError) -> Result<Report, UnitError> {
        warn!(
            kind = error.kind(),
            because = chain(error),
            "the credentials could not be moved"
        );
        let change = self.state.value.change.as_ref();
        if !change.is_some_and(|change| change.is_under_way()) {
            let nothing = events::NoChange {
                manifest: self.manifest,
                unit: self.unit,
                ask: self.ask,
                actor: self.actor(),
            };
            return nothing.announce(self.world, &self.state.value, error).await;
        }
        if self.change()?.troubles.is_empty() {
            let keys: Vec<Key> = self
                .change()?
                .previous_credentials
                .keys()
                .cloned()
                .collect();
            for key in keys {
                self.trouble(&key, &chain(error))?;
            }
        }
        if self.change()?.going_back {
            return self.split(Some(error)).await;
        }
        let observed = match self.observe().await {
            Ok(observed) => observed,
            Err(error) if error.is_transient() => return Err(error),
            // Nobody can tell where things stand.
            Err(error) => return self.split(Some(&error)).await,
        };
        let (back, lost) = way_back(self.change()?, &observed);
        if back.moves.is_empty() && lost.is_empty() {
            return self.failed_before_moving(&back.retirements, error).await;
        }
        let old_values_still_work = self.old_values_still_work().await?;
        match can_go_back(old_values_still_work, self.change()?, &observed) {
            Ok(()) => self.turn_back().await,
            Err(because) => {
                self.change()?.notices.push(because);
                self.split(Some(error)).await
            }
        }
    }

    async fn old_values_still_work(&self) -> Result<bool, UnitError> {
        let mut all = self.unit.credentials.iter();
        if !all.all(|one| one.overlap == Overlap::Alternating) {
            return Ok(false);
        }
        let change = self.state.value.change.iter();
        let before = change.flat_map(|change| change.previous_credentials.values());
        let before: Vec<_> = before
            .filter_map(|one| one.bound.as_ref())
            .map(|bound| (self.unit.secret.clone(), bound.version_id.clone()))
            .collect();
        Ok(still_work(self.world, &before).await?)
    }

    async fn turn_back(&mut self) -> Result<Report, UnitError> {
        self.change()?.going_back = true;
        self.save().await?;
        match self.go_back().await {
            Err(error) if !error.is_transient() => self.split(Some(&error)).await,
            outcome => outcome,
        }
    }

    /// Points everything at what it pointed at before, and deletes what was made.
    pub(super) async fn go_back(&mut self) -> Result<Report, UnitError> {
        for _ in 0..MAX_ROUNDS {
            let observed = self.observe().await?;
            let (back, lost) = way_back(self.change()?, &observed);
            if !lost.is_empty() {
                return self.split(None).await;
            }
            if back.moves.is_empty() {
                self.restore_all()?;
                let first = self.record(&back.retirements).await?;
                match self.retire(&back.retirements, first).await? {
                    Applied::WorldMoved => continue,
                    Applied::Done | Applied::Rejected => return self.rolled_back().await,
                }
            }
            let first = self.record(&back.moves).await?;
            self.point_back(&back.moves, first).await?;
        }
        Err(RebindError::Unsettled { rounds: MAX_ROUNDS }.into())
    }

    /// Adds steps to the recorded change; answers where they begin.
    async fn record(&mut self, steps: &[CredentialStep]) -> Result<usize, UnitError> {
        let change = self.change()?;
        let first = change.steps.len();
        change.steps.extend(described(steps));
        self.save().await?;
        Ok(first)
    }

    /// All of them: one that can't be moved back is no reason to leave another.
    async fn point_back(
        &mut self,
        moves: &[CredentialStep],
        first: usize,
    ) -> Result<(), UnitError> {
        let mut refused = None;
        for (index, step) in moves.iter().enumerate() {
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
            let new = match new {
                Target::Credential(id) => Some(id),
                Target::JustMade | Target::Nothing => None,
            };
            match self.point(integration, slot, old.as_ref(), new).await {
                Ok(was_there) => {
                    let id = integration.to_string();
                    let carried = if was_there {
                        Carried::Already(id)
                    } else {
                        Carried::Now(id)
                    };
                    self.restore(key)?;
                    self.carried(first + index, step, carried).await?;
                }
                Err(error) if error.is_transient() || error.asks_to_look_again() => {
                    // The next round, or the next delivery, sees what is left.
                    self.stopped(first + index, step, error).await?;
                    return Ok(());
                }
                Err(error) => {
                    if let Some(recorded) = self.change()?.steps.get_mut(first + index) {
                        recorded.outcome = Some(lockstep_domain::plan::Outcome::Failed {
                            kind: error.kind().to_owned(),
                            message: chain(&error),
                        });
                    }
                    self.trouble(key, &format!("it can't be moved back: {}", chain(&error)))?;
                    self.save().await?;
                    refused = Some(error);
                }
            }
        }
        refused.map_or(Ok(()), Err)
    }

    /// What is remembered of a credential is again what was remembered before.
    fn restore(&mut self, key: &Key) -> Result<(), UnitError> {
        let previous = self.change()?.previous_credentials.get(key);
        let bound = previous.and_then(|previous| previous.bound.clone());
        let credentials = &mut self.state.value.credentials;
        match bound {
            Some(bound) => credentials.insert(key.clone(), bound),
            None => credentials.remove(key),
        };
        Ok(())
    }

    fn restore_all(&mut self) -> Result<(), UnitError> {
        let keys: Vec<Key> = self
            .change()?
            .previous_credentials
            .keys()
            .cloned()
            .collect();
        keys.iter().try_for_each(|key| self.restore(key))
    }

    /// Nothing was pointed at anything new: what was made is deleted, and the next trigger tries
    /// again.
    async fn failed_before_moving(
        &mut self,
        made: &[CredentialStep],
        error: &UnitError,
    ) -> Result<Report, UnitError> {
        let first = self.record(made).await?;
        self.retire(made, first).await?;
        self.restore_all()?;
        let because = format!("{}; nothing was moved", chain(error));
        let end = End::Failed { because };
        self.end(end, EventType::CredentialRebindFailed).await
    }

    async fn rolled_back(&mut self) -> Result<Report, UnitError> {
        let because = format!(
            "{}; all credentials of the secret were moved back",
            self.all_troubles()?
        );
        self.hold(because.clone())?;
        let end = End::RolledBack { because };
        self.end(end, EventType::CredentialRebindFailed).await
    }

    /// Some are moved, and could not be moved back.
    async fn split(&mut self, error: Option<&UnitError>) -> Result<Report, UnitError> {
        let observed = match self.observe().await {
            Err(error) if error.is_transient() => return Err(error),
            seen => seen.ok(),
        };
        let standing = match &observed {
            Some(observed) => standing(self.change()?, observed),
            None => unseen(self.change()?.previous_credentials.keys()),
        };
        if let Some(error) = error {
            self.change()?.notices.push(chain(error));
        }
        let end = End::Split { standing };
        let troubles = self.all_troubles()?;
        self.hold(format!("split: {troubles}; {}", events::because(&end)))?;
        self.world.metrics.credentials_split();
        self.end(end, EventType::CredentialSplit).await
    }

    pub(super) fn all_troubles(&mut self) -> Result<String, UnitError> {
        let troubles = &self.change()?.troubles;
        let all: Vec<String> = troubles
            .iter()
            .map(|(key, what)| format!("{key}: {what}"))
            .collect();
        Ok(all.join("; "))
    }

    pub(super) fn hold(&mut self, because: String) -> Result<(), UnitError> {
        let change = self.change()?;
        let held = Held {
            change_id: change.id.clone(),
            desired: change.desired.clone(),
            since: self.world.now(),
            because,
        };
        self.state.value.held = Some(held);
        Ok(())
    }

    /// Evidence, then events, then state: a crash in between announces twice, never not at all.
    async fn end(&mut self, end: End, event: EventType) -> Result<Report, UnitError> {
        let now = self.world.now();
        let change = self.change()?.clone();
        let body = Body::new(&self.state.value, &change, end.clone());
        let evidence = self
            .world
            .store
            .append_evidence(&mut self.state.value, &body)
            .await?;
        self.announce_end(event, &end, &evidence).await?;
        self.change()?.end(end, now);
        self.save().await?;
        self.finished()
    }
}

fn unseen<'k>(keys: impl Iterator<Item = &'k Key>) -> Vec<String> {
    keys.map(|key| format!("{key}: where it stands could not be read"))
        .collect()
}
