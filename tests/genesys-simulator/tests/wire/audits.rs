//! The audit trail: what is recorded, when it shows, and how it is asked for.

use genesys_simulator::{AuditAction, AuditSettings, AuditStatus, EntityType, PlantedRecord};
use serde_json::{Value, json};

use crate::support::World;

const ACTIONS: &str = "/api/v2/integrations/actions";
const REALTIME: &str = "/api/v2/audits/query/realtime";
const QUERY: &str = "/api/v2/audits/query";

fn window(days_back: i64) -> String {
    let now = jiff::Timestamp::now();
    let from = now - jiff::SignedDuration::from_hours(24 * days_back);
    let to = now + jiff::SignedDuration::from_mins(5);
    format!("{from:.0}/{to:.0}")
}

fn query(filters: &[(&str, &str)]) -> Value {
    let filters: Vec<Value> = filters
        .iter()
        .map(|(property, value)| json!({"property": property, "value": value}))
        .collect();
    json!({
        "interval": window(1),
        "serviceName": "Integrations",
        "filters": filters,
        "sort": [{"name": "Timestamp", "sortOrder": "ascending"}],
    })
}

async fn found(world: &World, filters: &[(&str, &str)]) -> Vec<Value> {
    let page = world.post(REALTIME, &query(filters)).await.expect(200);
    page["entities"].as_array().unwrap().clone()
}

fn verbs(records: &[Value]) -> Vec<String> {
    records
        .iter()
        .map(|record| {
            format!(
                "{}.{}",
                record["entityType"].as_str().unwrap(),
                record["action"].as_str().unwrap()
            )
        })
        .collect()
}

async fn walk(world: &World) -> (String, String) {
    let integration = world.integration().await;
    let id = world.action(&integration, "Orders").await;
    let action = format!("{ACTIONS}/{id}");
    let draft = format!("{action}/draft");
    world
        .patch(&action, &json!({"version": 1, "category": "New"}))
        .await
        .expect(200);
    world.post(&draft, &json!({})).await.expect(201);
    world
        .patch(&draft, &json!({"version": 1, "category": "Newer"}))
        .await
        .expect(200);
    world
        .post(&format!("{draft}/publish"), &json!({"version": 2}))
        .await
        .expect(200);
    (integration, id)
}

#[tokio::test]
async fn every_write_is_recorded_with_the_client_that_made_it() {
    let world = World::new().await;
    let (integration, id) = walk(&world).await;
    let records = found(&world, &[("EntityId", &id)]).await;
    assert_eq!(
        verbs(&records),
        [
            "Action.Create",
            "Action.Update",
            "ActionDraft.Create",
            "ActionDraft.Update",
            "Action.Publish"
        ]
    );
    let update = &records[1];
    assert_eq!(update["client"]["id"], world.simulator.client().id);
    assert!(update.get("user").is_none());
    assert_eq!(update["status"], "SUCCESS");
    assert_eq!(update["serviceName"], "Integrations");
    assert_eq!(update["entity"], json!({"id": id, "name": "Orders"}));
    assert_eq!(
        update["propertyChanges"],
        json!([{"property": "category", "oldValues": ["Orders"], "newValues": ["New"]}])
    );
    let at = update["eventDate"].as_str().unwrap();
    assert_eq!(at.len(), "2025-04-01T12:34:56Z".len(), "{at}");
    let made = found(
        &world,
        &[("EntityType", "Integration"), ("EntityId", &integration)],
    )
    .await;
    assert_eq!(verbs(&made), ["Integration.Create"]);
    let nobody = found(&world, &[("EntityId", &id), ("ClientId", "someone")]).await;
    assert!(nobody.is_empty());
}

#[tokio::test]
async fn publishing_is_called_what_the_switch_says_and_the_mapping_agrees() {
    for (value, verb) in [
        ("Publish", "Action.Publish"),
        ("Update", "Action.Update"),
        ("ActionDraft", "ActionDraft.Publish"),
    ] {
        let world = World::new().await;
        world.switch("publish_audited_as", value);
        let (_, id) = walk(&world).await;
        let records = found(&world, &[("EntityId", &id)]).await;
        assert_eq!(verbs(&records)[4], verb);
        let mapping = world
            .get(&format!("{REALTIME}/servicemapping"))
            .await
            .expect(200);
        let (entity, action) = verb.split_once('.').unwrap();
        let integrations = &mapping["services"][0];
        assert_eq!(integrations["name"], "Integrations");
        let entities = integrations["entities"].as_array().unwrap();
        let mapped = entities
            .iter()
            .find(|mapped| mapped["name"] == entity)
            .unwrap();
        assert!(
            mapped["actions"]
                .as_array()
                .unwrap()
                .contains(&json!(action))
        );
    }
}

