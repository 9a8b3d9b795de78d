//! Tokens, permissions, rate limits, OAuth clients, the organization.

use genesys_simulator::{ClientSettings, ClockSettings, PermissionSettings, RateLimitSettings};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::support::{Answer, ORGANIZATION, World, id_of};

async fn token(world: &World, id: &str, secret: &str, form: &[(&str, &str)]) -> Answer {
    let request = world
        .http()
        .post(world.url("/oauth/token"))
        .basic_auth(id, Some(secret))
        .form(form);
    Answer::of(request.send().await.unwrap()).await
}

const GRANT: &[(&str, &str)] = &[("grant_type", "client_credentials")];

#[tokio::test]
async fn a_client_gets_a_bearer_token_for_a_day() {
    let world = World::new().await;
    let client = world.simulator.other_client();
    let answer = token(&world, &client.id, client.secret.expose_secret(), GRANT).await;
    let body = answer.expect(200);
    assert_eq!(body["token_type"], "bearer");
    assert_eq!(body["expires_in"], 86_400);
    assert!(body.get("refresh_token").is_none());
    assert!(answer.header("inin-correlation-id").is_some());
    let me = Answer::of(
        world
            .http()
            .get(world.url("/api/v2/organizations/me"))
            .bearer_auth(body["access_token"].as_str().unwrap())
            .send()
            .await
            .unwrap(),
    )
    .await
    .expect(200);
    assert_eq!(me["id"], ORGANIZATION);
    assert_eq!(
        world.simulator.calls()[1].client_id.as_deref(),
        Some(client.id.as_str())
    );
}

#[tokio::test]
async fn a_token_is_refused_as_the_login_host_refuses_it() {
    let world = World::new().await;
    let client = world.simulator.client().clone();
    let unknown = token(&world, "nobody", "x", GRANT).await.expect(400);
    assert_eq!(
        unknown,
        json!({"error": "invalid_client", "description": "client not found", "error_description": "client not found"})
    );
    let wrong = token(&world, &client.id, "wrong", GRANT).await.expect(401);
    assert_eq!(wrong["error"], "invalid_client");
    assert_eq!(wrong["error_description"], "authentication failed");
    let secret = client.secret.expose_secret();
    let grant = token(&world, &client.id, secret, &[("grant_type", "password")]).await;
    assert_eq!(grant.expect(400)["error"], "unsupported_grant_type");
}

#[tokio::test]
async fn too_many_token_requests_are_a_400_that_names_the_rate_limit() {
    let world = World::new().await;
    let limit = RateLimitSettings {
        allowed: None,
        window_seconds: None,
        tokens_allowed: Some(1),
    };
    world.simulator.set_rate_limit(&limit).unwrap();
    let client = world.simulator.client().clone();
    let secret = client.secret.expose_secret();
    token(&world, &client.id, secret, GRANT).await.expect(200);
    let refused = token(&world, &client.id, secret, GRANT).await.expect(400);
    assert_eq!(refused["error"], "invalid_request");
    let text = refused["description"].as_str().unwrap();
    assert!(text.starts_with("rate limit exceeded;"), "{text}");
}

#[tokio::test]
async fn a_missing_a_wrong_and_an_expired_token_are_401() {
    let world = World::new().await;
    let me = world.url("/api/v2/organizations/me");
    let none = Answer::of(world.http().get(&me).send().await.unwrap()).await;
    none.refusal(401, "authentication.required");
    let wrong = world.http().get(&me).bearer_auth("wrong").send().await;
    Answer::of(wrong.unwrap())
        .await
        .refusal(401, "bad.credentials");
    let later = ClockSettings {
        advance_seconds: 86_401.0,
    };
    world.simulator.advance(&later).unwrap();
    let expired = world.get("/api/v2/organizations/me").await;
    expired.refusal(401, "bad.credentials");
}

#[tokio::test]
async fn a_token_lives_as_long_as_its_client_says_and_can_be_revoked() {
    let world = World::new().await;
    let client = world.simulator.client().clone();
    let settings = ClientSettings {
        client_id: client.id.clone(),
        access_token_validity_seconds: Some(5),
        revoke_tokens: true,
        address_refused: None,
    };
    world.simulator.set_client(&settings).unwrap();
    let revoked = world.get("/api/v2/organizations/me").await;
    revoked.refusal(401, "bad.credentials");
    let secret = client.secret.expose_secret();
    let fresh = token(&world, &client.id, secret, GRANT).await.expect(200);
    assert_eq!(fresh["expires_in"], 5);
}

