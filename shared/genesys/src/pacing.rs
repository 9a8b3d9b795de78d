//! Pacing by the client's own count of its requests, so that steady work meets no 429.
//!
//! The live platform says nothing about how much of the limit is used: none of some 1,550 answers in provider
//! logs published between 2022 and 2025 carries a rate limit header. So the client counts what it sends with
//! a token and keeps every minute below the limit. A developer center blog of 2021-05-06 shows answers with
//! `inin-ratelimit-count`, `-allowed` and `-reset` (seconds); where they come, they can only tighten.
//! The limit is per token (`token.rate.per.minute`), so a new token starts a new count. Who shares an OAuth client
//! with others sets a lower one, and may change it at any time.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use http::HeaderMap;

use crate::clock::{Expiry, Now};

/// How long a request counts: the platform's minute, and the time by which an early request may have reached
/// the platform later than a late one.
const COUNTED_FOR: Duration = Duration::from_secs(62);

/// How many requests the current token may still send.
#[derive(Debug)]
pub(crate) struct Pacing {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    per_minute: usize,
    /// When each counted request stops to count, the oldest first.
    sent: VecDeque<Expiry>,
    reported: Option<Reported>,
    in_flight: u64,
}

/// The platform's own account of its current window.
#[derive(Debug)]
struct Reported {
    left: u64,
    resets: Expiry,
}

/// What a request has to do before it may be sent.
#[derive(Debug)]
pub(crate) enum Permit<'a> {
    /// It is counted: send it now.
    Go(InFlight<'a>),
    /// The limit is used up: wait this long, then ask again.
    Hold(Duration),
}

/// Counts a request as under way until dropped: the platform's account does not include it yet.
#[derive(Debug)]
pub(crate) struct InFlight<'a>(&'a Pacing);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0
            .with_state(|state| state.in_flight = state.in_flight.saturating_sub(1));
    }
}

impl Pacing {
    /// Allows this many requests per token and minute, and at least one.
    pub(crate) fn new(per_minute: u32) -> Self {
        Self {
            state: Mutex::new(State {
                per_minute: at_least_one(per_minute),
                sent: VecDeque::new(),
                reported: None,
                in_flight: 0,
            }),
        }
    }

    /// Allows this many from now on. What was sent already counts.
    pub(crate) fn allow(&self, per_minute: u32) {
        self.with_state(|state| state.per_minute = at_least_one(per_minute));
    }

    fn with_state<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(
            &mut self
                .state
                .lock()
                .unwrap_or_else(|broken| broken.into_inner()),
        )
    }

    /// Asks for a permit to send one request, and counts the request where it may go.
    pub(crate) fn permit(&self, now: Now) -> Permit<'_> {
        let hold = self.with_state(|state| {
            let hold = state.hold(now);
            if hold.is_none() {
                state.sent.push_back(Expiry::after(now, COUNTED_FOR));
                state.in_flight += 1;
            }
            hold
        });
        match hold {
            None => Permit::Go(InFlight(self)),
            Some(hold) => Permit::Hold(hold),
        }
    }

    /// Learns from an answer's headers. Answers without them change nothing.
    pub(crate) fn observe(&self, headers: &HeaderMap, now: Now) {
        let number = |name| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
        let (Some(count), Some(allowed), Some(reset)) = (
            number("inin-ratelimit-count"),
            number("inin-ratelimit-allowed"),
            number("inin-ratelimit-reset"),
        ) else {
            return;
        };
        self.with_state(|state| {
            state.reported = Some(Reported {
                left: allowed.saturating_sub(count),
                resets: Expiry::after(now, Duration::from_secs(reset)),
            });
        });
    }

    /// Forgets the count, as it belonged to another token.
    pub(crate) fn forget(&self) {
        self.with_state(|state| {
            state.sent.clear();
            state.reported = None;
        });
    }
}

fn at_least_one(per_minute: u32) -> usize {
    usize::try_from(per_minute).unwrap_or(usize::MAX).max(1)
}

impl State {
    /// How long the next request has to wait; `None` where it may go.
    fn hold(&mut self, now: Now) -> Option<Duration> {
        while self.sent.front().is_some_and(|oldest| oldest.passed(now)) {
            self.sent.pop_front();
        }
        // Where more were allowed before, more than one has to be counted out.
        let excess = self.sent.len().checked_sub(self.per_minute);
        let last = excess.and_then(|excess| self.sent.get(excess));
        let counted = last.map(|last| last.remaining(now));
        counted.max(self.reported_hold(now))
    }

