//! What other clients of the platform ask before and beside the operations of Lockstep.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{World, id_of};

const CLIENTS: &str = "/api/v2/oauth/clients";

#[tokio::test]
async fn products_the_home_division_and_the_own_token_are_read_without_a_permission() {
    let world = World::new().await;
    let client = world.simulator.client().id.clone();
    let none = json!({"client_id": client, "permissions": []});
    world.control("permissions", &none).await.expect(200);
    let products = world
        .get("/api/v2/authorization/products")
        .await
        .expect(200);
    assert_eq!(products["total"], 1);
    let home = world
        .get("/api/v2/authorization/divisions/home")
        .await
        .expect(200);
    assert_eq!(home["homeDivision"], true);
    let me = world.get("/api/v2/tokens/me").await.expect(200);
    assert_eq!(me["OAuthClient"]["id"], client);
    assert_eq!(me["organization"]["id"], world.simulator.organization_id());
    let division = &me["OAuthClient"]["roleDivisions"][0]["divisionId"];
    assert_eq!(*division, home["id"]);
}

#[tokio::test]
async fn roles_are_found_by_name() {
    let world = World::new().await;
    let found = world
        .get("/api/v2/authorization/roles?name=admin")
        .await
        .expect(200);
    assert_eq!(found["total"], 1);
    assert_eq!(found["entities"][0]["name"], "admin");
    let none = world
        .get("/api/v2/authorization/roles?name=none")
        .await
        .expect(200);
    assert_eq!(none["total"], 0);
}

#[tokio::test]
async fn roles_are_found_by_default_id_and_at_most_a_hundred_by_id() {
    const ROLES: &str = "/api/v2/authorization/roles";
    let world = World::new().await;
    let default = world
        .get(&format!("{ROLES}?defaultRoleId=admin"))
        .await
        .expect(200);
    assert_eq!(default["total"], 1);
    assert_eq!(default["entities"][0]["default"], true);
    assert_eq!(default["entities"][0]["defaultRoleId"], "admin");
    let sorted = world.get(&format!("{ROLES}?sortBy=name")).await.expect(200);
    let names: Vec<&str> = sorted["entities"]
        .as_array()
        .unwrap()
        .iter()
        .map(|role| role["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["admin", "Integrator"]);
    let ids = |count: usize| vec!["x"; count].join("&id=");
    let most = world.get(&format!("{ROLES}?id={}", ids(100))).await;
    assert_eq!(most.expect(200)["total"], 0);
    let more = world.get(&format!("{ROLES}?id={}", ids(101))).await;
    more.refusal(400, "max.role.ids");
}

#[tokio::test]
async fn an_oauth_client_keeps_what_has_no_effect_here() {
    let world = World::new().await;
    let mut body = json!({
        "name": "kept", "authorizedGrantType": "CODE",
        "registeredRedirectUri": ["https://app.example.com/back"],
        "scope": ["integrations", "organization:readonly"],
        "dateToDelete": "2030-01-02T03:04:05.000Z",
    });
    let id = id_of(&world.post(CLIENTS, &body).await.expect(200));
    let path = format!("{CLIENTS}/{id}");
    let read = world.get(&path).await.expect(200);
    for kept in ["registeredRedirectUri", "scope", "dateToDelete"] {
        assert_eq!(read[kept], body[kept], "{kept}");
    }
    body["scope"] = json!(["audits"]);
    body.as_object_mut().unwrap().remove("dateToDelete");
    let put = world.put(&path, &body).await.expect(200);
    assert_eq!(put["scope"], json!(["audits"]));
    assert!(put.get("dateToDelete").is_none(), "a PUT replaces it all");
    body["scope"] = json!([]);
    world
        .put(&path, &body)
        .await
        .refusal(400, "missing.client.scope");
    body["scope"] = json!(["audits"]);
    body["dateToDelete"] = json!("tomorrow");
    world.put(&path, &body).await.refusal(400, "invalid.value");
    body["dateToDelete"] = json!(null);
    body["scope"] = json!("audits");
    world.put(&path, &body).await.refusal(400, "invalid.value");
}

#[tokio::test]
async fn oauth_clients_come_in_one_page() {
    let world = World::new().await;
    for number in 0..26 {
        let body = json!({"name": format!("c{number}"), "authorizedGrantType": "CODE", "scope": ["oauth"]});
        world.post(CLIENTS, &body).await.expect(200);
    }
    let listed = world
        .get(&format!("{CLIENTS}?pageSize=5&pageNumber=2"))
        .await
        .expect(200);
    assert_eq!(listed["entities"].as_array().unwrap().len(), 29);
    assert_eq!(listed["total"], 29);
    assert_eq!(listed["pageCount"], 1);
}

#[tokio::test]
async fn the_integrations_and_credentials_of_other_clients_are_known() {
    let world = World::new().await;
    for kind in [
        "salesforce-datadip",
        "embedded-client-app",
        "webhook",
        "custom-smtp-server",
    ] {
        let body = json!({"integrationType": {"id": kind}});
        let id = id_of(&world.post("/api/v2/integrations", &body).await.expect(200));
        let asked = format!("/api/v2/integrations/{id}?expand=x&expand=config.current");
        let read = world.get(&asked).await.expect(200);
        assert_eq!(read["integrationType"]["id"], kind);
        assert_eq!(read["config"]["current"]["version"], 1);
        let attributes = read["attributes"].as_object().unwrap();
        let is_webhook = kind == "webhook";
        assert_eq!(attributes.contains_key("webhookId"), is_webhook, "{kind}");
        assert_eq!(attributes.contains_key("invocationUrl"), is_webhook);
    }
    for (kind, fields) in [
        ("basicAuth", json!({"userName": "u"})),
        ("callJourney", json!({"authToken": "t"})),
    ] {
        let body = json!({"name": "c", "type": {"name": kind}, "credentialFields": fields});
        world
            .post("/api/v2/integrations/credentials", &body)
            .await
            .expect(200);
    }
    let body = json!({"name": "c", "type": {"name": "callJourney"}, "credentialFields": {}});
    let refused = world.post("/api/v2/integrations/credentials", &body).await;
    refused.refusal(400, "constraint.validation");
}

/// The bytes of one answer. Libraries compare names whatever their case, so that none of them could tell.
async fn raw(world: &World, path: &str) -> String {
    let address = world.simulator.api_url().replace("http://", "");
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\nconnection: close\r\n\r\n",
        world.token()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn header_names_go_out_as_the_platform_spells_them() {
    let world = World::new().await;
    let answer = raw(&world, "/api/v2/organizations/me").await;
    assert!(answer.contains("\r\nININ-Correlation-Id: "), "{answer}");
    assert!(
        answer.contains("\r\nContent-Type: application/json\r\n"),
        "{answer}"
    );
    assert!(answer.ends_with('}'), "{answer}");
    world
        .control("rate-limit", &json!({"allowed": 0}))
        .await
        .expect(200);
    let refused = raw(&world, "/api/v2/organizations/me").await;
    assert!(refused.contains("\r\nRetry-After: "), "{refused}");
}
