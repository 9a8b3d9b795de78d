//! One HTTP request to a web service, on loopback or in this process, and how it ended.

use std::net::IpAddr;
use std::sync::OnceLock;
use std::time::Duration;

use axum::http::Request;
use url::{Host, Url};

use crate::error::ApiError;
use crate::in_process::WebServices;
use crate::run::{third_party, timed_out};

/// How an exchange with a web service ended.
pub(crate) enum Answer {
    Success(String),
    /// 401 or 403, and the body.
    Refused(u16, String),
    Failed(ApiError),
}

/// A request with nothing left to resolve. It may hold credentials.
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) url: Url,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<String>,
    pub(crate) timeout: Duration,
}

impl Call {
    /// Over a socket, or through the services that are in this process.
    pub(crate) async fn exchange(self, services: Option<&dyn WebServices>) -> Answer {
        let answered = match services {
            None => self.over_a_socket().await,
            Some(services) => self.through(services).await,
        };
        match answered {
            Ok((200..=299, text)) => Answer::Success(text),
            Ok((refused @ (401 | 403), text)) => Answer::Refused(refused, text),
            Ok((other, text)) => Answer::Failed(third_party(&told(other, &text))),
            Err(error) => Answer::Failed(error),
        }
    }

    async fn over_a_socket(self) -> Result<(u16, String), ApiError> {
        answered(self.built()?).await.map_err(|problem| {
            if problem.is_timeout() {
                return timed_out();
            }
            // The URL may hold a credential: it is not part of what is told.
            third_party(&problem.without_url().to_string())
        })
    }

    async fn through(self, services: &dyn WebServices) -> Result<(u16, String), ApiError> {
        let mut request = Request::builder()
            .method(self.method.as_str())
            .uri(self.url.as_str());
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request
            .body(self.body.unwrap_or_default().into_bytes())
            .map_err(|_| ApiError::bad_request("The request is none of HTTP."))?;
        let answer = tokio::time::timeout(self.timeout, services.answer(request))
            .await
            .map_err(|_| timed_out())?
            .map_err(|problem| third_party(&problem))?;
        let text = String::from_utf8_lossy(answer.body()).into_owned();
        Ok((answer.status().as_u16(), text))
    }

    fn built(self) -> Result<reqwest::RequestBuilder, ApiError> {
        let method = self
            .method
            .parse::<reqwest::Method>()
            .map_err(|_| ApiError::bad_request("The request type is no HTTP method."))?;
        let mut request = http()?.request(method, self.url).timeout(self.timeout);
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        Ok(match self.body {
            Some(body) => request.body(body),
            None => request,
        })
    }
}

async fn answered(request: reqwest::RequestBuilder) -> Result<(u16, String), reqwest::Error> {
    let response = request.send().await?;
    let status = response.status().as_u16();
    Ok((status, response.text().await?))
}

/// A URL that this simulator calls: on loopback.
pub(crate) fn local(text: &str) -> Result<Url, ApiError> {
    let refused = || {
        ApiError::bad_request(
            "The request URL is none that the simulator calls: it calls loopback alone.",
        )
    };
    let url = Url::parse(text.trim()).map_err(|_| refused())?;
    let is_local = match url.host() {
        Some(Host::Ipv4(ip)) => IpAddr::from(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::from(ip).is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    if is_local && url.scheme() == "http" {
        Ok(url)
    } else {
        Err(refused())
    }
}

fn http() -> Result<&'static reqwest::Client, ApiError> {
    static CLIENT: OnceLock<Option<reqwest::Client>> = OnceLock::new();
    CLIENT
        .get_or_init(|| {
            reqwest::Client::builder()
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .ok()
        })
        .as_ref()
        .ok_or_else(|| ApiError::bad_request("The simulator has no HTTP client."))
}

/// What a service said, as far as it is repeated.
pub(crate) fn told(status: u16, body: &str) -> String {
    let shown: String = body.chars().take(200).collect();
    format!(
        "Request to backend service failed with status {status}. Response from web service: {shown}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_called() {
        for fine in [
            "http://127.0.0.1:1/x",
            "http://localhost/",
            "http://[::1]:9/",
        ] {
            assert!(local(fine).is_ok(), "{fine}");
        }
        for foreign in [
            "http://169.254.169.254/latest",
            "http://localhost.example.com/",
            "https://127.0.0.1/",
            "file:///etc/passwd",
            "${credentials.loginUrl}",
        ] {
            let refused = local(foreign).unwrap_err();
            assert!(!refused.message.contains(foreign), "{}", refused.message);
        }
    }
}
