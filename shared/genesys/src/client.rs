//! The client: what every operation goes through.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use tokio::time::Instant;
use tracing::Instrument;

use crate::answer::Answer;
use crate::breaker::Breaker;
use crate::clock::Now;
use crate::error::{Error, ErrorKind, bad_setting};
use crate::operation::Operation;
use crate::pacing::{InFlight, Pacing, Permit};
use crate::request::Request;
use crate::retry::Attempts;
use crate::settings::{ClientCredentials, Endpoints, Settings};
use crate::stats::{Recorder, Stats, millis};
use crate::token::Tokens;
use crate::transport::{Https, Transport};

/// A client of one Genesys Cloud organization.
///
/// Clones are cheap and share the connections, the token, the circuit breaker, the pacing and the counters;
/// each has its own deadline. Keep one for as long as the process lives.
#[derive(Debug, Clone)]
pub struct Genesys {
    pub(crate) inner: Arc<Inner>,
    deadline: Option<Instant>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) user_agent: HeaderValue,
    pub(crate) endpoints: Endpoints,
    pub(crate) credentials: ClientCredentials,
    pub(crate) settings: Settings,
    pub(crate) tokens: Tokens,
    api_breaker: Breaker,
    pub(crate) login_breaker: Breaker,
    pub(crate) pacing: Pacing,
    pub(crate) stats: Recorder,
}

impl Genesys {
    /// A client that has not spoken to anybody yet.
    ///
    /// # Errors
    /// Where a URL is neither https nor on loopback, or no TLS can be set up.
    pub fn new(
        endpoints: Endpoints,
        credentials: ClientCredentials,
        settings: Settings,
    ) -> Result<Self, Error> {
        endpoints.check()?;
        let user_agent = HeaderValue::from_str(&settings.user_agent)
            .map_err(|_| bad_setting("the user agent is not a valid header value".to_owned()))?;
        let transport = match &settings.transport {
            Some(transport) => Arc::clone(transport),
            None => Arc::new(Https::new(settings.connect_timeout)?),
        };
        let breaker = || {
            let (threshold, pause) = (settings.breaker_threshold, settings.breaker_pause);
            Breaker::new(threshold, pause, settings.clock)
        };
        Ok(Self {
            inner: Arc::new(Inner {
                api_breaker: breaker(),
                login_breaker: breaker(),
                pacing: Pacing::new(settings.requests_per_minute),
                transport,
                user_agent,
                endpoints,
                credentials,
                settings,
                tokens: Tokens::default(),
                stats: Recorder::default(),
            }),
            deadline: None,
        })
    }

