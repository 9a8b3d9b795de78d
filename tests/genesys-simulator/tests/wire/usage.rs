//! Usage of OAuth clients: what is counted, when it shows, and how results come.

use genesys_simulator::{ClockSettings, Fault, PermissionSettings, UsageSettings};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::support::{Answer, World, id_of};

const ME: &str = "/api/v2/organizations/me";

fn interval() -> Value {
    json!("2020-01-01T00:00:00Z/2100-01-01T00:00:00Z")
}

fn grouped() -> Value {
    json!({"interval": interval(), "groupBy": ["TemplateUri", "HttpMethod"]})
}

async fn submitted(world: &World, client: &str, query: &Value) -> String {
    let path = format!("/api/v2/oauth/clients/{client}/usage/query");
    let answer = world.post(&path, query).await.expect(200);
    let uri = answer["resultsUri"].as_str().unwrap();
    assert!(uri.ends_with(answer["executionId"].as_str().unwrap()));
    uri.to_owned()
}

/// The finished result of a query about the own client.
async fn result(world: &World, query: &Value) -> Value {
    let client = world.simulator.client().id.clone();
    let uri = submitted(world, &client, query).await;
    for _ in 0..2 {
        let running = world.get(&uri).await.expect(200);
        assert_eq!(running, json!({"queryStatus": "Running"}));
    }
    world.get(&uri).await.expect(200)
}

fn row<'a>(result: &'a Value, method: &str, template: &str) -> &'a Value {
    let rows = result["results"].as_array().unwrap();
    rows.iter()
        .find(|row| row["httpMethod"] == method && row["templateUri"] == template)
        .unwrap_or_else(|| panic!("no row for {method} {template}: {result}"))
}

#[tokio::test]
async fn calls_are_counted_by_operation_and_answer_and_outlive_a_reset_of_the_log() {
    let world = World::new().await;
    for _ in 0..2 {
        world.get(ME).await.expect(200);
    }
    world.get("/api/v2/integrations/none").await.expect(404);
    world.simulator.reset_calls();
    let result = result(&world, &grouped()).await;
    assert_eq!(result["queryStatus"], "Complete");
    let me = row(&result, "GET", "api/v2/organizations/me");
    assert_eq!((&me["requests"], &me["status200"]), (&json!(2), &json!(2)));
    assert_eq!(
        me.get("clientId"),
        None,
        "a row has what it was grouped by, and no more"
    );
    let missed = row(&result, "GET", "api/v2/integrations/{integrationId}");
    assert_eq!(
        (&missed["requests"], &missed["status400"]),
        (&json!(1), &json!(1))
    );
    assert!(
        !result.to_string().contains("oauth/token"),
        "signing in is no call of the API"
    );
}

#[tokio::test]
async fn another_clients_calls_are_its_own() {
    let world = World::new().await;
    world.get(ME).await.expect(200);
    let other = world.simulator.other_client().id.clone();
    let uri = submitted(&world, &other, &grouped()).await;
    for _ in 0..2 {
        world.get(&uri).await.expect(200);
    }
    assert_eq!(world.get(&uri).await.expect(200)["results"], json!([]));
    let own = world.simulator.client().id.clone();
    let stolen = uri.replace(&other, &own);
    world.get(&stolen).await.refusal(404, "not.found");
}

#[tokio::test]
async fn a_call_whose_answer_was_lost_counts_as_a_request_alone() {
    let world = World::new().await;
    let lost: Fault = serde_json::from_value(
        json!({"method": "GET", "route": ME, "kind": "applied_then_lost", "times": 1}),
    )
    .unwrap();
    world.simulator.add_fault(lost).unwrap();
    let sent = world.http().get(world.url(ME)).bearer_auth(world.token());
    sent.send().await.expect_err("the answer is lost");
    let result = result(&world, &grouped()).await;
    let me = row(&result, "GET", "api/v2/organizations/me");
    assert_eq!((&me["requests"], &me["status200"]), (&json!(1), &json!(0)));
}