#[tokio::test]
async fn a_missing_permission_is_a_403_that_names_it() {
    let world = World::new().await;
    let settings = PermissionSettings {
        client_id: world.simulator.client().id.clone(),
        permissions: vec!["integrations:integration:view".to_owned()],
    };
    world.simulator.set_permissions(settings).unwrap();
    world.get("/api/v2/integrations").await.expect(200);
    let one = world.post("/api/v2/integrations", &json!({})).await;
    let message = one.refusal(403, "missing.any.permissions");
    assert!(
        message.contains("[integrations:integration:add]"),
        "{message}"
    );
    assert_eq!(
        one.json()["messageParams"]["permissions"],
        "[integrations:integration:add]"
    );
    let any = world.get("/api/v2/integrations/actions").await;
    let message = any.refusal(403, "missing.any.permissions");
    assert!(message.contains("integrations:action:view"), "{message}");
    let all = world.get("/api/v2/audits/query/servicemapping").await;
    let message = all.refusal(403, "missing.permissions");
    assert!(message.contains("[audits:audit:view]"), "{message}");
}

#[tokio::test]
async fn a_permission_may_be_held_by_a_star_and_members_are_counted_unless_not_wanted() {
    let world = World::new().await;
    let settings = PermissionSettings {
        client_id: world.simulator.client().id.clone(),
        permissions: vec![
            "integrations:*:view".to_owned(),
            "authorization:role:*".to_owned(),
        ],
    };
    world.simulator.set_permissions(settings).unwrap();
    world.get("/api/v2/integrations").await.expect(200);
    let add = world.post("/api/v2/integrations", &json!({})).await;
    add.refusal(403, "missing.any.permissions");
    let roles = "/api/v2/authorization/roles";
    let asked = format!("{roles}?permission=integrations%3Aaction%3Aview&userCount=false");
    let listed = world.get(&asked).await.expect(200);
    let id = listed["entities"][0]["id"].as_str().unwrap();
    assert!(listed["entities"][0].get("userCount").is_none());
    let counted = world.get(&format!("{roles}/{id}")).await.expect(200);
    assert_eq!(counted["userCount"], 0);
}

#[tokio::test]
async fn every_answer_counts_against_the_rate_limit_and_the_one_too_many_is_a_429() {
    let world = World::new().await;
    let limit = json!({"allowed": 2, "window_seconds": 30});
    world.control("rate-limit", &limit).await.expect(200);
    world
        .simulator
        .set_switch("rate_limit_headers", "sent")
        .unwrap();
    let first = world.get("/api/v2/organizations/me").await;
    assert_eq!(first.header("inin-ratelimit-count"), Some("1"));
    assert_eq!(first.header("inin-ratelimit-allowed"), Some("2"));
    assert_eq!(first.header("inin-ratelimit-reset"), Some("30"));
    assert_eq!(
        first.header("cache-control"),
        Some("no-cache, no-store, must-revalidate")
    );
    world.get("/api/v2/integrations/none").await.expect(404);
    let refused = world.get("/api/v2/organizations/me").await;
    refused.refusal(429, "too.many.requests.retry.after");
    let wait: i64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=30).contains(&wait));
    let limit = &refused.json()["limit"];
    assert_eq!(limit["key"], "token.rate.per.minute");
    assert_eq!(limit["value"], 2);
    let later = ClockSettings {
        advance_seconds: wait as f64,
    };
    world.simulator.advance(&later).unwrap();
    world.get("/api/v2/organizations/me").await.expect(200);
}

fn client_body() -> Value {
    json!({
        "name": "rotated",
        "authorizedGrantType": "CLIENT-CREDENTIALS",
        "accessTokenValiditySeconds": 300,
        "roleDivisions": [{"roleId": "role", "divisionId": "home"}],
    })
}

