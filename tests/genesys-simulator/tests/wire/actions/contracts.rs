//! Contracts of actions.

use super::*;

#[tokio::test]
async fn a_contract_that_the_platform_does_not_take_is_refused_as_it_was_recorded() {
    let world = World::new().await;
    let integration = world.integration().await;
    let mut body = action_body(&integration, "Orders");
    body["contract"]["input"]["inputSchema"]["properties"]["order"]["hint"] = json!("x");
    let refused = world.post(ACTIONS, &body).await;
    let message = refused.refusal(400, "invalid.schema");
    assert!(message.contains("contract.input.inputSchema"), "{message}");
    assert!(message.contains("/properties/order/hint"), "{message}");
    let told = refused.json();
    assert_eq!(told["details"].as_array().unwrap().len(), 1);
    assert_eq!(told["details"][0]["errorCode"], "ACTION.PROCESSING");
    let drafted = world.post(&format!("{ACTIONS}/drafts"), &body).await;
    drafted.refusal(400, "constraint.validation");

    let mut body = action_body(&integration, "Orders");
    body["contract"]["input"]["inputSchema"]["required"] = json!([]);
    body["contract"]["output"]["successSchema"] =
        json!({"type": "array", "items": {"type": "object", "properties": {}}, "required": []});
    let id = id_of(&world.post(ACTIONS, &body).await.expect(201));
    let asked = format!("{}?expand=contract&expand=contract", path(&id));
    let read = world.get(&asked).await.expect(200);
    let (input, output) = (&read["contract"]["input"], &read["contract"]["output"]);
    assert_eq!(
        input["inputSchema"],
        body["contract"]["input"]["inputSchema"]
    );
    assert_eq!(
        output["successSchema"],
        body["contract"]["output"]["successSchema"]
    );
    for (uri, schema) in [
        (&input["inputSchemaUri"], &input["inputSchema"]),
        (&output["successSchemaUri"], &output["successSchema"]),
    ] {
        let uri = uri.as_str().unwrap();
        assert!(uri.contains(&id), "{uri}");
        assert_eq!(world.get(uri).await.expect(200), *schema, "{uri}");
    }
    let flat = world
        .get(&format!("{asked}&flatten=true"))
        .await
        .expect(200);
    assert_eq!(
        flat["contract"]["output"]["successSchemaFlattened"],
        json!({"schema": body["contract"]["output"]["successSchema"]})
    );
    let both = format!("{}?expand=contract&expand=everything", path(&id));
    world
        .get(&both)
        .await
        .refusal(400, "invalid.query.param.value");
}

#[tokio::test]
async fn a_contract_answered_in_another_spelling_is_no_change_when_it_is_written_back() {
    let world = World::new().await;
    world.switch("contract_spelling", "normalized");
    let id = world.action(&world.integration().await, "Orders").await;
    world
        .post(&format!("{}/draft", path(&id)), &json!({}))
        .await
        .expect(201);
    let asked = format!("{}/draft?expand=contract", path(&id));
    let contract = world.get(&asked).await.expect(200)["contract"].clone();
    let input = &contract["input"]["inputSchema"];
    assert_eq!(input["additionalProperties"], true, "{input}");
    let draft = format!("{}/draft", path(&id));
    let mut body = json!({"version": 1, "contract": contract});
    // What is written has no addresses (official Python SDK 269.0.0, `PostInputContract`).
    let refused = world.patch(&draft, &body).await;
    refused.refusal(400, "invalid.property");
    for (part, uri) in [("input", "inputSchemaUri"), ("output", "successSchemaUri")] {
        let part = body["contract"][part].as_object_mut().unwrap();
        part.remove(uri).expect("an address");
    }
    world.patch(&draft, &body).await.expect(200);
}

#[tokio::test]
async fn the_contract_is_always_shown_and_the_config_when_asked_for() {
    let world = World::new().await;
    let id = world.action(&world.integration().await, "Orders").await;
    let bare = world.get(&path(&id)).await.expect(200);
    assert!(bare.get("contract").is_some() && bare.get("config").is_none());
    let whole = world
        .get(&format!("{}?expand=contract&includeConfig=true", path(&id)))
        .await;
    let whole = whole.expect(200);
    assert_eq!(whole["contract"]["input"]["inputSchema"]["type"], "object");
    assert_eq!(whole["config"]["request"]["requestUrlTemplate"], FUNCTION);
    assert_eq!(whole["config"]["timeoutSeconds"], 10);
    let wrong = world.get(&format!("{}?expand=everything", path(&id))).await;
    wrong.refusal(400, "invalid.query.param.value");
}
