//! Faults, the call log, switches: what a test does to the world.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Answer, World};

const ME: &str = "/api/v2/organizations/me";

async fn fault(world: &World, fault: Value) {
    world.control("faults", &fault).await.expect(200);
}

async fn raw(world: &World, path: &str) -> reqwest::Result<reqwest::Response> {
    // A client that does not repeat a request by itself on another connection.
    let http = reqwest::Client::builder()
        .pool_max_idle_per_host(0)
        .timeout(Duration::from_millis(800))
        .build()
        .unwrap();
    let url = world.url(path);
    http.get(url).bearer_auth(world.token()).send().await
}

#[tokio::test]
async fn a_planted_status_is_answered_after_the_calls_that_pass() {
    let world = World::new().await;
    fault(
        &world,
        json!({"method": "GET", "route": ME, "status": 429, "headers": {"Retry-After": "7"}, "after": 1, "times": 1}),
    )
    .await;
    world.get(ME).await.expect(200);
    let hit = world.get(ME).await;
    hit.refusal(429, "too.many.requests.retry.after");
    assert_eq!(hit.header("retry-after"), Some("7"));
    world.get(ME).await.expect(200);
}

#[tokio::test]
async fn a_planted_body_is_answered_as_it_is() {
    let world = World::new().await;
    fault(
        &world,
        json!({"method": "GET", "route": ME, "status": 502, "body": {"strange": true}, "times": 1}),
    )
    .await;
    assert_eq!(world.get(ME).await.expect(502), json!({"strange": true}));
}

#[tokio::test]
async fn a_reset_ends_the_connection_and_nothing_was_done() {
    let world = World::new().await;
    let route = "/api/v2/integrations";
    fault(
        &world,
        json!({"method": "POST", "route": route, "kind": "reset", "times": 1}),
    )
    .await;
    let body = json!({"name": "x", "integrationType": {"id": "aws-lambda-data-actions"}});
    let sent = world
        .http()
        .post(world.url(route))
        .bearer_auth(world.token())
        .json(&body);
    assert!(sent.send().await.unwrap_err().is_request());
    assert_eq!(world.get(route).await.expect(200)["total"], 0);
    let call = &world.simulator.calls()[0];
    assert_eq!((call.method.as_str(), call.status), ("POST", None));
}

#[tokio::test]
async fn an_answer_that_is_lost_leaves_what_was_applied() {
    let world = World::new().await;
    let route = "/api/v2/integrations";
    // Long enough for a busy machine to have done the request.
    let patience = Duration::from_secs(3);
    for (made, kind) in [(1, "applied_then_lost"), (2, "applied_then_timeout")] {
        fault(
            &world,
            json!({"method": "POST", "route": route, "kind": kind, "times": 1}),
        )
        .await;
        let body = json!({"name": kind, "integrationType": {"id": "aws-lambda-data-actions"}});
        let sent = world
            .http()
            .post(world.url(route))
            .timeout(patience)
            .bearer_auth(world.token())
            .json(&body);
        let error = sent.send().await.unwrap_err();
        assert_eq!(error.is_timeout(), kind == "applied_then_timeout", "{kind}");
        assert_eq!(world.get(route).await.expect(200)["total"], made, "{kind}");
    }
}

#[tokio::test]
async fn a_timeout_never_answers() {
    let world = World::new().await;
    fault(
        &world,
        json!({"method": "*", "route": ME, "kind": "timeout", "times": 1}),
    )
    .await;
    assert!(raw(&world, ME).await.unwrap_err().is_timeout());
    assert!(raw(&world, ME).await.is_ok());
}

#[tokio::test]
async fn a_truncated_answer_begins_well_and_breaks_off() {
    let world = World::new().await;
    fault(
        &world,
        json!({"method": "GET", "route": ME, "kind": "truncate", "times": 1}),
    )
    .await;
    let response = raw(&world, ME).await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.text().await.is_err());
}

#[tokio::test]
async fn a_garbage_answer_has_the_right_status_and_no_json() {
    let world = World::new().await;
    fault(
        &world,
        json!({"method": "GET", "route": ME, "kind": "garbage", "times": 1}),
    )
    .await;
    let answer = world.get(ME).await;
    assert_eq!(answer.status, 200);
    assert!(serde_json::from_str::<Value>(&answer.text).is_err());
}

#[tokio::test]
async fn latency_delays_an_answer_that_is_otherwise_right() {
    let world = World::new().await;
    fault(
        &world,
        json!({"method": "GET", "route": ME, "latency_ms": 120, "times": 1}),
    )
    .await;
    let began = Instant::now();
    world.get(ME).await.expect(200);
    assert!(began.elapsed() >= Duration::from_millis(120));
}

