//! awsJson 1.0 and 1.1, and the bodies of rest-json.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::Rejection;
use crate::{Call, Protocol, Request, Response};

/// Reads a request into the members that its operation knows here; another member is a gap of ours.
pub(crate) fn read<T: DeserializeOwned>(call: &Call, request: &Request) -> Result<T, Rejection> {
    let body: &[u8] = match request.body.is_empty() {
        true => b"{}",
        false => &request.body,
    };
    serde_json::from_slice(body).map_err(|problem| {
        let (service, operation) = (call.service.prefix(), &call.operation);
        Rejection::unsupported(format!("{service}:{operation}: {problem}"))
    })
}

/// An answer of success.
pub(crate) fn answer(call: &Call, body: &Value) -> Response {
    let content_type = match call.service.protocol() {
        Protocol::Json(version) => format!("application/x-amz-json-{version}"),
        Protocol::Query | Protocol::RestXml | Protocol::RestJson => "application/json".to_owned(),
    };
    Response::new(200).with_body(&content_type, body.to_string())
}

/// Seconds since the epoch, with milliseconds: how the JSON protocols write a time (Smithy,
/// "AWS JSON protocol", `epoch-seconds`).
pub(crate) fn seconds(at: Timestamp) -> Value {
    let milliseconds = at.as_millisecond();
    let whole = milliseconds / 1000;
    match milliseconds % 1000 {
        0 => Value::from(whole),
        _ => {
            serde_json::from_str(&format!("{whole}.{:03}", milliseconds.rem_euclid(1000))).unwrap()
        }
    }
}
