//! What is to be done about a binding.

use super::{BindingState, DesiredId, End, Phase};

/// What is to be done about a desired state, given what is remembered and whether the observed
/// state differs from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing: the observed state is the desired one, and that is recorded.
    Idle,
    /// It was tried and rejected.
    Held {
        /// Why.
        because: String,
    },
    /// The observed state differs while a verdict is awaited. Repairing it now would remove what
    /// the verdict is about; the verdict names the difference, and the next run repairs it.
    AwaitVerdict,
    /// The latest change was cut off: continue it.
    Continue,
    /// Record a new change, or a further attempt at the same one.
    Begin {
        /// Which.
        attempt: u32,
    },
}

/// Decides what is to be done after an observation of a binding.
pub fn decide(state: &BindingState, desired: &DesiredId, differs: bool, retry: bool) -> Decision {
    let held = state.holds(desired);
    if let Some(held) = held
        && !retry
    {
        return Decision::Held {
            because: held.because.clone(),
        };
    }
    let Some(change) = state
        .change
        .as_ref()
        .filter(|change| change.reaches(desired))
    else {
        return Decision::Begin { attempt: 1 };
    };
    let again = Decision::Begin {
        attempt: change.attempt + 1,
    };
    match &change.phase {
        Phase::Applying | Phase::Testing => Decision::Continue,
        Phase::Verifying { .. } if held.is_some() => again,
        Phase::Verifying { .. } if differs => Decision::AwaitVerdict,
        Phase::Verifying { .. } => Decision::Idle,
        Phase::Ended { end, .. } => match end {
            _ if differs || held.is_some() => again,
            End::Failed { .. } => again,
            End::Verified
            | End::Violated { .. }
            | End::Unverified { .. }
            | End::RolledBack { .. }
            | End::Split { .. } => Decision::Idle,
        },
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::change::{Change, ChangeId, Held};

    fn desired(text: &str) -> DesiredId {
        id(text).into()
    }

    fn id(text: &str) -> ChangeId {
        ChangeId(text.into())
    }

    fn remembering(phase: Phase) -> BindingState {
        let mut state = BindingState::new("org".parse().unwrap(), "key".parse().unwrap());
        let mut change = Change::begin(id("a"), 1, vec![], None, Timestamp::UNIX_EPOCH);
        change.phase = phase;
        state.change = Some(change);
        state
    }

    fn ended(end: End) -> Phase {
        Phase::Ended {
            end,
            at: Timestamp::UNIX_EPOCH,
        }
    }

    const VERIFYING: Phase = Phase::Verifying { unhealthy: false };

    #[test]
    fn five_deliveries_of_one_trigger_are_one_change() {
        for phase in [VERIFYING, ended(End::Verified)] {
            assert_eq!(
                decide(&remembering(phase), &desired("a"), false, false),
                Decision::Idle
            );
        }
    }

    #[test]
    fn a_change_that_was_cut_off_is_gone_on_with() {
        for phase in [Phase::Applying, Phase::Testing] {
            for differs in [false, true] {
                let state = remembering(phase.clone());
                assert_eq!(
                    decide(&state, &desired("a"), differs, false),
                    Decision::Continue
                );
            }
        }
    }

    #[test]
    fn drift_after_the_verdict_is_another_attempt_and_before_it_waits_for_the_verdict() {
        let after = remembering(ended(End::Verified));
        assert_eq!(
            decide(&after, &desired("a"), true, false),
            Decision::Begin { attempt: 2 }
        );
        let before = remembering(VERIFYING);
        assert_eq!(
            decide(&before, &desired("a"), true, false),
            Decision::AwaitVerdict
        );
    }

    #[test]
    fn a_newer_version_does_not_wait_and_covers_the_window_of_the_one_before() {
        let state = remembering(VERIFYING);
        assert_eq!(
            decide(&state, &desired("b"), true, false),
            Decision::Begin { attempt: 1 }
        );
        let later = Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_secs(9);
        let next = Change::begin(id("b"), 1, vec![], state.change.as_ref(), later);
        assert_eq!(next.window_from, Timestamp::UNIX_EPOCH);
        assert_eq!(next.supersedes, [id("a")]);
    }

    #[test]
    fn a_credential_that_moves_to_another_set_keeps_counting_upwards() {
        let second = |seconds| Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_secs(seconds);
        let mut numbers = Vec::new();
        let mut before: Option<Change> = None;
        for at in 1..=7 {
            let mut change = Change::begin_set(id("a"), 1, vec![], before.as_ref(), second(at));
            numbers.push(change.number());
            change.end(End::Verified, second(at));
            change.reserve_number();
            numbers.push(change.number());
            before = Some(change);
        }
        // The other set is new, and the first one's changes are none of its own.
        let moved = Change::begin_set(id("b"), 1, vec![], None, second(8));
        numbers.push(moved.number());
        // Back to the first set, whose last change knows nothing of that.
        let back = Change::begin_set(id("c"), 1, vec![], before.as_ref(), second(9));
        numbers.push(back.number());
        assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
        // Two changes within a millisecond, or under a clock that was put back.
        let next = Change::begin_set(id("d"), 1, vec![], Some(&back), second(2));
        assert_eq!(next.number(), back.number() + 1);
    }

    #[test]
    fn what_a_verdict_has_judged_is_not_judged_again() {
        let verdict = Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_secs(5);
        let mut state = remembering(Phase::Ended {
            end: End::Violated { findings: vec![] },
            at: verdict,
        });
        let mut next = || {
            let change = Change::begin(id("b"), 1, vec![], state.change.as_ref(), verdict);
            state.change = Some(change.clone());
            change.judged_until
        };
        assert_eq!(next(), Some(verdict));
        assert_eq!(
            next(),
            Some(verdict),
            "also where the one between had no verdict"
        );
    }

    #[test]
    fn a_rejected_state_is_tried_again_only_on_request() {
        let mut state = remembering(ended(End::RolledBack {
            because: "its test failed".into(),
        }));
        state.held = Some(Held {
            change_id: id("a"),
            desired: Some(id("a")),
            since: Timestamp::UNIX_EPOCH,
            because: "its test failed".into(),
        });
        assert!(matches!(
            decide(&state, &desired("a"), true, false),
            Decision::Held { .. }
        ));
        assert_eq!(
            decide(&state, &desired("a"), true, true),
            Decision::Begin { attempt: 2 }
        );
        assert_eq!(
            decide(&state, &desired("b"), true, false),
            Decision::Begin { attempt: 1 }
        );
    }

    #[test]
    fn what_failed_is_tried_again_at_the_next_trigger() {
        let state = remembering(ended(End::Failed {
            because: "403".into(),
        }));
        assert_eq!(
            decide(&state, &desired("a"), false, false),
            Decision::Begin { attempt: 2 }
        );
    }
}
