//! OAuth clients and roles: method, path, query and body of each operation, and how its answer is read.

use crate::support::{Platform, ok, one, status};
use genesys_cloud::OAuthClientRequest;
use secrecy::ExposeSecret;
use serde_json::json;

#[tokio::test]
async fn an_oauth_clients_secret_is_reset_once_and_kept_out_of_debug() {
    let platform = Platform::start(|seen| match (seen.line.as_str(), seen.before) {
        ("POST /api/v2/oauth/clients/c-1/secret", 0) => {
            Some(ok(json!({"id": "c-1", "secret": "fresh-secret"})))
        }
        ("POST /api/v2/oauth/clients/c-1/secret", _) => Some(status(502, json!({}))),
        ("GET /api/v2/oauth/clients", _) => {
            Some(ok(json!({"entities": [{"id": "c-1"}], "total": 2})))
        }
        _ => None,
    })
    .await;
    let client = platform.client();
    let reset = client.reset_oauth_client_secret("c-1").await.unwrap();
    assert_eq!(
        reset.secret.as_ref().unwrap().expose_secret(),
        "fresh-secret"
    );
    assert!(!format!("{reset:?}").contains("fresh-secret"));
    let lost = client.reset_oauth_client_secret("c-1").await.unwrap_err();
    assert!(lost.applied_unknown());
    assert_eq!(
        platform.calls().len(),
        2,
        "each reset ends a secret: never repeated"
    );
    let short = client.list_oauth_clients().await.unwrap_err();
    assert!(short.message().contains("fewer clients"), "{short}");
}

#[tokio::test]
async fn an_oauth_client_is_written_whole() {
    let stored = json!({"id": "c-1", "name": "L", "authorizedGrantType": "CLIENT-CREDENTIALS", "state": "active",
        "roleDivisions": [{"roleId": "r", "divisionId": "d"}], "accessTokenValiditySeconds": 86400,
        "dateToDelete": "2026-12-24T00:00:00Z"});
    let body = stored.clone();
    let platform = Platform::start(move |seen| {
        seen.line
            .contains("/oauth/clients/c-1")
            .then(|| ok(body.clone()))
    })
    .await;
    let client = platform.client();
    let read = client.get_oauth_client("c-1").await.unwrap().unwrap();
    let request = OAuthClientRequest {
        state: Some("inactive".into()),
        ..OAuthClientRequest::keeping(&read)
    };
    client.put_oauth_client("c-1", &request).await.unwrap();
    let mut expected = stored;
    expected["state"] = "inactive".into();
    expected.as_object_mut().unwrap().remove("id");
    assert_eq!(platform.last().json(), expected);
}

#[tokio::test]
async fn a_grant_that_the_answer_does_not_have_is_not_written_as_an_empty_one() {
    let platform = Platform::start(one(
        "GET /api/v2/oauth/clients/c-1",
        json!({"id": "c-1", "name": "L"}),
    ))
    .await;
    let client = platform.client();
    let read = client.get_oauth_client("c-1").await.unwrap().unwrap();
    let kept = serde_json::to_value(OAuthClientRequest::keeping(&read)).unwrap();
    assert_eq!(kept, json!({"name": "L"}));
}

#[tokio::test]
async fn a_role_is_read_without_counting_its_members() {
    let platform = Platform::start(one(
        "GET /api/v2/authorization/roles/r-1",
        json!({"id": "r-1", "permissions": ["oauth:client:view"]}),
    ))
    .await;
    let role = platform.client().role("r-1").await.unwrap().unwrap();
    assert!(role.grants("oauth:client:view"));
    assert_eq!(
        platform.calls(),
        ["GET /api/v2/authorization/roles/r-1?userCount=false"]
    );
}

#[tokio::test]
async fn roles_are_looked_up_by_permission_without_counting_their_members() {
    let platform = Platform::start(one(
        "GET /api/v2/authorization/roles?permission=integrations%3Aaction%3Aedit&userCount=false",
        json!({"entities": [{"id": "r-1", "name": "Integrator"}], "pageCount": 1}),
    ))
    .await;
    let roles = platform
        .client()
        .roles_with_permission("integrations:action:edit")
        .await
        .unwrap();
    assert_eq!(roles[0].name.as_deref(), Some("Integrator"));
}

#[tokio::test]
async fn one_role_is_read_and_a_role_that_is_not_there_is_none() {
    let platform = Platform::start(one(
        "GET /api/v2/authorization/roles/r-1",
        json!({"id": "r-1", "permissions": null, "permissionPolicies": [
            {"domain": "oauth", "entityName": "*", "actionSet": ["view"]}]}),
    ))
    .await;
    let client = platform.client();
    let role = client.role("r-1").await.unwrap().unwrap();
    assert!(role.grants("oauth:client:view") && !role.grants("oauth:client:edit"));
    assert!(client.role("r-2").await.unwrap().is_none());
}
