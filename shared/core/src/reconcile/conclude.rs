//! The end of a run: the announcement and the hand-over to `verify-change`, or the record of why
//! nothing could be bound.

use lockstep_domain::change::{Change, End, Phase, Subject};
use lockstep_domain::event::{Detail, EventType};
use lockstep_domain::evidence::Body;
use lockstep_domain::ids::Key;
use lockstep_domain::intent::VerifyMessage;
use tracing::warn;

use super::kind::Kind;
use super::run::Run;
use super::{Ask, RebindError, Report};
use crate::runtime::chain;
use crate::services::Rebind;

impl<K: Kind> Run<'_, K> {
    /// Bound and confirmed: test what was not tested yet, announce, hand over. What is kept although
    /// its test failed is held.
    pub(super) async fn conclude(&mut self, bound: &K::Observation) -> Result<Report, RebindError> {
        K::remember(self, bound)?;
        K::test(self, bound).await?;
        self.announce(bound).await?;
        let failure = self.state.value.unhealthy();
        self.change_mut()?.phase = Phase::Verifying {
            unhealthy: failure.is_some(),
        };
        if let Some(because) = failure {
            self.hold(because)?;
        }
        self.save().await?;
        self.report()
    }

    /// Before it is recorded as announced: a crash in between announces twice, never not at all.
    async fn announce(&mut self, bound: &K::Observation) -> Result<(), RebindError> {
        let subject = self.state.value.subject;
        let change = self.change()?.clone();
        for (key, mut detail) in self.details(&change) {
            K::complete_bound(&mut detail, bound);
            detail.reason = match subject {
                Subject::Action => self.state.value.unhealthy(),
                Subject::CredentialSet => change.troubles.get(&key).cloned(),
            };
            let event = EventType::of_bound(subject, detail.reason.is_none());
            self.world.emit(event, detail).await?;
        }
        let message = VerifyMessage {
            change_id: change.id,
            attempt: change.attempt,
            organization: self.manifest.organization.id.clone(),
            key: self.kind.key().clone(),
        };
        let delay = self.world.config.verify_delay;
        self.world.verify_queue.send(&message, delay).await?;
        Ok(())
    }

    /// Ends the change without anything bound. Evidence, then events, then state.
    pub(super) async fn end(&mut self, end: End) -> Result<Report, RebindError> {
        let now = self.world.now();
        let change = self.change()?.clone();
        let body = Body::new(&self.state.value, &change, end.clone());
        let log = &self.world.evidence;
        let evidence = log.append(&mut self.state.value, &body).await?;
        let event = EventType::of_end(self.state.value.subject, &end);
        for (key, mut detail) in self.details(&change) {
            detail.reason = Some(change.reason_of(&end, &key));
            detail.evidence = Some(evidence.clone());
            self.world.emit(event, detail).await?;
        }
        self.change_mut()?.end(end, now);
        self.save().await?;
        self.report()
    }

    /// A permanent failure: recorded where a change was under way, and announced in any case.
    pub(super) async fn fail(&mut self, error: &RebindError) -> Result<Report, RebindError> {
        warn!(
            kind = error.kind(),
            because = chain(error),
            "the binding could not be bound"
        );
        let change = self.state.value.change.as_ref();
        if change.is_some_and(Change::is_under_way) {
            return K::failed(self, error).await;
        }
        // The latest change is not the one that failed.
        let state = &self.state.value;
        let mut details = self.kind.details(self.world, self.manifest, state);
        for detail in &mut details {
            detail.actor = self.actor();
            self.kind.complete(detail);
        }
        announce_failure(self.world, state.subject, details, self.ask, error).await
    }

    pub(super) fn hold(&mut self, because: String) -> Result<(), RebindError> {
        let now = self.world.now();
        Ok(self.state.value.hold(because, now)?)
    }

    /// The change so far.
    fn report(&self) -> Result<Report, RebindError> {
        let change = self.change()?;
        let mut notices = change.notices.clone();
        if let Phase::Ended { end, .. } = &change.phase {
            notices.push(end.because());
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

    fn details(&self, change: &Change) -> Vec<(Key, Detail)> {
        let state = &self.state.value;
        let details = self
            .kind
            .details_of(self.world, self.manifest, state, change);
        let complete = |(key, mut detail): (Key, Detail)| {
            detail.actor = self.actor();
            detail.about(change);
            self.kind.complete(&mut detail);
            (key, detail)
        };
        details.into_iter().map(complete).collect()
    }
}

/// Announces a failure of which no change is recorded.
///
/// # Errors
/// The bus did not take the event.
pub(super) async fn announce_failure(
    world: &Rebind,
    subject: Subject,
    details: Vec<Detail>,
    ask: &Ask,
    error: &RebindError,
) -> Result<Report, RebindError> {
    let because = chain(error);
    for mut detail in details {
        detail.occurrence = Some(ask.trigger_id.clone());
        detail.reason = Some(because.clone());
        if let RebindError::Refused(refusal) = error {
            detail.errors.clone_from(&refusal.problems);
        }
        world.emit(EventType::of_failure(subject), detail).await?;
    }
    Ok(Report {
        notices: vec![because],
        ..Report::default()
    })
}
