//! One HTTP exchange: a request out, a whole answer in, within a size.
//!
//! The rest of the client knows only [`Transport`]. `reqwest` stays in [`Https`].

use std::error::Error as _;
use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use http::HeaderMap;

use crate::error::{Error, TransportFailure, bad_setting};

/// The bytes of a request or an answer. `Debug` shows how many there are, as they may hold secrets.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Body(Vec<u8>);

impl Body {
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes, without a copy.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoAnswer {
    /// How the connection failed, and what is known of it. An answer whose body was cut off, or that
    /// was reset, is [`TransportFailure::Broken`].
    Failed(TransportFailure, String),
    /// The body has more bytes than the limit.
    TooLarge,
}

/// An exchange under way. Dropped, it is given up: nobody reads an answer any more.
pub type Exchange<'a> =
    Pin<Box<dyn Future<Output = Result<http::Response<Body>, NoAnswer>> + Send + 'a>>;

/// What carries the client's requests. The client's own is HTTPS; a platform that runs in the same
/// process takes them without a socket, and can fail them in each way that a network does.
pub trait Transport: fmt::Debug + Send + Sync {
    /// Sends a request, whose URI is absolute, and reads the whole answer, at most `limit` bytes of
    /// its body. It need not end in time: the client bounds it.
    fn exchange(&self, request: http::Request<Body>, limit: usize) -> Exchange<'_>;
}

/// HTTP/1.1 or HTTP/2 by `reqwest`, with TLS but on loopback.
#[derive(Debug)]
pub(crate) struct Https(reqwest::Client);

impl Https {
    pub(crate) fn new(connect_timeout: Duration) -> Result<Self, Error> {
        reqwest::Client::builder()
            .connect_timeout(connect_timeout)
            // Balancers drop what is idle; a create on a dead connection would leave its fate open.
            .pool_idle_timeout(Duration::from_secs(30))
            // A redirect would carry the token to another place.
            .redirect(reqwest::redirect::Policy::none())
            // The environment is no setting of this client.
            .no_proxy()
            .build()
            .map(Self)
            .map_err(|error| bad_setting(format!("the HTTP client could not be created: {error}")))
    }

    async fn answer(
        &self,
        request: http::Request<Body>,
        limit: usize,
    ) -> Result<http::Response<Body>, NoAnswer> {
        let mut response = self.0.execute(sent(request)?).await.map_err(no_answer)?;
        let status = response.status();
        let headers = std::mem::take(response.headers_mut());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(no_answer)? {
            if body.len() + chunk.len() > limit {
                return Err(NoAnswer::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(whole(status, headers, body))
    }
}

impl Transport for Https {
    fn exchange(&self, request: http::Request<Body>, limit: usize) -> Exchange<'_> {
        Box::pin(self.answer(request, limit))
    }
}

fn sent(request: http::Request<Body>) -> Result<reqwest::Request, NoAnswer> {
    let is_empty = request.body().as_bytes().is_empty();
    let mut sent = reqwest::Request::try_from(request.map(Body::into_bytes)).map_err(no_answer)?;
    if is_empty {
        *sent.body_mut() = None;
    }
    Ok(sent)
}

fn whole(status: http::StatusCode, headers: HeaderMap, body: Vec<u8>) -> http::Response<Body> {
    let mut answer = http::Response::new(Body(body));
    *answer.status_mut() = status;
    *answer.headers_mut() = headers;
    answer
}

fn no_answer(error: reqwest::Error) -> NoAnswer {
    let failure = if error.is_connect() || error.is_builder() {
        TransportFailure::Connect
    } else if error.is_timeout() {
        TransportFailure::Timeout
    } else {
        TransportFailure::Broken
    };
    NoAnswer::Failed(failure, chain(error.without_url()))
}

/// The causes in one line, without those that repeat what was said.
fn chain(error: reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_never_shows_in_debug() {
        let request = http::Request::new(Body::from(b"planted".to_vec()));
        let shown = format!("{request:?}");
        assert!(shown.contains("7 bytes"), "{shown}");
        assert!(!shown.contains("planted"), "{shown}");
    }
}