#[tokio::test]
async fn a_secret_is_shown_at_creation_only() {
    let world = World::new().await;
    let created = world
        .post("/api/v2/oauth/clients", &client_body())
        .await
        .expect(200);
    let (id, secret) = (id_of(&created), created["secret"].as_str().unwrap());
    let read = world
        .get(&format!("/api/v2/oauth/clients/{id}"))
        .await
        .expect(200);
    assert_eq!(read["name"], "rotated");
    assert!(read.get("secret").is_none());
    let list = world.get("/api/v2/oauth/clients").await;
    assert_eq!(list.expect(200)["total"], 4);
    assert!(!list.text.contains(secret));
    assert_eq!(
        token(&world, &id, secret, GRANT).await.expect(200)["expires_in"],
        300
    );
    world.switch("client_secret_in_get", "shown");
    let shown = world
        .get(&format!("/api/v2/oauth/clients/{id}"))
        .await
        .expect(200);
    assert_eq!(shown["secret"], secret);
}

#[tokio::test]
async fn a_client_without_roles_or_with_a_bad_grant_is_refused() {
    let world = World::new().await;
    let mut body = client_body();
    body["roleDivisions"] = json!([]);
    let refused = world.post("/api/v2/oauth/clients", &body).await;
    refused.refusal(400, "missing.client.roles");
    let mut body = client_body();
    body["authorizedGrantType"] = json!("MAGIC");
    let refused = world.post("/api/v2/oauth/clients", &body).await;
    refused.refusal(400, "bad.grant.type");
    let mut body = client_body();
    body["state"] = json!("inactive");
    let refused = world.post("/api/v2/oauth/clients", &body).await;
    refused.refusal(400, "bad.client.state");
}

#[tokio::test]
async fn a_reset_ends_the_old_secret_at_once_or_after_a_grace() {
    let world = World::new().await;
    let other = world.simulator.other_client().clone();
    let old = other.secret.expose_secret();
    let path = format!("/api/v2/oauth/clients/{}/secret", other.id);
    let new = world.post(&path, &json!({})).await.expect(200);
    let new = new["secret"].as_str().unwrap();
    token(&world, &other.id, old, GRANT).await.expect(401);
    token(&world, &other.id, new, GRANT).await.expect(200);
    world.switch("old_client_secret", "grace");
    let newest = world.post(&path, &json!({})).await.expect(200);
    token(&world, &other.id, new, GRANT).await.expect(200);
    let later = ClockSettings {
        advance_seconds: 61.0,
    };
    world.simulator.advance(&later).unwrap();
    token(&world, &other.id, new, GRANT).await.expect(401);
    let newest = newest["secret"].as_str().unwrap();
    token(&world, &other.id, newest, GRANT).await.expect(200);
}

#[tokio::test]
async fn tokens_survive_a_reset_unless_the_switch_revokes_them() {
    let world = World::new().await;
    let own = world.simulator.client().id.clone();
    let path = format!("/api/v2/oauth/clients/{own}/secret");
    world.post(&path, &json!({})).await.expect(200);
    world.get("/api/v2/organizations/me").await.expect(200);
    world.switch("tokens_after_reset", "revoked");
    world.post(&path, &json!({})).await.expect(200);
    let revoked = world.get("/api/v2/organizations/me").await;
    revoked.refusal(401, "bad.credentials");
}

#[tokio::test]
async fn a_client_with_roles_that_the_caller_lacks_is_not_reset() {
    let world = World::new().await;
    let created = world
        .post("/api/v2/oauth/clients", &client_body())
        .await
        .expect(200);
    let path = format!("/api/v2/oauth/clients/{}/secret", id_of(&created));
    let refused = world.post(&path, &json!({})).await;
    refused.refusal(400, "bad.client.role");
}

#[tokio::test]
async fn only_an_inactive_client_is_deleted() {
    let world = World::new().await;
    let created = world
        .post("/api/v2/oauth/clients", &client_body())
        .await
        .expect(200);
    let path = format!("/api/v2/oauth/clients/{}", id_of(&created));
    let refused = world.delete(&path).await;
    refused.refusal(400, "cannot.delete.client");
    let mut body = client_body();
    body["state"] = json!("inactive");
    assert_eq!(
        world.put(&path, &body).await.expect(200)["state"],
        "inactive"
    );
    let secret = created["secret"].as_str().unwrap();
    let refused = token(&world, &id_of(&created), secret, GRANT).await;
    assert_eq!(
        refused.expect(400)["description"],
        "Access tokens cannot be created"
    );
    world.delete(&path).await.expect(200);
    world.get(&path).await.refusal(404, "client.not.found");
}
