//! One call as it goes over the wire, with the answer whole: status, headers, every field.
//!
//! The client `genesys-cloud` hides exactly what is compared here: which 2xx it was, which fields
//! it does not know, which headers came. So the calls are made here, with its care: the pace of the
//! platform's own account of the rate limit, `Retry-After`, and nothing sent twice that may have
//! been done.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use genesys_cloud::{ClientCredentials, Endpoints};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::sync::watch;

use crate::ask::Ask;
use crate::settings::{Patience, Target};

/// An action may itself run for 60 s.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(75);
/// A `Retry-After` beyond this is not waited for (the official SDKs' rule).
const LONGEST_RETRY_AFTER: u64 = 180;
/// The headers that are compared by name. Others belong to balancers and change from day to day.
const WATCHED: [&str; 6] = [
    "cache-control",
    "content-type",
    "inin-correlation-id",
    "inin-ratelimit-allowed",
    "inin-ratelimit-count",
    "inin-ratelimit-reset",
];

/// How often the person has asked for the end: once ends the asking, twice the removal too.
pub type Stop = watch::Receiver<u32>;

/// What came back. No `Debug`: a body may hold a secret.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Those of the watched headers that came.
    pub(crate) headers: BTreeMap<&'static str, String>,
    pub(crate) body: Body,
}

/// The body of an answer.
pub(crate) enum Body {
    Empty,
    Text,
    Json(Value),
}

impl Answer {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as JSON; null where it is none.
    pub(crate) fn json(&self) -> &Value {
        match &self.body {
            Body::Json(value) => value,
            Body::Empty | Body::Text => &Value::Null,
        }
    }

    pub(crate) fn id(&self) -> Option<String> {
        self.json()["id"].as_str().map(str::to_owned)
    }

    /// The platform's error code, where it is one by its looks: it is printed.
    pub(crate) fn code(&self) -> String {
        let code = self.json()["code"].as_str().unwrap_or_default();
        let is_code = code.len() <= 60
            && code
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b' '));
        if is_code {
            code.to_owned()
        } else {
            String::new()
        }
    }

    /// Status and code, such as `409 request.conflict`.
    pub(crate) fn told(&self) -> String {
        format!("{} {}", self.status, self.code())
            .trim_end()
            .to_owned()
    }
}

/// Why there is no answer to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoAnswer {
    /// The check is being ended.
    Stopped,
    /// The client lacks a permission.
    Denied,
    /// The sign-in was refused.
    NotSignedIn(String),
    /// The platform failed, or could not be reached. A write may have been done all the same.
    Failed { why: String, may_be_done: bool },
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped => f.write_str("interrupted before the call"),
            Self::Denied => f.write_str("the OAuth client lacks a permission"),
            Self::NotSignedIn(why) => write!(f, "not signed in: {why}"),
            Self::Failed { why, .. } => f.write_str(why),
        }
    }
}

/// The connection to one organization. No `Debug`: it holds a token.
pub(crate) struct Wire {
    http: reqwest::Client,
    endpoints: Endpoints,
    credentials: ClientCredentials,
    token: Option<SecretString>,
    patience: Patience,
    stop: Stop,
    /// Wait this long before the next call.
    pause: Duration,
    calls: u64,
}

