//! The time as a value.
//!
//! Whatever reads the time holds a [`Clock`]. By default it is the machine's. Under tokio's paused
//! time a clock that was started with [`Clock::starting_at`] is virtual as a whole: its wall time
//! moves with the runtime's instants, and with nothing else.

use jiff::Timestamp;
use tokio::time::Instant;

/// Wall time and monotonic time. Cheap to copy; the default is the system's.
///
/// Monotonic time is always tokio's: it stops under paused time, and every sleep and timeout goes
/// by it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock(Wall);

#[derive(Clone, Copy, Debug, Default)]
enum Wall {
    #[default]
    System,
    /// `start` was at `from`, and time has passed since as tokio's instants say.
    Derived { start: Timestamp, from: Instant },
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that shows `start` now, and from there moves with tokio's instants.
    #[must_use]
    pub fn starting_at(start: Timestamp) -> Self {
        let from = Instant::now();
        Self(Wall::Derived { start, from })
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match self.0 {
            #[expect(clippy::disallowed_methods, reason = "the one place that reads it")]
            Wall::System => Timestamp::now(),
            Wall::Derived { start, from } => {
                let now = start.saturating_add(from.elapsed());
                now.unwrap_or(Timestamp::MAX)
            }
        }
    }

    /// The present moment by the monotonic clock.
    #[must_use]
    pub fn instant(&self) -> Instant {
        Instant::now()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_derived_clock_moves_with_the_runtimes_time_and_with_nothing_else() {
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let clock = Clock::starting_at(start);
        let copy = clock;
        assert_eq!(clock.now(), start);
        tokio::time::sleep(Duration::from_secs(86_400)).await;
        assert_eq!(clock.now(), "2026-01-02T00:00:00Z".parse().unwrap());
        assert_eq!(clock.now(), copy.now());
    }

    #[tokio::test(start_paused = true)]
    async fn a_derived_clock_ends_at_the_end_of_the_calendar() {
        let clock = Clock::starting_at(Timestamp::MAX);
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(clock.now(), Timestamp::MAX);
    }

    #[tokio::test(start_paused = true)]
    async fn the_systems_clock_does_not_move_with_virtual_time() {
        let now = Clock::system().now();
        tokio::time::advance(Duration::from_secs(3600)).await;
        assert!(Clock::system().now() < now + Duration::from_secs(3600));
    }
}
