//! How the record of a change is begun, continued and closed.
//!
//! **Before the first write.** What a change is about to do, and what it would return to, is
//! recorded first: Genesys Cloud keeps no old configuration, so after a crash the record is the
//! only place that says it.
//!
//! **Joined by identity.** An outcome is recorded with the step that it is of: the first one
//! without an outcome that does the same to the same object. Steps that were done, or refused
//! because somebody else had written first, stay in the record.
//!
//! **After a crash.** What the new plan no longer needs, and may have been done, was done: by us,
//! so its audit record is expected like any other's.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::expected::expected;
use super::{
    BindingState, Change, ChangeId, DesiredId, Held, PreviousAction, PreviousCredential,
    SecretVersion, Subject, TestRecord,
};
use crate::ids::{ClientId, Key};
use crate::plan::{FailureKind, Outcome, Step};

/// A step came before its change was recorded. A mistake of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no change is recorded")]
pub struct NoChange;

/// Through which OAuth client Lockstep writes, and when.
#[derive(Clone, Copy, Debug)]
pub struct Writer<'c> {
    /// The client.
    pub client: &'c ClientId,
    /// The present moment.
    pub at: Timestamp,
}

/// What a change records before its first write.
#[derive(Clone, Debug)]
pub struct Opening {
    /// The id of the desired state that it reaches.
    pub id: ChangeId,
    /// Which attempt at it.
    pub attempt: u32,
    /// Why it begins.
    pub reason: Option<String>,
    /// The versions that it binds.
    pub secrets: Vec<SecretVersion>,
    /// What it would return to.
    pub before: Before,
    /// The plan.
    pub steps: Vec<Step>,
    /// Notes for the reader.
    pub notices: Vec<String>,
}

/// What a change would return to.
#[derive(Clone, Debug)]
pub enum Before {
    /// The action as it was; none where it does not exist yet.
    Action(Option<PreviousAction>),
    /// What each slot pointed at, by the manifest keys of the credentials.
    CredentialSet(BTreeMap<Key, PreviousCredential>),
}

/// What an interrupted change, or one whose plan is outdated, continues with.
pub struct Continuation<'a> {
    /// The desired state, which the previous release may have recorded under another id.
    pub desired: &'a DesiredId,
    /// The new plan.
    pub steps: Vec<Step>,
    /// Its notes.
    pub notices: &'a [String],
    /// Whether the plan replaces what was tested, so that a test proves nothing any more.
    pub replaces_tested: bool,
    /// The id of what a step without an answer has created or changed, as it is observed now.
    pub made: &'a dyn Fn(&Step) -> Option<String>,
}

impl BindingState {
    /// Records a new change in place of the latest one. Nothing is held any more, and what was read
    /// before its writes is not remembered.
    pub fn begin(&mut self, opening: Opening, writer: Writer<'_>) {
        let before = self.change.take();
        let begin = match self.subject {
            Subject::Action => Change::begin,
            Subject::CredentialSet => Change::begin_set,
        };
        let Opening {
            id,
            attempt,
            secrets,
            ..
        } = opening;
        let mut change = begin(id, attempt, secrets, before.as_ref(), writer.at);
        change.reason = opening.reason;
        change.steps = opening.steps;
        change.notices = opening.notices;
        match opening.before {
            Before::Action(previous) => change.previous = previous,
            Before::CredentialSet(previous) => change.previous_credentials = previous,
        }
        change.written_through(writer.client, writer.at);
        self.change = Some(change);
        self.held = None;
        self.mark = None;
    }

    /// Continues the latest change: keeps what was done, and replaces what was not by the new plan.
    ///
    /// # Errors
    /// There is no change.
    pub fn go_on(
        &mut self,
        continuation: Continuation<'_>,
        writer: Writer<'_>,
    ) -> Result<(), NoChange> {
        self.recognize(continuation.desired);
        let mut journal = self.journal()?;
        journal.change.written_through(writer.client, writer.at);
        if continuation.replaces_tested {
            journal.change.test = None;
            journal.change.troubles.clear();
        }
        for step in std::mem::take(&mut journal.change.steps) {
            journal.keep(step, &continuation, writer.at);
        }
        journal.change.steps.extend(continuation.steps);
        for notice in continuation.notices {
            journal.notice(notice);
        }
        Ok(())
    }

    /// The record of the latest change.
    ///
    /// # Errors
    /// There is no change.
    pub fn journal(&mut self) -> Result<Journal<'_>, NoChange> {
        Ok(Journal {
            subject: self.subject,
            change: self.change.as_mut().ok_or(NoChange)?,
        })
    }

    /// Holds the desired state of the latest change: it was tried and rejected.
    ///
    /// # Errors
    /// There is no change.
    pub fn hold(&mut self, because: String, since: Timestamp) -> Result<(), NoChange> {
        let change = self.change.as_ref().ok_or(NoChange)?;
        self.held = Some(Held {
            change_id: change.id.clone(),
            desired: change.desired.clone(),
            since,
            because,
        });
        Ok(())
    }

    /// Why what was bound does not work, as its live tests show; none where they passed, or where
    /// none was run.
    pub fn unhealthy(&self) -> Option<String> {
        let change = self.change.as_ref()?;
        match self.subject {
            Subject::Action => change.test.as_ref()?.problem.clone(),
            Subject::CredentialSet => change.all_troubles(),
        }
    }
}

