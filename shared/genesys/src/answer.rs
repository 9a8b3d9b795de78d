//! From an answer's status, headers and body to an [`Error`].
//!
//! The error body is `ErrorBody` of the published swagger; the token endpoint's is `AuthErrorResponse`
//! of the official Go SDK. Neither is ever kept as it came: only the message, the code and the field are,
//! and the secrets that the request carried are cut out of them.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::error::{Error, ErrorKind, TransportFailure};
use crate::operation::{Operation, Repeat};

/// Longer messages are cut: they go to logs and events.
const LONGEST_MESSAGE: usize = 600;

/// One answer, read completely.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ErrorBody {
    message: Option<String>,
    code: Option<String>,
    message_params: Option<BTreeMap<String, serde_json::Value>>,
    context_id: Option<String>,
    details: Option<Vec<Detail>>,
    errors: Option<Vec<ErrorBody>>,
    entity_name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Detail {
    error_code: Option<String>,
    field_name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TokenErrorBody {
    error: Option<String>,
    description: Option<String>,
    error_description: Option<String>,
}

impl Answer {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
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

    /// The error an answer outside 2xx stands for.
    pub(crate) fn to_error(&self, operation: &Operation, secrets: &[&SecretString]) -> Error {
        let body: ErrorBody = serde_json::from_slice(&self.body).unwrap_or_default();
        let message = scrub(&body.full_message(self.status), secrets);
        let code = body.code.as_deref().map(|code| scrub(code, secrets));
        let kind = self.kind(operation, &body, &message, secrets);
        // Who says that the version is not the current one has not written.
        let ambiguous = kind != ErrorKind::Conflict && self.may_have_been_applied();
        let correlation_id = body
            .context_id
            .filter(|id| !id.is_empty())
            .or_else(|| self.correlation_id());
        Error::new(kind, operation.name, message)
            .with_status(self.status)
            .with_code(code)
            .with_correlation_id(correlation_id.map(|id| scrub(&id, secrets)))
            .with_retry_after(self.retry_after())
            .ambiguous(ambiguous)
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
        match self.status {
            400 | 408 if operation.versioned && says_version_mismatch(message) => {
                ErrorKind::Conflict
            }
            401 => ErrorKind::Unauthorized,
            // `execute` declares 403 `bad.request` for a badly formed input (published swagger).
            403 if body.code.as_deref() == Some("bad.request") => {
                ErrorKind::BadRequest { field: None }
            }
            403 => ErrorKind::Denied {
                permissions: body.permissions(message),
            },
            404 => ErrorKind::NotFound,
            408 => ErrorKind::Transport(TransportFailure::Timeout),
            409 => ErrorKind::Conflict,
            429 => ErrorKind::RateLimited {
                retry_after: self.retry_after(),
            },
            300..400 => ErrorKind::Garbled,
            501 => ErrorKind::BadRequest { field: None },
            500.. => ErrorKind::Unavailable,
            _ => ErrorKind::BadRequest {
                field: body.field().map(|field| scrub(&field, secrets)),
            },
        }
    }

    /// The error a refused sign-in stands for, in plain words. Statuses and texts: observed by
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
            .unwrap_or_else(|| format!("the sign-in was answered with status {}", self.status));
        let said = scrub(&said, secrets);
        let code = body.error.as_deref().unwrap_or_default();
        let (kind, message) = match (self.status, code) {
            (400, "invalid_request")
                if said.to_ascii_lowercase().contains("rate limit exceeded") =>
            {
                (ErrorKind::RateLimited { retry_after: None }, said)
            }
            (400, "invalid_client") => (
                ErrorKind::Unauthorized,
                format!(
                    "no OAuth client has this client id at {host}: check the id and the region ({said})"
                ),
            ),
            (401, _) => (
                ErrorKind::Unauthorized,
                format!("the client secret was refused at {host}: it may have been reset ({said})"),
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
            .with_code(body.error.map(|code| scrub(&code, secrets)))
            .with_correlation_id(self.correlation_id().map(|id| scrub(&id, secrets)))
            .with_retry_after(self.retry_after())
    }

    /// A 2xx whose body can't be read as what it should be. `why` may quote the body, so it is left out
    /// where a body can hold a secret.
    pub(crate) fn garbled(&self, operation: &Operation, why: &str) -> Error {
        let message = if operation.sensitive {
            format!(
                "the answer of {} bytes does not have the expected form",
                self.body.len()
            )
        } else {
            format!(
                "the answer of {} bytes does not have the expected form: {}",
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

impl ErrorBody {
    /// The message, and those of the errors inside it that say more.
    fn full_message(&self, status: u16) -> String {
        let mut parts: Vec<&str> = Vec::new();
        let own = self
            .message
            .as_deref()
            .map(str::trim)
            .filter(|text| !text.is_empty());
        parts.extend(own);
        for inner in self.errors.iter().flatten() {
            let text = inner.message.as_deref().map(str::trim).unwrap_or_default();
            if !text.is_empty() && !parts.contains(&text) {
                parts.push(text);
            }
        }
        if parts.is_empty() {
            return format!("answered with status {status} and no message");
        }
        parts.join(": ")
    }

    fn field(&self) -> Option<String> {
        let own = self.details.iter().flatten().find_map(|detail| {
            detail
                .field_name
                .clone()
                .or_else(|| detail.error_code.clone())
                .filter(|text| !text.is_empty())
        });
        own.or_else(|| self.errors.iter().flatten().find_map(Self::field))
            .or_else(|| self.entity_name.clone().filter(|text| !text.is_empty()))
    }

    /// Permissions are named in the parameters or in the text, as `domain:entity:action`.
    fn permissions(&self, message: &str) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        let params = self.message_params.iter().flat_map(BTreeMap::values);
        let texts = params.map(|value| {
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        });
        for text in texts.chain([message.to_owned()]) {
            for permission in permissions_in(&text) {
                if !found.contains(&permission) {
                    found.push(permission);
                }
            }
        }
        found
    }
}

fn permissions_in(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, ':' | '*' | '_' | '-')))
        .filter(|word| {
            let parts: Vec<&str> = word.split(':').collect();
            parts.len() == 3 && parts.iter().all(|part| !part.is_empty())
        })
        .map(str::to_owned)
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