#[tokio::test]
async fn records_show_late_or_never() {
    let world = World::new().await;
    world
        .control("audits", &json!({"delay_seconds": 60}))
        .await
        .expect(200);
    let id = world.action(&world.integration().await, "Orders").await;
    assert!(found(&world, &[("EntityId", &id)]).await.is_empty());
    world
        .control("clock", &json!({"advance_seconds": 61}))
        .await
        .expect(200);
    assert_eq!(found(&world, &[("EntityId", &id)]).await.len(), 1);
    let never = AuditSettings {
        never: Some(true),
        ..AuditSettings::default()
    };
    world.simulator.set_audits(&never).unwrap();
    assert!(found(&world, &[("EntityId", &id)]).await.is_empty());
    world
        .control("audits", &json!({"delay_seconds": 0}))
        .await
        .expect(200);
    assert_eq!(found(&world, &[("EntityId", &id)]).await.len(), 1);
}

#[tokio::test]
async fn a_planted_record_shows_another_user_and_a_failure() {
    let world = World::new().await;
    let id = world.action(&world.integration().await, "Orders").await;
    world.simulator.record_audit(PlantedRecord {
        entity_type: EntityType::Action,
        entity_id: id.clone(),
        entity_name: None,
        action: AuditAction::Update,
        client_id: None,
        user_id: Some("mallory".to_owned()),
        status: AuditStatus::Failure,
        at: None,
    });
    let records = found(&world, &[("UserId", "mallory")]).await;
    assert_eq!(records.len(), 1);
    assert_eq!(records[0]["user"]["id"], "mallory");
    assert_eq!(records[0]["client"], json!({"id": ""}));
    assert_eq!(records[0]["status"], "FAILURE");
    assert_eq!(records[0]["entity"]["name"], "Orders");
    let body = json!({"entity_type": "Action", "entity_id": id, "action": "Explode"});
    let refused = world.control("audits/record", &body).await.expect(400);
    assert!(refused["error"].as_str().unwrap().contains("Explode"));
}

#[tokio::test]
async fn a_refused_value_is_recorded_as_a_failure_but_a_stale_version_is_not() {
    let world = World::new().await;
    let id = world.action(&world.integration().await, "Orders").await;
    let path = format!("{ACTIONS}/{id}");
    world.patch(&path, &json!({"version": 7})).await.expect(400);
    world
        .patch(&path, &json!({"version": 1, "name": ""}))
        .await
        .expect(400);
    let failed = |records: Vec<Value>| records.iter().filter(|r| r["status"] == "FAILURE").count();
    assert_eq!(failed(found(&world, &[("EntityId", &id)]).await), 1);
    world.switch("failed_writes_audited", "all");
    world.patch(&path, &json!({"version": 7})).await.expect(400);
    assert_eq!(failed(found(&world, &[("EntityId", &id)]).await), 2);
    world.switch("failed_writes_audited", "never");
    world
        .patch(&path, &json!({"version": 1, "name": ""}))
        .await
        .expect(400);
    assert_eq!(failed(found(&world, &[("EntityId", &id)]).await), 2);
}

#[tokio::test]
async fn credential_changes_are_audited_only_by_switch() {
    let world = World::new().await;
    let id = world.credential("arn:aws:iam::1:role/x").await;
    assert!(found(&world, &[("EntityId", &id)]).await.is_empty());
    world.switch("credential_audits", "yes");
    let id = world.credential("arn:aws:iam::1:role/x").await;
    assert_eq!(
        verbs(&found(&world, &[("EntityId", &id)]).await),
        ["Credential.Create"]
    );
}

#[tokio::test]
async fn a_query_needs_an_interval_a_service_and_known_filters() {
    let world = World::new().await;
    let refused = |change: fn(&mut Value)| {
        let mut body = query(&[]);
        change(&mut body);
        let world = &world;
        async move { world.post(REALTIME, &body).await }
    };
    let none = refused(|body| body["interval"] = Value::Null).await;
    none.refusal(400, "constraint.validation");
    let date = refused(|body| body["interval"] = json!("yesterday")).await;
    date.refusal(400, "invalid.date");
    let filter =
        refused(|body| body["filters"] = json!([{"property": "Color", "value": "x"}])).await;
    filter.refusal(400, "invalid.value");
    let service = refused(|body| body["serviceName"] = json!("Weather")).await;
    service.refusal(400, "invalid.value");
    let old = refused(|body| body["interval"] = json!(window(20))).await;
    old.refusal(400, "constraint.validation");
    let unnamed = refused(|body| body["serviceName"] = Value::Null).await;
    unnamed.refusal(400, "constraint.validation");
    world.switch("audit_service_name", "optional");
    refused(|body| body["serviceName"] = Value::Null)
        .await
        .expect(200);
}

#[tokio::test]
async fn realtime_results_come_in_numbered_pages() {
    let world = World::new().await;
    walk(&world).await;
    let mut body = query(&[]);
    body["pageSize"] = json!(4);
    let first = world.post(REALTIME, &body).await.expect(200);
    assert_eq!(
        (&first["total"], &first["pageCount"]),
        (&json!(6), &json!(2))
    );
    body["pageNumber"] = json!(2);
    let second = world.post(REALTIME, &body).await.expect(200);
    assert_eq!(second["entities"].as_array().unwrap().len(), 2);
    body["pageSize"] = json!(501);
    world
        .post(REALTIME, &body)
        .await
        .refusal(400, "invalid.query.param.value");
}

