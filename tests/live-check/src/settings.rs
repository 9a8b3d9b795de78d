//! Which organization is asked, and as whom: environment variables, all problems at once.

use std::fmt;
use std::time::Duration;

use genesys_cloud::{ClientCredentials, Endpoints};
use lockstep_domain::genesys_region::{ENVIRONMENTS, by_domain};
use secrecy::SecretString;
use url::Url;

/// Where the organization is and who signs in.
#[derive(Debug, Clone)]
pub struct Target {
    /// The two hosts.
    pub endpoints: Endpoints,
    /// The OAuth client, grant type *Client Credentials*. Its secret is redacted in `Debug`.
    pub credentials: ClientCredentials,
}

/// Every variable that is missing or does not fit, each with how to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsError {
    /// Variable, and what to do.
    pub problems: Vec<(&'static str, String)>,
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the environment variables for the live check are missing or invalid:"
        )?;
        for (variable, problem) in &self.problems {
            write!(f, "\n  {variable}: {problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for SettingsError {}

impl Target {
    /// Reads the target through `lookup`, which answers a variable's value; an empty one counts as
    /// missing.
    ///
    /// # Errors
    /// All that is missing or does not fit, at once. No value is quoted.
    pub fn from_env(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let read = |name: &str| {
            lookup(name)
                .map(|value| value.trim().to_owned())
                .filter(|value| !value.is_empty())
        };
        let mut problems = Vec::new();
        let endpoints = endpoints(&read, &mut problems);
        let client_id = read("GENESYS_CLIENT_ID");
        let client_secret = read("GENESYS_CLIENT_SECRET").map(SecretString::from);
        for (variable, given, what) in [
            (
                "GENESYS_CLIENT_ID",
                client_id.is_some(),
                "set it to the id of an OAuth client with the grant type Client Credentials \
                 (Genesys Cloud: Admin, Integrations, OAuth)",
            ),
            (
                "GENESYS_CLIENT_SECRET",
                client_secret.is_some(),
                "set it to that client's secret; it is shown once, when the client is created or \
                 its secret is reset",
            ),
        ] {
            if !given {
                problems.push((variable, what.to_owned()));
            }
        }
        match (endpoints, client_id, client_secret) {
            (Some(endpoints), Some(client_id), Some(client_secret)) if problems.is_empty() => {
                Ok(Self {
                    endpoints,
                    credentials: ClientCredentials {
                        client_id,
                        client_secret,
                    },
                })
            }
            _ => Err(SettingsError { problems }),
        }
    }
}

fn endpoints(
    read: &impl Fn(&str) -> Option<String>,
    problems: &mut Vec<(&'static str, String)>,
) -> Option<Endpoints> {
    match (
        read("GENESYS_REGION"),
        read("GENESYS_API_URL"),
        read("GENESYS_LOGIN_URL"),
    ) {
        (Some(region), None, None) => of_region(&region, problems),
        (None, None, None) => {
            problems.push((
                "GENESYS_REGION",
                "set it to the AWS region of the organization, such as us-east-1 (or set \
                 GENESYS_API_URL and GENESYS_LOGIN_URL)"
                    .to_owned(),
            ));
            None
        }
        (Some(_), _, _) => {
            problems.push((
                "GENESYS_REGION",
                "unset it, or unset GENESYS_API_URL and GENESYS_LOGIN_URL: use one of the two ways"
                    .to_owned(),
            ));
            None
        }
        (None, api, login) => {
            let api = url_of(
                "GENESYS_API_URL",
                api,
                "https://api.mypurecloud.com",
                problems,
            );
            let login = url_of(
                "GENESYS_LOGIN_URL",
                login,
                "https://login.mypurecloud.com",
                problems,
            );
            Some(Endpoints {
                api: api?,
                login: login?,
            })
        }
    }
}

/// The region by its AWS name, or by its domain.
fn of_region(region: &str, problems: &mut Vec<(&'static str, String)>) -> Option<Endpoints> {
    let known = ENVIRONMENTS
        .iter()
        .find(|known| known.aws_region == region)
        .or_else(|| by_domain(region));
    let endpoints = known.and_then(|known| Endpoints::of_region(known.domain).ok());
    if endpoints.is_none() {
        let names: Vec<&str> = ENVIRONMENTS.iter().map(|known| known.aws_region).collect();
        problems.push((
            "GENESYS_REGION",
            format!(
                "this region does not exist; use one of {}",
                names.join(", ")
            ),
        ));
    }
    endpoints
}

/// The platform's URL. A plain one is for loopback only: it would show the client's secret to the
/// network.
fn url_of(
    variable: &'static str,
    given: Option<String>,
    example: &str,
    problems: &mut Vec<(&'static str, String)>,
) -> Option<Url> {
    let url = given.as_deref().and_then(|text| Url::parse(text).ok());
    let is_usable = url.as_ref().is_some_and(|url| match url.scheme() {
        "https" => url.has_host(),
        "http" => url.host().is_some_and(|host| match host {
            url::Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
            url::Host::Ipv4(address) => address.is_loopback(),
            url::Host::Ipv6(address) => address.is_loopback(),
        }),
        _ => false,
    });
    if !is_usable {
        problems.push((
            variable,
            format!(
                "set it to a URL with https, such as {example} (plain http is for loopback only)"
            ),
        ));
    }
    url.filter(|_| is_usable)
}

/// How patient the check is. The default suits a real organization.
#[derive(Debug, Clone)]
pub struct Patience {
    /// The first wait before a call is sent again; it doubles.
    pub backoff: Duration,
    /// How often a call that may be sent again is sent again.
    pub retries: u32,
    /// Between two looks at something that is not there yet.
    pub poll: Duration,
    /// How long a fresh integration may take to accept an action and to become active.
    pub fresh: Duration,
    /// How long audit records are waited for.
    pub audits: Duration,
    /// How long after the last change's record was seen the others are still waited for.
    pub settle: Duration,
    /// How long the removal of what was made may take.
    pub removal: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            backoff: Duration::from_millis(500),
            retries: 5,
            poll: Duration::from_secs(5),
            fresh: Duration::from_secs(60),
            audits: Duration::from_secs(600),
            settle: Duration::from_secs(30),
            removal: Duration::from_secs(180),
        }
    }
}

impl Patience {
    /// For a simulator in the same process, which is never late by itself.
    #[must_use]
    pub fn quick() -> Self {
        Self {
            backoff: Duration::from_millis(5),
            retries: 5,
            poll: Duration::from_millis(50),
            fresh: Duration::from_secs(5),
            audits: Duration::from_secs(8),
            settle: Duration::ZERO,
            removal: Duration::from_secs(20),
        }
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Target, SettingsError> {
        Target::from_env(|name| {
            pairs
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_region_and_a_client_are_enough() {
        let target = read(&[
            ("GENESYS_REGION", "eu-west-1"),
            ("GENESYS_CLIENT_ID", "client"),
            ("GENESYS_CLIENT_SECRET", "hush"),
        ])
        .unwrap();
        assert_eq!(target.endpoints.api.as_str(), "https://api.mypurecloud.ie/");
        assert_eq!(
            target.endpoints.login.as_str(),
            "https://login.mypurecloud.ie/"
        );
        assert_eq!(target.credentials.client_secret.expose_secret(), "hush");
        assert!(!format!("{target:?}").contains("hush"));
    }

    #[test]
    fn everything_that_is_missing_is_said_at_once_with_what_to_do() {
        let error = read(&[("GENESYS_CLIENT_ID", " ")]).unwrap_err();
        let variables: Vec<&str> = error.problems.iter().map(|(name, _)| *name).collect();
        assert_eq!(
            variables,
            [
                "GENESYS_REGION",
                "GENESYS_CLIENT_ID",
                "GENESYS_CLIENT_SECRET"
            ]
        );
        let text = error.to_string();
        assert!(
            text.contains("us-east-1") && text.contains("Client Credentials"),
            "{text}"
        );
    }

    #[test]
    fn a_host_without_tls_or_a_contradiction_is_refused() {
        let with = |pairs: &[(&str, &str)]| {
            let mut all = vec![("GENESYS_CLIENT_ID", "a"), ("GENESYS_CLIENT_SECRET", "b")];
            all.extend(pairs);
            read(&all)
        };
        let plain = with(&[
            ("GENESYS_API_URL", "http://api.mypurecloud.com"),
            ("GENESYS_LOGIN_URL", "login.mypurecloud.com"),
        ])
        .unwrap_err();
        let variables: Vec<&str> = plain.problems.iter().map(|(name, _)| *name).collect();
        assert_eq!(variables, ["GENESYS_API_URL", "GENESYS_LOGIN_URL"]);
        assert!(with(&[("GENESYS_REGION", "mars-1")]).is_err());
        assert!(
            with(&[
                ("GENESYS_REGION", "us-east-1"),
                ("GENESYS_API_URL", "https://a")
            ])
            .is_err()
        );
        assert!(
            with(&[
                ("GENESYS_API_URL", "http://127.0.0.1:9000"),
                ("GENESYS_LOGIN_URL", "http://localhost:9000"),
            ])
            .is_ok()
        );
    }
}
