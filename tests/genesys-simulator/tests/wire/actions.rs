//! Published data actions.

mod contracts;
mod listing;

use serde_json::{Value, json};

use crate::support::{FUNCTION, World, action_body, config_body, id_of};

const ACTIONS: &str = "/api/v2/integrations/actions";

fn path(id: &str) -> String {
    format!("{ACTIONS}/{id}")
}

#[tokio::test]
async fn a_created_action_is_published_at_once_under_version_one() {
    let world = World::new().await;
    let integration = world.integration().await;
    let created = world
        .post(ACTIONS, &action_body(&integration, "Orders"))
        .await
        .expect(201);
    let id = id_of(&created);
    assert!(id.starts_with("custom_-_"), "{id}");
    assert_eq!(created["version"], 1);
    assert_eq!(created["secure"], false);
    assert_eq!(created["integrationId"], integration);
    assert_eq!(created["selfUri"], path(&id));
}

#[tokio::test]
async fn a_config_gives_the_addresses_of_its_templates_or_the_templates_by_switch() {
    let world = World::new().await;
    let id = world.action(&world.integration().await, "Orders").await;
    let asked = format!("{}?includeConfig=true", path(&id));
    let config = world.get(&asked).await.expect(200)["config"].clone();
    assert!(config["request"].get("requestTemplate").is_none());
    assert!(config["response"].get("successTemplate").is_none());
    let template = world
        .get(config["request"]["requestTemplateUri"].as_str().unwrap())
        .await;
    assert_eq!(template.text, "${input.rawRequest}");
    assert!(
        template
            .header("content-type")
            .unwrap()
            .starts_with("text/plain")
    );
    let success = world
        .get(&format!("{}/templates/successtemplate.vm", path(&id)))
        .await;
    assert_eq!(success.text, "${rawResult}");
    world.switch("config_templates", "inline");
    let config = world.get(&asked).await.expect(200)["config"].clone();
    assert_eq!(config["request"]["requestTemplate"], "${input.rawRequest}");
    assert_eq!(config["response"]["successTemplate"], "${rawResult}");
}

#[tokio::test]
async fn a_template_that_is_missing_or_empty_reads_as_the_default_of_the_platform() {
    let world = World::new().await;
    let integration = world.integration().await;
    for (request, response) in [
        (json!({"requestUrlTemplate": FUNCTION}), json!({})),
        (
            json!({"requestUrlTemplate": FUNCTION, "requestTemplate": ""}),
            json!({"successTemplate": ""}),
        ),
    ] {
        let mut body = action_body(&integration, "Orders");
        body["config"] = json!({"request": request, "response": response});
        let published = id_of(&world.post(ACTIONS, &body).await.expect(201));
        let drafted = world.post(&format!("{ACTIONS}/drafts"), &body).await;
        let drafted = format!("{}/draft", path(&id_of(&drafted.expect(201))));
        for place in [path(&published), drafted] {
            let read = world.get(&format!("{place}?includeConfig=true")).await;
            let config = &read.expect(200)["config"];
            for (uri, default) in [
                (
                    &config["request"]["requestTemplateUri"],
                    "${input.rawRequest}",
                ),
                (&config["response"]["successTemplateUri"], "${rawResult}"),
            ] {
                let template = world.get(uri.as_str().unwrap()).await;
                assert_eq!(template.status, 200);
                assert_eq!(template.text, default);
                let kind = template.header("content-type").unwrap();
                assert!(kind.starts_with("text/plain"), "{kind}");
            }
        }
    }
    let id = world.action(&integration, "Orders").await;
    let other = format!("{}/templates/other.vm", path(&id));
    world.get(&other).await.refusal(404, "not.found");
}

