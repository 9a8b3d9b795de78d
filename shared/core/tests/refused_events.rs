//! A bus that takes some events of a call and not others. No emulator does that on demand, so a
//! small server speaks EventBridge's JSON here (EventBridge API reference, `PutEvents`).

#![expect(
    clippy::unwrap_used,
    reason = "a test's helpers may panic as the test itself may"
)]

use std::sync::{Arc, Mutex};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_eventbridge::config::Credentials;
use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use lockstep::aws::{Bus, Kind};
use lockstep_domain::event::{Event, Header, Principal, PrincipalKind, RoleProvisioned};
use serde_json::{Value, json};

/// The reasons of the entries of each call, in order.
type Calls = Arc<Mutex<Vec<Vec<String>>>>;

/// Refuses every entry whose reason begins with the code's name, as often as told.
#[derive(Clone)]
struct Server {
    calls: Calls,
    code: &'static str,
    times: usize,
}

async fn put_events(State(server): State<Server>, body: String) -> Json<Value> {
    let body: Value = serde_json::from_str(&body).unwrap();
    let entries = body["Entries"].as_array().unwrap();
    let reason = |entry: &Value| {
        let detail: Value = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
        detail["reason"].as_str().unwrap().to_owned()
    };
    let reasons: Vec<String> = entries.iter().map(reason).collect();
    let mut calls = server.calls.lock().unwrap();
    calls.push(reasons.clone());
    let refuses = calls.len() <= server.times;
    let answer = |reason: &String| {
        if refuses && reason.starts_with("refused") {
            json!({"ErrorCode": server.code, "ErrorMessage": "not now"})
        } else {
            json!({"EventId": "1"})
        }
    };
    let answers: Vec<Value> = reasons.iter().map(answer).collect();
    let failed = answers.iter().filter(|one| one.get("ErrorCode").is_some());
    Json(json!({"FailedEntryCount": failed.count(), "Entries": answers}))
}

async fn serve(code: &'static str, times: usize) -> (SdkConfig, Calls) {
    let calls = Calls::default();
    let state = Server {
        calls: calls.clone(),
        code,
        times,
    };
    let router = Router::new().route("/", post(put_events)).with_state(state);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let sdk = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .endpoint_url(format!("http://{address}"))
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("key", "secret", None, None, "test"))
        .load()
        .await;
    (sdk, calls)
}

fn event(reason: &str) -> Event {
    let actor = Principal {
        kind: PrincipalKind::Function,
        id: "lockstep-provision-role".into(),
        name: None,
    };
    let header = Header::new("2026-01-01T00:00:00Z".parse().unwrap(), actor);
    let provisioned = RoleProvisioned {
        reason: Some(reason.to_owned()),
        ..RoleProvisioned::default()
    };
    Event::new(header, provisioned)
}

#[tokio::test]
async fn only_what_the_bus_did_not_take_is_sent_again() {
    let (sdk, calls) = serve("ThrottlingException", 1).await;
    let bus = Bus::new(&(&sdk).into(), "lockstep");
    let events = [event("taken 1"), event("refused"), event("taken 2")];
    bus.emit(&events).await.unwrap();
    let calls = calls.lock().unwrap();
    assert_eq!(
        *calls,
        [vec!["taken 1", "refused", "taken 2"], vec!["refused"]]
    );
}

#[tokio::test]
async fn what_the_bus_never_takes_is_an_error_that_says_whether_to_try_again() {
    for (code, transient) in [("ThrottlingException", true), ("MalformedDetail", false)] {
        let (sdk, calls) = serve(code, usize::MAX).await;
        let bus = Bus::new(&(&sdk).into(), "lockstep");
        let error = bus.emit(&[event("refused")]).await.unwrap_err();
        assert_eq!(error.is_transient(), transient, "{code}");
        assert_eq!(error.kind == Kind::Malformed, !transient, "{code}");
        assert_eq!(error.code.as_deref(), Some(code));
        assert!(!calls.lock().unwrap().is_empty());
    }
}
