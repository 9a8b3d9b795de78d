//! Expiry that survives a paused process.
//!
//! A serverless environment may be frozen between two calls. Its monotonic clock may then stop
//! while the world goes on, so an expiry has passed as soon as *either* clock says so.

use std::time::Duration;

use clock::Clock;
use jiff::Timestamp;
use tokio::time::Instant;

/// Longer than anything the platform hands out; keeps clock arithmetic from overflowing.
const LONGEST: Duration = Duration::from_secs(400 * 24 * 3600);

/// One reading of both clocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    pub(crate) mono: Instant,
    pub(crate) wall: Timestamp,
}

impl Now {
    pub(crate) fn of(clock: &Clock) -> Self {
        Self {
            mono: clock.instant(),
            wall: clock.now(),
        }
    }

    /// So much later by both clocks.
    #[cfg(test)]
    pub(crate) fn after(self, wait: Duration) -> Self {
        Self {
            mono: self.mono + wait,
            wall: self.wall + wait,
        }
    }
}

/// A moment in the future, kept in both clocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expiry {
    mono: Instant,
    wall: Timestamp,
}

impl Expiry {
    pub(crate) fn after(now: Now, wait: Duration) -> Self {
        let wait = wait.min(LONGEST);
        Self {
            mono: now.mono + wait,
            // Fails only for a calendar unit, and a duration has none.
            wall: now.wall.saturating_add(wait).unwrap_or(Timestamp::MAX),
        }
    }

    /// Time left by the clock that has less; zero when passed.
    pub(crate) fn remaining(&self, now: Now) -> Duration {
        let wall = Duration::try_from(self.wall.duration_since(now.wall)).unwrap_or_default();
        self.mono.saturating_duration_since(now.mono).min(wall)
    }

    pub(crate) fn passed(&self, now: Now) -> bool {
        self.remaining(now).is_zero()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frozen_monotonic_clock_does_not_keep_an_expiry_alive() {
        let now = Now::of(&Clock::system());
        let expiry = Expiry::after(now, Duration::from_secs(60));
        assert!(!expiry.passed(now));
        let thawed = Now {
            mono: now.mono,
            wall: now.wall + Duration::from_secs(61),
        };
        assert!(expiry.passed(thawed));
    }

    #[test]
    fn an_absurd_lifetime_does_not_overflow() {
        let now = Now::of(&Clock::system());
        let expiry = Expiry::after(now, Duration::from_secs(u64::MAX));
        assert_eq!(expiry.remaining(now), LONGEST);
    }
}
