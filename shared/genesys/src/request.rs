//! A request before it is sent: operation, URL, body, and the secrets to keep out of every error.

use http::HeaderValue;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use url::Url;

use crate::error::{Error, ErrorKind};
use crate::operation::Operation;
use crate::transport::Body;

/// One request, complete but for the token. No `Debug`: the body may hold secrets.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) operation: &'static Operation,
    pub(crate) url: Url,
    pub(crate) accept: &'static str,
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) secrets: Vec<SecretString>,
    /// What it is about, such as `action custom_-_0f1e`.
    pub(crate) resource: String,
}

impl Request {
    /// A request for an operation below `host`, with its path parameters in order.
    ///
    /// # Errors
    /// An id is missing, empty or a dot.
    pub(crate) fn new(
        operation: &'static Operation,
        host: &Url,
        ids: &[&str],
    ) -> Result<Self, Error> {
        let refused = |why: &str| {
            let message = format!("{why}; nothing was sent");
            Error::new(
                ErrorKind::BadRequest { field: None },
                operation.name,
                message,
            )
        };
        // A URL drops empty and dot segments, and would name something else.
        if ids.iter().any(|id| matches!(*id, "" | "." | "..")) {
            return Err(refused("an id is empty or a dot"));
        }
        let mut left = ids.iter().copied();
        let mut segments = Vec::new();
        for part in operation.route.split('/').filter(|part| !part.is_empty()) {
            if part.starts_with('{') {
                segments.push(left.next().ok_or_else(|| refused("an id is missing"))?);
            } else {
                segments.push(part);
            }
        }
        let resource = match ids.first() {
            Some(id) => format!("{} {id}", operation.subject),
            None => operation.subject.to_owned(),
        };
        Ok(Self {
            operation,
            url: under(host, segments),
            accept: "application/json",
            body: None,
            secrets: Vec::new(),
            resource,
        })
    }

    /// Adds a query parameter.
    pub(crate) fn query(mut self, name: &str, value: &str) -> Self {
        self.url.query_pairs_mut().append_pair(name, value);
        self
    }

    /// Adds a query parameter where there is a value.
    pub(crate) fn query_some(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// Sets the JSON body.
    pub(crate) fn json(mut self, body: &impl Serialize) -> Result<Self, Error> {
        let encoded = serde_json::to_vec(body).map_err(|_| {
            let message = "the body cannot be written as JSON; nothing was sent";
            Error::new(
                ErrorKind::BadRequest { field: None },
                self.operation.name,
                message,
            )
        })?;
        self.body = Some(encoded);
        Ok(self)
    }

    /// Names secrets of the body, to be cut out of whatever the platform answers.
    pub(crate) fn hiding<'a>(
        mut self,
        secrets: impl IntoIterator<Item = &'a SecretString>,
    ) -> Self {
        self.secrets.extend(secrets.into_iter().cloned());
        self
    }

    /// Asks for plain text instead of JSON.
    pub(crate) fn plain_text(mut self) -> Self {
        self.accept = "text/plain";
        self
    }

    /// Names the thing by more than its id.
    pub(crate) fn about(mut self, resource: String) -> Self {
        self.resource = resource;
        self
    }

    /// As it is sent under a token.
    pub(crate) fn signed(
        &self,
        token: &SecretString,
        user_agent: &HeaderValue,
    ) -> Result<http::Request<Body>, Error> {
        let bearer = format!("Bearer {}", token.expose_secret());
        let authorization = secret_value(self.operation, &bearer)?;
        let mut sent = http::Request::builder()
            .method(self.operation.method.clone())
            .uri(self.url.as_str())
            .header(AUTHORIZATION, authorization)
            .header(ACCEPT, self.accept)
            .header(USER_AGENT, user_agent);
        if self.body.is_some() {
            sent = sent.header(CONTENT_TYPE, "application/json");
        }
        let body = Body::from(self.body.clone().unwrap_or_default());
        sent.body(body)
            .map_err(|error| unwritable(self.operation, &error))
    }
}

/// A header's value that `Debug` does not show.
pub(crate) fn secret_value(operation: &Operation, text: &str) -> Result<HeaderValue, Error> {
    let mut value =
        HeaderValue::from_str(text).map_err(|error| unwritable(operation, &error.into()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// No request of HTTP: the URL is too long, or the token is none.
pub(crate) fn unwritable(operation: &Operation, error: &http::Error) -> Error {
    let message = format!("the request cannot be built ({error}); nothing was sent");
    Error::new(
        ErrorKind::BadRequest { field: None },
        operation.name,
        message,
    )
}

/// A URL below a host, each segment percent-encoded.
pub(crate) fn under<'a>(base: &Url, segments: impl IntoIterator<Item = &'a str>) -> Url {
    let mut url = base.clone();
    // Only a URL without a host has no path segments, and `Endpoints::check` refuses those.
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url.set_query(None);
    url.set_fragment(None);
    url
}