    /// The same client, bound by the caller's time: no attempt, wait or retry goes beyond the deadline.
    /// What does not fit ends with [`ErrorKind::OutOfTime`].
    #[must_use]
    pub fn with_deadline(&self, deadline: Instant) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            deadline: Some(deadline),
        }
    }

    /// [`Self::with_deadline`], counted from now.
    #[must_use]
    pub fn within(&self, time: Duration) -> Self {
        self.with_deadline(Instant::now() + time)
    }

    /// Allows this many requests a minute from now on, instead of [`Settings::requests_per_minute`]; at least one.
    /// It holds for all clones, and what was sent already counts.
    pub fn allow_per_minute(&self, requests: u32) {
        self.inner.pacing.allow(requests);
    }

    /// The hosts this client speaks to.
    pub fn endpoints(&self) -> &Endpoints {
        &self.inner.endpoints
    }

    /// The id of the OAuth client it signs in with.
    pub fn client_id(&self) -> &str {
        &self.inner.credentials.client_id
    }

    /// What happened since this was last asked; the counters start again from zero.
    pub fn take_stats(&self) -> Stats {
        self.inner.stats.take()
    }

    /// Makes sure that there is a token: proves the credentials without doing anything else.
    ///
    /// # Errors
    /// [`ErrorKind::Unauthorized`] where the platform refuses the credentials.
    pub async fn sign_in(&self) -> Result<(), Error> {
        self.token(None).await.map(drop)
    }

    pub(crate) fn now(&self) -> Now {
        Now::of(&self.inner.settings.clock)
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// A request for an operation, with its path parameters in order.
    pub(crate) fn request(
        &self,
        operation: &'static Operation,
        ids: &[&str],
    ) -> Result<Request, Error> {
        Request::new(operation, &self.inner.endpoints.api, ids)
    }

    /// One call, answered by JSON.
    pub(crate) async fn json<T: DeserializeOwned>(&self, request: Request) -> Result<T, Error> {
        self.call(&request, |answer| {
            serde_json::from_slice(&answer.body).map_err(|error| error.to_string())
        })
        .await
    }

    /// One call whose answer does not matter.
    pub(crate) async fn done(&self, request: Request) -> Result<(), Error> {
        self.call(&request, |_| Ok(())).await
    }

    /// One call, answered by text. A proxy's page is text as well, so the content type is checked.
    pub(crate) async fn text(&self, request: Request) -> Result<String, Error> {
        self.call(&request, |answer| {
            if answer.is_html() {
                return Err("an HTML page, probably from a proxy".to_owned());
            }
            String::from_utf8(answer.body.clone()).map_err(|error| error.to_string())
        })
        .await
    }

    async fn call<T>(
        &self,
        request: &Request,
        decode: fn(&Answer) -> Result<T, String>,
    ) -> Result<T, Error> {
        let span = tracing::debug_span!(
            "genesys",
            operation = request.operation.name,
            resource = request.resource
        );
        self.attempts(request, decode).instrument(span).await
    }

    async fn attempts<T>(
        &self,
        request: &Request,
        decode: fn(&Answer) -> Result<T, String>,
    ) -> Result<T, Error> {
        let inner = &*self.inner;
        let operation = request.operation;
        let mut attempts = Attempts::new(
            operation,
            &inner.settings,
            &inner.stats,
            &inner.api_breaker,
            self.deadline,
        );
        loop {
            let decoded = self
                .signed_exchange(request)
                .await
                .and_then(|answer| decode(&answer).map_err(|why| answer.garbled(operation, &why)));
            match decoded {
                Ok(value) => return Ok(value),
                Err(error) => attempts.after(error.about(&request.resource)).await?,
            }
        }
    }

    /// One attempt under a token. A 401 means that the token was revoked before its time: it is replaced
    /// once and the request repeated, as nothing was done.
    async fn signed_exchange(&self, request: &Request) -> Result<Answer, Error> {
        let mut token = self.token(None).await?;
        let mut answer = self.paced_exchange(request, &token).await?;
        if answer.status == 401 {
            token = self.token(Some(&token)).await?;
            answer = self.paced_exchange(request, &token).await?;
        }
        if answer.is_success() {
            return Ok(answer);
        }
        let mut secrets: Vec<&SecretString> = request.secrets.iter().collect();
        secrets.extend([&token, &self.inner.credentials.client_secret]);
        Err(answer.to_error(request.operation, &secrets))
    }

    async fn paced_exchange(
        &self,
        request: &Request,
        token: &SecretString,
    ) -> Result<Answer, Error> {
        let inner = &*self.inner;
        let operation = request.operation;
        let _in_flight = self.wait_for_permit(operation).await?;
        let sent = request.signed(token, &inner.user_agent)?;
        let answer = self
            .guarded_exchange(operation, &inner.api_breaker, sent)
            .await?;
        inner.pacing.observe(&answer.headers, self.now());
        Ok(answer)
    }

    /// Waits until the rate limit leaves room for one more request.
    async fn wait_for_permit(&self, operation: &'static Operation) -> Result<InFlight<'_>, Error> {
        loop {
            let hold = match self.inner.pacing.permit(self.now()) {
                Permit::Go(in_flight) => return Ok(in_flight),
                Permit::Hold(hold) => hold,
            };
            // Jitter, so that those who wait do not all come back in one instant.
            let wait = hold + Duration::from_millis(fastrand::u64(10..=250));
            if self
                .deadline
                .is_some_and(|deadline| Instant::now() + wait >= deadline)
            {
                let message = format!(
                    "the rate limit requires a wait of {:.1} s, which exceeds the deadline; \
                     nothing was sent",
                    wait.as_secs_f64()
                );
                return Err(Error::new(ErrorKind::OutOfTime, operation.name, message)
                    .with_retry_after(Some(wait)));
            }
            tracing::debug!(wait_ms = millis(wait), "waiting for the rate limit");
            self.inner.stats.waited_for_limit(wait);
            tokio::time::sleep(wait).await;
        }
    }

    /// Time until the deadline; an error where it has passed.
    pub(crate) fn time_left(
        &self,
        operation: &'static Operation,
    ) -> Result<Option<Duration>, Error> {
        let Some(deadline) = self.deadline else {
            return Ok(None);
        };
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            let message = "the deadline has passed; nothing was sent";
            return Err(Error::new(ErrorKind::OutOfTime, operation.name, message));
        }
        Ok(Some(left))
    }
}
