//! Pacing by the platform's own account of the rate limit, so that steady work meets no 429.
//!
//! Every normal answer says how many requests of the current window are used (`inin-ratelimit-count`),
//! how many there are (`inin-ratelimit-allowed`) and when the window ends in seconds
//! (`inin-ratelimit-reset`); source: the official developer blog's sample of 2021-05-06.
//! While plenty is left nothing waits; the last part is spread over the rest of the window; with nothing
//! left the next request waits for the reset. The limit is per token, so a new token starts afresh.

use std::sync::Mutex;
use std::time::Duration;

use reqwest::header::HeaderMap;
use tokio::time::Instant;

use crate::clock::{Expiry, Now};

/// The last tenth of a window is spread out.
const RESERVED_PART: u64 = 10;

#[derive(Debug, Default)]
pub(crate) struct Pacing(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    window: Option<Window>,
    in_flight: u64,
}

#[derive(Debug)]
struct Window {
    left: u64,
    allowed: u64,
    resets: Expiry,
    /// The latest moment given out while spreading.
    last_slot: Option<Instant>,
}

/// What a request has to do before it may go.
#[derive(Debug)]
pub(crate) enum Turn<'a> {
    /// Send after this wait; zero in the normal case.
    Go(Duration, InFlight<'a>),
    /// Nothing is left: wait this long, then ask again.
    Hold(Duration),
}

/// Counts a request as under way until dropped: the server's count does not know it yet.
#[derive(Debug)]
pub(crate) struct InFlight<'a>(&'a Pacing);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0
            .with_state(|state| state.in_flight = state.in_flight.saturating_sub(1));
    }
}

impl Pacing {
    fn with_state<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(|broken| broken.into_inner()))
    }

    /// Asks for a turn to send one request.
    pub(crate) fn turn(&self, now: Now) -> Turn<'_> {
        let wait = self.with_state(|state| {
            let wait = state.wait(now);
            if wait.is_ok() {
                state.in_flight += 1;
            }
            wait
        });
        match wait {
            Ok(wait) => Turn::Go(wait, InFlight(self)),
            Err(hold) => Turn::Hold(hold),
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
            let last_slot = state.window.take().and_then(|window| window.last_slot);
            state.window = Some(Window {
                left: allowed.saturating_sub(count),
                allowed,
                resets: Expiry::after(now, Duration::from_secs(reset)),
                last_slot,
            });
        });
    }

    /// Forgets the window, as it belonged to another token.
    pub(crate) fn forget(&self) {
        self.with_state(|state| state.window = None);
    }
}

impl State {
    /// How long to wait before sending, or `Err` with the time until the window ends.
    fn wait(&mut self, now: Now) -> Result<Duration, Duration> {
        let in_flight = self.in_flight;
        let Some(window) = self
            .window
            .as_mut()
            .filter(|window| !window.resets.passed(now))
        else {
            self.window = None;
            return Ok(Duration::ZERO);
        };
        let left = window.left.saturating_sub(in_flight);
        if left > window.allowed / RESERVED_PART {
            return Ok(Duration::ZERO);
        }
        let until_reset = window.resets.remaining(now);
        if left == 0 {
            return Err(until_reset);
        }
        let shares = u32::try_from(left + 1).unwrap_or(u32::MAX);
        let from = window.last_slot.map_or(now.mono, |slot| slot.max(now.mono));
        let slot = (from + until_reset / shares).min(now.mono + until_reset);
        window.last_slot = Some(slot);
        Ok(slot.saturating_duration_since(now.mono))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(count: u64, allowed: u64, reset: u64) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("inin-ratelimit-count", count.into());
        headers.insert("inin-ratelimit-allowed", allowed.into());
        headers.insert("inin-ratelimit-reset", reset.into());
        headers
    }

    fn observed(count: u64, reset: u64, now: Now) -> Pacing {
        let pacing = Pacing::default();
        pacing.observe(&headers(count, 300, reset), now);
        pacing
    }

    fn waits(pacing: &Pacing, now: Now) -> Duration {
        match pacing.turn(now) {
            Turn::Go(wait, _) => wait,
            Turn::Hold(hold) => panic!("held for {hold:?}"),
        }
    }

    #[test]
    fn nothing_waits_while_plenty_is_left() {
        let now = Now::read();
        assert_eq!(waits(&Pacing::default(), now), Duration::ZERO);
        assert_eq!(waits(&observed(100, 60, now), now), Duration::ZERO);
    }

    #[test]
    fn the_last_part_is_spread_over_the_rest_of_the_window() {
        let now = Now::read();
        let pacing = observed(281, 60, now);
        assert_eq!(waits(&pacing, now), Duration::from_secs(3));
        assert_eq!(
            waits(&pacing, now),
            Duration::from_secs(6),
            "parallel requests queue up"
        );
    }

    #[test]
    fn an_empty_window_holds_until_its_reset_and_no_longer() {
        let now = Now::read();
        let pacing = observed(300, 7, now);
        assert!(matches!(pacing.turn(now), Turn::Hold(hold) if hold == Duration::from_secs(7)));
        let after = Now {
            mono: now.mono + Duration::from_secs(7),
            wall: now.wall,
        };
        assert_eq!(waits(&pacing, after), Duration::ZERO);
    }

    #[test]
    fn requests_under_way_count_as_used() {
        let now = Now::read();
        let pacing = observed(298, 10, now);
        let first = pacing.turn(now);
        let second = pacing.turn(now);
        assert!(matches!(pacing.turn(now), Turn::Hold(_)));
        drop((first, second));
        assert!(matches!(pacing.turn(now), Turn::Go(..)));
    }

    #[test]
    fn a_new_token_starts_afresh() {
        let now = Now::read();
        let pacing = observed(300, 60, now);
        pacing.forget();
        assert_eq!(waits(&pacing, now), Duration::ZERO);
    }
}
