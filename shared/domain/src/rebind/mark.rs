//! What is remembered of a binding that was read when everything was as it should be, so that a
//! rotation does not have to read all of it again.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{ActionSeen, Found, IntegrationSeen, Observed};
use crate::digest::Digest;
use crate::ids::ActionId;

/// For how long it is not read again. That a version rises with every change is inferred
/// (`docs/open-points.md`, `version_rises`), and nothing shows that a credential was written but its
/// date: so all of a binding is read at least once a day.
const AT_LEAST_EVERY: SignedDuration = SignedDuration::from_hours(24);

/// From this age on, reading everything is recorded even where it has shown nothing new.
const RENEWED_AFTER: SignedDuration = SignedDuration::from_hours(12);

/// A binding as it was read when nothing had to be changed. A change that is under way has none: it
/// is removed before the first write, so that after a crash everything is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// When all of it was read.
    pub read_at: Timestamp,
    /// What should hold, but for versions of secrets
    /// ([`crate::binding::DesiredAction::but_for_versions`]).
    pub desired: Digest,
    /// The integration, as it was read then.
    pub integration: IntegrationSeen,
    /// The action.
    pub action: ActionId,
    /// The version of the action that its templates are of.
    pub version: i64,
    /// The action's templates at that version; none where the platform answers their text with the
    /// config.
    pub templates: Option<Templates>,
}

/// The digests of an action's templates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Templates {
    /// Of the request template, as it was read at that version; never of what was sent.
    pub request: Digest,
    /// Of the success template, as it was read at that version, or at an earlier one that only
    /// writes of Lockstep's have followed which left it as it was.
    pub success: Digest,
}

impl Templates {
    /// Of an action as it was read.
    pub fn of(seen: &ActionSeen) -> Self {
        Self {
            request: seen.config.request_template.digest(),
            success: seen.config.success_template.digest(),
        }
    }
}

impl Mark {
    /// The mark of a binding of which everything was read at `read_at`; none where integration or
    /// action do not exist.
    pub fn of(observed: &Observed, desired: Digest, read_at: Timestamp) -> Option<Self> {
        let (Found::One(integration), Found::One(action)) =
            (&observed.integration, &observed.action)
        else {
            return None;
        };
        Some(Self {
            read_at,
            desired,
            integration: integration.clone(),
            action: action.id.clone(),
            version: action.version,
            templates: (!action.has_inline_templates).then(|| Templates::of(action)),
        })
    }

    /// The same binding with its action at another version, which only writes of Lockstep's have led
    /// to.
    #[must_use]
    pub fn of_version(&self, action: &ActionSeen) -> Self {
        Self {
            version: action.version,
            templates: (!action.has_inline_templates).then(|| Templates::of(action)),
            ..self.clone()
        }
    }

    /// Whether what is remembered need not be read again at `now`, where `desired` should hold. A
    /// mark of the future, from a clock ahead of ours, does not count.
    pub fn holds(&self, desired: &Digest, now: Timestamp) -> bool {
        let age = now.duration_since(self.read_at);
        self.desired == *desired && !age.is_negative() && age < AT_LEAST_EVERY
    }

    /// Whether this mark, of a later look at everything, is to be recorded in place of `known`.
    pub fn renews(&self, known: Option<&Self>) -> bool {
        let Some(known) = known else {
            return true;
        };
        let same = Self {
            read_at: known.read_at,
            ..self.clone()
        };
        same != *known || self.read_at.duration_since(known.read_at) >= RENEWED_AFTER
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rebind::tests::{desired, world};

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_second(hour * 3600).unwrap()
    }

    fn mark(hour: i64) -> Mark {
        let (observed, _) = world(&desired("v1"));
        Mark::of(&observed, Digest::of(&"desired"), at(hour)).unwrap()
    }

    #[test]
    fn what_was_read_holds_for_a_day_and_only_while_nothing_else_is_desired() {
        let mark = mark(100);
        let (same, other) = (Digest::of(&"desired"), Digest::of(&"another"));
        assert!(mark.holds(&same, at(100)));
        assert!(mark.holds(&same, at(123)));
        assert!(!mark.holds(&same, at(124)), "a day later");
        assert!(!mark.holds(&same, at(99)), "a mark of the future");
        assert!(!mark.holds(&other, at(101)), "the manifest has changed");
    }

    #[test]
    fn reading_everything_is_recorded_where_it_shows_something_new_or_the_mark_ages() {
        let known = mark(100);
        assert!(known.renews(None));
        assert!(!mark(101).renews(Some(&known)));
        assert!(mark(112).renews(Some(&known)));
        let mut moved = mark(101);
        moved.version += 1;
        assert!(moved.renews(Some(&known)));
    }

    #[test]
    fn there_is_no_mark_of_what_does_not_exist() {
        let (mut observed, _) = world(&desired("v1"));
        observed.action = Found::Nothing;
        assert_eq!(Mark::of(&observed, Digest::of(&"desired"), at(1)), None);
    }
}
