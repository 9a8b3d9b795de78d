//! Counters for the caller's metrics.

use std::sync::Mutex;
use std::time::Duration;

/// What the client did since the last [`Genesys::take_stats`](crate::Genesys::take_stats).
/// Durations are in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Requests sent to the API host; each attempt counts.
    pub requests: u64,
    /// Requests that got no answer, or one outside 2xx.
    pub failures: u64,
    /// Attempts repeated after a failure, token requests included.
    pub retries: u64,
    /// Summed time of the API requests, without waits.
    pub request_ms: u64,
    /// The slowest single API request.
    pub slowest_request_ms: u64,
    /// Waits for the platform's rate limit: pacing before a request, or `Retry-After` after a 429.
    pub rate_limit_waits: u64,
    /// Summed time of those waits.
    pub rate_limit_wait_ms: u64,
    /// Requests for an access token; each attempt counts.
    pub auth_requests: u64,
    /// Token requests that got no answer, or one outside 2xx.
    pub auth_failures: u64,
    /// Summed time of the token requests.
    pub auth_ms: u64,
    /// How often the circuit breaker of the API or login host opened.
    pub breaker_opened: u64,
}

/// Shared by all clones of a client.
#[derive(Debug, Default)]
pub(crate) struct Recorder(Mutex<Stats>);

impl Recorder {
    /// Changes the counters. A poisoned lock still holds valid numbers.
    pub(crate) fn update(&self, change: impl FnOnce(&mut Stats)) {
        change(&mut self.0.lock().unwrap_or_else(|broken| broken.into_inner()));
    }

    pub(crate) fn take(&self) -> Stats {
        let mut taken = Stats::default();
        self.update(|stats| taken = std::mem::take(stats));
        taken
    }

    pub(crate) fn waited_for_limit(&self, wait: Duration) {
        self.update(|stats| {
            stats.rate_limit_waits += 1;
            stats.rate_limit_wait_ms += millis(wait);
        });
    }
}

/// Whole milliseconds, saturating.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
