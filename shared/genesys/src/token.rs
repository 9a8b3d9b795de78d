//! The access token: fetched once for all who need it, replaced shortly before it ends.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::clock::{Expiry, Now};
use crate::error::Error;

/// The platform's shortest token life is 300 s; an answer that gives none is read as that.
const SHORTEST_LIFE: Duration = Duration::from_secs(300);

/// Holds the token of one set of credentials.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    pub(crate) state: Mutex<State>,
    /// Sign-ins that ended, well or not.
    ended: AtomicU64,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    token: Option<Token>,
    /// The last permanent refusal, and the number of the sign-in that met it: whoever was waiting for
    /// that sign-in gets its answer instead of asking again.
    refused: Option<(u64, Error)>,
}

#[derive(Debug)]
struct Token {
    value: SecretString,
    stale: Expiry,
    expires: Expiry,
}

/// The answer to a sign-in; official Go SDK, `AuthResponse`.
#[derive(Debug, Deserialize)]
pub(crate) struct TokenAnswer {
    access_token: SecretString,
    /// Seconds.
    expires_in: Option<u64>,
}

impl Tokens {
    pub(crate) fn sign_ins_ended(&self) -> u64 {
        self.ended.load(Ordering::Acquire)
    }

    /// Records how a sign-in ended. To be called with the state's lock held.
    pub(crate) fn record(
        &self,
        state: &mut State,
        ended: &Result<TokenAnswer, Error>,
        margin: Duration,
        now: Now,
    ) {
        let number = self.ended.fetch_add(1, Ordering::AcqRel) + 1;
        match ended {
            Ok(answer) => {
                let life = answer.expires_in.map_or(SHORTEST_LIFE, Duration::from_secs);
                state.token = Some(Token {
                    value: answer.access_token.clone(),
                    stale: Expiry::after(now, life - margin.min(life / 2)),
                    expires: Expiry::after(now, life),
                });
                state.refused = None;
            }
            Err(error) if !error.is_transient() => state.refused = Some((number, error.clone())),
            Err(_) => {}
        }
    }
}

impl State {
    /// Drops a token that was refused, unless another has taken its place already.
    pub(crate) fn discard(&mut self, refused: &SecretString) {
        let same = |token: &Token| token.value.expose_secret() == refused.expose_secret();
        if self.token.as_ref().is_some_and(same) {
            self.token = None;
        }
    }

    /// A token that need not be replaced yet.
    pub(crate) fn fresh(&self, now: Now) -> Option<SecretString> {
        let token = self
            .token
            .as_ref()
            .filter(|token| !token.stale.passed(now))?;
        Some(token.value.clone())
    }

    /// A token that still works.
    pub(crate) fn usable(&self, now: Now) -> Option<SecretString> {
        let token = self
            .token
            .as_ref()
            .filter(|token| !token.expires.passed(now))?;
        Some(token.value.clone())
    }

    /// The refusal met since the caller began to wait.
    pub(crate) fn refusal_since(&self, seen: u64) -> Option<Error> {
        let (number, error) = self.refused.as_ref()?;
        (*number > seen).then(|| error.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::clock::Clock;

    fn now() -> Now {
        Now::of(&Clock::system())
    }

    fn later(seconds: u64) -> Now {
        now().after(Duration::from_secs(seconds))
    }

    async fn with_life(expires_in: Option<u64>) -> Tokens {
        let tokens = Tokens::default();
        let answer = TokenAnswer {
            access_token: "t".into(),
            expires_in,
        };
        tokens.record(
            &mut *tokens.state.lock().await,
            &Ok(answer),
            Duration::from_secs(60),
            now(),
        );
        tokens
    }

    #[tokio::test]
    async fn a_token_is_stale_a_minute_before_it_ends_and_usable_until_then() {
        let tokens = with_life(Some(86_400)).await;
        let state = tokens.state.lock().await;
        assert!(state.fresh(later(86_338)).is_some());
        assert!(state.fresh(later(86_341)).is_none());
        assert!(state.usable(later(86_398)).is_some());
        assert!(state.usable(later(86_401)).is_none());
    }

    #[tokio::test]
    async fn a_short_life_leaves_half_of_itself() {
        let tokens = with_life(Some(20)).await;
        let state = tokens.state.lock().await;
        assert!(state.fresh(later(8)).is_some());
        assert!(state.fresh(later(11)).is_none());
    }

    #[tokio::test]
    async fn a_token_that_was_replaced_meanwhile_is_not_discarded() {
        let tokens = with_life(None).await;
        let mut state = tokens.state.lock().await;
        state.discard(&"older".into());
        assert!(state.fresh(now()).is_some());
        state.discard(&"t".into());
        assert!(state.fresh(now()).is_none());
    }
}