/// The record of the latest change of a binding.
#[derive(Debug)]
pub struct Journal<'s> {
    subject: Subject,
    change: &'s mut Change,
}

impl Journal<'_> {
    /// Records that a create is about to be sent: after a crash, the next run must neither repeat
    /// it before it would show, nor claim what was never created. Answers whether that is to be
    /// saved before it is sent.
    pub fn about_to_send(&mut self, step: &Step, now: Timestamp) -> bool {
        if !step.is_marked_before_it_is_sent() {
            return false;
        }
        self.entry(step).sent_at = Some(now);
        true
    }

    /// Records that a step was done now, on the object with this id.
    pub fn applied(&mut self, step: &Step, id: String, writer: Writer<'_>) {
        self.done(step, id, Outcome::Applied, writer);
    }

    /// Records that a step was already done, by us, when it was to be carried out.
    pub fn already_done(&mut self, step: &Step, id: String, writer: Writer<'_>) {
        self.done(step, id, Outcome::AlreadyDone, writer);
    }

    fn done(&mut self, step: &Step, id: String, outcome: Outcome, writer: Writer<'_>) {
        if step.writes() {
            self.change.written_through(writer.client, writer.at);
            self.wrote(step, &id, writer.at);
        }
        let entry = self.entry(step);
        entry.outcome = Some(outcome);
        entry.id = Some(id);
    }

    /// Records that a step failed at `now`. A create counts as sent then: the client may have sent
    /// it later than at first, after a wait for the rate limit.
    pub fn failed(&mut self, step: &Step, kind: FailureKind, message: String, now: Timestamp) {
        let entry = self.entry(step);
        entry.sent_at = entry.sent_at.map(|_| now);
        entry.outcome = Some(Outcome::Failed { kind, message });
    }

    /// Records that a step was skipped.
    pub fn skipped(&mut self, step: &Step, because: &str) {
        self.entry(step).outcome = Some(Outcome::skipped(because));
    }

    /// Records that every step without an outcome was skipped.
    pub fn skip_rest(&mut self, because: &str) {
        for step in self.change.steps.iter_mut().filter(|one| one.is_pending()) {
            step.outcome = Some(Outcome::skipped(because));
        }
    }

    /// Adds steps that are to be taken next.
    pub fn add(&mut self, steps: impl IntoIterator<Item = Step>) {
        self.change.steps.extend(steps);
    }

    /// Records what a live test said.
    pub fn tested(&mut self, test: TestRecord) {
        self.change.test = Some(test);
    }

    /// Records what is wrong with one credential.
    pub fn trouble(&mut self, key: &Key, what: &str) {
        match self.change.troubles.get_mut(key) {
            Some(known) if known.contains(what) => {}
            Some(known) => {
                known.push_str("; ");
                known.push_str(what);
            }
            None => {
                self.change.troubles.insert(key.clone(), what.to_owned());
            }
        }
    }

    /// Records what went wrong for every credential of the set, unless a single one was named.
    pub fn trouble_for_all(&mut self, what: &str) {
        if !self.change.troubles.is_empty() {
            return;
        }
        let keys = self.change.previous_credentials.keys().cloned();
        self.change.troubles = keys.map(|key| (key, what.to_owned())).collect();
    }

    /// Adds a note for the reader, once.
    pub fn notice(&mut self, notice: &str) {
        if !self.change.notices.iter().any(|known| known == notice) {
            self.change.notices.push(notice.to_owned());
        }
    }

    /// The step's entry; one that no plan recorded is added.
    fn entry(&mut self, step: &Step) -> &mut Step {
        let steps = &mut self.change.steps;
        let found = steps
            .iter()
            .position(|one| one.is_pending() && one.is(step));
        let at = found.unwrap_or_else(|| {
            steps.push(step.clone());
            steps.len() - 1
        });
        &mut steps[at]
    }

    /// A write took effect, on the object with this id.
    fn wrote(&mut self, step: &Step, id: &str, at: Timestamp) {
        self.change
            .expected
            .extend(expected(self.subject, step, id));
        self.change.applied_at = match self.change.applied_at {
            Some(before) if step.verb.cleans_up() => Some(before),
            Some(_) | None => Some(at),
        };
    }

    /// What becomes of a recorded step when the change continues with another plan.
    fn keep(&mut self, mut step: Step, continuation: &Continuation<'_>, now: Timestamp) {
        // The platform may audit the refusal of a stale version: the verdict has to know of it.
        if step.is_done() || step.lost_race() {
            self.change.steps.push(step);
            return;
        }
        let again = continuation.steps.iter().any(|one| one.may_be(&step));
        if again || !step.writes() || !step.may_have_been_done() {
            return;
        }
        step.id = step.id.take().or_else(|| (continuation.made)(&step));
        step.outcome = Some(Outcome::AlreadyDone);
        if let Some(id) = step.id.clone() {
            self.wrote(&step, &id, now);
        }
        self.change.steps.push(step);
    }
}

#[cfg(test)]
mod tests;