#[tokio::test]
async fn the_token_endpoint_can_fail_too_and_faults_can_be_removed() {
    let world = World::new().await;
    let planted = json!({"method": "POST", "route": "/oauth/token", "status": 503, "times": 9});
    fault(&world, planted).await;
    let ask = || async {
        let sent = world.http().post(world.url("/oauth/token")).send().await;
        Answer::of(sent.unwrap()).await.status.as_u16()
    };
    assert_eq!(ask().await, 503);
    world.control("reset-faults", &json!({})).await.expect(200);
    assert_eq!(ask().await, 400);
}

#[tokio::test]
async fn the_call_log_names_route_status_client_and_correlation() {
    let world = World::new().await;
    let answer = world.get("/api/v2/integrations/none?expand=x").await;
    let calls = Answer::of(
        world
            .http()
            .get(world.url("/_control/calls"))
            .send()
            .await
            .unwrap(),
    );
    let calls = calls.await.expect(200);
    let call = &calls[0];
    assert_eq!(call["method"], "GET");
    assert_eq!(call["path"], "/api/v2/integrations/none");
    assert_eq!(call["query"], "expand=x");
    assert_eq!(call["route"], "/api/v2/integrations/{integrationId}");
    assert_eq!(call["status"], 404);
    assert_eq!(call["client_id"], world.simulator.client().id);
    assert_eq!(
        call["correlation_id"].as_str(),
        answer.header("inin-correlation-id")
    );
    world.control("reset-calls", &json!({})).await.expect(200);
    assert!(world.simulator.calls().is_empty());
}

#[tokio::test]
async fn switches_are_read_and_set_all_or_none() {
    let world = World::new().await;
    let refused = world
        .control(
            "switches",
            &json!({"create_status": "200", "nonsense": "x"}),
        )
        .await
        .expect(400);
    assert!(refused["error"].as_str().unwrap().contains("nonsense"));
    let all = Answer::of(
        world
            .http()
            .get(world.url("/_control/switches"))
            .send()
            .await
            .unwrap(),
    );
    let all = all.await.expect(200);
    assert!(
        all.as_array()
            .unwrap()
            .iter()
            .all(|switch| switch["current"] == switch["default"])
    );
    let set = world
        .control("switches", &json!({"create_status": 200}))
        .await
        .expect(200);
    assert_eq!(set[0]["current"], "200");
}

#[tokio::test]
async fn wrong_control_input_is_a_400_that_says_why() {
    let world = World::new().await;
    for (name, body, hint) in [
        (
            "faults",
            json!({"method": "GET", "route": "/nowhere", "status": 500, "times": 1}),
            "no operation",
        ),
        (
            "faults",
            json!({"method": "GET", "route": ME, "status": 500, "times": 1, "x": 1}),
            "unknown field",
        ),
        (
            "faults",
            json!({"method": "GET", "route": ME, "kind": "magic", "times": 1}),
            "unknown variant",
        ),
        ("audits", json!({"delay_seconds": -1}), "delay_seconds"),
        ("audits", json!({"delay": 1}), "unknown field"),
        ("rate-limit", json!({"window_seconds": 0}), "window_seconds"),
        (
            "permissions",
            json!({"client_id": "x", "permissions": []}),
            "no client",
        ),
        ("clients", json!({"client_id": "x"}), "no client"),
        (
            "clock",
            json!({"advance_seconds": 1e300}),
            "advance_seconds",
        ),
        ("integrations", json!({"in_error": true}), "integration_id"),
    ] {
        let refused = world.control(name, &body).await.expect(400);
        let problem = refused["error"].as_str().unwrap();
        assert!(problem.contains(hint), "{name}: {problem}");
    }
    world.control("nothing", &json!({})).await.expect(404);
    world.control("calls", &json!({})).await.expect(405);
}

#[tokio::test]
async fn a_stopped_simulator_answers_nobody_and_does_not_wait_for_planted_timeouts() {
    let world = World::new().await;
    fault(
        &world,
        json!({"method": "GET", "route": ME, "kind": "timeout", "times": 1}),
    )
    .await;
    let (url, http) = (world.url(ME), world.http().clone());
    let request = http.get(&url).bearer_auth(world.token());
    let waiting = tokio::spawn(request.send());
    while world.simulator.calls().is_empty() {
        tokio::task::yield_now().await;
    }
    world.simulator.stop().await;
    assert!(waiting.await.unwrap().is_err());
    assert!(http.get(&url).send().await.unwrap_err().is_connect());
}