    fn reported_hold(&mut self, now: Now) -> Option<Duration> {
        let in_flight = self.in_flight;
        let reported = self.reported.as_ref()?;
        if reported.resets.passed(now) {
            self.reported = None;
            return None;
        }
        (reported.left <= in_flight).then(|| reported.resets.remaining(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::clock::Clock;
    use tokio::time::Instant;

    /// The platform's limit (`token.rate.per.minute`, the official limits page).
    const PLATFORM_LIMIT: usize = 300;
    const MINUTE: Duration = Duration::from_secs(60);

    fn headers(count: u64, allowed: u64, reset: u64) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("inin-ratelimit-count", count.into());
        headers.insert("inin-ratelimit-allowed", allowed.into());
        headers.insert("inin-ratelimit-reset", reset.into());
        headers
    }

    fn now() -> Now {
        Now::of(&Clock::system())
    }

    fn default_pacing() -> Pacing {
        Pacing::new(crate::Settings::default().requests_per_minute)
    }

    fn later(now: Now, wait: Duration) -> Now {
        Now {
            mono: now.mono + wait,
            wall: now.wall,
        }
    }

    /// How many requests go at this moment, each answered before the next is sent.
    fn go_now(pacing: &Pacing, now: Now, at_most: usize) -> usize {
        (0..at_most)
            .take_while(|_| matches!(pacing.permit(now), Permit::Go(_)))
            .count()
    }

    /// Sends as fast as the pacing lets it, with this many tasks side by side, and gives the moments of sending.
    async fn sent_by(tasks: usize, each: usize) -> Vec<Instant> {
        let pacing = std::sync::Arc::new(default_pacing());
        let mut running = tokio::task::JoinSet::new();
        for _ in 0..tasks {
            let pacing = std::sync::Arc::clone(&pacing);
            running.spawn(async move {
                let mut sent = Vec::new();
                while sent.len() < each {
                    let wait = match pacing.permit(now()) {
                        Permit::Go(_in_flight) => {
                            sent.push(Instant::now());
                            Duration::from_millis(3)
                        }
                        Permit::Hold(wait) => wait,
                    };
                    tokio::time::sleep(wait).await;
                }
                sent
            });
        }
        let mut sent = running.join_all().await.concat();
        sent.sort();
        sent
    }

    #[tokio::test(start_paused = true)]
    async fn no_minute_holds_as_many_requests_as_the_platform_allows() {
        let sent = sent_by(15, 100).await;
        assert_eq!(sent.len(), 1500);
        for (index, begun) in sent.iter().enumerate() {
            let within = sent[index..]
                .iter()
                .take_while(|at| at.duration_since(*begun) <= MINUTE)
                .count();
            assert!(within < PLATFORM_LIMIT, "{within} within a minute");
        }
        let first_minute = sent
            .iter()
            .take_while(|at| at.duration_since(sent[0]) <= MINUTE)
            .count();
        assert!(
            first_minute > PLATFORM_LIMIT * 9 / 10,
            "the limit is hardly used: {first_minute}"
        );
    }

    #[test]
    fn a_request_counts_for_more_than_a_minute_and_then_no_more() {
        let now = now();
        let pacing = Pacing::new(2);
        assert_eq!(go_now(&pacing, now, 9), 2);
        assert_eq!(go_now(&pacing, later(now, MINUTE), 9), 0);
        assert_eq!(go_now(&pacing, later(now, COUNTED_FOR), 9), 2);
    }

    #[test]
    fn fewer_may_be_allowed_at_any_time_and_what_was_sent_counts() {
        let start = now();
        let pacing = Pacing::new(4);
        assert_eq!(go_now(&pacing, start, 2), 2);
        let half = later(start, MINUTE / 2);
        assert_eq!(go_now(&pacing, half, 9), 2);
        pacing.allow(2);
        let hold = pacing.permit(half);
        assert!(matches!(hold, Permit::Hold(hold) if hold == COUNTED_FOR));
        assert_eq!(go_now(&pacing, later(start, COUNTED_FOR), 9), 0);
        assert_eq!(go_now(&pacing, later(half, COUNTED_FOR), 9), 2);
        pacing.allow(3);
        assert_eq!(go_now(&pacing, later(half, COUNTED_FOR), 9), 1);
    }

    #[test]
    fn the_platforms_own_account_tightens() {
        let now = now();
        let pacing = default_pacing();
        pacing.observe(&headers(178, 180, 7), now);
        let first = pacing.permit(now);
        let second = pacing.permit(now);
        assert!(matches!(pacing.permit(now), Permit::Hold(hold) if hold == Duration::from_secs(7)));
        drop((first, second));
        pacing.observe(&headers(180, 180, 7), now);
        assert_eq!(go_now(&pacing, now, 9), 0);
        assert_eq!(go_now(&pacing, later(now, Duration::from_secs(7)), 9), 9);
    }

    #[test]
    fn the_platforms_own_account_never_loosens() {
        let now = now();
        let pacing = Pacing::new(3);
        for _ in 0..3 {
            pacing.observe(&headers(1, 3000, 60), now);
            assert!(matches!(pacing.permit(now), Permit::Go(_)));
        }
        pacing.observe(&headers(1, 3000, 60), now);
        assert!(matches!(pacing.permit(now), Permit::Hold(_)));
    }

    #[test]
    fn a_new_token_starts_afresh() {
        let now = now();
        let pacing = Pacing::new(1);
        assert_eq!(go_now(&pacing, now, 9), 1);
        pacing.forget();
        assert_eq!(go_now(&pacing, now, 9), 1);
    }
}
