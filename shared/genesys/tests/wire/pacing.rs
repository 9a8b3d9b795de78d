//! Requests in a minute: the client counts its own, and the platform's headers only tighten.

use std::time::Duration;

use crate::resilience::{ORGANIZATION, failing};
use crate::support::{Platform, ok, quick, status};
use genesys_cloud::{ErrorKind, Settings};
use serde_json::json;

#[tokio::test]
async fn requests_stay_below_the_limit_although_no_response_names_one() {
    let platform = Platform::start(failing(0, 500)).await;
    let client = platform
        .client_with(Settings {
            requests_per_minute: 4,
            ..quick()
        })
        .within(Duration::from_secs(20));
    for _ in 0..4 {
        client.organization_me().await.unwrap();
    }
    let error = client.clone().organization_me().await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::OutOfTime);
    assert!(
        error.to_string().contains("the rate limit requires a wait"),
        "{error}"
    );
    assert_eq!(platform.calls().len(), 4, "clones share one count");
}

#[tokio::test]
async fn a_repeated_request_counts_too() {
    let platform = Platform::start(failing(2, 503)).await;
    let client = platform
        .client_with(Settings {
            requests_per_minute: 2,
            ..quick()
        })
        .within(Duration::from_secs(20));
    let error = client.organization_me().await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::OutOfTime);
    assert_eq!(platform.calls().len(), 2);
}

#[tokio::test]
async fn a_new_token_has_its_own_count() {
    let platform = Platform::start(|seen| {
        (seen.line == ORGANIZATION).then(|| match seen.before {
            1 => status(401, json!({"code": "bad.credentials"})),
            _ => ok(json!({"id": "org-1"})),
        })
    })
    .await;
    let client = platform
        .client_with(Settings {
            requests_per_minute: 2,
            ..quick()
        })
        .within(Duration::from_secs(20));
    client.organization_me().await.unwrap();
    client.organization_me().await.unwrap();
    assert_eq!(platform.calls().len(), 3);
    assert_eq!(platform.sign_ins(), 2);
}

#[tokio::test]
async fn a_used_up_window_is_waited_out_before_the_next_request() {
    let platform = Platform::start(|seen| {
        (seen.line == ORGANIZATION).then(|| {
            let used = if seen.before == 0 { 300 } else { 1 };
            ok(json!({"id": "org-1"}))
                .with("inin-ratelimit-count", used)
                .with("inin-ratelimit-allowed", 300)
                .with("inin-ratelimit-reset", 1)
        })
    })
    .await;
    let client = platform.client();
    client.organization_me().await.unwrap();
    assert_eq!(client.take_stats().rate_limit_waits, 0);
    client.organization_me().await.unwrap();
    let stats = client.take_stats();
    assert_eq!((stats.requests, stats.rate_limit_waits), (1, 1));
}

#[tokio::test]
async fn a_window_that_resets_after_the_deadline_ends_the_call_unsent() {
    let platform = Platform::start(|seen| {
        (seen.line == ORGANIZATION).then(|| {
            ok(json!({"id": "org-1"}))
                .with("inin-ratelimit-count", 300)
                .with("inin-ratelimit-allowed", 300)
                .with("inin-ratelimit-reset", 60)
        })
    })
    .await;
    let client = platform.client();
    client.organization_me().await.unwrap();
    let error = client
        .within(Duration::from_secs(2))
        .organization_me()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::OutOfTime);
    assert_eq!(platform.calls().len(), 1);
}