#[tokio::test]
async fn an_asynchronous_query_runs_over_polls_and_pages_by_cursor() {
    let world = World::new().await;
    walk(&world).await;
    world.switch("realtime_audits", "without_integrations");
    world
        .post(REALTIME, &query(&[]))
        .await
        .refusal(400, "bad.request");
    let mapping = world
        .get(&format!("{REALTIME}/servicemapping"))
        .await
        .expect(200);
    assert_eq!(mapping["services"][0]["name"], "PeoplePermissions");
    let submitted = world.post(QUERY, &query(&[])).await.expect(202);
    assert_eq!(submitted["state"], "Queued");
    let poll = format!("{QUERY}/{}", submitted["id"].as_str().unwrap());
    let results = format!("{poll}/results?pageSize=4");
    world.get(&results).await.refusal(400, "bad.request");
    assert_eq!(world.get(&poll).await.expect(202)["state"], "Running");
    assert_eq!(world.get(&poll).await.expect(200)["state"], "Succeeded");
    let first = world.get(&results).await.expect(200);
    assert_eq!(first["entities"].as_array().unwrap().len(), 4);
    let cursor = first["cursor"].as_str().unwrap();
    let last = world
        .get(&format!("{results}&cursor={cursor}"))
        .await
        .expect(200);
    assert_eq!(last["entities"].as_array().unwrap().len(), 2);
    assert!(last.get("cursor").is_none());
    let wrong = world.get(&format!("{results}&cursor=x")).await;
    wrong.refusal(400, "invalid.query.param.value");
    world
        .get(&format!("{QUERY}/none"))
        .await
        .refusal(404, "not.found");
    let mut body = query(&[]);
    body["interval"] = json!(window(31));
    world
        .post(QUERY, &body)
        .await
        .refusal(400, "constraint.validation");
}

#[tokio::test]
async fn related_records_share_a_request() {
    let world = World::new().await;
    let integration = world.integration().await;
    world.action(&integration, "a").await;
    world
        .delete(&format!("/api/v2/integrations/{integration}"))
        .await
        .expect(200);
    let deleted = found(&world, &[("Action", "Delete")]).await;
    assert_eq!(verbs(&deleted), ["Action.Delete", "Integration.Delete"]);
    let body = json!({"auditId": deleted[0]["id"]});
    let related = world
        .post(&format!("{REALTIME}/related"), &body)
        .await
        .expect(200);
    assert_eq!(related["entities"], json!(deleted));
}

#[tokio::test]
async fn a_change_of_state_is_called_what_the_switch_says_and_the_mapping_agrees() {
    for (word, verbs) in [
        ("Update", ["Update", "Update"]),
        ("Enable", ["Enable", "Disable"]),
        ("Activate", ["Activate", "Deactivate"]),
        ("Edit", ["Edit", "Edit"]),
    ] {
        let world = World::new().await;
        world.switch("state_change_audited_as", word);
        let path = format!("/api/v2/integrations/{}", world.integration().await);
        for state in ["ENABLED", "DISABLED"] {
            let body = json!({"intendedState": state});
            world.patch(&path, &body).await.expect(200);
        }
        let records = found(&world, &[("EntityType", "Integration")]).await;
        let told: Vec<_> = records[1..]
            .iter()
            .map(|record| record["action"].clone())
            .collect();
        assert_eq!(told, verbs, "{word}");
        let mapping = "/api/v2/audits/query/servicemapping";
        let mapping = world.get(mapping).await.expect(200).to_string();
        assert!(verbs.iter().all(|verb| mapping.contains(verb)), "{mapping}");
    }
}

#[tokio::test]
async fn a_users_name_is_shown_only_where_it_is_asked_for() {
    let world = World::new().await;
    let record = json!({
        "entity_type": "Integration", "entity_id": "i", "action": "Update", "user_id": "u",
    });
    world.control("audits/record", &record).await.expect(200);
    let name = |page: Value| page["entities"][0]["user"]["name"].clone();
    let plain = world.post(REALTIME, &query(&[])).await.expect(200);
    assert_eq!(name(plain), "");
    let asked = format!("{REALTIME}?expand=user");
    let expanded = world.post(&asked, &query(&[])).await.expect(200);
    assert_ne!(name(expanded), "");
}

#[tokio::test]
async fn a_filter_by_action_alone_is_refused_by_switch() {
    let world = World::new().await;
    let alone = query(&[("Action", "Update")]);
    world.post(REALTIME, &alone).await.expect(200);
    world.switch("audit_action_filter", "with_entity_type");
    let refused = world.post(REALTIME, &alone).await;
    refused.refusal(400, "constraint.validation");
    let both = query(&[("Action", "Update"), ("EntityType", "Action")]);
    world.post(REALTIME, &both).await.expect(200);
}

#[tokio::test]
async fn an_interval_may_lack_its_z_and_have_milliseconds() {
    let world = World::new().await;
    let mut body = query(&[]);
    let interval = body["interval"].as_str().unwrap().replace('Z', ".000");
    body["interval"] = interval.into();
    world.post(REALTIME, &body).await.expect(200);
}
