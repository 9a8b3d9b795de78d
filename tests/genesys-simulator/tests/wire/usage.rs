//! Usage of OAuth clients: what is counted, when it shows, and how results come.

use genesys_simulator::{ClockSettings, Fault, PermissionSettings, UsageSettings};
use serde_json::{Value, json};

use crate::support::{World, id_of};

const ME: &str = "/api/v2/organizations/me";

fn interval() -> Value {
    json!("2020-01-01T00:00:00Z/2100-01-01T00:00:00Z")
}

fn grouped() -> Value {
    json!({"interval": interval(), "groupBy": ["templateuri", "httpmethod"]})
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
    assert_eq!(me["clientId"], world.simulator.client().id);
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
        fails: None,
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

#[tokio::test]
async fn reading_usage_needs_the_permission_to_view_clients() {
    let world = World::new().await;
    let client = world.simulator.client().id.clone();
    world
        .simulator
        .set_permissions(PermissionSettings {
            client_id: client.clone(),
            permissions: vec!["oauth:client:edit".to_owned()],
        })
        .unwrap();
    let path = format!("/api/v2/oauth/clients/{client}/usage/query");
    world
        .post(&path, &grouped())
        .await
        .refusal(403, "missing.any.permissions");
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
