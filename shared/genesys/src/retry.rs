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

/// An unreadable answer is asked for again this often: it may have been a proxy's.
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
                "not tried again: too many failures in a row, no request is sent for {} s",
                left.as_secs()
            );
            return Err(error.note(&text));
        }
        if self
            .deadline
            .is_some_and(|deadline| Instant::now() + wait >= deadline)
        {
            let text = format!(
                "the next attempt, in {:.1} s, would come after the deadline",
                wait.as_secs_f64()
            );
            return Err(error.out_of_time(&text));
        }
        tracing::debug!(
            operation = self.operation.name,
            wait_ms = crate::stats::millis(wait),
            status = error.status(),
            "trying again after a wait"
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
mod tests {
    use super::*;
    use crate::operation;
    use ::clock::Clock;

    struct World {
        settings: Settings,
        stats: Recorder,
        breaker: Breaker,
    }

    impl World {
        fn new() -> Self {
            Self {
                settings: Settings::default(),
                stats: Recorder::default(),
                breaker: Breaker::new(5, Duration::from_secs(30), Clock::system()),
            }
        }

        fn attempts(
            &self,
            operation: &'static Operation,
            within: Option<Duration>,
        ) -> Attempts<'_> {
            let deadline = within.map(|within| Instant::now() + within);
            Attempts::new(
                operation,
                &self.settings,
                &self.stats,
                &self.breaker,
                deadline,
            )
        }
    }

    fn error(kind: ErrorKind, operation: &Operation) -> Error {
        Error::new(kind, operation.name, "told so")
    }

    fn limited(seconds: u64) -> Error {
        let wait = Some(Duration::from_secs(seconds));
        error(
            ErrorKind::RateLimited { retry_after: wait },
            &operation::GET_ACTION,
        )
        .with_retry_after(wait)
    }

    #[tokio::test(start_paused = true)]
    async fn backoff_doubles_with_jitter_up_to_its_cap() {
        let world = World::new();
        let mut attempts = world.attempts(&operation::GET_ACTION, None);
        for step in [0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 15.0] {
            let before = Instant::now();
            let failed = error(ErrorKind::Unavailable, &operation::GET_ACTION).with_status(502);
            attempts.after(failed).await.unwrap();
            let waited = before.elapsed().as_secs_f64();
            assert!(
                (step / 2.0..=step + 0.01).contains(&waited),
                "{waited} for {step}"
            );
        }
        let last = error(ErrorKind::Unavailable, &operation::GET_ACTION).with_status(502);
        assert_eq!(
            attempts.after(last).await.unwrap_err().kind(),
            &ErrorKind::Unavailable
        );
        assert_eq!(world.stats.take().retries, 8);
    }

    #[tokio::test(start_paused = true)]
    async fn retry_after_is_waited_for_in_full_and_counted() {
        let world = World::new();
        let before = Instant::now();
        world
            .attempts(&operation::GET_ACTION, None)
            .after(limited(7))
            .await
            .unwrap();
        assert!(before.elapsed() >= Duration::from_secs(7));
        assert!(before.elapsed() < Duration::from_secs(8));
        let stats = world.stats.take();
        assert_eq!(stats.rate_limit_waits, 1);
        assert!(stats.rate_limit_wait_ms >= 7000);
    }

    #[tokio::test(start_paused = true)]
    async fn each_further_429_waits_longer_than_it_asks_for() {
        let world = World::new();
        let mut attempts = world.attempts(&operation::GET_ACTION, None);
        for seconds in [7, 14, 28, 56, 112, 180, 180] {
            let before = Instant::now();
            attempts.after(limited(7)).await.unwrap();
            let waited = before.elapsed();
            let least = Duration::from_secs(seconds);
            assert!(
                (least..least + Duration::from_secs(1)).contains(&waited),
                "{waited:?} for {least:?}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_retry_after_beyond_180_seconds_is_not_waited_for() {
        let world = World::new();
        let before = Instant::now();
        let ended = world
            .attempts(&operation::GET_ACTION, None)
            .after(limited(181))
            .await
            .unwrap_err();
        assert_eq!(ended.retry_after(), Some(Duration::from_secs(181)));
        assert!(ended.is_transient());
        assert_eq!(before.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_that_would_pass_the_deadline_ends_the_call_at_once() {
        let world = World::new();
        let mut attempts = world.attempts(&operation::GET_ACTION, Some(Duration::from_secs(5)));
        let before = Instant::now();
        let ended = attempts.after(limited(5)).await.unwrap_err();
        assert_eq!(ended.kind(), &ErrorKind::OutOfTime);
        assert!(ended.is_transient());
        assert_eq!(before.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn what_acts_twice_is_repeated_only_when_it_surely_was_not_carried_out() {
        let world = World::new();
        let create = &operation::CREATE_ACTION;
        let broken = error(ErrorKind::Transport(TransportFailure::Broken), create).ambiguous(true);
        let ended = world
            .attempts(create, None)
            .after(broken)
            .await
            .unwrap_err();
        assert!(ended.applied_unknown());
        let gateway = error(ErrorKind::Unavailable, create)
            .with_status(504)
            .ambiguous(true);
        assert!(
            world
                .attempts(create, None)
                .after(gateway)
                .await
                .unwrap_err()
                .applied_unknown()
        );
        let refused = error(ErrorKind::Transport(TransportFailure::Connect), create);
        world.attempts(create, None).after(refused).await.unwrap();
        let busy = error(ErrorKind::Unavailable, create).with_status(503);
        world.attempts(create, None).after(busy).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_run_of_an_action_is_never_repeated_after_a_failure_of_the_platform() {
        let world = World::new();
        for run in [&operation::TEST_ACTION, &operation::TEST_DRAFT] {
            for status in [500, 502, 503, 504] {
                let failed = error(ErrorKind::Unavailable, run).with_status(status);
                let ended = world.attempts(run, None).after(failed).await;
                assert_eq!(ended.unwrap_err().status(), Some(status));
            }
            // Nothing was run.
            let limited = error(ErrorKind::RateLimited { retry_after: None }, run);
            world.attempts(run, None).after(limited).await.unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_conflict_after_a_lost_answer_says_that_the_write_may_be_ours() {
        let world = World::new();
        let patch = &operation::PATCH_ACTION;
        let mut attempts = world.attempts(patch, None);
        let lost = error(ErrorKind::Transport(TransportFailure::Broken), patch).ambiguous(true);
        attempts.after(lost).await.unwrap();
        let ended = attempts
            .after(error(ErrorKind::Conflict, patch))
            .await
            .unwrap_err();
        assert!(ended.is_conflict());
        assert!(ended.applied_unknown());
    }

    #[tokio::test(start_paused = true)]
    async fn an_unreadable_answer_is_asked_for_again_only_by_a_read() {
        let world = World::new();
        let read = &operation::GET_ACTION;
        let mut attempts = world.attempts(read, None);
        for _ in 0..GARBLED_RETRIES {
            attempts
                .after(error(ErrorKind::Garbled, read))
                .await
                .unwrap();
        }
        assert!(
            attempts
                .after(error(ErrorKind::Garbled, read))
                .await
                .is_err()
        );
        let write = &operation::PATCH_ACTION;
        let ended = world
            .attempts(write, None)
            .after(error(ErrorKind::Garbled, write).ambiguous(true))
            .await;
        assert!(ended.unwrap_err().applied_unknown());
    }

    #[tokio::test(start_paused = true)]
    async fn an_open_breaker_ends_the_call_instead_of_waiting() {
        let world = World::new();
        let now = Now::of(&Clock::system());
        for _ in 0..5 {
            world.breaker.enter().await.unwrap().failed(now);
        }
        let failed = error(ErrorKind::Unavailable, &operation::GET_ACTION).with_status(500);
        let ended = world
            .attempts(&operation::GET_ACTION, None)
            .after(failed)
            .await
            .unwrap_err();
        assert!(
            ended.to_string().contains("too many failures in a row"),
            "{ended}"
        );
        assert!(ended.to_string().contains(crate::STATUS_PAGE), "{ended}");
    }
}
