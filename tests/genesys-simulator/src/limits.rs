//! Rate limits: a fixed window per token, and one per client at the token endpoint.
//!
//! 300 a minute and the header names: community-quoted limits page (`token.rate.per.minute`,
//! `client.credentials.token.rate.per.minute`) and the developer center blog of 2021-05-06.

use std::collections::HashMap;

use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};

use crate::error::{ApiError, Limit};
use crate::switches::RateLimitAnswer;

/// Requests allowed in a window, and the counts so far.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    pub(crate) allowed: u32,
    pub(crate) window: SignedDuration,
    /// Token requests a client may make in a minute.
    pub(crate) tokens_allowed: u32,
    /// What a 429 says, by switch.
    pub(crate) answer: RateLimitAnswer,
    by_token: HashMap<String, Window>,
    by_client: HashMap<String, Window>,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    began: Timestamp,
    count: u32,
}

/// What the `inin-ratelimit-*` headers say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) count: u32,
    pub(crate) allowed: u32,
    /// Seconds until the window ends.
    pub(crate) reset: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            allowed: 300,
            window: SignedDuration::from_secs(60),
            tokens_allowed: 300,
            answer: RateLimitAnswer::Wait,
            by_token: HashMap::new(),
            by_client: HashMap::new(),
        }
    }
}

impl Limits {
    /// Sets new limits and begins new windows.
    pub(crate) fn set(&mut self, allowed: u32, window: SignedDuration, tokens_allowed: u32) {
        *self = Self {
            allowed,
            window,
            tokens_allowed,
            answer: self.answer,
            ..Self::default()
        };
    }

    /// Counts a request of a token; the refusal, where there is one, is a 429.
    pub(crate) fn count(&mut self, token: &str, now: Timestamp) -> (Usage, Option<ApiError>) {
        let usage = tick(&mut self.by_token, token, self.window, self.allowed, now);
        let refusal = (usage.count > self.allowed).then(|| self.refusal(usage.reset));
        (usage, refusal)
    }

    /// Counts a token request of a client. Its refusal is a 400, not a 429 (terraform-provider-genesyscloud, provider.go).
    pub(crate) fn count_token_request(
        &mut self,
        client: &str,
        now: Timestamp,
    ) -> Result<(), ApiError> {
        let minute = SignedDuration::from_secs(60);
        let usage = tick(
            &mut self.by_client,
            client,
            minute,
            self.tokens_allowed,
            now,
        );
        if usage.count <= self.tokens_allowed {
            return Ok(());
        }
        Err(ApiError::oauth(
            StatusCode::BAD_REQUEST,
            "invalid_request",
            format!(
                "rate limit exceeded; retry the request in {} seconds",
                usage.reset
            ),
        ))
    }

    fn refusal(&self, reset: i64) -> ApiError {
        let (allowed, window) = (self.allowed, self.window.as_secs());
        let (code, message) = match self.answer {
            RateLimitAnswer::Wait => (
                "too.many.requests.retry.after",
                format!("Rate limit exceeded the maximum. Retry the request in [{reset}] seconds"),
            ),
            RateLimitAnswer::Plain => (
                "too.many.requests",
                format!(
                    "Rate limit exceeded the maximum [{allowed}] requests within [{window}] seconds"
                ),
            ),
        };
        let mut error = ApiError::new(StatusCode::TOO_MANY_REQUESTS, code, message);
        if self.answer == RateLimitAnswer::Wait {
            error = error.with_param("retryAfter", reset.to_string());
        }
        error.limit = Some(Box::new(Limit {
            key: "token.rate.per.minute",
            namespace: "platform.api",
            value: i64::from(self.allowed),
            retry_after: reset,
            is_told: self.answer == RateLimitAnswer::Wait,
        }));
        error
    }
}

fn tick(
    windows: &mut HashMap<String, Window>,
    key: &str,
    length: SignedDuration,
    allowed: u32,
    now: Timestamp,
) -> Usage {
    let window = windows.entry(key.to_owned()).or_insert(Window {
        began: now,
        count: 0,
    });
    if now.duration_since(window.began) >= length {
        *window = Window {
            began: now,
            count: 0,
        };
    }
    window.count = window.count.saturating_add(1);
    let left = length - now.duration_since(window.began);
    // Whole seconds, rounded up: whoever waits that long is in the next window.
    let reset = (left.as_millis().max(0) + 999) / 1000;
    Usage {
        count: window.count,
        allowed,
        reset: i64::try_from(reset).unwrap_or(i64::MAX).max(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_above_the_limit_is_refused_until_the_window_ends() {
        let mut limits = Limits::default();
        limits.set(2, SignedDuration::from_secs(10), 300);
        let now = Timestamp::UNIX_EPOCH;
        assert!(limits.count("t", now).1.is_none());
        assert!(limits.count("t", now).1.is_none());
        let later = now + SignedDuration::from_millis(3500);
        let (usage, refusal) = limits.count("t", later);
        assert_eq!((usage.count, usage.reset), (3, 7));
        assert_eq!(refusal.unwrap().limit.unwrap().retry_after, 7);
        assert!(limits.count("other", later).1.is_none());
        let next = now + SignedDuration::from_secs(10);
        assert_eq!(limits.count("t", next).0.count, 1);
    }
}
