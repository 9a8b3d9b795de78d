//! Every exchange is held against the contract of the official SDK.

use genesys_simulator::{Config, Judged, Simulator, start};
use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::support::ORGANIZATION;

const ME: &str = "/api/v2/organizations/me";
const CREATE: &str = "/api/v2/integrations";

async fn simulator(judged: Judged) -> Simulator {
    start(Config {
        organization_id: ORGANIZATION.to_owned(),
        organization_name: "Example".to_owned(),
        aws: None,
        port: 0,
        event_source_suffix: None,
        judged,
    })
    .await
    .unwrap()
}

/// Sends without a token: what is refused is judged as well.
async fn send(simulator: &Simulator, method: Method, path: &str, body: Option<Value>) -> u16 {
    let mut request = Client::new().request(method, format!("{}{path}", simulator.api_url()));
    if let Some(body) = body {
        request = request.json(&body);
    }
    request.send().await.unwrap().status().as_u16()
}

fn plant(simulator: &Simulator, fault: Value) {
    let fault = serde_json::from_value(fault).unwrap();
    simulator.add_fault(fault).unwrap();
}

#[tokio::test]
async fn a_wrong_request_is_a_violation_that_names_the_place() {
    let simulator = simulator(Judged::Everything).await;
    let body = json!({"name": "a", "integrationTypeId": "b"});
    assert_eq!(
        send(&simulator, Method::POST, CREATE, Some(body)).await,
        401
    );
    let found = simulator.end().await;
    assert_eq!(
        found,
        [
            "POST /api/v2/integrations, request, body /integrationType: missing; the contract has it as a required field of CreateIntegrationRequest",
            "POST /api/v2/integrations, request, body /integrationTypeId: unknown field; the contract has CreateIntegrationRequest with id, integrationType, name, selfUri",
        ]
    );
}

#[tokio::test]
#[should_panic(expected = "GET /api/v2/organizations/me, request, query page: unknown parameter")]
async fn the_end_of_a_simulator_with_a_violation_is_a_panic() {
    let simulator = simulator(Judged::Everything).await;
    send(
        &simulator,
        Method::GET,
        "/api/v2/organizations/me?page=1",
        None,
    )
    .await;
    simulator.stop().await;
}

#[tokio::test]
#[should_panic(expected = "query page: unknown parameter")]
async fn so_is_the_end_of_one_that_is_dropped() {
    let simulator = simulator(Judged::Everything).await;
    send(
        &simulator,
        Method::GET,
        "/api/v2/organizations/me?page=1",
        None,
    )
    .await;
}

#[tokio::test]
async fn what_the_platform_does_not_have_is_a_violation() {
    let simulator = simulator(Judged::Everything).await;
    let path = "/api/v2/flows/dataactions";
    assert_eq!(send(&simulator, Method::GET, path, None).await, 404);
    assert_eq!(send(&simulator, Method::PUT, ME, None).await, 405);
    assert_eq!(
        simulator.end().await,
        [
            "GET /api/v2/flows/dataactions, request, path: no such operation; the contract has others",
            "PUT /api/v2/organizations/me, request, path: no such operation; the contract has others",
        ]
    );
}

#[tokio::test]
async fn wrong_requests_may_be_meant_and_then_only_the_answers_are_judged() {
    let simulator = simulator(Judged::AnswersOnly).await;
    send(
        &simulator,
        Method::GET,
        "/api/v2/organizations/me?page=1",
        None,
    )
    .await;
    send(&simulator, Method::POST, CREATE, Some(json!({"x": 1}))).await;
    send(&simulator, Method::PUT, "/nowhere", None).await;
    assert_eq!(simulator.violations(), Vec::<String>::new());
    simulator.stop().await;
}

#[tokio::test]
async fn a_planted_refusal_is_judged_and_a_planted_body_is_the_testers() {
    let simulator = simulator(Judged::AnswersOnly).await;
    let routes = [("GET", ME), ("POST", "/oauth/token")];
    for (method, route) in routes {
        for status in [400, 401, 409, 429, 502, 503] {
            plant(
                &simulator,
                json!({"method": method, "route": route, "status": status, "times": 1}),
            );
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            assert_eq!(send(&simulator, method, route, None).await, status);
        }
    }
    let own = json!({"method": "GET", "route": ME, "status": 200, "body": {"lie": 1}, "times": 1});
    plant(&simulator, own);
    assert_eq!(send(&simulator, Method::GET, ME, None).await, 200);
    assert_eq!(simulator.end().await, Vec::<String>::new());
}
