//! From an answer's status, headers and body to an [`Error`].
//!
//! The error body is [`ErrorBody`]; the token endpoint's is `AuthErrorResponse` of the official Go SDK.
//! Neither is ever kept as it came: only the reason, the codes and the field are, and the secrets that the
//! request carried are cut out of them.

use std::time::Duration;

use http::HeaderMap;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::error::{Error, ErrorKind, TransportFailure};
use crate::error_body::ErrorBody;
use crate::operation::{Operation, Repeat};
use crate::transport::Body;

/// Longer messages are cut: they go to logs and events.
const LONGEST_MESSAGE: usize = 600;

/// The code of a contract that is refused for good; its message holds the reason (provider log of 2024-05).
const INVALID_SCHEMA: &str = "invalid.schema";

/// One answer, read completely.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TokenErrorBody {
    error: Option<String>,
    /// Where the answer has the form of the API's refusals.
    code: Option<String>,
    description: Option<String>,
    error_description: Option<String>,
}

impl From<http::Response<Body>> for Answer {
    fn from(response: http::Response<Body>) -> Self {
        let (head, body) = response.into_parts();
        Self {
            status: head.status.as_u16(),
            headers: head.headers,
            body: body.into_bytes(),
        }
    }
}

impl Answer {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether its content type is HTML, which the platform never answers with: a proxy does.
    pub(crate) fn is_html(&self) -> bool {
        let kind = header_text(&self.headers, CONTENT_TYPE.as_str());
        kind.is_some_and(|kind| {
            kind.trim_start()
                .to_ascii_lowercase()
                .starts_with("text/html")
        })
    }

    pub(crate) fn correlation_id(&self) -> Option<String> {
        header_text(&self.headers, "inin-correlation-id")
    }

    /// `Retry-After` in whole seconds, the only form the platform sends (terraform-provider-genesyscloud,
    /// `GetRetryAfterDelay`).
    fn retry_after(&self) -> Option<Duration> {
        let text = header_text(&self.headers, RETRY_AFTER.as_str())?;
        text.trim().parse().ok().map(Duration::from_secs)
    }

    /// The error that a response outside 2xx means.
    pub(crate) fn to_error(&self, operation: &Operation, secrets: &[&SecretString]) -> Error {
        let body = ErrorBody::read(&self.body);
        let message = scrub(&body.reason(self.status), secrets);
        let code = body.code.as_deref().map(|code| scrub(code, secrets));
        let details = body.detail_codes();
        let retry_after = self.asked_to_wait(&body);
        let kind = self.kind(operation, &body, &message, secrets);
        // Who says that the version is not the current one has not written.
        let ambiguous = kind != ErrorKind::Conflict && self.may_have_been_applied();
        let correlation_id = body.context_id.or_else(|| self.correlation_id());
        Error::new(kind, operation.name, message)
            .with_status(self.status)
            .with_code(code)
            .with_details(details.iter().map(|code| scrub(code, secrets)).collect())
            .with_correlation_id(correlation_id.map(|id| scrub(&id, secrets)))
            .with_retry_after(retry_after)
            .ambiguous(ambiguous)
    }

    /// What `Retry-After` says, or for a 429 without it what the message says.
    fn asked_to_wait(&self, body: &ErrorBody) -> Option<Duration> {
        let in_words = || body.wait().filter(|_| self.status == 429);
        self.retry_after().or_else(in_words)
    }

    /// A gateway may give up on a write that is then carried out. 501 and 503 say that it was not.
    fn may_have_been_applied(&self) -> bool {
        self.status == 408 || (self.status >= 500 && !matches!(self.status, 501 | 503))
    }

    fn kind(
        &self,
        operation: &Operation,
        body: &ErrorBody,
        message: &str,
        secrets: &[&SecretString],
    ) -> ErrorKind {
        let code = body.code.as_deref().unwrap_or_default();
        match self.status {
            400 if body.is_conflict() => ErrorKind::Conflict,
            // What is wrong with a schema may hold any word, but is no matter of versions.
            400 | 408
                if operation.versioned
                    && code != INVALID_SCHEMA
                    && says_version_mismatch(message) =>
            {
                ErrorKind::Conflict
            }
            401 => ErrorKind::Unauthorized,
            // `execute` declares 403 `bad.request` for a badly formed input (published swagger).
            403 if code == "bad.request" => ErrorKind::BadRequest { field: None },
            403 => denied(operation, body.permissions(message)),
            404 | 410 => ErrorKind::NotFound,
            408 => ErrorKind::Transport(TransportFailure::Timeout),
            409 => ErrorKind::Conflict,
            429 => ErrorKind::RateLimited {
                retry_after: self.asked_to_wait(body),
            },
            300..400 => ErrorKind::Garbled,
            501 => ErrorKind::BadRequest { field: None },
            500.. => ErrorKind::Unavailable,
            _ => ErrorKind::BadRequest {
                field: body.field().map(|field| scrub(field, secrets)),
            },
        }
    }

