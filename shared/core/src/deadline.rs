//! The moment until which an invocation may work.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

/// Kept back from an invocation's time for reporting how it ended.
const RESERVE: Duration = Duration::from_secs(2);

/// The moment until which an invocation may work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    /// After so much time from now.
    #[must_use]
    pub fn after(time: Duration) -> Self {
        Self(Instant::now() + time)
    }

    /// A little before Lambda's own, which it gives in milliseconds since 1970.
    pub(crate) fn of_lambda(millisecond: u64, now: Timestamp) -> Self {
        let end = i64::try_from(millisecond).ok();
        let end = end.and_then(|end| Timestamp::from_millisecond(end).ok());
        let left = end.map(|end| Duration::try_from(end.duration_since(now)).unwrap_or_default());
        Self::after(left.unwrap_or_default().saturating_sub(RESERVE))
    }

    /// So much time before this one.
    #[must_use]
    pub fn earlier_by(self, time: Duration) -> Self {
        Self(self.0.checked_sub(time).unwrap_or(self.0))
    }

    /// The moment itself.
    #[must_use]
    pub fn instant(self) -> Instant {
        self.0
    }

    /// How much time is left; zero when it has passed.
    #[must_use]
    pub fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }
}
