//! Tokens: how they are fetched, shared, replaced and refused.

use crate::support::{CLIENT_SECRET, Platform, Reply, Seen, ok, quick, status, token};
use genesys_cloud::ErrorKind;
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;

fn organization(seen: &Seen) -> Option<Reply> {
    (seen.line == "GET /api/v2/organizations/me")
        .then(|| ok(json!({"id": "org-1", "name": "Acme"})))
}

#[tokio::test]
async fn signs_in_with_basic_credentials_and_a_form_at_the_login_host() {
    let platform = Platform::start(organization).await;
    let organization = platform.client().organization_me().await.unwrap();
    assert_eq!(organization.id, "org-1");
    let all = platform.all();
    assert_eq!(all[0].line, "POST /oauth/token");
    // base64 of the-client:planted-client-secret
    assert_eq!(
        all[0].header("authorization"),
        "Basic dGhlLWNsaWVudDpwbGFudGVkLWNsaWVudC1zZWNyZXQ="
    );
    assert_eq!(
        all[0].header("content-type"),
        "application/x-www-form-urlencoded"
    );
    assert_eq!(all[0].body, "grant_type=client_credentials");
    assert_eq!(all[1].header("authorization"), "Bearer token-0");
    assert!(
        all[1]
            .header("user-agent")
            .starts_with("genesys-cloud-rust/")
    );
}

#[tokio::test]
async fn many_calls_at_once_share_one_sign_in() {
    let platform = Platform::start(organization).await;
    let client = platform.client();
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.organization_me().await })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(platform.sign_ins(), 1);
    assert_eq!(platform.calls().len(), 20);
    let stats = client.take_stats();
    assert_eq!(
        (
            stats.auth_requests,
            stats.auth_failures,
            stats.requests,
            stats.failures
        ),
        (1, 0, 20, 0)
    );
    assert_eq!(client.take_stats(), Default::default());
}

#[tokio::test]
async fn a_wrong_secret_is_tried_once_for_all_that_wait() {
    let platform = Platform::start(|seen| {
        (seen.line == "POST /oauth/token").then(|| {
            status(
                401,
                json!({"error": "invalid_client", "description": "authentication failed"}),
            )
        })
    })
    .await;
    let client = platform.client();
    // All are polled, and so waiting, before the first sign-in is answered.
    let (a, b, c) = tokio::join!(client.sign_in(), client.sign_in(), client.organization_me());
    for error in [a.unwrap_err(), b.unwrap_err(), c.unwrap_err()] {
        assert_eq!(error.kind(), &ErrorKind::Unauthorized);
        assert!(!error.is_transient());
        assert!(
            error.message().contains("rejected the client secret"),
            "{error}"
        );
    }
    assert_eq!(platform.sign_ins(), 1);
    client.sign_in().await.unwrap_err();
    assert_eq!(platform.sign_ins(), 2, "a later call asks again");
}

#[tokio::test]
async fn a_revoked_token_is_replaced_once_and_the_call_repeated() {
    let platform = Platform::start(|seen| {
        if seen.header("authorization") == "Bearer token-0" {
            return Some(status(401, json!({"code": "bad.credentials"})));
        }
        organization(seen)
    })
    .await;
    let client = platform.client();
    let (a, b, c) = tokio::join!(
        client.organization_me(),
        client.organization_me(),
        client.organization_me()
    );
    assert!(a.is_ok() && b.is_ok() && c.is_ok());
    assert_eq!(
        platform.sign_ins(),
        2,
        "three refused calls, one replacement"
    );
}

#[tokio::test]
async fn a_token_refused_twice_is_an_error_not_a_loop() {
    let platform = Platform::start(|seen| {
        seen.line
            .starts_with("GET /api")
            .then(|| status(401, json!({"code": "ip.not.authorized", "message": "no"})))
    })
    .await;
    let error = platform.client().organization_me().await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Unauthorized);
    assert_eq!(error.code(), Some("ip.not.authorized"));
    assert_eq!((platform.calls().len(), platform.sign_ins()), (2, 2));
}

#[tokio::test]
async fn a_create_refused_with_401_is_repeated_as_nothing_was_done() {
    let platform = Platform::start(|seen| match (seen.line.as_str(), seen.before) {
        ("POST /api/v2/integrations", 0) => Some(status(401, json!({}))),
        ("POST /api/v2/integrations", _) => Some(status(201, json!({"id": "i-1"}))),
        _ => None,
    })
    .await;
    let created = platform
        .client()
        .create_integration("A", "aws-lambda-data-actions")
        .await
        .unwrap();
    assert_eq!(created.id, "i-1");
}

#[tokio::test]
async fn too_many_sign_ins_are_tried_again() {
    let platform = Platform::start(|seen| {
        let limited = seen.line == "POST /oauth/token" && seen.before < 2;
        let body = json!({"error": "invalid_request", "description": "rate limit exceeded; wait"});
        limited
            .then(|| status(400, body))
            .or_else(|| organization(seen))
    })
    .await;
    let client = platform.client();
    client.organization_me().await.unwrap();
    let stats = client.take_stats();
    assert_eq!(
        (
            stats.auth_requests,
            stats.auth_failures,
            stats.rate_limit_waits
        ),
        (3, 2, 2)
    );
}

#[tokio::test]
async fn an_old_token_goes_on_while_a_new_one_cannot_be_had() {
    let platform = Platform::start(|seen| match (seen.line.as_str(), seen.before) {
        // Stale after two seconds, working for four.
        ("POST /oauth/token", 0) => Some(token("old", 4)),
        ("POST /oauth/token", _) => Some(status(503, json!({}))),
        _ => organization(seen),
    })
    .await;
    let client = platform.client();
    client.organization_me().await.unwrap();
    let begun = Instant::now();
    while platform.sign_ins() < 2 {
        client.organization_me().await.unwrap();
        assert!(
            begun.elapsed() < Duration::from_secs(4),
            "never became stale"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(platform.last().header("authorization"), "Bearer old");
}

#[tokio::test]
async fn a_sign_in_that_hangs_ends_with_the_deadline_of_each_caller() {
    let platform =
        Platform::start(|seen| (seen.line == "POST /oauth/token").then_some(Reply::Hang)).await;
    let client = platform.client_with(quick());
    let patient = client.within(Duration::from_secs(2));
    let hasty = client.within(Duration::from_millis(50));
    let begun = Instant::now();
    let (slow, (fast, fast_took)) = tokio::join!(patient.sign_in(), async {
        (hasty.sign_in().await, begun.elapsed())
    });
    assert_eq!(slow.unwrap_err().kind(), &ErrorKind::OutOfTime);
    assert_eq!(fast.unwrap_err().kind(), &ErrorKind::OutOfTime);
    assert!(fast_took < Duration::from_millis(1500), "{fast_took:?}");
}

#[tokio::test]
async fn an_unreadable_token_answer_never_shows_its_body() {
    let platform = Platform::start(|seen| {
        (seen.line == "POST /oauth/token").then(|| {
            Reply::Answer(
                200,
                Vec::new(),
                format!("{{\"access_token\":[\"{CLIENT_SECRET}\"]}}"),
            )
        })
    })
    .await;
    let error = platform.client().sign_in().await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Garbled);
    let text = format!("{error} {error:?}");
    assert!(!text.contains(CLIENT_SECRET), "{text}");
}