#[tokio::test]
async fn usage_shows_after_its_delay() {
    let world = World::new().await;
    world.get(ME).await.expect(200);
    let late = UsageSettings {
        delay_seconds: Some(3_600.0),
        ..UsageSettings::default()
    };
    world.simulator.set_usage(&late).unwrap();
    assert_eq!(result(&world, &grouped()).await["results"], json!([]));
    let later = ClockSettings {
        advance_seconds: 3_700.0,
    };
    world.simulator.advance(&later).unwrap();
    let shown = result(&world, &grouped()).await;
    assert_eq!(row(&shown, "GET", "api/v2/organizations/me")["requests"], 1);
}

#[tokio::test]
async fn a_query_fails_where_the_control_api_says_so() {
    let world = World::new().await;
    let fails = json!({"fails": true});
    world.control("usage", &fails).await.expect(200);
    let failed = result(&world, &grouped()).await;
    assert_eq!(failed, json!({"queryStatus": "Failed"}));
}

#[tokio::test]
async fn a_result_comes_in_pages_by_switch() {
    let world = World::new().await;
    world.switch("usage_pages", "cursors");
    world.get(ME).await.expect(200);
    world.get("/api/v2/integrations").await.expect(200);
    world.get("/api/v2/integrations/types").await.expect(200);
    let client = world.simulator.client().id.clone();
    let uri = submitted(&world, &client, &grouped()).await;
    for _ in 0..2 {
        world.get(&uri).await.expect(200);
    }
    let first = world.get(&uri).await.expect(200);
    assert_eq!(first["results"].as_array().unwrap().len(), 3);
    let after = first["cursors"]["after"].as_str().unwrap();
    let rest = world.get(&format!("{uri}?after={after}")).await.expect(200);
    // The fourth and fifth operation are those of the query itself.
    assert_eq!(rest["results"].as_array().unwrap().len(), 2);
    assert!(rest.get("cursors").is_none());
    world
        .get(&format!("{uri}?after=rubbish"))
        .await
        .refusal(400, "invalid.query.param.value");
}

#[tokio::test]
async fn a_wrong_query_is_refused_and_the_summary_needs_none() {
    let world = World::new().await;
    let client = world.simulator.client().id.clone();
    let path = format!("/api/v2/oauth/clients/{client}/usage/query");
    for wrong in [
        json!({}),
        json!({"interval": "yesterday"}),
        json!({"interval": interval(), "granularity": "Hour"}),
        json!({"interval": interval(), "groupBy": ["color"]}),
        json!({"interval": interval(), "metrics": ["speed"]}),
        // Words of the organization's query, and declared ones in another spelling.
        json!({"interval": interval(), "groupBy": ["UserId"]}),
        json!({"interval": interval(), "groupBy": ["templateUri"]}),
        json!({"interval": interval(), "metrics": ["requests"]}),
        json!({"interval": interval(), "color": "blue"}),
    ] {
        world.post(&path, &wrong).await.expect(400);
    }
    world.get(ME).await.expect(200);
    let summary = format!("/api/v2/oauth/clients/{client}/usage/summary?days=1");
    let submitted = world.get(&summary).await.expect(200);
    let uri = submitted["resultsUri"].as_str().unwrap();
    for _ in 0..2 {
        world.get(uri).await.expect(200);
    }
    let result = world.get(uri).await.expect(200);
    assert_eq!(
        row(&result, "GET", "api/v2/organizations/me")["requests"],
        1
    );
}

fn permit(world: &World, permissions: &[&str]) {
    world
        .simulator
        .set_permissions(PermissionSettings {
            client_id: world.simulator.client().id.clone(),
            permissions: permissions.iter().map(|&name| name.to_owned()).collect(),
        })
        .unwrap();
}

fn queries(world: &World) -> String {
    let client = &world.simulator.client().id;
    format!("/api/v2/oauth/clients/{client}/usage/query")
}

fn jobs(world: &World) -> String {
    let client = &world.simulator.client().id;
    format!("/api/v2/usage/client/{client}/aggregates/query/jobs")
}

/// Days of this year, which a job may be about.
fn recent() -> Value {
    let today = Timestamp::now().to_zoned_datetime(TimeZone::UTC).date();
    let from = today.saturating_sub(10.days());
    json!({"interval": format!("{from}/{today}"), "granularity": "Day", "groupBy": ["TemplateUri", "HttpMethod"]})
}

