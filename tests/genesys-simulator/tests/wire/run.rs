//! Test and execute where there is no AWS: every failure before it is told step by step.

use serde_json::json;

use crate::support::{World, action_body, id_of};

const ACTIONS: &str = "/api/v2/integrations/actions";

#[tokio::test]
async fn a_test_of_an_inactive_integration_fails_at_that_step() {
    let world = World::new().await;
    let id = world.action(&world.integration().await, "Orders").await;
    let told = world
        .post(&format!("{ACTIONS}/{id}/test"), &json!({"order": "1"}))
        .await;
    let told = told.expect(200);
    assert_eq!(told["success"], false);
    let last = told["operations"].as_array().unwrap().last().unwrap();
    assert_eq!(last["name"], "Check integration");
    assert_eq!(last["success"], false);
    assert_eq!(told["error"]["message"], last["error"]["message"]);
}

async fn enabled(world: &World) -> String {
    world.switch("new_integration_state", "ENABLED");
    let id = world.integration().await;
    world.action(&id, "Orders").await
}

#[tokio::test]
async fn without_a_role_a_test_fails_to_assume_it_and_execute_is_invalid_credentials() {
    let world = World::new().await;
    let id = enabled(&world).await;
    let told = world
        .post(&format!("{ACTIONS}/{id}/test"), &json!({"order": "1"}))
        .await;
    let told = told.expect(200);
    let steps: Vec<(&str, bool)> = told["operations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| {
            (
                step["name"].as_str().unwrap(),
                step["success"].as_bool().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        steps,
        [
            ("Validate input", true),
            ("Check integration", true),
            ("Resolve request URL", true),
            ("Resolve request template", true),
            ("Assume role", false),
        ]
    );
    assert_eq!(
        told["operations"][3]["result"]["requestBody"],
        r#"{"order":"1"}"#
    );
    assert_eq!(told["error"]["code"], "invalid.credentials");
    let executed = world
        .post(&format!("{ACTIONS}/{id}/execute"), &json!({}))
        .await;
    executed.refusal(400, "invalid.credentials");
}

#[tokio::test]
async fn an_input_that_breaks_the_schema_is_refused_by_switch() {
    let world = World::new().await;
    let id = enabled(&world).await;
    let execute = format!("{ACTIONS}/{id}/execute");
    let wrong = json!({"order": 7});
    world
        .post(&execute, &wrong)
        .await
        .refusal(400, "invalid.credentials");
    world.switch("input_check", "schema");
    world
        .post(&execute, &wrong)
        .await
        .refusal(400, "invalid.schema");
    world
        .post(&execute, &json!([]))
        .await
        .refusal(400, "invalid.schema");
}

#[tokio::test]
async fn a_draft_is_tested_only_where_there_is_one() {
    let world = World::new().await;
    let id = enabled(&world).await;
    let test = format!("{ACTIONS}/{id}/draft/test");
    world
        .post(&test, &json!({}))
        .await
        .refusal(404, "not.found");
    world
        .post(&format!("{ACTIONS}/{id}/draft"), &json!({}))
        .await
        .expect(201);
    assert_eq!(
        world.post(&test, &json!({})).await.expect(200)["success"],
        false
    );
}

/// What a test of an action with this template sends, for this input.
async fn sent(world: &World, template: &str, input: &serde_json::Value) -> String {
    let integration = world.integration().await;
    let mut body = action_body(&integration, "Orders");
    body["config"]["request"]["requestTemplate"] = json!(template);
    let id = id_of(&world.post(ACTIONS, &body).await.expect(201));
    let told = world
        .post(&format!("{ACTIONS}/{id}/test"), input)
        .await
        .expect(200);
    let sent = &told["operations"][3]["result"]["requestBody"];
    sent.as_str()
        .unwrap_or_else(|| panic!("nothing was sent: {told}"))
        .to_owned()
}

#[tokio::test]
async fn an_input_named_as_one_of_the_platform_takes_its_place() {
    let world = World::new().await;
    world.switch("new_integration_state", "ENABLED");
    let envelope = "{\"input\": ${input.rawRequest}}";
    let plain = sent(&world, envelope, &json!({"order": "1"})).await;
    assert_eq!(plain, "{\"input\": {\"order\":\"1\"}}");
    let broken = sent(&world, envelope, &json!({"rawRequest": "mine"})).await;
    assert_eq!(broken, "{\"input\": mine}");
    let id = world.action(&world.integration().await, "Orders").await;
    for name in ["orgId", "integrationId"] {
        let execute = format!("{ACTIONS}/{id}/execute");
        let message = world.post(&execute, &json!({name: "mine"})).await;
        let message = message.refusal(400, "bad.request");
        assert!(message.contains(name), "{message}");
    }
}

#[tokio::test]
async fn the_case_of_an_input_does_not_matter_and_a_condition_can_omit_an_optional_one() {
    let world = World::new().await;
    world.switch("new_integration_state", "ENABLED");
    let template = "{\"id\": \"$Input.orderid\"\n#if( \"$!{input.amount}\" != \"\" )\n, \"amount\": ${input.amount}#end\n}";
    let both = sent(&world, template, &json!({"orderId": "a", "amount": 2})).await;
    let read: serde_json::Value = serde_json::from_str(&both).unwrap();
    assert_eq!(read, json!({"id": "a", "amount": 2}));
    let one = sent(&world, template, &json!({"orderId": "a"})).await;
    let read: serde_json::Value = serde_json::from_str(&one).unwrap();
    assert_eq!(read, json!({"id": "a"}));
}
