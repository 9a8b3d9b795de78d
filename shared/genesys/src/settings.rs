//! Where the platform is, who signs in, and the client's limits, clock and transport.

use std::sync::Arc;
use std::time::Duration;

use clock::Clock;
use secrecy::SecretString;
use url::{Host, Url};

use crate::error::{Error, bad_setting};
use crate::transport::Transport;

/// The two hosts of one Genesys Cloud region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// Such as `https://api.mypurecloud.com`.
    pub api: Url,
    /// Where tokens come from, such as `https://login.mypurecloud.com`; never the API host.
    pub login: Url,
}

impl Endpoints {
    /// The hosts of a region's domain, such as `mypurecloud.ie` or `usw2.pure.cloud`: `api.` and `login.`
    /// before it, as the official SDKs derive them.
    ///
    /// # Errors
    /// Where the domain is no host name.
    pub fn of_region(domain: &str) -> Result<Self, Error> {
        let label = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        let well_formed = domain.split('.').all(label);
        let url = |host: &str| {
            Url::parse(&format!("https://{host}.{domain}"))
                .ok()
                .filter(|_| well_formed)
                .ok_or_else(|| bad_setting(format!("{domain:?} is not a domain name")))
        };
        Ok(Self {
            api: url("api")?,
            login: url("login")?,
        })
    }

    /// Plain HTTP would show the client secret to the network; on loopback there is none.
    pub(crate) fn check(&self) -> Result<(), Error> {
        for url in [&self.api, &self.login] {
            let usable = match url.scheme() {
                "https" => url.has_host(),
                "http" => is_loopback(url),
                _ => false,
            };
            if !usable {
                return Err(bad_setting(format!(
                    "{url} is not allowed: use https, or http on loopback"
                )));
            }
        }
        Ok(())
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// An OAuth client of the client-credentials grant.
#[derive(Debug, Clone)]
pub struct ClientCredentials {
    /// The client's id; no secret.
    pub client_id: String,
    /// Its secret; redacted in `Debug`.
    pub client_secret: SecretString,
}

/// Limits and patience, and what the client reaches the outside through. The default suits a function
/// that runs for some minutes.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Time to make a connection.
    pub connect_timeout: Duration,
    /// Time for one request and its answer.
    pub request_timeout: Duration,
    /// The same for tests and executions: an action may itself run for 60 s.
    pub action_timeout: Duration,
    /// Attempts after the first, whatever the deadline.
    pub max_retries: u32,
    /// The first backoff; it doubles from there.
    pub backoff_base: Duration,
    /// The longest backoff.
    pub backoff_cap: Duration,
    /// A `Retry-After` beyond this is not waited for (the official SDKs' rule: 180 s).
    pub longest_retry_after: Duration,
    /// Requests that one token sends within a minute at most, below the platform's limit of 300
    /// (`token.rate.per.minute`, the official limits page). The reserve is for requests that the platform
    /// counts and we do not, such as those that the connection pool sends again.
    pub requests_per_minute: u32,
    /// Consecutive failures of the platform that open the circuit breaker.
    pub breaker_threshold: u32,
    /// How long it stays open before a probe is let through.
    pub breaker_pause: Duration,
    /// How long before its expiry a token is replaced; at most half of its life.
    pub refresh_margin: Duration,
    /// Entities per page of a list.
    pub page_size: u32,
    /// The first wait for an asynchronous query (audits, usage); it doubles up to ten times this.
    pub audit_poll: Duration,
    /// The largest answer that is read, in bytes.
    pub body_limit: usize,
    /// The `User-Agent` sent.
    pub user_agent: String,
    /// The clock.
    pub clock: Clock,
    /// What carries its requests; HTTPS where there is none.
    pub transport: Option<Arc<dyn Transport>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(30),
            action_timeout: Duration::from_secs(75),
            max_retries: 8,
            backoff_base: Duration::from_millis(500),
            backoff_cap: Duration::from_secs(15),
            longest_retry_after: Duration::from_secs(180),
            requests_per_minute: 285,
            breaker_threshold: 5,
            breaker_pause: Duration::from_secs(30),
            refresh_margin: Duration::from_secs(60),
            page_size: 100,
            audit_poll: Duration::from_secs(1),
            body_limit: 10 * 1024 * 1024,
            user_agent: concat!("genesys-cloud-rust/", env!("CARGO_PKG_VERSION")).to_owned(),
            clock: Clock::system(),
            transport: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_regions_hosts_are_derived_from_its_domain() {
        let endpoints = Endpoints::of_region("usw2.pure.cloud").unwrap();
        assert_eq!(endpoints.api.as_str(), "https://api.usw2.pure.cloud/");
        assert_eq!(endpoints.login.as_str(), "https://login.usw2.pure.cloud/");
        for wrong in [
            "",
            "evil.example/x",
            "a@evil.example",
            "evil.example#",
            "evil.example:8443",
        ] {
            assert!(Endpoints::of_region(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn plain_http_is_for_loopback_only() {
        let at = |text: &str| Endpoints {
            api: Url::parse(text).unwrap(),
            login: Url::parse("https://login.mypurecloud.com").unwrap(),
        };
        assert!(at("http://127.0.0.1:9000").check().is_ok());
        assert!(at("http://localhost:9000").check().is_ok());
        assert!(at("http://api.mypurecloud.com").check().is_err());
        assert!(at("ftp://127.0.0.1").check().is_err());
    }
}
