//! A live test that AWS refused, and when a retry can succeed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::BindingState;

/// A live test that AWS refused: it did not let Genesys Cloud assume the role or invoke the
/// function. That says something about the role, not about what was to be bound.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Denial {
    /// When Lockstep had last written to the role by then.
    pub role_changed_at: Option<Timestamp>,
    /// What IAM and Lambda showed.
    pub shown: Shown,
}

/// Whether IAM and Lambda show why a function can't be called under a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    /// The role does not serve the function, or there is no such function.
    Cause,
    /// Nothing is wrong as far as they show.
    Nothing,
    /// One of them could not be queried.
    NotEvaluated,
}

impl Shown {
    /// What two of them show together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Cause, _) | (_, Self::Cause) => Self::Cause,
            (Self::NotEvaluated, _) | (_, Self::NotEvaluated) => Self::NotEvaluated,
            (Self::Nothing, Self::Nothing) => Self::Nothing,
        }
    }
}

impl Denial {
    /// Whether Lockstep has written to the role since the test. Its last write was at `changed_at`.
    pub fn role_changed_since(&self, changed_at: Option<Timestamp>) -> bool {
        self.role_changed_at != changed_at
    }

    /// Whether IAM and Lambda no longer show the cause, for example after somebody else's repair.
    /// Where they showed none at the test, showing none now says nothing.
    pub fn cause_is_gone(&self, now: Shown) -> bool {
        self.shown == Shown::Cause && now == Shown::Nothing
    }
}

impl BindingState {
    /// Why AWS refused the live test of the desired state that is held; none where nothing is held,
    /// or where the test failed for another reason.
    pub fn denial(&self) -> Option<&Denial> {
        self.held.as_ref()?;
        self.change.as_ref()?.test.as_ref()?.denial.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::{Change, ChangeId, Held, TestRecord};

    fn at(second: i64) -> Option<Timestamp> {
        Some(Timestamp::from_second(second).unwrap())
    }

    fn denial(shown: Shown) -> Denial {
        Denial {
            role_changed_at: at(1),
            shown,
        }
    }

    #[test]
    fn a_write_to_the_role_after_the_refusal_is_a_repair() {
        let denial = denial(Shown::Nothing);
        assert!(!denial.role_changed_since(at(1)));
        assert!(denial.role_changed_since(at(2)));
        let never = Denial {
            role_changed_at: None,
            ..denial
        };
        assert!(never.role_changed_since(at(1)), "the first write");
        assert!(!never.role_changed_since(None));
    }

    #[test]
    fn only_a_cause_that_was_shown_can_be_seen_to_be_gone() {
        assert!(denial(Shown::Cause).cause_is_gone(Shown::Nothing));
        assert!(!denial(Shown::Cause).cause_is_gone(Shown::Cause));
        assert!(!denial(Shown::Cause).cause_is_gone(Shown::NotEvaluated));
        for then in [Shown::Nothing, Shown::NotEvaluated] {
            assert!(!denial(then).cause_is_gone(Shown::Nothing));
        }
    }

    #[test]
    fn a_cause_that_one_service_shows_is_shown_whatever_the_other_says() {
        for other in [Shown::Cause, Shown::Nothing, Shown::NotEvaluated] {
            assert_eq!(Shown::Cause.and(other), Shown::Cause);
            assert_eq!(other.and(Shown::Cause), Shown::Cause);
        }
        assert_eq!(Shown::Nothing.and(Shown::NotEvaluated), Shown::NotEvaluated);
        assert_eq!(Shown::Nothing.and(Shown::Nothing), Shown::Nothing);
    }

    #[test]
    fn a_state_that_is_held_for_another_reason_knows_of_no_refusal() {
        let id = ChangeId("a".into());
        let now = Timestamp::UNIX_EPOCH;
        let mut state = BindingState::new("org".parse().unwrap(), "key".parse().unwrap());
        let mut change = Change::begin(id.clone(), 1, vec![], None, now);
        let mut test = TestRecord {
            at: now,
            on_draft: true,
            passed: false,
            operations: vec![],
            problem: Some("its test failed".into()),
            denial: Some(denial(Shown::Cause)),
        };
        change.test = Some(test.clone());
        state.change = Some(change);
        assert_eq!(state.denial(), None, "nothing is held");
        state.held = Some(Held {
            change_id: id.clone(),
            desired: Some(id),
            since: now,
            because: "its test failed".into(),
        });
        assert_eq!(state.denial(), Some(&denial(Shown::Cause)));
        test.denial = None;
        state.change.as_mut().unwrap().test = Some(test);
        assert_eq!(state.denial(), None);
    }
}
