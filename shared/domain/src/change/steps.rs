//! What the recorded steps of a change say.

use jiff::Timestamp;

use super::{Change, Overwrote};
use crate::plan::{ObjectKind, Outcome, Step, Verb};

impl Change {
    /// When the latest create was sent of which nobody knows whether it took effect.
    pub fn in_doubt_since(&self) -> Option<Timestamp> {
        self.steps.iter().filter_map(Step::in_doubt_since).max()
    }

    /// Whether calls use the new binding of an action already.
    pub fn is_live(&self) -> bool {
        let binds = |step: &Step| match step.object {
            ObjectKind::Action => matches!(step.verb, Verb::Create | Verb::Update),
            ObjectKind::Draft => step.verb == Verb::Publish,
            ObjectKind::Role
            | ObjectKind::RoleTrust
            | ObjectKind::RolePolicy
            | ObjectKind::RoleTags
            | ObjectKind::RoleDescription
            | ObjectKind::Integration
            | ObjectKind::IntegrationConfig
            | ObjectKind::Credential
            | ObjectKind::Binding => false,
        };
        self.steps.iter().any(|step| binds(step) && step.is_done())
    }

    /// The action is seen at this version, and the plan that is made on it makes a draft live or does
    /// not. Where an earlier publishing took effect and its answer was lost, this shows over which
    /// version it was published.
    pub fn planned_on(&mut self, version: i64, publishes: bool) {
        let is_lost = |step: &Step| {
            step.object == ObjectKind::Draft
                && step.verb == Verb::Publish
                && step.outcome == Some(Outcome::AlreadyDone)
        };
        let was_lost = self.steps.iter().any(is_lost);
        if let Some(read) = self.publishes_over.take()
            && was_lost
        {
            self.overwrote = self.overwrote.or(Overwrote::of(read, version));
        }
        self.publishes_over = publishes.then_some(version);
    }

    /// A draft was made live as this version.
    pub fn published_as(&mut self, version: i64) {
        if let Some(read) = self.publishes_over.take() {
            self.overwrote = self.overwrote.or(Overwrote::of(read, version));
        }
    }

    /// The action of which it published a version over somebody else's.
    pub fn overwritten(&self) -> Option<(&str, Overwrote)> {
        let overwrote = self.overwrote?;
        let is_publish =
            |step: &&Step| step.object == ObjectKind::Draft && step.verb == Verb::Publish;
        let action = self.steps.iter().find(is_publish)?.id.as_deref()?;
        Some((action, overwrote))
    }

    /// Whether it created or enabled the integration, in this run or in one that was cut off.
    pub fn made_integration(&self) -> bool {
        self.has_applied(|step| step.object == ObjectKind::Integration)
    }

    /// When it last wrote something that Genesys Cloud needs to assume the role: an earlier delivery
    /// may have done so, and been cut off while it settled.
    pub fn role_touched_at(&self) -> Option<Timestamp> {
        let is_of_role = |step: &Step| {
            let object = match step.object {
                ObjectKind::Credential
                | ObjectKind::Integration
                | ObjectKind::IntegrationConfig => true,
                ObjectKind::Action
                | ObjectKind::Draft
                | ObjectKind::Role
                | ObjectKind::RoleTrust
                | ObjectKind::RolePolicy
                | ObjectKind::RoleTags
                | ObjectKind::RoleDescription
                | ObjectKind::Binding => false,
            };
            object && !step.verb.cleans_up()
        };
        let touched = !self.is_ended() && self.has_applied(is_of_role);
        self.applied_at.filter(|_| touched)
    }

    fn has_applied(&self, is_it: impl Fn(&Step) -> bool) -> bool {
        let mut steps = self.steps.iter();
        steps.any(|step| is_it(step) && step.outcome == Some(Outcome::Applied))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::{ChangeId, End};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn change(steps: &[(ObjectKind, Verb, Option<Outcome>)]) -> Change {
        let mut change = Change::begin(ChangeId("a".into()), 1, vec![], None, at(1));
        change.applied_at = Some(at(5));
        for (object, verb, outcome) in steps {
            let key = "orders".parse().unwrap();
            let mut step = Step::new(*object, *verb, &key, "it differs");
            step.outcome.clone_from(outcome);
            change.steps.push(step);
        }
        change
    }

    #[test]
    fn a_binding_is_live_once_the_action_is_written_and_not_while_it_is_a_draft() {
        let done = Some(Outcome::AlreadyDone);
        let failed = Some(Outcome::failed("denied", "no"));
        for (object, verb, outcome, live) in [
            (ObjectKind::Action, Verb::Create, done.clone(), true),
            (ObjectKind::Action, Verb::Update, done.clone(), true),
            (ObjectKind::Draft, Verb::Publish, done.clone(), true),
            (ObjectKind::Draft, Verb::Update, done.clone(), false),
            (ObjectKind::Action, Verb::Test, done, false),
            (ObjectKind::Action, Verb::Update, failed, false),
            (ObjectKind::Action, Verb::Update, None, false),
        ] {
            let change = change(&[(object, verb, outcome.clone())]);
            assert_eq!(change.is_live(), live, "{object:?} {verb:?} {outcome:?}");
        }
    }

    #[test]
    fn publishing_over_another_version_than_was_read_is_recorded() {
        let mut change = change(&[(ObjectKind::Draft, Verb::Publish, None)]);
        change.planned_on(7, true);
        change.published_as(8);
        assert_eq!(change.overwrote, None);
        change.planned_on(8, true);
        change.published_as(10);
        let overwrote = Overwrote {
            read: 8,
            published: 10,
        };
        assert_eq!(change.overwrote, Some(overwrote));
    }

    #[test]
    fn publishing_whose_answer_was_lost_is_compared_when_it_is_read_back() {
        let lost = Some(Outcome::AlreadyDone);
        for (outcome, version, overwrote) in [
            (lost.clone(), 8, None),
            (lost, 9, Overwrote::of(7, 9)),
            // It was never published: the plan is made on the new version.
            (None, 9, None),
        ] {
            let mut change = change(&[(ObjectKind::Draft, Verb::Publish, outcome)]);
            change.planned_on(7, true);
            change.planned_on(version, false);
            assert_eq!(change.overwrote, overwrote, "version {version}");
        }
    }

    #[test]
    fn what_is_needed_to_assume_the_role_settles_from_the_last_write_of_the_change_under_way() {
        let applied = Some(Outcome::Applied);
        let mut pointed = change(&[(ObjectKind::IntegrationConfig, Verb::Update, applied.clone())]);
        assert_eq!(pointed.role_touched_at(), Some(at(5)));
        pointed.end(End::Verified, at(9));
        assert_eq!(pointed.role_touched_at(), None);
        let cleaned = change(&[(ObjectKind::Credential, Verb::Revoke, applied.clone())]);
        assert_eq!(
            cleaned.role_touched_at(),
            None,
            "nothing used that credential"
        );
        let rotated = change(&[(ObjectKind::Action, Verb::Update, applied)]);
        assert_eq!(rotated.role_touched_at(), None);
    }
}
