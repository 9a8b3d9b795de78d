//! When an attempt is followed by another.

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

    fn attempts(&self, operation: &'static Operation, within: Option<Duration>) -> Attempts<'_> {
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
        ended.to_string().contains("too many consecutive failures"),
        "{ended}"
    );
    assert!(ended.to_string().contains(crate::STATUS_PAGE), "{ended}");
}
