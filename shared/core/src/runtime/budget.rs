//! When a message that was not handled comes back, and when it is given up. No IO.
//!
//! The budget is the time since the message was sent, not the number of its receives: an outage of
//! an hour must not be shorter for being noticed at once. `maxReceiveCount` of the queue's template
//! is a backstop far above, for messages of which every delivery crashes.

use std::time::Duration;

use super::Failure;

/// The budget of the queues before `provision-role` and `rebind-action`: 90 minutes of retries, and
/// half an hour for waits for known moments (a settling role, a lease, a lost create), which must
/// not cost any of them.
pub const BUDGET: Duration = Duration::from_secs(120 * 60);

/// A message is given up after no fewer receives, however long it has waited before the first: a
/// backlog is no failure.
pub const FEWEST_RECEIVES: u32 = 5;

/// What becomes of a message that was not handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Return {
    /// It comes back after so much time.
    After(Duration),
    /// Its budget is used up: after the event that says so, it goes to the dead-letter queue.
    GiveUp,
}

/// What becomes of a message that was received so many times, this one included, and was sent `age`
/// ago.
#[must_use]
pub fn comes_back(failure: &Failure, received: u32, age: Duration, budget: Duration) -> Return {
    let hint = match failure {
        // Waiting for a known moment costs nothing and never ends in the dead letters.
        Failure::Later { after, .. } => return Return::After(*after),
        Failure::Retry { not_before, .. } => *not_before,
        Failure::Permanent { .. } => None,
    };
    if age >= budget && received >= FEWEST_RECEIVES {
        return Return::GiveUp;
    }
    // A hint says how long asking is useless, not how long the trouble lasts: it never shortens.
    Return::After(spacing(received).max(hint.unwrap_or_default()))
}

/// How long to wait before a message is tried again that was received so many times: 5 s, 30 s,
/// 3 min, then 15 min. A hiccup costs seconds, and an outage of an hour a dozen calls.
pub fn spacing(received: u32) -> Duration {
    const FIRST: Duration = Duration::from_secs(5);
    const LONGEST: Duration = Duration::from_secs(900);
    let times = 6u32.saturating_pow(received.saturating_sub(1));
    FIRST.saturating_mul(times).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::tests::{max_receives, retention};

    fn retry() -> Failure {
        Failure::retry("transient", "no answer")
    }

    /// When the deliveries of a message come, in seconds since it was sent, and of each whether it
    /// is the last.
    fn deliveries(failure: &Failure, first_at: u64) -> Vec<u64> {
        let mut at = Duration::from_secs(first_at);
        let mut all = Vec::new();
        for received in 1..1_000 {
            all.push(at.as_secs());
            match comes_back(failure, received, at, BUDGET) {
                Return::After(wait) => at += wait,
                Return::GiveUp => return all,
            }
        }
        panic!("never given up: {all:?}");
    }

    #[test]
    fn the_spacing_grows_to_a_quarter_of_an_hour() {
        let seconds = [1, 2, 3, 4, 5, 1_000].map(|received| spacing(received).as_secs());
        assert_eq!(seconds, [5, 30, 180, 900, 900, 900]);
        assert_eq!(spacing(0), spacing(1));
    }

    #[test]
    fn a_message_is_tried_for_ninety_minutes_at_least() {
        let all = deliveries(&retry(), 0);
        assert!(*all.last().unwrap() >= 90 * 60, "{all:?}");
        let outside = Failure::permanent("denied", "the permission is missing");
        assert_eq!(deliveries(&outside, 0), all);
    }

    #[test]
    fn a_hint_lengthens_the_spacing_and_never_shortens_it() {
        let hinted = |seconds| retry().not_before(Some(Duration::from_secs(seconds)));
        let after =
            |failure: &Failure, received| comes_back(failure, received, Duration::ZERO, BUDGET);
        assert_eq!(
            after(&hinted(30), 1),
            Return::After(Duration::from_secs(30))
        );
        assert_eq!(
            after(&hinted(30), 5),
            Return::After(Duration::from_secs(900))
        );
        // What a breaker says in an outage, each time: "come back in 30 s".
        assert_eq!(
            deliveries(&hinted(30), 0).len(),
            deliveries(&retry(), 0).len()
        );
    }

    #[test]
    fn a_known_moment_is_waited_for_however_long_it_takes() {
        let later = Failure::later(Duration::from_secs(60), "the role settles");
        let turn = comes_back(&later, 1_000, Duration::from_secs(86_400), BUDGET);
        assert_eq!(turn, Return::After(Duration::from_secs(60)));
    }

    #[test]
    fn a_message_that_waited_in_a_backlog_is_still_tried() {
        let all = deliveries(&retry(), 3 * 3600);
        assert_eq!(all.len(), 5, "{all:?}");
    }

    #[test]
    fn the_queues_backstops_are_above_the_budget() {
        let template = include_str!("../../../../template.yaml");
        for (queue, budget) in [("Provision", BUDGET), ("Rebind", BUDGET)] {
            let max = max_receives(template, queue);
            let used = deliveries(&retry(), 0).len();
            assert!(max >= 2 * used, "{queue}: {max} receives, {used} are used");
            assert!(retention(template, queue) > 2 * budget.as_secs(), "{queue}");
        }
    }
}
