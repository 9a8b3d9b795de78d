//! The end of a run that moved its credentials: the announcement and the hand-over to
//! `verify-change`.

use lockstep_domain::change::{End, Phase};
use lockstep_domain::event::{EventType, Principal, PrincipalKind};
use lockstep_domain::intent::VerifyMessage;

use super::{Look, UnitError, Work, events};
use crate::reconcile::action::Report;

impl Work<'_> {
    /// Moved, tested and read back; or kept although a test failed, for want of anything better.
    pub(super) async fn conclude(&mut self, bound: &Look) -> Result<Report, UnitError> {
        self.remember(bound);
        let unhealthy = !self.change()?.troubles.is_empty();
        self.announce().await?;
        self.change()?.phase = Phase::Verifying { unhealthy };
        if unhealthy {
            let because = self.all_troubles()?;
            self.hold(because)?;
        }
        self.save().await?;
        self.finished()
    }

    /// What stands in the slots now carries the values of the current version, and was written last
    /// by us.
    fn remember(&mut self, look: &Look) {
        let state = &mut self.state.value;
        for desired in &look.desired.credentials {
            let Some(bound) = state.credentials.get_mut(&desired.key) else {
                continue;
            };
            bound.version_id.clone_from(&look.desired.secret.version_id);
            bound.recipe = desired.recipe();
            if bound.modified_date.is_none() {
                let mut ours = look.observed.ours.iter();
                bound.modified_date = ours
                    .find(|own| own.id == bound.credential_id)
                    .and_then(|own| own.modified_date);
            }
        }
        state.bound = vec![look.desired.secret.clone()];
    }

    /// Before it is recorded as announced: a crash in between announces twice, never not at all.
    async fn announce(&mut self) -> Result<(), UnitError> {
        let change = self.change()?.clone();
        for (key, mut detail) in events::details(self.world, &self.state.value, &change) {
            detail.actor = self.actor();
            let event = match change.troubles.get(&key) {
                None => EventType::CredentialRebound,
                Some(because) => {
                    detail.reason = Some(because.clone());
                    EventType::CredentialUnhealthy
                }
            };
            self.world.emit(event, detail).await?;
        }
        let message = VerifyMessage {
            change_id: change.id,
            attempt: change.attempt,
            organization: self.manifest.organization.id.clone(),
            key: self.unit.key.clone(),
        };
        self.world
            .queues
            .verify(&message, self.world.config.verify_delay)
            .await?;
        Ok(())
    }

    /// Tells of each credential how a change ended that did not come to be.
    pub(super) async fn announce_end(
        &mut self,
        event: EventType,
        end: &End,
        evidence: &str,
    ) -> Result<(), UnitError> {
        let change = self.change()?.clone();
        let common = match end {
            End::Split { .. } => format!("{}; {}", self.all_troubles()?, events::because(end)),
            End::Failed { .. }
            | End::RolledBack { .. }
            | End::Verified
            | End::Violated { .. }
            | End::Unverified { .. } => events::because(end),
        };
        for (key, mut detail) in events::details(self.world, &self.state.value, &change) {
            detail.actor = self.actor();
            detail.evidence = Some(evidence.to_owned());
            detail.reason = Some(match change.troubles.get(&key) {
                Some(own) if !common.contains(own.as_str()) => format!("{own}; {common}"),
                Some(_) | None => common.clone(),
            });
            self.world.emit(event, detail).await?;
        }
        Ok(())
    }

    pub(super) fn finished(&mut self) -> Result<Report, UnitError> {
        let change = self.change()?;
        let mut notices = change.notices.clone();
        if let Phase::Ended { end, .. } = &change.phase {
            notices.push(events::because(end));
        }
        for (key, trouble) in &change.troubles {
            notices.push(format!("{key}: {trouble}"));
        }
        Ok(Report {
            change_id: Some(change.id.clone()),
            steps: change.steps.clone(),
            notices,
        })
    }

    pub(super) fn actor(&self) -> Principal {
        Principal {
            kind: PrincipalKind::Client,
            id: self.session.client_id.to_string(),
            name: None,
        }
    }
}
