//! The organization: which one, where, what Lockstep signs in with, and which clients it rotates.

use url::{Host, Url};

use super::refuse_repeated;
use crate::arn::SecretArn;
use crate::genesys_region::{Environment, by_host};
use crate::manifest::bounds::Bounds;
use crate::manifest::collect::Problems;
use crate::manifest::place::Place;
use crate::manifest::wire;

pub(super) fn check(
    organization: &wire::Organization,
    at: &Place,
    bounds: &Bounds,
    problems: &mut Problems<'_>,
) {
    if let Some(id) = &organization.id
        && !bounds.organization_ids.contains(id)
    {
        problems.bound(
            &at.key("id"),
            format!("this stack does not manage the organization {id}"),
            "Add the id to the stack parameter OrganizationIds, or correct it here.",
        );
    }
    if organization.genesys_account(bounds).is_none() {
        let region = organization.region();
        problems.bound(
            &at.key("environment"),
            format!(
                "Genesys has not published the AWS account that assumes roles for {} and a stack \
                 in partition {}",
                region.domain, bounds.partition
            ),
            "Ask Genesys for the account and set the stack parameter GenesysAccountId.",
        );
    }
    client_secrets(organization, at, bounds, problems);
    urls(organization, at, bounds, problems);
}

/// The secret that Lockstep signs in with, and those of the clients that it rotates.
fn client_secrets(
    organization: &wire::Organization,
    at: &Place,
    bounds: &Bounds,
    problems: &mut Problems<'_>,
) {
    let own = organization.client_secret.as_ref();
    let own = own.map(|secret| (at.key("client_secret"), secret));
    let rotated = organization.rotated_clients.iter();
    let rotated = rotated
        .flat_map(wire::List::present)
        .map(|(index, secret)| (at.key("rotated_clients").index(index), secret));
    let all: Vec<(Place, &SecretArn)> = own.into_iter().chain(rotated).collect();
    for (at, secret) in &all {
        client_secret(secret, at, bounds, problems);
    }
    refuse_repeated(all, problems, |secret, first| {
        (
            format!("{first} already names the secret `{}`", secret.name()),
            "List each secret once; Lockstep also rotates the one in organization.client_secret.",
        )
    });
}

fn client_secret(secret: &SecretArn, at: &Place, bounds: &Bounds, problems: &mut Problems<'_>) {
    super::actions::check_secret(secret, at, bounds, problems);
    let prefix = &bounds.client_secret_prefix;
    if !secret.name().starts_with(prefix.as_str()) {
        problems.bound(
            at,
            format!(
                "this stack may not read the secret `{}`: the name does not begin with `{prefix}`",
                secret.name()
            ),
            "Use a secret with such a name, or change the stack parameter ClientSecretPrefix.",
        );
    }
}

/// Which of the two hosts a URL is for.
#[derive(Clone, Copy)]
enum Purpose {
    Api,
    Login,
}

impl Purpose {
    fn host(self, region: &Environment) -> &'static str {
        match self {
            Self::Api => region.api_host,
            Self::Login => region.login_host,
        }
    }
}

fn urls(
    organization: &wire::Organization,
    at: &Place,
    bounds: &Bounds,
    problems: &mut Problems<'_>,
) {
    let region = organization.region();
    let api = organization.api_text();
    let refused = check_url(&api, Purpose::Api, region, bounds);
    let api_is_fine = refused.is_none();
    if let Some((problem, fix)) = refused {
        problems.bound(&at.key("api_url"), problem, fix);
    }
    // A login host that is derived from a refused one would be refused for the same reason.
    if organization.login_url.is_some() || api_is_fine {
        let login = organization.login_text();
        if let Some((problem, fix)) = check_url(&login, Purpose::Login, region, bounds) {
            problems.bound(&at.key("login_url"), problem, fix);
        }
    }
}

/// Why a base URL is refused, and what to do. The client's secret goes to the one host and its
/// token to the other, so both are Genesys' own or named by whoever deployed the stack.
fn check_url(
    text: &str,
    purpose: Purpose,
    region: &Environment,
    bounds: &Bounds,
) -> Option<(String, String)> {
    let base = "Write a base URL such as https://api.mypurecloud.com, or remove the line.";
    let url = match Url::parse(text) {
        Ok(url) => url,
        Err(error) => return Some((format!("this is not a URL: {error}"), base.to_owned())),
    };
    let (Some(host), Some(name), "http" | "https") = (url.host(), url.host_str(), url.scheme())
    else {
        return Some(("this is not an https URL".to_owned(), base.to_owned()));
    };
    let bare = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
        && url.path() == "/";
    if !bare {
        let problem = "a base URL must not have a user, path, query or fragment".to_owned();
        return Some((problem, base.to_owned()));
    }
    let own_host = purpose.host(region);
    if name == own_host && url.port().is_none() && url.scheme() == "https" {
        return None;
    }
    let with_port = match url.port_or_known_default() {
        Some(port) => format!("{name}:{port}"),
        None => name.to_owned(),
    };
    let allowed = bounds.allowed_hosts.iter().any(|allowed| {
        allowed.eq_ignore_ascii_case(name) || allowed.eq_ignore_ascii_case(&with_port)
    });
    if !allowed {
        return Some(refuse_host(name, &with_port, own_host, region));
    }
    if url.scheme() == "http" && !is_loopback(&host) {
        let problem = format!("plain HTTP to {name} would expose the access token on the network");
        return Some((problem, "Use https.".to_owned()));
    }
    None
}

fn refuse_host(
    name: &str,
    with_port: &str,
    own_host: &str,
    region: &Environment,
) -> (String, String) {
    match by_host(name) {
        Some(other) if other.domain != region.domain => (
            format!(
                "{name} belongs to the environment {}, not {}",
                other.domain, region.domain
            ),
            format!("Set environment: {} and remove this line.", other.domain),
        ),
        Some(_) | None => (
            format!(
                "this stack does not allow the host {with_port}; the host of the environment \
                     is {own_host}"
            ),
            format!(
                "Remove the line, or add {with_port} to the stack parameter AllowedGenesysHosts."
            ),
        ),
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}