#[tokio::test]
async fn a_version_rises_with_every_change_or_not_with_one_of_a_template_alone_by_switch() {
    let world = World::new().await;
    let id = world.action(&world.integration().await, "Orders").await;
    let asked = format!("{}?includeConfig=true", path(&id));
    let mut config = world.get(&asked).await.expect(200)["config"].clone();
    let mut changed = async |template: &str, timeout: u32, version: u32| {
        config["timeoutSeconds"] = json!(timeout);
        config["request"]["requestTemplate"] = json!(template);
        let body = json!({"version": version, "config": config});
        world.patch(&path(&id), &body).await.expect(200)["version"].clone()
    };
    assert_eq!(changed("one", 5, 1).await, 2);
    assert_eq!(changed("two", 5, 2).await, 3);
    world.switch("version_rises", "not_for_templates");
    assert_eq!(changed("three", 5, 3).await, 3);
    assert_eq!(changed("four", 6, 3).await, 4);
    let draft = format!("{}/draft", path(&id));
    world.post(&draft, &json!({})).await.expect(201);
    config["request"]["requestTemplate"] = json!("five");
    let body = json!({"version": 1, "config": config});
    assert_eq!(world.patch(&draft, &body).await.expect(200)["version"], 1);
    let published = world
        .post(&format!("{draft}/publish"), &json!({"version": 1}))
        .await;
    assert_eq!(published.expect(200)["version"], 4);
}

#[tokio::test]
async fn built_in_actions_come_with_their_integration_and_cannot_be_changed() {
    let world = World::new().await;
    let body = json!({"name": "own API", "integrationType": {"id": "purecloud-data-actions"}});
    let integration = id_of(&world.post("/api/v2/integrations", &body).await.expect(200));
    let listed = world.get(ACTIONS).await.expect(200);
    let built_in = &listed["entities"][0];
    let (id, name) = (id_of(built_in), built_in["name"].as_str().unwrap());
    assert!(id.starts_with("static"), "{id}");
    assert_eq!(built_in["integrationId"], integration);
    let own = world.action(&integration, name).await;
    let same = world
        .get(&format!("{ACTIONS}?name={name}"))
        .await
        .expect(200);
    assert_eq!(same["total"], 2, "a custom action may have the same name");
    let patch = json!({"version": 1, "name": "mine"});
    world
        .patch(&path(&id), &patch)
        .await
        .refusal(400, "bad.request");
    let draft = format!("{}/draft", path(&id));
    world
        .post(&draft, &json!({}))
        .await
        .refusal(400, "bad.request");
    world.delete(&path(&id)).await.refusal(400, "bad.request");
    world.delete(&path(&own)).await.expect(204);
    let holder = format!("/api/v2/integrations/{integration}");
    world.delete(&holder).await.expect(200);
    world.get(&path(&id)).await.refusal(404, "not.found");
}

#[tokio::test]
async fn a_create_is_refused_with_the_field_that_is_wrong() {
    let world = World::new().await;
    let integration = world.integration().await;
    for field in ["name", "category", "config", "contract", "integrationId"] {
        let mut body = action_body(&integration, "Orders");
        body.as_object_mut().unwrap().remove(field);
        let refused = world.post(ACTIONS, &body).await;
        refused.refusal(400, "constraint.validation");
        assert_eq!(refused.json()["details"][0]["fieldName"], field);
    }
    let refused = |change: fn(&mut Value)| {
        let mut body = action_body(&integration, "Orders");
        change(&mut body);
        let world = &world;
        async move { world.post(ACTIONS, &body).await }
    };
    let long = refused(|body| body["name"] = json!("x".repeat(257))).await;
    long.refusal(400, "constraint.validation");
    let empty = refused(|body| body["category"] = json!("")).await;
    empty.refusal(400, "constraint.validation");
    let schema =
        refused(|body| body["contract"]["input"]["inputSchema"] = json!({"type": 7})).await;
    schema.refusal(400, "invalid.schema");
    let timeout = refused(|body| body["config"]["timeoutSeconds"] = json!(61)).await;
    timeout.refusal(400, "constraint.validation");
    let unknown = refused(|body| body["config"]["request"]["url"] = json!("x")).await;
    unknown.refusal(400, "invalid.property");
    let nowhere = refused(|body| body["integrationId"] = json!("none")).await;
    nowhere.refusal(400, "constraint.validation");
    let description = refused(|body| body["description"] = json!("none")).await;
    description.refusal(400, "invalid.property");
}

#[tokio::test]
async fn a_function_integration_takes_drafts_only() {
    let world = World::new().await;
    let body = json!({"name": "f", "integrationType": {"id": "function-data-actions"}});
    let integration = id_of(&world.post("/api/v2/integrations", &body).await.expect(200));
    let body = action_body(&integration, "Orders");
    let message = world.post(ACTIONS, &body).await.refusal(400, "bad.request");
    assert_eq!(
        message,
        "Integration of type 'function-data-actions' does not support creating published actions."
    );
    world
        .post(&format!("{ACTIONS}/drafts"), &body)
        .await
        .expect(201);
}

