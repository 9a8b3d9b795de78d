//! Answers as they go over the wire: headers, bodies, and what a fault spoils of them.
//!
//! Header names: the developer center blog of 2021-05-06 and the official Go SDK.

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;

use crate::error::ApiError;
use crate::faults::{Fault, FaultKind};
use crate::limits::Usage;
use crate::request::{Reply, ReplyBody};
use crate::wire::Cutter;

const CORRELATION: HeaderName = HeaderName::from_static("inin-correlation-id");
const LIMIT_COUNT: HeaderName = HeaderName::from_static("inin-ratelimit-count");
const LIMIT_ALLOWED: HeaderName = HeaderName::from_static("inin-ratelimit-allowed");
const LIMIT_RESET: HeaderName = HeaderName::from_static("inin-ratelimit-reset");

/// An answer before it is written.
pub(crate) struct Outgoing {
    pub(crate) status: StatusCode,
    pub(crate) body: ReplyBody,
    pub(crate) usage: Option<Usage>,
    pub(crate) retry_after: Option<i64>,
}

impl Outgoing {
    pub(crate) fn of(
        result: Result<Reply, ApiError>,
        usage: Option<Usage>,
        correlation_id: &str,
    ) -> Self {
        match result {
            Ok(reply) => Self {
                status: reply.status,
                body: reply.body,
                usage,
                retry_after: None,
            },
            Err(error) => Self {
                status: error.status,
                body: ReplyBody::Json(error.body(correlation_id)),
                usage,
                retry_after: error.limit.map(|limit| limit.retry_after),
            },
        }
    }
}

/// A body with its media type, as it goes over the wire.
pub(crate) struct Encoded {
    pub(crate) kind: Option<&'static str>,
    pub(crate) bytes: Vec<u8>,
}

impl ReplyBody {
    pub(crate) fn encoded(&self) -> Encoded {
        let (kind, bytes) = match self {
            Self::Json(value) => (Some("application/json"), value.to_string().into_bytes()),
            Self::Text(text) => (Some("text/plain; charset=utf-8"), text.clone().into_bytes()),
            Self::Empty => (None, Vec::new()),
        };
        Encoded { kind, bytes }
    }
}

/// The answer as it goes over the wire, spoiled where a fault says so.
pub(crate) fn written(
    outgoing: &Outgoing,
    encoded: Encoded,
    correlation_id: &str,
    fault: Option<&Fault>,
    cutter: &Cutter,
) -> Response {
    let Encoded { kind, mut bytes } = encoded;
    match fault.and_then(|fault| fault.kind) {
        Some(FaultKind::Garbage) => bytes = b"<html>not what was asked for".to_vec(),
        Some(FaultKind::Truncate) => cutter.truncate(bytes.len() / 2),
        Some(
            FaultKind::Reset
            | FaultKind::Timeout
            | FaultKind::AppliedThenLost
            | FaultKind::AppliedThenTimeout
            | FaultKind::AppliedLater { .. },
        )
        | None => {}
    }
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = outgoing.status;
    let headers = response.headers_mut();
    if let Some(kind) = kind {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    headers.insert(
        CACHE_CONTROL,
        HeaderValue::from_static("no-cache, no-store, must-revalidate"),
    );
    if let Ok(id) = HeaderValue::from_str(correlation_id) {
        headers.insert(CORRELATION, id);
    }
    if let Some(usage) = &outgoing.usage {
        headers.insert(LIMIT_COUNT, usage.count.into());
        headers.insert(LIMIT_ALLOWED, usage.allowed.into());
        headers.insert(LIMIT_RESET, usage.reset.into());
    }
    if let Some(seconds) = outgoing.retry_after {
        headers.insert(RETRY_AFTER, seconds.into());
    }
    for (name, value) in fault.iter().flat_map(|fault| &fault.headers) {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    response
}
