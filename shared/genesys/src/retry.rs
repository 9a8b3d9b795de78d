//! When a failed attempt is followed by another, and after what wait.
//!
//! The rule is the official Go SDK's (`newRetryPolicy`): 429, 5xx but 501, and connection errors.
//! Added to it: what would act twice is not repeated on a maybe ([`Repeat::Once`]), the wait is jittered,
//! and everything ends at the caller's deadline.

use std::time::Duration;

use tokio::time::Instant;

use crate::breaker::Breaker;
use crate::clock::Now;
use crate::error::{Error, ErrorKind, TransportFailure};
use crate::operation::{Operation, Repeat};
use crate::settings::Settings;
use crate::stats::Recorder;

/// An unreadable response is asked for again this often: it may have been a proxy's.
const GARBLED_RETRIES: u32 = 2;
/// Added to a `Retry-After`, so that many clients do not come back in the same instant.
const RETRY_AFTER_JITTER_MS: u64 = 250;

/// The attempts of one call.
pub(crate) struct Attempts<'a> {
    pub(crate) operation: &'static Operation,
    pub(crate) settings: &'a Settings,
    pub(crate) stats: &'a Recorder,
    pub(crate) breaker: &'a Breaker,
    pub(crate) deadline: Option<Instant>,
    failures: u32,
    /// How many of them were a 429.
    rate_limited: u32,
    /// Some attempt so far may have been carried out.
    uncertain: bool,
}

impl<'a> Attempts<'a> {
    pub(crate) fn new(
        operation: &'static Operation,
        settings: &'a Settings,
        stats: &'a Recorder,
        breaker: &'a Breaker,
        deadline: Option<Instant>,
    ) -> Self {
        Self {
            operation,
            settings,
            stats,
            breaker,
            deadline,
            failures: 0,
            rate_limited: 0,
            uncertain: false,
        }
    }

    /// Waits until the next attempt is due, or gives back the error that ends the call.
    pub(crate) async fn after(&mut self, error: Error) -> Result<(), Error> {
        let error = self.marked(error);
        let Some(wait) = self.wait_before_next(&error) else {
            return Err(error);
        };
        if let Some(left) = self.breaker.open_for(Now::of(&self.settings.clock)) {
            let text = format!(
                "not retried: too many consecutive failures, so no request is sent for {} s",
                left.as_secs()
            );
            return Err(error.note(&text));
        }
        if self
            .deadline
            .is_some_and(|deadline| Instant::now() + wait >= deadline)
        {
            let text = format!(
                "the next attempt, in {:.1} s, would be after the deadline",
                wait.as_secs_f64()
            );
            return Err(error.out_of_time(&text));
        }
        tracing::debug!(
            operation = self.operation.name,
            wait_ms = crate::stats::millis(wait),
            status = error.status(),
            "retrying after a wait"
        );
        self.stats.update(|stats| stats.retries += 1);
        if matches!(error.kind(), ErrorKind::RateLimited { .. }) {
            self.rate_limited += 1;
            self.stats.waited_for_limit(wait);
        }
        self.failures += 1;
        tokio::time::sleep(wait).await;
        Ok(())
    }

    /// The error with what only the whole call knows: whether a write may have been carried out,
    /// and whether it was the deadline that cut the attempt short.
    fn marked(&mut self, error: Error) -> Error {
        self.uncertain |= error.is_ambiguous();
        let error =
            error.with_applied_unknown(self.uncertain && self.operation.repeat != Repeat::Read);
        let timed_out = error.kind() == &ErrorKind::Transport(TransportFailure::Timeout);
        if timed_out
            && self
                .deadline
                .is_some_and(|deadline| Instant::now() >= deadline)
        {
            return error.out_of_time("the deadline has passed");
        }
        error
    }

    /// `None` where another attempt is not allowed or can't help.
    fn wait_before_next(&self, error: &Error) -> Option<Duration> {
        // A failed sign-in within a call had its own attempts.
        if error.operation() != self.operation.name || self.failures >= self.settings.max_retries {
            return None;
        }
        let once = self.operation.repeat == Repeat::Once;
        let allowed = match error.kind() {
            ErrorKind::RateLimited { .. } => true,
            ErrorKind::Transport(TransportFailure::Connect) => true,
            ErrorKind::Transport(TransportFailure::Timeout | TransportFailure::Broken) => !once,
            // Whoever runs an action decides how often: it may be somebody's function that fails.
            ErrorKind::Unavailable if self.operation.runs_action => false,
            // 503: the platform says that it did not serve the request.
            ErrorKind::Unavailable => {
                error.status().is_some() && (!once || error.status() == Some(503))
            }
            ErrorKind::Garbled => {
                self.operation.repeat == Repeat::Read && self.failures < GARBLED_RETRIES
            }
            ErrorKind::NotFound
            | ErrorKind::Conflict
            | ErrorKind::Denied { .. }
            | ErrorKind::FunctionDenied
            | ErrorKind::Unauthorized
            | ErrorKind::BadRequest { .. }
            | ErrorKind::OutOfTime => false,
        };
        if !allowed {
            return None;
        }
        match error.retry_after() {
            Some(asked) if asked > self.settings.longest_retry_after => None,
            Some(asked) => Some(
                self.after_limit(asked)
                    + Duration::from_millis(fastrand::u64(0..=RETRY_AFTER_JITTER_MS)),
            ),
            None => Some(self.backoff()),
        }
    }

    /// `Retry-After` is no promise: resources with limits of their own were seen to answer 429 again after it
    /// (developer forum, 2025-03). So it doubles with each 429 of the call.
    fn after_limit(&self, asked: Duration) -> Duration {
        asked
            .saturating_mul(1 << self.rate_limited.min(16))
            .min(self.settings.longest_retry_after)
            .max(self.backoff())
    }

    /// Half of the exponential step for sure, the other half by chance: of `fastrand`'s generator of the
    /// thread, as the AWS SDK's jitter is, so that one `fastrand::seed` fixes a single-threaded run.
    fn backoff(&self) -> Duration {
        let doubled = self
            .settings
            .backoff_base
            .saturating_mul(1 << self.failures.min(16));
        let step = doubled.min(self.settings.backoff_cap);
        step.mul_f64(0.5 + fastrand::f64() / 2.0)
    }
}

#[cfg(test)]
#[path = "retry_tests.rs"]
mod tests;