#[tokio::test]
async fn a_fresh_integration_refuses_actions_for_a_while_by_switch() {
    let world = World::new().await;
    world.switch("fresh_integration_actions", "refuse");
    let settings = json!({"activation_seconds": 30});
    world.control("integrations", &settings).await.expect(200);
    let body = action_body(&world.integration().await, "Orders");
    world.post(ACTIONS, &body).await.refusal(400, "bad.request");
    world
        .control("clock", &json!({"advance_seconds": 31}))
        .await
        .expect(200);
    world.post(ACTIONS, &body).await.expect(201);
}

#[tokio::test]
async fn a_patch_changes_an_action_under_its_version_and_names_a_stale_one() {
    let world = World::new().await;
    let id = world.action(&world.integration().await, "Orders").await;
    let other = format!("{FUNCTION}-2");
    let body = json!({"version": 1, "config": config_body(&other)});
    assert_eq!(
        world.patch(&path(&id), &body).await.expect(200)["version"],
        2
    );
    let read = world
        .get(&format!("{}?includeConfig=true", path(&id)))
        .await
        .expect(200);
    assert_eq!(read["config"]["request"]["requestUrlTemplate"], other);
    assert_eq!(read["name"], "Orders");
    let message = world
        .patch(&path(&id), &body)
        .await
        .refusal(400, "bad.request");
    assert_eq!(
        message,
        "Supplied version 1 does not match the current version 2"
    );
    world.switch("stale_action_version", "409");
    let message = world
        .patch(&path(&id), &body)
        .await
        .refusal(409, "request.conflict");
    assert!(message.contains("does not match"), "{message}");
    let none = world.patch(&path(&id), &json!({"name": "x"})).await;
    none.refusal(400, "constraint.validation");
}

#[tokio::test]
async fn what_a_published_action_cannot_change_is_refused() {
    let world = World::new().await;
    let id = world.action(&world.integration().await, "Orders").await;
    for (field, value) in [
        ("contract", json!({})),
        ("secure", json!(true)),
        ("integrationId", json!("x")),
    ] {
        let refused = world
            .patch(&path(&id), &json!({"version": 1, field: value}))
            .await;
        refused.refusal(400, "invalid.property");
        assert_eq!(refused.json()["details"][0]["fieldName"], field);
    }
    assert_eq!(world.get(&path(&id)).await.expect(200)["version"], 1);
}

#[tokio::test]
async fn a_partial_config_replaces_the_whole_one_or_is_merged_by_switch() {
    let world = World::new().await;
    let integration = world.integration().await;
    let partial = json!({"version": 1, "config": {"timeoutSeconds": 20}});
    let replaced = world.action(&integration, "replaced").await;
    world.patch(&path(&replaced), &partial).await.expect(200);
    let read = world
        .get(&format!("{}?includeConfig=true", path(&replaced)))
        .await
        .expect(200);
    assert_eq!(read["config"]["timeoutSeconds"], 20);
    assert!(
        read["config"]["request"]
            .get("requestUrlTemplate")
            .is_none()
    );
    world.switch("patch_config", "merge");
    let merged = world.action(&integration, "merged").await;
    world.patch(&path(&merged), &partial).await.expect(200);
    let read = world
        .get(&format!("{}?includeConfig=true", path(&merged)))
        .await
        .expect(200);
    assert_eq!(read["config"]["timeoutSeconds"], 20);
    assert_eq!(read["config"]["request"]["requestUrlTemplate"], FUNCTION);
    let template = world
        .get(&format!("{}/templates/requesttemplate.vm", path(&merged)))
        .await;
    assert_eq!(template.text, "${input.rawRequest}");
}

#[tokio::test]
async fn a_deleted_action_is_gone() {
    let world = World::new().await;
    let id = world.action(&world.integration().await, "Orders").await;
    let deleted = world.delete(&path(&id)).await;
    deleted.expect(204);
    assert!(deleted.text.is_empty());
    world.get(&path(&id)).await.refusal(404, "not.found");
    world.delete(&path(&id)).await.refusal(404, "not.found");
}
