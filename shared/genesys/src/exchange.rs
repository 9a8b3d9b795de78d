//! One exchange with the platform: under the breaker, within the time there is, counted and logged.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::answer::Answer;
use crate::breaker::Breaker;
use crate::client::{Genesys, Inner};
use crate::error::{Error, ErrorKind, TransportFailure};
use crate::operation::{Operation, Repeat, SIGN_IN};
use crate::stats::millis;
use crate::transport::{Body, NoAnswer};

impl Genesys {
    /// One exchange under the breaker, within the time there is.
    pub(crate) async fn guarded_exchange(
        &self,
        operation: &'static Operation,
        breaker: &Breaker,
        request: http::Request<Body>,
    ) -> Result<Answer, Error> {
        let inner = &*self.inner;
        let entered = match self.time_left(operation)? {
            None => breaker.enter().await,
            Some(left) => timeout(left, breaker.enter()).await.map_err(|_| {
                let message =
                    "the deadline passed while another request was probing whether Genesys Cloud \
                     has recovered; nothing was sent";
                Error::new(ErrorKind::OutOfTime, operation.name, message)
            })?,
        };
        let permit = entered.map_err(|left| {
            let message = format!(
                "too many consecutive failures: no request is sent for {} s",
                left.as_secs().max(1)
            );
            Error::new(ErrorKind::Unavailable, operation.name, message).with_retry_after(Some(left))
        })?;
        let full = if operation.runs_action {
            inner.settings.action_timeout
        } else {
            inner.settings.request_timeout
        };
        let time = self
            .time_left(operation)?
            .map_or(full, |left| left.min(full));
        let started = Instant::now();
        let outcome = inner.exchange(request, time).await;
        let took = started.elapsed();
        trace(&outcome, operation, took);
        inner.count(operation, &outcome, took);
        let cut_short = time < full;
        let opened = match &outcome {
            Ok(answer) if is_outage(answer.status, operation) => permit.failed(self.now()),
            // Our own haste says nothing about the platform.
            Err(NoAnswer::Failed(TransportFailure::Timeout, _)) if cut_short => false,
            Err(NoAnswer::Failed(..)) => permit.failed(self.now()),
            Ok(_) | Err(NoAnswer::TooLarge) => {
                permit.alive();
                false
            }
        };
        if opened {
            inner.stats.update(|stats| stats.breaker_opened += 1);
            tracing::warn!(operation = operation.name, "circuit breaker opened");
        }
        outcome.map_err(|failure| to_error(failure, operation, inner.settings.body_limit))
    }
}

impl Inner {
    /// One exchange, within a time and the size of an answer.
    async fn exchange(
        &self,
        request: http::Request<Body>,
        time: Duration,
    ) -> Result<Answer, NoAnswer> {
        let limit = self.settings.body_limit;
        let answered = timeout(time, self.transport.exchange(request, limit)).await;
        let answer = answered.unwrap_or_else(|_| {
            let why = format!("no response within {:.1} s", time.as_secs_f64());
            Err(NoAnswer::Failed(TransportFailure::Timeout, why))
        })?;
        match answer.body().as_bytes().len() > limit {
            true => Err(NoAnswer::TooLarge),
            false => Ok(answer.into()),
        }
    }

    /// Counts a request that was sent.
    fn count(&self, operation: &Operation, outcome: &Result<Answer, NoAnswer>, took: Duration) {
        let failed = u64::from(!outcome.as_ref().is_ok_and(Answer::is_success));
        let took = millis(took);
        self.stats.update(|stats| {
            if operation.name == SIGN_IN.name {
                stats.auth_requests += 1;
                stats.auth_failures += failed;
                stats.auth_ms += took;
            } else {
                stats.requests += 1;
                stats.failures += failed;
                stats.request_ms += took;
                stats.slowest_request_ms = stats.slowest_request_ms.max(took);
            }
        });
    }
}

/// A failure of the platform, not of the customer's code behind an action.
fn is_outage(status: u16, operation: &Operation) -> bool {
    status >= 500 && status != 501 && !(status == 500 && operation.runs_action)
}

fn trace(outcome: &Result<Answer, NoAnswer>, operation: &Operation, took: Duration) {
    let duration_ms = millis(took);
    match outcome {
        Ok(answer) => tracing::debug!(
            operation = operation.name,
            status = answer.status,
            duration_ms,
            correlation_id = answer.correlation_id(),
            "answered"
        ),
        Err(NoAnswer::Failed(failure, why)) => {
            tracing::debug!(
                operation = operation.name,
                ?failure,
                why,
                duration_ms,
                "no answer"
            );
        }
        Err(NoAnswer::TooLarge) => {
            tracing::debug!(operation = operation.name, duration_ms, "answer too large")
        }
    }
}

fn to_error(failure: NoAnswer, operation: &Operation, limit: usize) -> Error {
    let write = operation.repeat != Repeat::Read;
    match failure {
        NoAnswer::Failed(failure, why) => {
            Error::new(ErrorKind::Transport(failure), operation.name, why)
                .ambiguous(write && failure != TransportFailure::Connect)
        }
        NoAnswer::TooLarge => {
            let message = format!("the response is larger than {limit} bytes");
            Error::new(ErrorKind::Garbled, operation.name, message).ambiguous(write)
        }
    }
}
