//! Taking steps: each outcome is recorded as it comes.

use lockstep_domain::change::Subject;
use lockstep_domain::plan::{FailureKind, Step};

use super::RebindError;
use super::kind::{Done, Kind, Stop};
use super::run::{Run, awaits_create};
use crate::runtime::chain;

/// The result of carrying out a step.
pub(super) enum Taken {
    /// The step is done.
    Done,
    /// Remote state changed in the meantime, or the answer was lost: observe again.
    RemoteChanged,
    /// It was a live test, and it failed.
    TestFailed {
        /// The reason that the test gave.
        because: String,
    },
}

impl<K: Kind> Run<'_, K> {
    /// Takes one step. A create is recorded before it is sent.
    ///
    /// # Errors
    /// Why the step can't be taken; those after it are recorded as skipped.
    pub(super) async fn take(
        &mut self,
        step: &K::Step,
        observation: &K::Observation,
        made: &mut K::Made,
    ) -> Result<Taken, RebindError> {
        let described = K::describe(step);
        let now = self.world.now();
        if self.journal()?.about_to_send(&described, now) {
            self.save().await?;
        }
        match K::carry_out(self, step, observation, made).await {
            Ok(done) => {
                self.done(&described, done).await?;
                Ok(Taken::Done)
            }
            Err(Stop::TestFailed { because }) => {
                let now = self.world.now();
                let kind = FailureKind::TestFailed;
                self.journal()?
                    .failed(&described, kind, because.clone(), now);
                self.save().await?;
                Ok(Taken::TestFailed { because })
            }
            Err(Stop::Error(error)) => {
                self.stopped(&described, error).await?;
                Ok(Taken::RemoteChanged)
            }
        }
    }

    /// Records a step that is done.
    pub(super) async fn done(&mut self, step: &Step, done: Done) -> Result<(), RebindError> {
        let writer = self.writer();
        let mut journal = self.journal()?;
        match done {
            Done::Now(id) => journal.applied(step, id, writer),
            Done::Already(id) => journal.already_done(step, id, writer),
        }
        if step.writes() {
            self.save().await?;
        }
        Ok(())
    }

    /// Records a step that failed, to be saved by the caller.
    pub(super) fn failed(&mut self, step: &Step, error: &RebindError) -> Result<(), RebindError> {
        let now = self.world.now();
        let kind = error.failure_kind();
        self.journal()?.failed(step, kind, chain(error), now);
        Ok(())
    }

    /// Records a step that failed, and those after it as skipped.
    ///
    /// # Errors
    /// The failure, unless it asks to observe again.
    pub(super) async fn stopped(
        &mut self,
        step: &Step,
        error: RebindError,
    ) -> Result<(), RebindError> {
        self.failed(step, &error)?;
        let observe_again = error.asks_to_observe_again();
        let subject = self.state.value.subject;
        let mut journal = self.journal()?;
        journal.skip_rest("a step before it failed");
        if subject == Subject::CredentialSet && !observe_again && !error.is_transient() {
            journal.trouble(&step.key, &chain(&error));
        }
        self.save().await?;
        awaits_create(&self.state.value, self.world.now())?;
        if observe_again { Ok(()) } else { Err(error) }
    }
}