impl Wire {
    /// # Errors
    /// No TLS can be set up.
    pub(crate) fn new(target: &Target, patience: Patience, stop: Stop) -> Result<Self, String> {
        let http = reqwest::Client::builder()
            .user_agent(concat!("lockstep-live-check/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(10))
            .timeout(REQUEST_TIMEOUT)
            // Balancers drop what is idle; a create on a dead connection would leave its fate open.
            .pool_idle_timeout(Duration::from_secs(30))
            // A redirect would carry the token to another place.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| format!("the HTTP client could not be created: {error}"))?;
        Ok(Self {
            http,
            endpoints: target.endpoints.clone(),
            credentials: target.credentials.clone(),
            token: None,
            patience,
            stop,
            pause: Duration::ZERO,
            calls: 0,
        })
    }

    /// How many requests were sent.
    pub(crate) fn calls(&self) -> u64 {
        self.calls
    }

    pub(crate) fn patience(&self) -> &Patience {
        &self.patience
    }

    /// The OAuth client that signs in.
    pub(crate) fn client_id(&self) -> &str {
        &self.credentials.client_id
    }

    pub(crate) fn is_stopped(&self) -> bool {
        *self.stop.borrow() > 0
    }

    /// Waits, unless the check is ended.
    pub(crate) async fn wait(&mut self, time: Duration) -> Result<(), NoAnswer> {
        if self.is_stopped() {
            return Err(NoAnswer::Stopped);
        }
        let mut stop = self.stop.clone();
        tokio::select! {
            () = tokio::time::sleep(time) => Ok(()),
            // An error means that nobody can end it any more.
            Ok(_) = stop.wait_for(|signals| *signals > 0) => Err(NoAnswer::Stopped),
        }
    }

    /// Signs in and gives the answer: HTTP Basic and a form, as the official SDKs do. The token is
    /// kept here and cut out of the answer.
    pub(crate) async fn sign_in(&mut self) -> Result<Answer, NoAnswer> {
        let mut url = self.endpoints.login.clone();
        url.set_path("/oauth/token");
        let mut answer = self
            .attempts(true, false, |wire| {
                wire.http
                    .post(url.clone())
                    .basic_auth(
                        &wire.credentials.client_id,
                        Some(wire.credentials.client_secret.expose_secret()),
                    )
                    .form(&[("grant_type", "client_credentials")])
            })
            .await?;
        let token = match &mut answer.body {
            Body::Json(body) => body
                .get_mut("access_token")
                .filter(|token| token.is_string())
                .map(|token| std::mem::replace(token, Value::from("")))
                .and_then(|token| {
                    token
                        .as_str()
                        .map(|text| SecretString::from(text.to_owned()))
                }),
            Body::Empty | Body::Text => None,
        };
        match token {
            Some(token) if answer.is_success() => {
                self.token = Some(token);
                Ok(answer)
            }
            _ => Err(NoAnswer::NotSignedIn(match answer.status {
                400 => {
                    "no OAuth client has this id: check GENESYS_CLIENT_ID and the region".to_owned()
                }
                401 => "the secret was refused: check GENESYS_CLIENT_SECRET".to_owned(),
                status => format!("sign-in failed with status {status}"),
            })),
        }
    }

    /// Asks, and gives the answer whatever its status, but for a missing permission and the
    /// platform's own failures.
    pub(crate) async fn ask(&mut self, ask: &Ask) -> Result<Answer, NoAnswer> {
        let mut answer = self.ask_once(ask).await?;
        if answer.status == 401 {
            // The token was ended before its time: nothing was done.
            self.token = None;
            answer = self.ask_once(ask).await?;
        }
        match answer.status {
            401 => Err(NoAnswer::NotSignedIn(
                "the platform refuses a token that it has just issued".to_owned(),
            )),
            403 => Err(NoAnswer::Denied),
            _ => Ok(answer),
        }
    }

    async fn ask_once(&mut self, ask: &Ask) -> Result<Answer, NoAnswer> {
        if self.token.is_none() {
            self.sign_in().await?;
        }
        let url = ask.url(&self.endpoints.api);
        self.attempts(ask.reads, ask.runs, |wire| {
            let mut request = wire.http.request(ask.method.clone(), url.clone());
            if let Some(token) = &wire.token {
                request = request.bearer_auth(token.expose_secret());
            }
            match &ask.body {
                Some(body) => request.json(body),
                None => request,
            }
        })
        .await
    }

    /// Sends until there is an answer: a read after whatever may pass, a write only where nothing
    /// was done (no connection, 429, 503).
    async fn attempts(
        &mut self,
        reads: bool,
        runs: bool,
        request: impl Fn(&Self) -> reqwest::RequestBuilder,
    ) -> Result<Answer, NoAnswer> {
        let mut backoff = self.patience.backoff;
        let mut left = self.patience.retries;
        loop {
            let pause = std::mem::take(&mut self.pause);
            self.wait(pause).await?;
            self.calls += 1;
            let (why, nothing_done, retry_after) = match exchange(request(self)).await {
                Ok(answer) => match self.judged(answer, reads, runs) {
                    Ok(answer) => return Ok(answer),
                    Err(failure) => failure,
                },
                Err((why, nothing_done)) => (why, nothing_done, None),
            };
            let may_be_done = !reads && !nothing_done;
            if may_be_done || left == 0 {
                return Err(NoAnswer::Failed { why, may_be_done });
            }
            left -= 1;
            self.pause = retry_after.unwrap_or(backoff);
            backoff *= 2;
        }
    }

    /// An answer that tells something, or why the call has to be sent again: the reason, whether
    /// surely nothing was done, and the wait asked for.
    fn judged(
        &mut self,
        answer: RawAnswer,
        reads: bool,
        runs: bool,
    ) -> Result<Answer, (String, bool, Option<Duration>)> {
        let RawAnswer {
            answer,
            retry_after,
        } = answer;
        self.pace(&answer);
        let why = format!("answered with status {}", answer.status);
        match answer.status {
            429 => Err((why, true, retry_after)),
            501 => Ok(answer),
            500.. if runs && matches!(answer.body, Body::Json(_)) => Ok(answer),
            503 => Err((why, true, retry_after)),
            // Of a write under a version it may say that the version has passed.
            408 if !reads && matches!(answer.body, Body::Json(_)) => Ok(answer),
            408 | 500.. => Err((why, false, None)),
            // A proxy's page, or half an answer.
            _ if matches!(answer.body, Body::Text) && !answer.is_text() => Err((
                "answered with something that is not JSON".to_owned(),
                false,
                None,
            )),
            _ => Ok(answer),
        }
    }

    /// Learns from the rate-limit headers: with the last tenth begun, the next call waits for the
    /// reset.
    fn pace(&mut self, answer: &Answer) {
        let number = |name: &str| answer.headers.get(name)?.trim().parse::<u64>().ok();
        if let (Some(count), Some(allowed), Some(reset)) = (
            number("inin-ratelimit-count"),
            number("inin-ratelimit-allowed"),
            number("inin-ratelimit-reset"),
        ) && allowed.saturating_sub(count) <= allowed / 10
        {
            self.pause = Duration::from_secs(reset.min(LONGEST_RETRY_AFTER));
        }
    }
}

impl Answer {
    fn is_text(&self) -> bool {
        self.headers
            .get("content-type")
            .is_some_and(|kind| kind.starts_with("text/plain"))
    }
}

struct RawAnswer {
    answer: Answer,
    retry_after: Option<Duration>,
}

/// One exchange; its failure says whether surely nothing was sent.
async fn exchange(request: reqwest::RequestBuilder) -> Result<RawAnswer, (String, bool)> {
    let failed = |error: reqwest::Error| {
        let why = if error.is_connect() {
            "no connection"
        } else if error.is_timeout() {
            "no response in time"
        } else {
            "the connection was lost"
        };
        (why.to_owned(), error.is_connect())
    };
    let response = request.send().await.map_err(failed)?;
    let status = response.status().as_u16();
    let header = |name: &str| {
        let value = response.headers().get(name)?.to_str().ok()?;
        Some(value.to_owned())
    };
    let headers = WATCHED
        .iter()
        .filter_map(|name| Some((*name, header(name)?)))
        .collect();
    let retry_after = header("retry-after")
        .and_then(|text| text.trim().parse().ok())
        .map(|seconds: u64| Duration::from_secs(seconds.min(LONGEST_RETRY_AFTER)));
    let bytes = response.bytes().await.map_err(failed)?;
    let body = if bytes.is_empty() {
        Body::Empty
    } else {
        serde_json::from_slice(&bytes).map_or(Body::Text, Body::Json)
    };
    Ok(RawAnswer {
        answer: Answer {
            status,
            headers,
            body,
        },
        retry_after,
    })
}
