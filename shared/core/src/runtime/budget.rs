//! When a message that was not handled comes back, and when it is given up. No IO.
//!
//! The budget is the time since the message was sent, not the number of its receives: an outage of
//! an hour must not be shorter for being noticed at once. `maxReceiveCount` of the queue's template
//! is a backstop above, and no message reaches it without an event: receives are spread so that the
//! budget is used up first, and the last few are kept for giving up.

use std::time::Duration;

use super::Failure;

/// The budget of the queues before `provision-role` and `rebind-action`: 90 minutes of retries, and
/// half an hour for waits for known moments (a settling role, a lease, a lost create), which must
/// not cost any of them.
pub const BUDGET: Duration = Duration::from_secs(120 * 60);

/// A message is given up after no fewer receives, however long it has waited before the first: a
/// backlog is no failure.
pub const FEWEST_RECEIVES: u32 = 5;

/// Receives below the backstop that are kept for giving up: the event may need more than one.
const KEPT_FOR_THE_END: u32 = 5;

/// How long, and how often, a queue's messages are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long a message is tried, from when it was sent.
    pub budget: Duration,
    /// The queue's `maxReceiveCount`.
    pub backstop: u32,
}

impl Limits {
    /// Whether a failure at this receive is the last one.
    #[must_use]
    pub fn are_used_up(self, received: u32, age: Duration) -> bool {
        received >= self.last() || (age >= self.budget && received >= FEWEST_RECEIVES)
    }

    /// The receive at which a message is given up in any case.
    fn last(self) -> u32 {
        self.backstop.saturating_sub(KEPT_FOR_THE_END)
    }

    /// The least spacing of receives, whatever was asked for: none for the first quarter of the
    /// backstop, and then so much that the others last as long as the budget.
    fn least(self, received: u32) -> Duration {
        let close = self.backstop / 4;
        // After the last one there is no wait.
        let others = self.last().saturating_sub(close + 1).max(1);
        match received > close {
            true => self.budget / others,
            false => Duration::ZERO,
        }
    }
}

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
pub fn comes_back(failure: &Failure, received: u32, age: Duration, limits: Limits) -> Return {
    let least = limits.least(received);
    let hint = match failure {
        // Waiting for a known moment costs no time, only receives.
        Failure::Later { after, .. } if received < limits.last() => {
            return Return::After(least.max(*after));
        }
        Failure::Later { .. } => return Return::GiveUp,
        Failure::Retry { not_before, .. } => *not_before,
        Failure::Permanent { .. } => None,
    };
    if limits.are_used_up(received, age) {
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
    use crate::runtime::Edge;
    use crate::runtime::tests::{max_receives, retention, stack};

    const LIMITS: Limits = Limits {
        budget: BUDGET,
        backstop: 60,
    };

    fn retry() -> Failure {
        Failure::retry("transient", "no answer")
    }

    /// When the deliveries of a message come, in seconds since it was sent.
    fn deliveries(failure: &Failure, first_at: u64) -> Vec<u64> {
        deliveries_of(LIMITS, failure, first_at)
    }

    fn deliveries_of(limits: Limits, failure: &Failure, first_at: u64) -> Vec<u64> {
        let mut at = Duration::from_secs(first_at);
        let mut all = Vec::new();
        for received in 1..1_000 {
            all.push(at.as_secs());
            match comes_back(failure, received, at, limits) {
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
            |failure: &Failure, received| comes_back(failure, received, Duration::ZERO, LIMITS);
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
        let turn = comes_back(&later, 6, Duration::from_secs(86_400), LIMITS);
        assert_eq!(turn, Return::After(Duration::from_secs(60)));
    }

    #[test]
    fn a_wait_is_close_at_first_and_lasts_as_long_as_the_budget() {
        let staging = Failure::later(Duration::from_secs(15), "the first binding is tested");
        let all = deliveries(&staging, 0);
        assert_eq!(all[..3], [0, 15, 30]);
        assert_eq!(all[14], 210, "still every 15 s: {all:?}");
        assert!(*all.last().unwrap() >= BUDGET.as_secs(), "{all:?}");
        // However long the message waited before.
        let late = deliveries(&staging, 3 * 3600);
        assert_eq!(late.len(), all.len());
    }

    #[test]
    fn a_message_that_waited_in_a_backlog_is_still_tried() {
        let all = deliveries(&retry(), 3 * 3600);
        assert_eq!(all.len(), 5, "{all:?}");
    }

    #[test]
    fn the_queues_backstops_are_above_the_budget() {
        let stack = stack();
        let mut config = crate::config::tests::config();
        let edges = [
            ("Provision", Edge::Provision),
            ("Rebind", Edge::Rebind),
            ("Verify", Edge::Verify),
            ("Compliance", Edge::Compliance),
        ];
        let later = |seconds| Failure::later(Duration::from_secs(seconds), "too early");
        for deadline in [10, 3600, 43_200] {
            config.verify_deadline = Duration::from_secs(deadline);
            for (queue, edge) in edges {
                let limits = edge.limits(&config);
                let max = max_receives(&stack, queue);
                assert_eq!(usize::try_from(limits.backstop), Ok(max), "{queue}");
                assert!(
                    retention(&stack, queue) > 2 * limits.budget.as_secs(),
                    "{queue}"
                );
                for failure in [retry(), later(1), later(15), later(30), later(900)] {
                    let all = deliveries_of(limits, &failure, 0);
                    let used = all.len();
                    assert!(
                        used < max,
                        "{queue}, {failure}: {max} receives, {used} are used"
                    );
                    let end = Duration::from_secs(*all.last().unwrap());
                    assert!(
                        end >= limits.budget,
                        "{queue}, {failure}: given up at {end:?}"
                    );
                }
            }
        }
        let used = deliveries(&retry(), 0).len();
        assert!(
            2 * used <= 60,
            "a wait for a known moment costs receives: {used}"
        );
    }
}
