//! Requests that are done after their answer was given up.

use serde_json::json;

use crate::support::{World, action_body};

const ACTIONS: &str = "/api/v2/integrations/actions";

async fn names(world: &World) -> Vec<String> {
    let listed = world.get(ACTIONS).await.expect(200);
    let entities = listed["entities"].as_array().unwrap();
    let name = |action: &serde_json::Value| action["name"].as_str().unwrap().to_owned();
    entities.iter().map(name).collect()
}

#[tokio::test]
async fn a_create_that_was_answered_with_a_timeout_shows_later() {
    let world = World::new().await;
    let integration = world.integration().await;
    let fault = json!({
        "method": "POST", "route": ACTIONS, "status": 504,
        "kind": {"applied_later": {"after_ms": 3000}}, "times": 1
    });
    world.control("faults", &fault).await.expect(200);
    let body = action_body(&integration, "Orders");
    world
        .post(ACTIONS, &body)
        .await
        .refusal(504, "request.timeout");
    assert_eq!(names(&world).await, [""; 0], "nothing shows at once");
    let ahead = json!({"advance_seconds": 3});
    world.control("clock", &ahead).await.expect(200);
    assert_eq!(names(&world).await, ["Orders"]);
    world.control("clock", &ahead).await.expect(200);
    assert_eq!(names(&world).await, ["Orders"], "it is done once");
}

#[tokio::test]
async fn what_would_have_been_refused_is_never_done() {
    let world = World::new().await;
    let integration = world.integration().await;
    let fault = json!({
        "method": "POST", "route": ACTIONS, "status": 504,
        "kind": {"applied_later": {"after_ms": 1}}, "times": 1
    });
    world.control("faults", &fault).await.expect(200);
    let client = &world.simulator.client().id;
    let none = json!({"client_id": client, "permissions": ["integrations:action:view"]});
    world.control("permissions", &none).await.expect(200);
    let body = action_body(&integration, "Orders");
    world
        .post(ACTIONS, &body)
        .await
        .refusal(504, "request.timeout");
    world
        .control("clock", &json!({"advance_seconds": 60}))
        .await
        .expect(200);
    assert_eq!(names(&world).await, [""; 0]);
}

#[tokio::test]
async fn without_a_status_no_answer_is_given_at_all() {
    let world = World::new().await;
    let integration = world.integration().await;
    let fault = json!({
        "method": "POST", "route": ACTIONS,
        "kind": {"applied_later": {"after_ms": 60000}}, "times": 1
    });
    world.control("faults", &fault).await.expect(200);
    let url = world.url(ACTIONS);
    let request = world.http().post(url).bearer_auth(world.token());
    let body = action_body(&integration, "Orders");
    let unanswered = request
        .json(&body)
        .timeout(std::time::Duration::from_millis(300))
        .send();
    assert!(unanswered.await.unwrap_err().is_timeout());
    assert_eq!(names(&world).await, [""; 0]);
    world
        .control("clock", &json!({"advance_seconds": 61}))
        .await
        .expect(200);
    assert_eq!(names(&world).await, ["Orders"]);
}