#[tokio::test]
async fn reading_usage_needs_a_permission_to_view_clients_or_their_usage() {
    let world = World::new().await;
    permit(&world, &["oauth:client:edit"]);
    for (path, body) in [(queries(&world), grouped()), (jobs(&world), recent())] {
        let refused = world.post(&path, &body).await;
        refused.refusal(403, "missing.any.permissions");
    }
    permit(&world, &["oauth:client:view"]);
    world.post(&queries(&world), &grouped()).await.expect(200);
    let refused = world.post(&jobs(&world), &recent()).await;
    refused.refusal(403, "missing.any.permissions");
    permit(&world, &["usage:client:view"]);
    world.post(&queries(&world), &grouped()).await.expect(200);
    world.post(&jobs(&world), &recent()).await.expect(200);
}

#[tokio::test]
async fn either_generation_of_usage_operations_may_be_missing() {
    let world = World::new().await;
    world.switch("usage_operations", "queries");
    let missing = world.post(&jobs(&world), &recent()).await;
    missing.refusal(404, "not.found");
    world.post(&queries(&world), &grouped()).await.expect(200);
    world.switch("usage_operations", "jobs");
    let missing = world.post(&queries(&world), &grouped()).await;
    missing.refusal(404, "not.found");
    world.switch("usage_submit_status", "202");
    world.post(&jobs(&world), &recent()).await.expect(202);
}

#[tokio::test]
async fn a_job_is_queued_and_running_and_then_answers_page_by_page() {
    let world = World::new().await;
    world.get(ME).await.expect(200);
    world.get("/api/v2/integrations/none").await.expect(404);
    let submitted = world.post(&jobs(&world), &recent()).await.expect(200);
    let uri = submitted["resultsUri"].as_str().unwrap();
    assert!(uri.ends_with(id_of(&submitted).as_str()));
    for status in ["Queued", "Running"] {
        let running = world.get(uri).await.expect(200);
        assert_eq!(running, json!({"queryStatus": status}));
    }
    let first = world.get(&format!("{uri}?pageSize=1")).await.expect(200);
    assert_eq!(first["queryStatus"], "Succeeded");
    assert_eq!(first["entities"].as_array().unwrap().len(), 1);
    let next = first["nextUri"].as_str().unwrap();
    let second = world.get(next).await.expect(200);
    assert_ne!(first["entities"], second["entities"]);
    let whole = world.get(uri).await.expect(200);
    let rows = whole["entities"].as_array().unwrap();
    let me = rows
        .iter()
        .find(|row| row["templateUri"] == "api/v2/organizations/me");
    let today = Timestamp::now().to_zoned_datetime(TimeZone::UTC).date();
    assert_eq!(
        me,
        Some(&json!({
            "date": today.to_string(), "httpMethod": "GET", "templateUri": "api/v2/organizations/me",
            "requestCount": 1, "status200": 1, "status300": 0, "status400": 0, "status429": 0, "status500": 0,
        }))
    );
    world
        .simulator
        .set_usage(&UsageSettings {
            fails: Some(true),
            ..UsageSettings::default()
        })
        .unwrap();
    assert_eq!(
        world.get(uri).await.expect(200),
        json!({"queryStatus": "Failed"})
    );
}

#[tokio::test]
async fn a_wrong_job_is_refused() {
    let world = World::new().await;
    for (member, value) in [
        ("interval", json!("yesterday")),
        ("groupBy", json!(["OAuthClientId"])),
        ("groupBy", json!(["UserId"])),
        ("metrics", json!(["requests"])),
        ("httpMethods", json!(["get"])),
        ("granularity", json!("Hour")),
    ] {
        let mut wrong = recent();
        wrong[member] = value;
        world.post(&jobs(&world), &wrong).await.expect(400);
    }
    let today = Timestamp::now().to_zoned_datetime(TimeZone::UTC).date();
    let mut long = recent();
    long["interval"] = json!(format!("{}/{today}", today.saturating_sub(91.days())));
    let refused = world.post(&jobs(&world), &long).await;
    refused.refusal(400, "query.too.long");
}

