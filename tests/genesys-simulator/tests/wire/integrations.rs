//! Integrations, their config and types, credentials.

use genesys_simulator::{ClockSettings, IntegrationSettings};
use serde_json::{Value, json};

use crate::support::{World, action_body, id_of};

const ROLE: &str = "arn:aws:iam::000000000000:role/GenesysRole";

fn config(version: i64, credential: &str) -> Value {
    json!({
        "name": "AWS Lambda", "notes": "", "version": version, "properties": {}, "advanced": {},
        "credentials": {"AmazonWebServicesARN": {"id": credential}},
    })
}

fn advance(world: &World, seconds: f64) {
    let clock = ClockSettings {
        advance_seconds: seconds,
    };
    world.simulator.advance(&clock).unwrap();
}

fn slow_activation(world: &World) {
    let settings = IntegrationSettings {
        activation_seconds: Some(30.0),
        integration_id: None,
        in_error: None,
    };
    world.simulator.set_integrations(&settings).unwrap();
}

#[tokio::test]
async fn a_new_integration_is_disabled_and_becomes_active_after_a_while() {
    let world = World::new().await;
    slow_activation(&world);
    let path = format!("/api/v2/integrations/{}", world.integration().await);
    let fresh = world.get(&path).await.expect(200);
    assert_eq!(fresh["intendedState"], "DISABLED");
    assert_eq!(fresh["reportedState"]["code"], "INACTIVE");
    assert_eq!(fresh["integrationType"]["id"], "aws-lambda-data-actions");
    let enabled = world
        .patch(&path, &json!({"intendedState": "ENABLED"}))
        .await;
    assert_eq!(enabled.expect(200)["reportedState"]["code"], "ACTIVATING");
    advance(&world, 31.0);
    let active = world.get(&path).await.expect(200);
    assert_eq!(active["reportedState"]["code"], "ACTIVE");
    let disabled = world
        .patch(&path, &json!({"intendedState": "DISABLED"}))
        .await;
    assert_eq!(
        disabled.expect(200)["reportedState"]["code"],
        "DEACTIVATING"
    );
    let wrong = world.patch(&path, &json!({"intendedState": "ON"})).await;
    wrong.refusal(400, "invalid.value");
}

#[tokio::test]
async fn a_switch_makes_new_integrations_enabled() {
    let world = World::new().await;
    world.switch("new_integration_state", "ENABLED");
    let body = json!({"name": "x", "integrationType": {"id": "aws-lambda-data-actions"}});
    let created = world.post("/api/v2/integrations", &body).await.expect(200);
    assert_eq!(created["intendedState"], "ENABLED");
    assert_eq!(created["reportedState"]["code"], "ACTIVE");
}

#[tokio::test]
async fn an_integration_in_error_says_so() {
    let world = World::new().await;
    let id = world.integration().await;
    let body = json!({"integration_id": id, "in_error": true});
    world.control("integrations", &body).await.expect(200);
    let read = world
        .get(&format!("/api/v2/integrations/{id}"))
        .await
        .expect(200);
    assert_eq!(read["reportedState"]["code"], "ERROR");
}

#[tokio::test]
async fn a_config_is_replaced_under_its_version_and_a_stale_one_is_a_409() {
    let world = World::new().await;
    let id = world.integration().await;
    let credential = world.credential(ROLE).await;
    let path = format!("/api/v2/integrations/{id}/config/current");
    assert_eq!(world.get(&path).await.expect(200)["version"], 1);
    let put = world.put(&path, &config(1, &credential)).await.expect(200);
    assert_eq!(put["version"], 2);
    assert_eq!(put["credentials"]["AmazonWebServicesARN"]["id"], credential);
    let stale = world.put(&path, &config(1, &credential)).await;
    stale.refusal(409, "version.conflict");
    assert_eq!(world.get(&path).await.expect(200)["version"], 2);
}

#[tokio::test]
async fn a_config_needs_all_its_fields_and_credentials_that_fit() {
    let world = World::new().await;
    let id = world.integration().await;
    let credential = world.credential(ROLE).await;
    let path = format!("/api/v2/integrations/{id}/config/current");
    for field in [
        "name",
        "notes",
        "version",
        "properties",
        "advanced",
        "credentials",
    ] {
        let mut body = config(1, &credential);
        body.as_object_mut().unwrap().remove(field);
        let refused = world.put(&path, &body).await;
        refused.refusal(400, "constraint.validation");
        assert_eq!(refused.json()["details"][0]["fieldName"], field);
    }
    let gone = world.put(&path, &config(1, "no-such-credential")).await;
    gone.refusal(400, "constraint.validation");
    let mut body = config(1, &credential);
    body["credentials"] = json!({"awsArn": {"id": credential}});
    world
        .put(&path, &body)
        .await
        .refusal(400, "constraint.validation");
}

