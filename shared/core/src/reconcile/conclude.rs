//! The end of a run: the announcement and the hand-over to `verify-change`, or the record of why
//! nothing could be bound.

use lockstep_domain::change::{Change, End, Phase, Subject};
use lockstep_domain::event::{Body, EndDetails};
use lockstep_domain::evidence;
use lockstep_domain::intent::VerifyMessage;
use tracing::warn;

use super::kind::{EventAbout, Kind};
use super::run::Run;
use super::{Ask, RebindError, Report};
use crate::runtime::chain;
use crate::services::Rebind;

impl<K: Kind> Run<'_, K> {
    /// Bound and confirmed: test what was not tested yet, announce, hand over. What is kept
    /// although its test failed is held.
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
        for event in self.events(&change) {
            let reason = match subject {
                Subject::Action => self.state.value.unhealthy(),
                Subject::CredentialSet => change.troubles.get(&event.key).cloned(),
            };
            let body = Body::bound(event.ids, &change, K::action_version(bound), reason);
            self.world.emit(event.header, body).await?;
        }
        let message = VerifyMessage {
            change_id: change.id,
            attempt: change.attempt,
            organization: self.manifest.organization.id.clone(),
            key: self.kind.key().clone(),
        };
        let config = &self.world.config;
        // Then it waits for others of its batch.
        let delay = config.verify_delay.saturating_sub(config.verify_window);
        self.world.verify_queue.send(&message, delay).await?;
        Ok(())
    }

    /// Ends the change without anything bound. Evidence, then events, then state.
    pub(super) async fn end(&mut self, end: End) -> Result<Report, RebindError> {
        let now = self.world.now();
        let change = self.change()?.clone();
        let body = evidence::Body::new(&self.state.value, &change, end.clone());
        let log = &self.world.evidence;
        let evidence = log.append(&mut self.state.value, &body).await?;
        for event in self.events(&change) {
            let reason = change.reason_of(&end, &event.key);
            let details = EndDetails {
                evidence: Some(evidence.clone()),
                ..EndDetails::of(&change)
            };
            let body = Body::ended(event.ids, &end, reason, details);
            self.world.emit(event.header, body).await?;
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
        let mut events = self.kind.events(self.world, self.manifest, state);
        for event in &mut events {
            event.header.actor = self.actor();
            self.kind.complete(&mut event.ids);
        }
        announce_failure(self.world, events, self.ask, error).await
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

    fn events(&self, change: &Change) -> Vec<EventAbout> {
        let state = &self.state.value;
        let mut events = self
            .kind
            .events_of(self.world, self.manifest, state, change);
        for event in &mut events {
            event.header.actor = self.actor();
            event.header.about(change);
            self.kind.complete(&mut event.ids);
        }
        events
    }
}

/// Announces a failure of which no change is recorded.
///
/// # Errors
/// The bus did not take the event.
pub(super) async fn announce_failure(
    world: &Rebind,
    events: Vec<EventAbout>,
    ask: &Ask,
    error: &RebindError,
) -> Result<Report, RebindError> {
    let because = chain(error);
    let errors = if let RebindError::Refused(refusal) = error {
        refusal.problems.as_slice()
    } else {
        &[]
    };
    for mut event in events {
        event.header.occurrence = Some(ask.trigger_id.clone());
        let body = Body::not_bound(
            event.ids,
            because.clone(),
            errors.to_vec(),
            EndDetails::default(),
        );
        world.emit(event.header, body).await?;
    }
    Ok(Report {
        notices: vec![because],
        ..Report::default()
    })
}
