//! Actions of web services: which credential reaches the service, and what is told of it.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use genesys_simulator::{ClockSettings, IntegrationSettings};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::{World, id_of};

const INTEGRATIONS: &str = "/api/v2/integrations";
const CREDENTIALS: &str = "/api/v2/integrations/credentials";
const ACTIONS: &str = "/api/v2/integrations/actions";
const SECRET: &str = "planted-secret-value";
/// `user:planted-secret-value`
const BASIC: &str = "Basic dXNlcjpwbGFudGVkLXNlY3JldC12YWx1ZQ==";

/// One call that the service got: method and path, the Authorization header, the body.
type Seen = (String, String, String);

/// A web service that answers whoever comes with an authorization it accepts.
#[derive(Debug, Default)]
struct Service {
    seen: Vec<Seen>,
    accepted: Vec<String>,
}

type Shared = Arc<Mutex<Service>>;

async fn answer(State(service): State<Shared>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, 100_000).await.unwrap();
    let authorization = head.headers.get("authorization");
    let authorization = authorization.map_or("", |value| value.to_str().unwrap());
    let line = format!("{} {}", head.method, head.uri);
    let mut service = service.lock().unwrap();
    service.seen.push((
        line.clone(),
        authorization.to_owned(),
        String::from_utf8(body.to_vec()).unwrap(),
    ));
    if !service.accepted.iter().any(|known| known == authorization) {
        return (StatusCode::UNAUTHORIZED, r#"{"error":"who are you"}"#).into_response();
    }
    match head.uri.path() {
        "/token" => r#"{"access_token": "granted"}"#.into_response(),
        "/broken" => (StatusCode::INTERNAL_SERVER_ERROR, "oops").into_response(),
        _ => r#"{"state":"found"}"#.into_response(),
    }
}

/// A world with a web services integration, and a service.
struct Ready {
    world: World,
    service: Shared,
    url: String,
    integration: String,
}

impl Ready {
    async fn new() -> Self {
        let service = Shared::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&service));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let world = World::new().await;
        world.switch("new_integration_state", "ENABLED");
        let body = json!({"name": "Services", "integrationType": {"id": "custom-rest-actions"}});
        let integration = id_of(&world.post(INTEGRATIONS, &body).await.expect(200));
        Self {
            world,
            service,
            url,
            integration,
        }
    }

    fn accepts(&self, authorization: &str) {
        self.service.lock().unwrap().accepted = vec![authorization.to_owned()];
    }

    fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.service.lock().unwrap().seen)
    }

    async fn credential(&self, kind: &str, fields: Value) -> String {
        let body = json!({"name": "c", "type": {"name": kind}, "credentialFields": fields});
        id_of(&self.world.post(CREDENTIALS, &body).await.expect(200))
    }

    async fn point_at(&self, credential: &str) {
        let path = format!("{INTEGRATIONS}/{}/config/current", self.integration);
        let mut config = self.world.get(&path).await.expect(200);
        config["credentials"] = json!({"basicAuth": {"id": credential}});
        self.world.put(&path, &config).await.expect(200);
    }

    /// An action with this request.
    async fn action(&self, request: Value) -> String {
        let body = json!({
            "name": "Look up",
            "category": "Services",
            "integrationId": self.integration,
            "contract": {
                "input": {"inputSchema": {"type": "object"}},
                "output": {"successSchema": {"type": "object"}},
            },
            "config": {"timeoutSeconds": 10, "request": request, "response": {"successTemplate": "${rawResult}"}},
        });
        id_of(&self.world.post(ACTIONS, &body).await.expect(201))
    }

    async fn get_action(&self) -> String {
        let url = format!("{}/orders/${{input.order}}", self.url);
        self.action(json!({"requestUrlTemplate": url, "requestType": "GET"}))
            .await
    }

    async fn test(&self, action: &str) -> Value {
        let path = format!("{ACTIONS}/{action}/test");
        self.world
            .post(&path, &json!({"order": "7"}))
            .await
            .expect(200)
    }

    async fn execute(&self, action: &str) -> u16 {
        let path = format!("{ACTIONS}/{action}/execute");
        let answer = self.world.post(&path, &json!({"order": "7"})).await;
        answer.status.as_u16()
    }
}

fn basic_auth(password: &str) -> Value {
    json!({"userName": "user", "password": password})
}

#[tokio::test]
async fn basic_authentication_is_sent_with_every_request_and_never_shown() {
    let ready = Ready::new().await;
    ready.accepts(BASIC);
    let credential = ready.credential("basicAuth", basic_auth(SECRET)).await;
    ready.point_at(&credential).await;
    let action = ready.get_action().await;
    let told = ready.test(&action).await;
    assert_eq!(told["success"], true, "{told}");
    assert_eq!(told["finalResult"], json!({"state": "found"}));
    let get = ("GET /orders/7".to_owned(), BASIC.to_owned(), String::new());
    assert_eq!(ready.seen(), [get]);
    assert_eq!(ready.execute(&action).await, 200);
    for redaction in ["masked", "omitted", "arn_visible"] {
        ready.world.switch("credential_redaction", redaction);
        let path = format!("{CREDENTIALS}/{credential}");
        let read = ready.world.get(&path).await;
        read.expect(200);
        assert!(!read.text.contains(SECRET), "{redaction}: {}", read.text);
    }
}