    /// The error that a refused sign-in means, in plain words. Statuses and texts: observed by
    /// gildas/go-gcloudcx against the live login host, and by terraform-provider-genesyscloud.
    pub(crate) fn to_token_error(
        &self,
        operation: &Operation,
        host: &str,
        secrets: &[&SecretString],
    ) -> Error {
        let body: TokenErrorBody = serde_json::from_slice(&self.body).unwrap_or_default();
        let said = [body.error_description, body.description]
            .into_iter()
            .flatten()
            .find(|text| !text.is_empty())
            .unwrap_or_else(|| format!("sign-in failed with status {}", self.status));
        let said = scrub(&said, secrets);
        let error = body.error.or(body.code);
        let code = error.as_deref().unwrap_or_default();
        let (kind, message) = match (self.status, code) {
            (400, "invalid_request")
                if said.to_ascii_lowercase().contains("rate limit exceeded") =>
            {
                (ErrorKind::RateLimited { retry_after: None }, said)
            }
            (400, "invalid_client") => (
                ErrorKind::Unauthorized,
                format!(
                    "{host} knows no OAuth client with this client id: check the id and the region \
                     ({said})"
                ),
            ),
            (_, "ip.not.authorized") => (
                ErrorKind::Unauthorized,
                format!(
                    "{host} does not allow the client from this IP address; it did not reject the \
                     id or the secret ({said})"
                ),
            ),
            (401, _) => (
                ErrorKind::Unauthorized,
                format!("{host} rejected the client secret: it may have been reset ({said})"),
            ),
            (403, _) => (ErrorKind::Unauthorized, said),
            (429, _) => (
                ErrorKind::RateLimited {
                    retry_after: self.retry_after(),
                },
                said,
            ),
            (408, _) => (ErrorKind::Transport(TransportFailure::Timeout), said),
            (501, _) => (ErrorKind::BadRequest { field: None }, said),
            (500.., _) => (ErrorKind::Unavailable, said),
            (300..400, _) => (ErrorKind::Garbled, said),
            _ => (ErrorKind::BadRequest { field: None }, said),
        };
        Error::new(kind, operation.name, message)
            .with_status(self.status)
            .with_code(error.map(|code| scrub(&code, secrets)))
            .with_correlation_id(self.correlation_id().map(|id| scrub(&id, secrets)))
            .with_retry_after(self.retry_after())
    }

    /// A 2xx whose body can't be read as what it should be. `why` may quote the body, so it is left out
    /// where a body can hold a secret.
    pub(crate) fn garbled(&self, operation: &Operation, why: &str) -> Error {
        let message = if operation.sensitive {
            format!(
                "the response of {} bytes does not have the expected form",
                self.body.len()
            )
        } else {
            format!(
                "the response of {} bytes does not have the expected form: {}",
                self.body.len(),
                cut(why)
            )
        };
        Error::new(ErrorKind::Garbled, operation.name, message)
            .with_status(self.status)
            .with_correlation_id(self.correlation_id())
            .ambiguous(operation.repeat != Repeat::Read)
    }
}

/// A 403 to a run that names no permission is about AWS, not about the OAuth client.
fn denied(operation: &Operation, permissions: Vec<String>) -> ErrorKind {
    if operation.runs_action && permissions.is_empty() {
        ErrorKind::FunctionDenied
    } else {
        ErrorKind::Denied { permissions }
    }
}

/// A stale version is a 400 in some places: "Supplied version 2 does not match latest draft version 1"
/// (terraform-provider-genesyscloud, `IsVersionMismatch`). Schema errors say "does not match" too, hence
/// the second word.
fn says_version_mismatch(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    message.contains("does not match") && message.contains("version")
}

fn header_text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get(name)?
        .to_str()
        .ok()
        .map(str::to_owned)
        .filter(|text| !text.is_empty())
}

/// Cuts every secret out of a text, then shortens it.
pub(crate) fn scrub(text: &str, secrets: &[&SecretString]) -> String {
    let mut clean = text.to_owned();
    for secret in secrets {
        let secret = secret.expose_secret();
        if !secret.is_empty() && clean.contains(secret) {
            clean = clean.replace(secret, "***");
        }
    }
    cut(&clean)
}

fn cut(text: &str) -> String {
    if text.chars().count() <= LONGEST_MESSAGE {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(LONGEST_MESSAGE).collect();
    short.push_str(" ...");
    short
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