#[tokio::test]
async fn integrations_are_listed_by_type_credential_and_state() {
    let world = World::new().await;
    let id = world.integration().await;
    let body = json!({"name": "web", "integrationType": {"id": "custom-rest-actions"}});
    world.post("/api/v2/integrations", &body).await.expect(200);
    let credential = world.credential(ROLE).await;
    let path = format!("/api/v2/integrations/{id}/config/current");
    world.put(&path, &config(1, &credential)).await.expect(200);
    for query in [
        "integrationType=aws-lambda-data-actions".to_owned(),
        format!("credentialId={credential}"),
        format!("ids={id}"),
    ] {
        let list = world
            .get(&format!("/api/v2/integrations?{query}"))
            .await
            .expect(200);
        assert_eq!(list["total"], 1, "{query}");
        assert_eq!(list["entities"][0]["id"], id, "{query}");
    }
    let none = world.get("/api/v2/integrations?reportedState=ACTIVE").await;
    assert_eq!(none.expect(200)["total"], 0);
    let wrong = world.get("/api/v2/integrations?reportedState=FINE").await;
    wrong.refusal(400, "invalid.query.param.value");
}

#[tokio::test]
async fn a_deleted_integration_is_still_shown_by_switch_until_it_is_restored() {
    let world = World::new().await;
    world.switch("deleted_integration", "shown");
    let id = world.integration().await;
    let action = world.action(&id, "a").await;
    let path = format!("/api/v2/integrations/{id}");
    let deleted = world.delete(&path).await.expect(200);
    assert_eq!(deleted["intendedState"], "DELETED");
    let listed = world.get("/api/v2/integrations").await.expect(200);
    assert_eq!(listed["entities"][0]["intendedState"], "DELETED");
    let read = world
        .get(&format!("/api/v2/integrations/actions/{action}"))
        .await;
    read.refusal(404, "not.found");
    for refused in [
        world.delete(&path).await,
        world
            .patch(&path, &json!({"intendedState": "ENABLED"}))
            .await,
        world
            .post("/api/v2/integrations/actions", &action_body(&id, "b"))
            .await,
        world
            .put(&format!("{path}/config/current"), &config(1, "none"))
            .await,
    ] {
        refused.refusal(400, "bad.request");
    }
    let restore = json!({"intendedState": "RESTORED"});
    let restored = world.patch(&path, &restore).await.expect(200);
    assert_eq!(restored["intendedState"], "DISABLED");
    world.action(&id, "c").await;
    world
        .patch(&path, &restore)
        .await
        .refusal(400, "bad.request");
}

#[tokio::test]
async fn deleting_an_integration_answers_it_and_deletes_its_actions() {
    let world = World::new().await;
    let id = world.integration().await;
    let action = world.action(&id, "a").await;
    let deleted = world
        .delete(&format!("/api/v2/integrations/{id}"))
        .await
        .expect(200);
    assert_eq!(deleted["intendedState"], "DELETED");
    world
        .get(&format!("/api/v2/integrations/{id}"))
        .await
        .refusal(404, "not.found");
    let action = world
        .get(&format!("/api/v2/integrations/actions/{action}"))
        .await;
    action.refusal(404, "not.found");
}

#[tokio::test]
async fn the_lambda_type_names_its_credential_slot() {
    let world = World::new().await;
    let kind = world
        .get("/api/v2/integrations/types/aws-lambda-data-actions")
        .await
        .expect(200);
    assert_eq!(
        kind["credentials"]["AmazonWebServicesARN"]["credentialTypes"],
        json!(["amazonWebServicesARN"])
    );
    let all = world.get("/api/v2/integrations/types").await.expect(200);
    assert_eq!(all["total"], 9);
    let schema = "/api/v2/integrations/types/amazon-eventbridge-source/configschemas/properties";
    let schema = world.get(schema).await.expect(200);
    assert!(schema["properties"].get("eventSourceSuffix").is_some());
    world
        .get("/api/v2/integrations/types/none")
        .await
        .refusal(404, "not.found");
    let types = world
        .get("/api/v2/integrations/credentials/types")
        .await
        .expect(200);
    let arn = types
        .as_array()
        .unwrap()
        .iter()
        .find(|t| t["name"] == "amazonWebServicesARN");
    assert_eq!(arn.unwrap()["required"], json!(["ARN"]));
}

