//! Genesys Cloud in the same process: the simulator's router behind the client's transport.

use std::sync::Arc;
use std::time::Duration;

use aws_simulator::Origin;
use genesys_cloud::{Body, Exchange, NoAnswer, Transport, TransportFailure};
use genesys_simulator::{Cut, Wire};
use serde_json::Value;

use crate::aws::PROXY_PAGE;
use crate::driver::OUTSIDE;
use crate::fault::{Kind, Site, is_write};
use crate::faults::{About, Faults, Sending};

/// The way to the organization, with its planned faults.
#[derive(Clone, Debug)]
pub(crate) struct Platform {
    pub(crate) wire: Wire,
    pub(crate) faults: Arc<Faults>,
}

impl Platform {
    /// The connections of one execution environment.
    pub(crate) fn connection(&self, origin: Origin) -> Connection {
        Connection {
            platform: self.clone(),
            origin,
        }
    }
}

/// The connections of one execution environment.
#[derive(Debug)]
pub(crate) struct Connection {
    platform: Platform,
    origin: Origin,
}

impl Transport for Connection {
    fn exchange(&self, request: http::Request<Body>, limit: usize) -> Exchange<'_> {
        Box::pin(self.answer(request, limit))
    }
}

impl Connection {
    async fn answer(
        &self,
        request: http::Request<Body>,
        limit: usize,
    ) -> Result<http::Response<Body>, NoAnswer> {
        let faults = &self.platform.faults;
        let is_disturbed = self.origin.environment != OUTSIDE;
        let writes = request.method() != http::Method::GET && is_write(request.uri().path());
        let request = request.map(Body::into_bytes);
        let sent = is_disturbed.then(|| faults.decide(self.sending(&request)));
        let kind = sent.and_then(|sent| sent.kind);
        tokio::time::sleep(Duration::from_millis(5)).await;
        if let Some(kind) = kind
            && let Some(unsent) = unsent(kind)
        {
            return unsent.await;
        }
        // It arrives, and is at work for a while.
        faults.progress.notify_one();
        let answered = self.platform.wire.exchange(request).await;
        faults.progress.notify_one();
        if let (Some(sent), Ok(answer)) = (sent, &answered) {
            faults.answered(sent, answer.status().as_u16());
        }
        if is_disturbed && writes {
            faults.wrote();
        }
        match kind {
            Some(Kind::Crash) => {
                faults.crash(&self.origin);
                std::future::pending().await
            }
            Some(Kind::AnswerLost) => std::future::pending().await,
            Some(Kind::AnswerReset) => Err(broken("the connection was reset")),
            Some(Kind::NotJson) => answered.map(|answer| page(&answer)).map_err(cut),
            Some(Kind::Truncated) => answered.map_err(cut).and_then(half),
            Some(
                Kind::Reset
                | Kind::Timeout
                | Kind::TooMany
                | Kind::TooManyWithHint
                | Kind::Internal
                | Kind::Unavailable
                | Kind::Conflict
                | Kind::Unauthorized
                | Kind::Denied,
            )
            | None => match answered {
                Ok(answer) if answer.body().len() > limit => Err(NoAnswer::TooLarge),
                Ok(answer) => Ok(answer.map(Body::from)),
                Err(how) => Err(cut(how)),
            },
        }
    }
}

impl Connection {
    fn sending(&self, request: &http::Request<Vec<u8>>) -> Sending {
        let path = request.uri().path();
        Sending {
            origin: self.origin.clone(),
            site: Site {
                function: self.origin.function.clone(),
                operation: format!("{} {}", request.method(), family(path)),
                resource: path.to_owned(),
            },
            about: asked_about(request),
        }
    }
}

/// What a query asks the audit log about.
fn asked_about(request: &http::Request<Vec<u8>>) -> Option<About> {
    if !request.uri().path().contains("/audits/query") {
        return None;
    }
    let query: Value = serde_json::from_slice(request.body()).ok()?;
    let mut filters = query["filters"].as_array().into_iter().flatten();
    let entity = filters.find(|one| one["property"] == "EntityId");
    Some(match entity.and_then(|one| one["value"].as_str()) {
        Some(entity) => About::Entity(entity.to_owned()),
        None => About::Everything,
    })
}

/// What a proxy answers in its place.
fn page(answer: &http::Response<Vec<u8>>) -> http::Response<Body> {
    let page = http::Response::builder()
        .status(answer.status())
        .header(http::header::CONTENT_TYPE, "text/html");
    let page = page.body(Body::from(PROXY_PAGE.as_bytes().to_vec()));
    page.expect("a page is an answer")
}

/// Half of it. Of a text nobody could tell that, were it not for its length: HTTP says it.
fn half(answer: http::Response<Vec<u8>>) -> Result<http::Response<Body>, NoAnswer> {
    let kind = answer.headers().get(http::header::CONTENT_TYPE);
    let is_text = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/"));
    if is_text {
        return Err(broken("the answer ended in its middle"));
    }
    Ok(answer.map(|body| Body::from(body[..body.len() / 2].to_vec())))
}

fn broken(how: &str) -> NoAnswer {
    NoAnswer::Failed(TransportFailure::Broken, how.to_owned())
}

fn cut(how: Cut) -> NoAnswer {
    broken(&format!("{how:?}"))
}

type Unsent =
    std::pin::Pin<Box<dyn Future<Output = Result<http::Response<Body>, NoAnswer>> + Send>>;

/// What a request is answered by that never reaches the platform.
fn unsent(kind: Kind) -> Option<Unsent> {
    let status = |status: u16, hint: Option<u32>| -> Option<Unsent> {
        let mut answer = http::Response::builder().status(status);
        if let Some(seconds) = hint {
            answer = answer.header("retry-after", seconds);
        }
        let code = match status {
            401 => "authentication.required",
            403 => "missing.permissions",
            409 => "general.conflict",
            429 => "too.many.requests",
            503 => "service.unavailable",
            _ => "internal.server.error",
        };
        let body =
            serde_json::json!({"message": "a planned fault", "code": code, "status": status});
        let answer = answer
            .header("content-type", "application/json")
            .body(Body::from(body.to_string().into_bytes()))
            .map_err(|error| broken(&error.to_string()));
        Some(Box::pin(std::future::ready(answer)))
    };
    match kind {
        Kind::Crash | Kind::AnswerLost | Kind::AnswerReset | Kind::Truncated | Kind::NotJson => {
            None
        }
        Kind::Reset => Some(Box::pin(std::future::ready(Err(broken(
            "the connection was reset",
        ))))),
        Kind::Timeout => Some(Box::pin(std::future::pending())),
        Kind::TooMany => status(429, None),
        Kind::TooManyWithHint => status(429, Some(7)),
        Kind::Internal => status(500, None),
        Kind::Unavailable => status(503, None),
        Kind::Conflict => status(409, None),
        Kind::Unauthorized => status(401, None),
        Kind::Denied => status(403, None),
    }
}

/// A path without the ids in it: calls of one operation have one name.
fn family(path: &str) -> String {
    let is_id = |part: &str| {
        part.len() >= 20 || part.starts_with("custom_-_") || part.starts_with("static_-_")
    };
    let parts = path.split('/');
    let parts: Vec<&str> = parts
        .map(|part| if is_id(part) { "{id}" } else { part })
        .collect();
    parts.join("/")
}
