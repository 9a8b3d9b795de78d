//! A circuit breaker: after repeated failures of the platform, stop asking for a while.
//!
//! Closed until `threshold` consecutive failures; then open for `pause`; then one probe is let through.
//! A probe that succeeds closes it, one that fails opens it for another `pause`. Calls beside the probe
//! wait for its end: refused, they would fail work done side by side with the probe, and so cancel it.

use std::sync::Mutex;
use std::time::Duration;

use ::clock::Clock;
use tokio::sync::Notify;

use crate::clock::{Expiry, Now};

#[derive(Debug)]
pub(crate) struct Breaker {
    threshold: u32,
    pause: Duration,
    clock: Clock,
    state: Mutex<State>,
    probe_ended: Notify,
}

/// Why no request may be sent now.
#[derive(Debug, PartialEq, Eq)]
enum Shut {
    /// For so long.
    For(Duration),
    /// Until somebody's probe has ended.
    WhileProbing,
}

#[derive(Debug)]
enum State {
    Closed { failures: u32 },
    Open { until: Expiry },
    Probing,
}

/// Leave to send one request. Dropping it unused, as when the caller is cancelled, gives the probe back.
#[derive(Debug)]
pub(crate) struct Permit<'a> {
    breaker: &'a Breaker,
    probe: bool,
    reported: bool,
}

impl Breaker {
    pub(crate) fn new(threshold: u32, pause: Duration, clock: Clock) -> Self {
        Self {
            threshold: threshold.max(1),
            pause,
            clock,
            state: Mutex::new(State::Closed { failures: 0 }),
            probe_ended: Notify::new(),
        }
    }

    fn with_state<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(
            &mut self
                .state
                .lock()
                .unwrap_or_else(|broken| broken.into_inner()),
        )
    }

    /// Leave to send, or how long the breaker stays shut. Waits for the end of somebody else's probe.
    pub(crate) async fn enter(&self) -> Result<Permit<'_>, Duration> {
        loop {
            // Made before looking, so that no end of a probe is missed.
            let ended = self.probe_ended.notified();
            match self.admit(Now::of(&self.clock)) {
                Ok(permit) => return Ok(permit),
                Err(Shut::For(left)) => return Err(left),
                Err(Shut::WhileProbing) => ended.await,
            }
        }
    }

    fn admit(&self, now: Now) -> Result<Permit<'_>, Shut> {
        let probe = self.with_state(|state| match state {
            State::Closed { .. } => Ok(false),
            State::Open { until } if until.passed(now) => {
                *state = State::Probing;
                Ok(true)
            }
            State::Open { until } => Err(Shut::For(until.remaining(now))),
            State::Probing => Err(Shut::WhileProbing),
        })?;
        Ok(Permit {
            breaker: self,
            probe,
            reported: false,
        })
    }

    /// How long no request will be let through; `None` while closed, due for a probe, or probing.
    pub(crate) fn open_for(&self, now: Now) -> Option<Duration> {
        self.with_state(|state| match state {
            State::Closed { .. } | State::Probing => None,
            State::Open { until } => Some(until.remaining(now)).filter(|left| !left.is_zero()),
        })
    }
}

impl Permit<'_> {
    /// The platform answered, whatever it said.
    pub(crate) fn alive(mut self) {
        self.reported = true;
        let probe = self.probe;
        self.breaker.with_state(|state| {
            // A late answer to a request sent before the breaker opened proves nothing about now.
            if probe || matches!(state, State::Closed { .. }) {
                *state = State::Closed { failures: 0 };
            }
        });
    }

    /// The platform failed. True if this opened the breaker.
    pub(crate) fn failed(mut self, now: Now) -> bool {
        self.reported = true;
        let breaker = self.breaker;
        let probe = self.probe;
        breaker.with_state(|state| {
            let open = State::Open {
                until: Expiry::after(now, breaker.pause),
            };
            match state {
                State::Closed { failures } if *failures + 1 < breaker.threshold => {
                    *failures += 1;
                    false
                }
                State::Closed { .. } => {
                    *state = open;
                    true
                }
                State::Probing if probe => {
                    *state = open;
                    true
                }
                State::Probing | State::Open { .. } => false,
            }
        })
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if !self.probe {
            return;
        }
        if !self.reported {
            self.breaker.with_state(|state| {
                *state = State::Open {
                    until: Expiry::after(Now::of(&self.breaker.clock), Duration::ZERO),
                }
            });
        }
        self.breaker.probe_ended.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_secs(30);

    fn now() -> Now {
        Now::of(&Clock::system())
    }

    fn later(now: Now, seconds: u64) -> Now {
        now.after(Duration::from_secs(seconds))
    }

    fn opened(now: Now) -> Breaker {
        let breaker = Breaker::new(3, PAUSE, Clock::system());
        for expected in [false, false, true] {
            assert_eq!(breaker.admit(now).unwrap().failed(now), expected);
        }
        breaker
    }

    #[test]
    fn opens_only_after_consecutive_failures() {
        let now = now();
        let breaker = Breaker::new(3, PAUSE, Clock::system());
        assert!(!breaker.admit(now).unwrap().failed(now));
        assert!(!breaker.admit(now).unwrap().failed(now));
        breaker.admit(now).unwrap().alive();
        assert!(!breaker.admit(now).unwrap().failed(now));
        assert!(!breaker.admit(now).unwrap().failed(now));
        assert_eq!(breaker.open_for(now), None);
    }

    #[test]
    fn lets_one_probe_through_after_the_pause_and_closes_on_its_success() {
        let now = now();
        let breaker = opened(now);
        assert_eq!(breaker.admit(now).unwrap_err(), Shut::For(PAUSE));
        let due = later(now, 30);
        let probe = breaker.admit(due).unwrap();
        assert!(breaker.admit(due).is_err(), "only one probe at a time");
        probe.alive();
        assert!(breaker.admit(due).is_ok());
    }

    #[test]
    fn a_failed_probe_opens_it_for_another_pause() {
        let now = now();
        let breaker = opened(now);
        let due = later(now, 31);
        assert!(breaker.admit(due).unwrap().failed(due));
        assert_eq!(
            breaker.admit(later(now, 32)).unwrap_err(),
            Shut::For(Duration::from_secs(29))
        );
    }

    #[test]
    fn a_cancelled_probe_does_not_keep_it_shut_for_ever() {
        let now = now();
        let breaker = opened(now);
        let due = later(now, 30);
        drop(breaker.admit(due).unwrap());
        assert!(breaker.admit(due).is_ok());
    }

    #[tokio::test]
    async fn calls_beside_the_probe_wait_for_its_end_and_then_go_through() {
        let breaker = Breaker::new(1, Duration::ZERO, Clock::system());
        breaker.admit(now()).unwrap().failed(now());
        let probe = breaker.enter().await.unwrap();
        let mut beside = std::pin::pin!(breaker.enter());
        let waits = tokio::time::timeout(Duration::from_millis(20), beside.as_mut()).await;
        assert!(waits.is_err(), "it does not wait for the probe");
        probe.alive();
        assert!(beside.await.is_ok());
    }

    #[test]
    fn a_late_answer_from_before_it_opened_does_not_close_it() {
        let now = now();
        let breaker = Breaker::new(1, PAUSE, Clock::system());
        let early = breaker.admit(now).unwrap();
        assert!(breaker.admit(now).unwrap().failed(now));
        early.alive();
        assert!(breaker.admit(now).is_err());
    }
}
