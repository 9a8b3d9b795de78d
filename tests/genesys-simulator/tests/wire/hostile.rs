//! Requests that no honest client sends: never a 5xx, never a broken connection.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, World, action_body};

const ACTIONS: &str = "/api/v2/integrations/actions";

async fn send(world: &World, path: &str, body: Vec<u8>, kind: &str) -> Answer {
    let request = world
        .http()
        .post(world.url(path))
        .bearer_auth(world.token())
        .header("content-type", kind)
        .body(body);
    Answer::of(request.send().await.unwrap()).await
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_a_400() {
    let world = World::new().await;
    let deep = "[".repeat(100_000).into_bytes();
    for body in [b"{".to_vec(), b"".to_vec(), b"\xff\xfe".to_vec(), deep] {
        let refused = send(&world, ACTIONS, body, "application/json").await;
        refused.refusal(400, "bad.request");
    }
    let list = send(&world, ACTIONS, b"[]".to_vec(), "application/json").await;
    list.refusal(400, "invalid.value");
}

/// What is told back stands a few levels deeper in the answer, which must be readable still.
#[tokio::test]
async fn a_body_is_repeated_readably_or_is_too_deep() {
    let world = World::new().await;
    let id = world.action(&world.integration().await, "a").await;
    let test = format!("{ACTIONS}/{id}/test");
    let nested = |levels: usize| format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels));
    let told = send(&world, &test, nested(99).into_bytes(), "application/json").await;
    assert!(told.expect(200).is_object());
    let refused = send(&world, &test, nested(100).into_bytes(), "application/json").await;
    refused.refusal(400, "bad.request");
}

#[tokio::test]
async fn a_body_of_another_kind_or_too_large_is_refused() {
    let world = World::new().await;
    let xml = send(&world, ACTIONS, b"<x/>".to_vec(), "application/xml").await;
    xml.refusal(415, "unsupported.media.type");
    let large = send(&world, ACTIONS, vec![b' '; 512_001], "application/json").await;
    large.refusal(413, "request.entity.too.large");
    let largest = send(&world, ACTIONS, vec![b' '; 512_000], "application/json").await;
    largest.refusal(400, "bad.request");
}

#[tokio::test]
async fn an_unknown_path_is_a_404_and_a_wrong_verb_a_405() {
    let world = World::new().await;
    for path in [
        "/",
        "/api/v2/dataactions/actions/1",
        "/api/v2/flows/dataactions",
        "/api/v2/audit/query",
        "/api/v2/oauth/token",
        "/api/v2/integrations/actions/%ff",
    ] {
        world.get(path).await.refusal(404, "not.found");
    }
    let id = world.action(&world.integration().await, "a").await;
    let put = world.put(&format!("{ACTIONS}/{id}"), &json!({})).await;
    put.refusal(405, "method not allowed");
    let verb = Method::from_bytes(b"PROPFIND").unwrap();
    world
        .send(verb, ACTIONS, None)
        .await
        .refusal(405, "method not allowed");
}

/// Every field of a good body, replaced by values of every other kind.
#[tokio::test]
async fn wrong_types_anywhere_in_a_body_are_a_400() {
    let world = World::new().await;
    let integration = world.integration().await;
    let good = action_body(&integration, "a");
    let mut places = Vec::new();
    collect(&good, String::new(), &mut places);
    let mut refused = 0;
    for place in &places {
        for wrong in [json!(7), json!([{}]), json!({"x": []}), json!("\u{0}")] {
            let mut body = good.clone();
            *body.pointer_mut(place).unwrap() = wrong;
            let answer = world.post(ACTIONS, &body).await;
            assert!(
                [201, 400].contains(&answer.status.as_u16()),
                "{place}: {}",
                answer.text
            );
            refused += usize::from(answer.status == 400);
        }
    }
    // Free texts take any text, schemas and maps some objects; everything else is refused.
    assert!(refused > places.len() * 2, "{refused} of {}", places.len());
}

fn collect(value: &Value, place: String, places: &mut Vec<String>) {
    if let Value::Object(object) = value {
        for (key, value) in object {
            let place = format!("{place}/{key}");
            places.push(place.clone());
            collect(value, place, places);
        }
    }
}

#[tokio::test]
async fn no_route_answers_a_5xx_to_an_empty_or_odd_body() {
    let world = World::new().await;
    let limit = json!({"allowed": 100_000});
    world.control("rate-limit", &limit).await.expect(200);
    let integration = world.integration().await;
    let action = world.action(&integration, "a").await;
    let credential = world.credential("arn:aws:iam::1:role/x").await;
    let client = world.simulator.other_client().id.clone();
    for known in [
        action.as_str(),
        &integration,
        &credential,
        &client,
        "none",
        "a%20b",
    ] {
        for tail in [
            "",
            "/draft",
            "/draft/publish",
            "/draft/test",
            "/test",
            "/execute",
            "/config/current",
            "/secret",
            "/templates/x",
            "/schemas/..",
            "/results",
        ] {
            for base in [
                "/api/v2/integrations",
                ACTIONS,
                "/api/v2/integrations/credentials",
                "/api/v2/oauth/clients",
                "/api/v2/audits/query",
            ] {
                for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH] {
                    for body in [
                        None,
                        Some(json!([])),
                        Some(json!({"version": 1e99, "name": []})),
                    ] {
                        let path = format!("{base}/{known}{tail}");
                        let answer = world.send(method.clone(), &path, body.as_ref()).await;
                        assert!(
                            !answer.status.is_server_error(),
                            "{method} {path}: {}",
                            answer.text
                        );
                    }
                }
            }
        }
    }
}
