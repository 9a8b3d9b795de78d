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
        "roleDivisions": [{"roleId": "r", "divisionId": "d"}], "accessTokenValiditySeconds": 86400});
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
async fn roles_are_looked_up_by_permission() {
    let platform = Platform::start(one(
        "GET /api/v2/authorization/roles?permission=integrations%3Aaction%3Aedit",
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