#[tokio::test]
async fn days_pass_by_the_control_api_and_use_can_be_planted() {
    let world = World::new().await;
    world.get(ME).await.expect(200);
    let client = world.simulator.client().id.clone();
    let planted = json!({"age_days": 3, "planted": [{"client_id": client, "days_ago": 1, "method": "PUT",
        "template": "/api/v2/x", "requests": 2}]});
    world.control("usage", &planted).await.expect(200);
    let nobody = json!({"planted": [{"client_id": "none", "days_ago": 1, "method": "GET",
        "template": "/api/v2/x", "requests": 2}]});
    world.control("usage", &nobody).await.expect(400);
    let mut query = grouped();
    query["granularity"] = json!("Day");
    let result = result(&world, &query).await;
    let today = Timestamp::now().to_zoned_datetime(TimeZone::UTC).date();
    for (method, template, days) in [
        ("GET", "api/v2/organizations/me", 3),
        ("PUT", "api/v2/x", 1),
    ] {
        let date = format!("{}T00:00:00.000Z", today.saturating_sub(days.days()));
        assert_eq!(row(&result, method, template)["date"], date);
    }
}

#[tokio::test]
async fn a_client_whose_addresses_leave_the_caller_out_is_refused_at_sign_in_or_at_its_calls() {
    let world = World::new().await;
    let client = world.simulator.other_client().clone();
    let refused = json!({"client_id": client.id, "address_refused": true});
    world.control("clients", &refused).await.expect(200);
    let sign_in = || {
        let request = world.http().post(world.url("/oauth/token"));
        let request = request.basic_auth(&client.id, Some(client.secret.expose_secret()));
        request.form(&[("grant_type", "client_credentials")]).send()
    };
    let answer = Answer::of(sign_in().await.unwrap()).await;
    assert_eq!(answer.expect(401)["error"], "ip.not.authorized");
    world.switch("refused_address", "api");
    let signed_in = Answer::of(sign_in().await.unwrap()).await.expect(200);
    let token = signed_in["access_token"].as_str().unwrap();
    let sent = world.http().get(world.url(ME)).bearer_auth(token);
    let answer = Answer::of(sent.send().await.unwrap()).await;
    answer.refusal(401, "ip.not.authorized");
    // The others are left alone.
    world.get(ME).await.expect(200);
}

#[tokio::test]
async fn a_client_has_what_its_roles_grant_and_a_planted_permission_reads_as_a_role() {
    let world = World::new().await;
    let [own, alternate] = [world.simulator.client(), world.simulator.alternate_client()]
        .map(|client| format!("/api/v2/oauth/clients/{}", client.id));
    let roles = world.get(&own).await.expect(200)["roleDivisions"].clone();
    assert_eq!(
        world.get(&alternate).await.expect(200)["roleDivisions"],
        roles
    );
    let role = roles[0]["roleId"].as_str().unwrap();
    let path = format!("/api/v2/authorization/roles/{role}");
    let read = world.get(&path).await.expect(200);
    assert_eq!(id_of(&read), role);
    let permissions = read["permissions"].as_array().unwrap();
    assert!(permissions.contains(&json!("oauth:client:edit")));
    let policies = read["permissionPolicies"].as_array().unwrap();
    let clients = policies.iter().find(|policy| policy["domain"] == "oauth");
    assert_eq!(clients.unwrap()["entityName"], "client");
    world.switch("role_permissions", "policies");
    assert!(
        world
            .get(&path)
            .await
            .expect(200)
            .get("permissions")
            .is_none()
    );
    world.switch("role_permissions", "listed");
    let few = PermissionSettings {
        client_id: world.simulator.alternate_client().id.clone(),
        permissions: vec!["audits:audit:view".to_owned()],
    };
    world.simulator.set_permissions(few).unwrap();
    let planted = world.get(&alternate).await.expect(200);
    let planted = planted["roleDivisions"][0]["roleId"].as_str().unwrap();
    let path = format!("/api/v2/authorization/roles/{planted}");
    assert_eq!(
        world.get(&path).await.expect(200)["permissions"],
        json!(["audits:audit:view"])
    );
    // Its real roles still count: who has them may reset it.
    let reset = world.post(&format!("{alternate}/secret"), &json!({})).await;
    assert!(reset.expect(200)["secret"].is_string());
    let with = "/api/v2/authorization/roles?permission=oauth%3Aclient%3Aedit";
    // The role of the three clients, and `admin`.
    assert_eq!(world.get(with).await.expect(200)["total"], 2);
    let none = world.get("/api/v2/authorization/roles/none").await;
    none.refusal(404, "not.found");
}
