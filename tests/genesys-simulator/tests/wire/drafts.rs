//! Drafts: their own versions, validation, publishing.

use serde_json::json;

use crate::support::{FUNCTION, World, action_body, config_body, id_of};

const ACTIONS: &str = "/api/v2/integrations/actions";

async fn drafted(world: &World) -> String {
    let id = world.action(&world.integration().await, "Orders").await;
    world
        .post(&format!("{ACTIONS}/{id}/draft"), &json!({}))
        .await
        .expect(201);
    id
}

#[tokio::test]
async fn a_draft_copies_the_action_and_counts_its_own_versions() {
    let world = World::new().await;
    let id = world.action(&world.integration().await, "Orders").await;
    let action = format!("{ACTIONS}/{id}");
    let draft = format!("{action}/draft");
    world.get(&draft).await.refusal(404, "not.found");
    for version in 1..4 {
        let body = json!({"version": version, "category": format!("c{version}")});
        world.patch(&action, &body).await.expect(200);
    }
    let created = world
        .send(reqwest::Method::POST, &draft, None)
        .await
        .expect(201);
    assert_eq!(
        (&created["id"], &created["version"]),
        (&json!(id), &json!(1))
    );
    assert_eq!(created["category"], "c3");
    let body =
        json!({"version": 1, "config": config_body("arn:aws:lambda:us-east-1:1:function:new")});
    assert_eq!(world.patch(&draft, &body).await.expect(200)["version"], 2);
    let live = world
        .get(&format!("{action}?includeConfig=true"))
        .await
        .expect(200);
    assert_eq!(live["version"], 4);
    assert_eq!(live["config"]["request"]["requestUrlTemplate"], FUNCTION);
    let stale = world.patch(&draft, &body).await.refusal(400, "bad.request");
    assert_eq!(
        stale,
        "Supplied version 1 does not match the current version 2"
    );
}

#[tokio::test]
async fn a_draft_that_exists_is_not_overwritten() {
    let world = World::new().await;
    let id = drafted(&world).await;
    let again = world
        .post(&format!("{ACTIONS}/{id}/draft"), &json!({}))
        .await;
    again.refusal(400, "bad.request");
    let list = world.get(&format!("{ACTIONS}/drafts")).await.expect(200);
    assert_eq!(list["total"], 1);
    assert_eq!(list["entities"][0]["id"], id);
}

#[tokio::test]
async fn publishing_asks_for_the_drafts_version_and_makes_the_next_published_one() {
    let world = World::new().await;
    let id = drafted(&world).await;
    let draft = format!("{ACTIONS}/{id}/draft");
    let stale = world
        .post(&format!("{draft}/publish"), &json!({"version": 2}))
        .await;
    assert_eq!(
        stale.refusal(400, "bad.request"),
        "Supplied version 2 does not match latest draft version 1"
    );
    world
        .patch(&draft, &json!({"version": 1, "category": "New"}))
        .await
        .expect(200);
    let published = world
        .post(&format!("{draft}/publish"), &json!({"version": 2}))
        .await
        .expect(200);
    assert_eq!(published["version"], 2);
    assert_eq!(published["category"], "New");
    world.get(&draft).await.refusal(404, "not.found");
    assert_eq!(
        world.get(&format!("{ACTIONS}/{id}")).await.expect(200)["version"],
        2
    );
}

#[tokio::test]
async fn a_draft_keeps_the_contract_unless_the_switch_lets_it_change() {
    let world = World::new().await;
    let id = drafted(&world).await;
    let draft = format!("{ACTIONS}/{id}/draft");
    let contract = json!({"input": {"inputSchema": {"type": "object"}}, "output": {"successSchema": {"type": "array", "items": {"type": "string"}}}});
    let body = json!({"version": 1, "contract": contract});
    world
        .patch(&draft, &body)
        .await
        .refusal(400, "constraint.validation");
    let secure = world
        .patch(&draft, &json!({"version": 1, "secure": true}))
        .await;
    secure.refusal(400, "constraint.validation");
    world.switch("draft_contract_change", "accept");
    world.patch(&draft, &body).await.expect(200);
    let read = world
        .get(&format!("{draft}?expand=contract"))
        .await
        .expect(200);
    assert_eq!(
        read["contract"]["output"]["successSchema"]["items"]["type"],
        "string"
    );
}

#[tokio::test]
async fn a_draft_without_a_request_url_is_invalid_and_not_published() {
    let world = World::new().await;
    let id = drafted(&world).await;
    let draft = format!("{ACTIONS}/{id}/draft");
    let valid = world.get(&format!("{draft}/validation")).await.expect(200);
    assert_eq!(valid, json!({"valid": true, "errors": []}));
    world
        .patch(&draft, &json!({"version": 1, "config": {}}))
        .await
        .expect(200);
    let invalid = world.get(&format!("{draft}/validation")).await.expect(200);
    assert_eq!(invalid["valid"], false);
    assert_eq!(
        invalid["errors"][0]["details"][0]["fieldName"],
        "config.request.requestUrlTemplate"
    );
    let refused = world
        .post(&format!("{draft}/publish"), &json!({"version": 2}))
        .await;
    refused.refusal(400, "constraint.validation");
}

#[tokio::test]
async fn a_new_action_can_begin_as_a_draft_and_is_seen_only_when_published() {
    let world = World::new().await;
    let integration = world.integration().await;
    let body = action_body(&integration, "New");
    let id = id_of(
        &world
            .post(&format!("{ACTIONS}/drafts"), &body)
            .await
            .expect(201),
    );
    world
        .get(&format!("{ACTIONS}/{id}"))
        .await
        .refusal(404, "not.found");
    assert_eq!(world.get(ACTIONS).await.expect(200)["total"], 0);
    let template = format!("{ACTIONS}/{id}/draft/templates/requesttemplate.vm");
    assert_eq!(world.get(&template).await.text, "${input.rawRequest}");
    let publish = format!("{ACTIONS}/{id}/draft/publish");
    let published = world
        .post(&publish, &json!({"version": 1}))
        .await
        .expect(200);
    assert_eq!(published["version"], 1);
    assert_eq!(world.get(ACTIONS).await.expect(200)["total"], 1);
}

#[tokio::test]
async fn a_deleted_draft_leaves_the_published_action() {
    let world = World::new().await;
    let id = drafted(&world).await;
    let draft = format!("{ACTIONS}/{id}/draft");
    world.delete(&draft).await.expect(204);
    world.delete(&draft).await.refusal(404, "not.found");
    world.get(&format!("{ACTIONS}/{id}")).await.expect(200);
}