#[tokio::test]
async fn a_refusal_of_the_service_is_a_failed_test_and_a_refused_execution() {
    let ready = Ready::new().await;
    ready.accepts("another");
    let credential = ready.credential("basicAuth", basic_auth(SECRET)).await;
    ready.point_at(&credential).await;
    let action = ready.get_action().await;
    for (value, code) in [
        ("invalid.credentials", "invalid.credentials"),
        ("bad.request", "bad.request"),
    ] {
        ready.world.switch("upstream_refusal", value);
        let told = ready.test(&action).await;
        assert_eq!(
            (&told["success"], &told["error"]["code"]),
            (&json!(false), &json!(code))
        );
        assert!(!told.to_string().contains(SECRET));
        let path = format!("{ACTIONS}/{action}/execute");
        ready.world.post(&path, &json!({})).await.refusal(400, code);
    }
    ready.accepts(BASIC);
    let url = format!("{}/broken", ready.url);
    let broken = ready.action(json!({"requestUrlTemplate": url})).await;
    assert_eq!(ready.test(&broken).await["error"]["code"], "bad.request");
}

#[tokio::test]
async fn user_defined_fields_reach_url_headers_and_body_and_are_hidden_in_a_test() {
    let ready = Ready::new().await;
    ready.accepts(&format!("Key {SECRET}"));
    let fields = json!({"apiKey": SECRET, "path": "o r"});
    let credential = ready.credential("userDefined", fields).await;
    ready.point_at(&credential).await;
    let action = ready
        .action(json!({
            "requestUrlTemplate": format!("{}/x?p=$esc.url(${{credentials.path}})", ready.url),
            "requestType": "POST",
            "headers": {"Authorization": "Key ${credentials.apiKey}"},
            "requestTemplate": "{\"key\": \"${credentials.apiKey}\", \"order\": \"${input.order}\"}",
        }))
        .await;
    let told = ready.test(&action).await;
    assert_eq!(told["success"], true, "{told}");
    assert!(!told.to_string().contains(SECRET), "{told}");
    assert!(told.to_string().contains("*****"), "{told}");
    let [(line, _, body)] = ready.seen().try_into().unwrap();
    assert_eq!(line, "POST /x?p=o+r");
    assert_eq!(body, format!(r#"{{"key": "{SECRET}", "order": "7"}}"#));
}

#[tokio::test]
async fn a_run_uses_the_credential_that_the_config_points_at_now() {
    let ready = Ready::new().await;
    let action = ready.get_action().await;
    let old = ready.credential("basicAuth", basic_auth("old")).await;
    ready.point_at(&old).await;
    let new = ready.credential("basicAuth", basic_auth(SECRET)).await;
    ready.accepts(BASIC);
    assert_eq!(ready.execute(&action).await, 400);
    ready.point_at(&new).await;
    assert_eq!(ready.execute(&action).await, 200);
    let used = ready
        .world
        .get(&format!("{INTEGRATIONS}?credentialId={new}"))
        .await;
    assert_eq!(used.expect(200)["total"], 1);
    let unused = ready
        .world
        .get(&format!("{INTEGRATIONS}?credentialId={old}"))
        .await;
    assert_eq!(unused.expect(200)["total"], 0);
    // Nothing stands against throwing away one in use, and then every call fails.
    let path = format!("{CREDENTIALS}/{new}");
    ready.world.switch("delete_used_credential", "refuse");
    ready.world.delete(&path).await.expect(409);
    ready.world.switch("delete_used_credential", "allow");
    ready.world.delete(&path).await.expect(204);
    assert_eq!(ready.execute(&action).await, 400);
    ready.seen();
    let told = ready.test(&action).await;
    assert_eq!(told["error"]["code"], "invalid.credentials");
    assert!(ready.seen().is_empty(), "nothing was sent");
}

#[tokio::test]
async fn flows_may_use_the_old_credential_until_the_change_reaches_them() {
    let ready = Ready::new().await;
    let action = ready.get_action().await;
    let slow = IntegrationSettings {
        activation_seconds: Some(60.0),
        integration_id: None,
        in_error: None,
    };
    let old = ready.credential("basicAuth", basic_auth("old")).await;
    ready.point_at(&old).await;
    ready.world.simulator.set_integrations(&slow).unwrap();
    ready.world.switch("config_reaches_flows", "delayed");
    let new = ready.credential("basicAuth", basic_auth(SECRET)).await;
    ready.point_at(&new).await;
    ready.accepts(BASIC);
    assert_eq!(ready.test(&action).await["success"], true);
    assert_eq!(ready.execute(&action).await, 400);
    let later = ClockSettings {
        advance_seconds: 61.0,
    };
    ready.world.simulator.advance(&later).unwrap();
    assert_eq!(ready.execute(&action).await, 200);
}

#[tokio::test]
async fn only_loopback_is_called_and_the_refusal_does_not_say_where_to() {
    let ready = Ready::new().await;
    let fields = json!({"host": SECRET});
    let credential = ready.credential("userDefined", fields).await;
    ready.point_at(&credential).await;
    let action = ready
        .action(json!({"requestUrlTemplate": "https://${credentials.host}.example.com/"}))
        .await;
    let told = ready.test(&action).await;
    assert_eq!(told["success"], false);
    assert!(!told.to_string().contains(SECRET), "{told}");
}

/// A world whose integration authenticates first, with an action that sends what that gave.
async fn with_oauth() -> (Ready, String, String) {
    let ready = Ready::new().await;
    let fields = json!({"loginUrl": format!("{}/token", ready.url), "clientId": "user", "clientSecret": SECRET});
    let credential = ready.credential("userDefinedOAuth", fields).await;
    ready.point_at(&credential).await;
    let action = ready
        .action(json!({
            "requestUrlTemplate": format!("{}/orders", ready.url),
            "requestType": "GET",
            "headers": {"Authorization": "Bearer ${authResponse.access_token}"},
        }))
        .await;
    ready.service.lock().unwrap().accepted = vec![BASIC.to_owned(), "Bearer granted".to_owned()];
    (ready, credential, action)
}

fn lines(seen: Vec<Seen>) -> Vec<String> {
    seen.into_iter().map(|(line, _, _)| line).collect()
}

#[tokio::test]
async fn an_authentication_comes_first_and_its_answer_is_kept_until_the_credential_changes() {
    let (ready, _, action) = with_oauth().await;
    let told = ready.test(&action).await;
    assert_eq!(told["success"], true, "{told}");
    assert_eq!(ready.execute(&action).await, 200);
    assert_eq!(
        lines(ready.seen()),
        ["POST /token", "GET /orders", "GET /orders"]
    );
    let fields = json!({"loginUrl": format!("{}/token", ready.url), "clientId": "user", "clientSecret": "wrong"});
    let wrong = ready.credential("userDefinedOAuth", fields).await;
    ready.point_at(&wrong).await;
    let told = ready.test(&action).await;
    assert_eq!(told["error"]["code"], "invalid.credentials");
    assert_eq!(
        told["error"]["details"][0]["errorCode"],
        "ACTION.AUTHENTICATION"
    );
    assert_eq!(lines(ready.seen()), ["POST /token"]);
}

#[tokio::test]
async fn a_kept_answer_may_hide_a_wrong_credential_until_the_service_refuses_it() {
    let (ready, _, action) = with_oauth().await;
    ready.world.switch("auth_response", "until_refused");
    assert_eq!(ready.execute(&action).await, 200);
    let fields = json!({"loginUrl": format!("{}/token", ready.url), "clientId": "user", "clientSecret": "wrong"});
    let wrong = ready.credential("userDefinedOAuth", fields).await;
    ready.point_at(&wrong).await;
    assert_eq!(
        ready.test(&action).await["success"],
        true,
        "the kept answer"
    );
    let auth = format!("customAuth_-_{}", ready.integration);
    assert_eq!(
        ready.test(&auth).await["success"],
        false,
        "a test of the authentication itself finds it"
    );
    ready.accepts(BASIC);
    assert_eq!(ready.test(&action).await["success"], false);
}

#[tokio::test]
async fn the_platform_keeps_the_authentication_action_as_long_as_the_credential_asks_for_it() {
    let (ready, _, _) = with_oauth().await;
    let id = format!("customAuth_-_{}", ready.integration);
    let path = format!("{ACTIONS}/{id}");
    ready.world.get(&path).await.expect(200);
    ready.world.delete(&path).await.refusal(400, "bad.request");
    let plain = ready.world.get(ACTIONS).await.expect(200);
    assert_eq!(plain["total"], 1);
    let all = ready
        .world
        .get(&format!("{ACTIONS}?includeAuthActions=true"))
        .await;
    assert_eq!(all.expect(200)["total"], 2);
    let basic = ready.credential("basicAuth", basic_auth("p")).await;
    ready.point_at(&basic).await;
    ready.world.get(&path).await.refusal(404, "not.found");
}

#[tokio::test]
async fn every_write_of_a_credential_shows_another_time() {
    let ready = Ready::new().await;
    let id = ready.credential("basicAuth", basic_auth("a")).await;
    let twin = ready.credential("basicAuth", basic_auth("a")).await;
    assert_ne!(id, twin, "names are not unique");
    let body =
        json!({"name": "c", "type": {"name": "basicAuth"}, "credentialFields": basic_auth("b")});
    let path = format!("{CREDENTIALS}/{id}");
    let mut times = Vec::new();
    for _ in 0..3 {
        let info = ready.world.put(&path, &body).await.expect(200);
        times.push(info["modifiedDate"].as_str().unwrap().to_owned());
    }
    let mut apart = times.clone();
    apart.sort();
    apart.dedup();
    assert_eq!(apart, times);
}
