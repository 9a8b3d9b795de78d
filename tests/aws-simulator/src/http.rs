//! Requests and answers, whole and in memory.

use std::fmt;

use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use percent_encoding::percent_decode_str;
use url::Url;

/// A request as it was sent. Its headers and its body are never printed: they hold secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The host it was sent to.
    pub host: String,
    /// The path, as sent.
    pub path: String,
    /// The query, as sent.
    pub raw_query: String,
    /// Headers, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("host", &self.host)
            .field("path", &self.path)
            .field("query", &self.raw_query)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("headers", &self.headers)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

impl Request {
    /// `None` where the body is a stream: nothing that the product sends is one.
    pub(crate) fn read(sent: &HttpRequest) -> Option<Self> {
        let url = Url::parse(sent.uri()).ok()?;
        let body = Bytes::copy_from_slice(sent.body().bytes()?);
        let headers = sent.headers().iter();
        Some(Self {
            method: sent.method().to_owned(),
            host: url.host_str()?.to_owned(),
            path: url.path().to_owned(),
            raw_query: url.query().unwrap_or_default().to_owned(),
            headers: headers
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
                .collect(),
            body,
        })
    }

    /// A header's value, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(header, _)| header == name);
        found.next().map(|(_, value)| value.as_str())
    }

    /// The decoded pairs of the query.
    #[must_use]
    pub fn query(&self) -> Vec<(String, String)> {
        url::form_urlencoded::parse(self.raw_query.as_bytes())
            .into_owned()
            .collect()
    }

    /// A value of the query.
    #[must_use]
    pub fn query_value(&self, name: &str) -> Option<String> {
        let mut pairs = self.query().into_iter().filter(|(key, _)| key == name);
        pairs.next().map(|(_, value)| value)
    }

    /// The decoded path, without its first slash.
    #[must_use]
    pub fn decoded_path(&self) -> String {
        let path = self.path.strip_prefix('/').unwrap_or(&self.path);
        percent_decode_str(path).decode_utf8_lossy().into_owned()
    }
}

/// An answer. Its body is never printed: it may hold a secret.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Headers, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

impl Response {
    /// A status, and nothing else.
    #[must_use]
    pub fn new(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Bytes::new(),
        }
    }

    /// With one more header.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// With a header, where there is a value for it.
    #[must_use]
    pub fn with_some(self, name: &str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// With a body of this type.
    #[must_use]
    pub fn with_body(self, content_type: &str, body: impl Into<Bytes>) -> Self {
        let mut answer = self.with("content-type", content_type);
        answer.body = body.into();
        answer
    }

    /// A header's value, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(header, _)| header == name);
        found.next().map(|(_, value)| value.as_str())
    }

    pub(crate) fn send_with(self, body: SdkBody) -> HttpResponse {
        let mut sent = HttpResponse::new(StatusCode::try_from(self.status).unwrap(), body);
        for (name, value) in self.headers {
            sent.headers_mut().append(name, value);
        }
        sent
    }

    pub(crate) fn send(self) -> HttpResponse {
        let body = SdkBody::from(self.body.clone());
        self.send_with(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_a_request_nor_an_answer_prints_what_it_carries() {
        let request = Request {
            method: "POST".into(),
            host: "sts.amazonaws.com".into(),
            path: "/".into(),
            raw_query: String::new(),
            headers: vec![("x-amz-security-token".into(), "planted".into())],
            body: "planted".into(),
        };
        let answer = Response::new(200).with_body("application/json", "planted");
        let printed = format!("{request:?} {answer:?}");
        assert!(!printed.contains("planted"), "{printed}");
        assert!(printed.contains("bytes: 7"), "{printed}");
    }
}
