//! OAuth clients and roles: method, path, query and body of each operation, and how its answer is read.

use crate::support::{Platform, ok, one, status};
use secrecy::ExposeSecret;
use serde_json::json;

#[tokio::test]
async fn an_oauth_clients_secret_is_reset_once_and_kept_out_of_debug() {
    let platform = Platform::start(|seen| match (seen.line.as_str(), seen.before) {
        ("POST /api/v2/oauth/clients/c-1/secret", 0) => {
            Some(ok(json!({"id": "c-1", "secret": "fresh-secret"})))
        }
        ("POST /api/v2/oauth/clients/c-1/secret", _) => Some(status(502, json!({}))),
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
}

#[tokio::test]
async fn a_role_is_read_without_counting_its_members() {
    let platform = Platform::start(one(
        "GET /api/v2/authorization/roles/r-1",
        json!({"id": "r-1", "permissions": ["oauth:client:view"]}),
    ))
    .await;
    let role = platform.client().role("r-1").await.unwrap().unwrap();
    assert_eq!(role.permissions, ["oauth:client:view"]);
    assert_eq!(
        platform.calls(),
        ["GET /api/v2/authorization/roles/r-1?userCount=false"]
    );
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
    assert!(role.permissions.is_empty());
    assert_eq!(role.permission_policies[0].action_set, ["view"]);
    assert!(client.role("r-2").await.unwrap().is_none());
}