#[tokio::test]
async fn a_credential_never_shows_its_fields_unless_the_switch_shows_the_role() {
    let world = World::new().await;
    let path = format!(
        "/api/v2/integrations/credentials/{}",
        world.credential(ROLE).await
    );
    let masked = world.get(&path).await;
    assert_eq!(masked.expect(200)["credentialFields"]["ARN"], "********");
    world.switch("credential_redaction", "omitted");
    assert!(
        world
            .get(&path)
            .await
            .expect(200)
            .get("credentialFields")
            .is_none()
    );
    world.switch("credential_redaction", "arn_visible");
    assert_eq!(
        world.get(&path).await.expect(200)["credentialFields"]["ARN"],
        ROLE
    );
}

#[tokio::test]
async fn a_put_replaces_a_credential_and_moves_its_modified_date() {
    let world = World::new().await;
    let id = world.credential(ROLE).await;
    let path = format!("/api/v2/integrations/credentials/{id}");
    let before = world
        .get("/api/v2/integrations/credentials")
        .await
        .expect(200);
    advance(&world, 5.0);
    let body = json!({"name": "role", "type": {"name": "amazonWebServicesARN"}, "credentialFields": {"ARN": "arn:2"}});
    let put = world.put(&path, &body).await.expect(200);
    let before = &before["entities"][0];
    assert_eq!(put["createdDate"], before["createdDate"]);
    assert!(put["modifiedDate"].as_str() > before["modifiedDate"].as_str());
    assert!(put.get("credentialFields").is_none());
}

#[tokio::test]
async fn a_credential_without_its_required_field_or_of_no_known_type_is_refused() {
    let world = World::new().await;
    let path = "/api/v2/integrations/credentials";
    let body =
        json!({"name": "x", "type": {"name": "amazonWebServicesARN"}, "credentialFields": {}});
    world
        .post(path, &body)
        .await
        .refusal(400, "constraint.validation");
    let body = json!({"name": "x", "type": {"name": "magic"}, "credentialFields": {}});
    world.post(path, &body).await.refusal(400, "invalid.value");
    world
        .post(path, &json!({"name": "x"}))
        .await
        .refusal(400, "constraint.validation");
}

#[tokio::test]
async fn credentials_are_listed_by_cursor_to_the_end_and_back() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(world.credential(ROLE).await);
    }
    let mut seen = Vec::new();
    let mut next = Some("/api/v2/integrations/credentials/listing?pageSize=2".to_owned());
    let mut last = Value::Null;
    while let Some(path) = next {
        last = world.get(&path).await.expect(200);
        seen.extend(last["entities"].as_array().unwrap().iter().map(id_of));
        next = last["nextUri"].as_str().map(str::to_owned);
    }
    assert_eq!(seen, ids);
    let back = world
        .get(last["previousUri"].as_str().unwrap())
        .await
        .expect(200);
    let back: Vec<String> = back["entities"]
        .as_array()
        .unwrap()
        .iter()
        .map(id_of)
        .collect();
    assert_eq!(back, ids[2..4]);
    let wrong = world
        .get("/api/v2/integrations/credentials/listing?after=none")
        .await;
    wrong.refusal(400, "invalid.query.param.value");
}

#[tokio::test]
async fn a_used_credential_can_be_deleted_unless_the_switch_refuses() {
    let world = World::new().await;
    let id = world.integration().await;
    let credential = world.credential(ROLE).await;
    let config_path = format!("/api/v2/integrations/{id}/config/current");
    world
        .put(&config_path, &config(1, &credential))
        .await
        .expect(200);
    let path = format!("/api/v2/integrations/credentials/{credential}");
    world.switch("delete_used_credential", "refuse");
    world.delete(&path).await.refusal(409, "request.conflict");
    world.switch("delete_used_credential", "allow");
    world.delete(&path).await.expect(204);
    world.get(&path).await.refusal(404, "not.found");
    let dangling = world.get(&config_path).await.expect(200);
    assert_eq!(
        dangling["credentials"]["AmazonWebServicesARN"],
        json!({"id": credential})
    );
}
