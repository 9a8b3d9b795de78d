//! Expiry that survives a paused process.
//!
//! A serverless environment may be frozen between two calls. Its monotonic clock may then stand still
//! while the world goes on, so an expiry has passed as soon as *either* clock says so.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// Longer than anything the platform hands out; keeps clock arithmetic from overflowing.
const LONGEST: Duration = Duration::from_secs(400 * 24 * 3600);

/// One reading of both clocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    pub(crate) mono: Instant,
    pub(crate) wall: SystemTime,
}

impl Now {
    pub(crate) fn read() -> Self {
        Self {
            mono: Instant::now(),
            wall: SystemTime::now(),
        }
    }
}

/// A moment in the future, kept in both clocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expiry {
    mono: Instant,
    wall: SystemTime,
}

impl Expiry {
    pub(crate) fn after(now: Now, wait: Duration) -> Self {
        let wait = wait.min(LONGEST);
        Self {
            mono: now.mono + wait,
            wall: now.wall + wait,
        }
    }

    /// Time left by the clock that has less; zero when passed.
    pub(crate) fn remaining(&self, now: Now) -> Duration {
        let wall = self.wall.duration_since(now.wall).unwrap_or_default();
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
        let now = Now::read();
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
        let now = Now::read();
        let expiry = Expiry::after(now, Duration::from_secs(u64::MAX));
        assert_eq!(expiry.remaining(now), LONGEST);
    }
}
