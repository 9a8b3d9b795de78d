//! Holds what the client sends against the contract of the official SDK. The answers here are the tests' own.

use std::sync::{Arc, Mutex, OnceLock};
use std::thread;

use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use genesys_contract::Contract;
use url::Url;

/// Every operation that the client knows. One that is missing here is a violation.
const OPERATIONS: &[(&str, &str)] = &[
    ("POST", "/oauth/token"),
    ("GET", "/api/v2/organizations/me"),
    ("GET", "/api/v2/integrations"),
    ("POST", "/api/v2/integrations"),
    ("GET", "/api/v2/integrations/{integrationId}"),
    ("PATCH", "/api/v2/integrations/{integrationId}"),
    ("DELETE", "/api/v2/integrations/{integrationId}"),
    ("GET", "/api/v2/integrations/{integrationId}/config/current"),
    ("PUT", "/api/v2/integrations/{integrationId}/config/current"),
    ("GET", "/api/v2/integrations/types/{typeId}"),
    ("GET", "/api/v2/integrations/credentials/types"),
    ("GET", "/api/v2/integrations/credentials/listing"),
    ("POST", "/api/v2/integrations/credentials"),
    ("GET", "/api/v2/integrations/credentials/{credentialId}"),
    ("PUT", "/api/v2/integrations/credentials/{credentialId}"),
    ("DELETE", "/api/v2/integrations/credentials/{credentialId}"),
    ("GET", "/api/v2/integrations/actions"),
    ("POST", "/api/v2/integrations/actions"),
    ("GET", "/api/v2/integrations/actions/{actionId}"),
    ("PATCH", "/api/v2/integrations/actions/{actionId}"),
    ("DELETE", "/api/v2/integrations/actions/{actionId}"),
    (
        "GET",
        "/api/v2/integrations/actions/{actionId}/templates/{fileName}",
    ),
    ("POST", "/api/v2/integrations/actions/{actionId}/test"),
    ("POST", "/api/v2/integrations/actions/{actionId}/execute"),
    ("GET", "/api/v2/integrations/actions/{actionId}/draft"),
    ("POST", "/api/v2/integrations/actions/{actionId}/draft"),
    ("PATCH", "/api/v2/integrations/actions/{actionId}/draft"),
    ("DELETE", "/api/v2/integrations/actions/{actionId}/draft"),
    (
        "GET",
        "/api/v2/integrations/actions/{actionId}/draft/templates/{fileName}",
    ),
    (
        "GET",
        "/api/v2/integrations/actions/{actionId}/draft/validation",
    ),
    ("POST", "/api/v2/integrations/actions/{actionId}/draft/test"),
    (
        "POST",
        "/api/v2/integrations/actions/{actionId}/draft/publish",
    ),
    ("GET", "/api/v2/audits/query/servicemapping"),
    ("GET", "/api/v2/audits/query/realtime/servicemapping"),
    ("POST", "/api/v2/audits/query/realtime"),
    ("POST", "/api/v2/audits/query"),
    ("GET", "/api/v2/audits/query/{transactionId}"),
    ("GET", "/api/v2/audits/query/{transactionId}/results"),
    ("GET", "/api/v2/oauth/clients"),
    ("POST", "/api/v2/oauth/clients"),
    ("GET", "/api/v2/oauth/clients/{clientId}"),
    ("PUT", "/api/v2/oauth/clients/{clientId}"),
    ("DELETE", "/api/v2/oauth/clients/{clientId}"),
    ("POST", "/api/v2/oauth/clients/{clientId}/secret"),
    (
        "POST",
        "/api/v2/usage/client/{clientId}/aggregates/query/jobs",
    ),
    (
        "GET",
        "/api/v2/usage/client/{clientId}/aggregates/query/jobs/{jobId}",
    ),
    ("POST", "/api/v2/oauth/clients/{clientId}/usage/query"),
    (
        "GET",
        "/api/v2/oauth/clients/{clientId}/usage/query/results/{executionId}",
    ),
    ("GET", "/api/v2/authorization/roles"),
    ("GET", "/api/v2/authorization/roles/{roleId}"),
];

fn contract() -> &'static Contract {
    static CONTRACT: OnceLock<Contract> = OnceLock::new();
    CONTRACT.get_or_init(|| Contract::of(OPERATIONS, &|line| eprintln!("{line}")).unwrap())
}

/// Judges the requests of one platform, and panics at its end where one was wrong.
#[derive(Clone, Default)]
pub struct Judge(Arc<Mutex<Vec<String>>>);

impl Judge {
    /// `line` is `METHOD /path?query`.
    pub fn request(&self, line: &str, headers: &HeaderMap, body: &[u8]) {
        let (method, target) = line.split_once(' ').unwrap();
        let url = Url::parse("http://genesys").unwrap().join(target).unwrap();
        let route = contract().route(method, url.path()).unwrap_or(url.path());
        let query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let kind = headers.get(CONTENT_TYPE).map(|kind| kind.to_str().unwrap());
        let found = contract().judge_request(method, route, &query, kind, body);
        let told = found.iter().map(ToString::to_string);
        self.0.lock().unwrap().extend(told);
    }

    pub fn conclude(&self) {
        let found = self.0.lock().unwrap();
        assert!(
            found.is_empty() || thread::panicking(),
            "the client sent what the official SDK does not have:\n  {}",
            found.join("\n  ")
        );
    }
}

#[tokio::test]
#[should_panic(expected = "GET /api/v2/organizations/me, request, query page: unknown parameter")]
async fn a_request_that_the_sdk_does_not_have_ends_the_test() {
    let platform = crate::support::Platform::start(|_| None).await;
    let url = format!("{}/api/v2/organizations/me?page=1", platform.url);
    reqwest::get(url).await.unwrap();
}
