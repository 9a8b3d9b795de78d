//! Worlds come up complete, run beside each other, and leave nothing behind.

use std::time::Duration;

use nix::sys::signal::kill;
use nix::unistd::Pid;
use sandbox::{Options, Stack};
use serde_json::json;

const PATIENCE: Duration = Duration::from_secs(30);

async fn world() -> Stack {
    sandbox::start(Options::silent())
        .await
        .unwrap_or_else(|error| panic!("{error}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn two_worlds_run_beside_each_other_and_do_not_meet() {
    let (one, two) = tokio::join!(world(), world());
    assert_ne!(
        one.aws_endpoints().aws_endpoint_url,
        two.aws_endpoints().aws_endpoint_url
    );
    assert_ne!(one.genesys.api_url(), two.genesys.api_url());

    let secret = one.make_secret("prod/only-in-one", "first").await.unwrap();
    let version = one.rotate(&secret, "second").await.unwrap();
    let heard = one
        .wait_for_event("Secret Label Updated", 0, PATIENCE, |detail| {
            detail["versionId"] == version.as_str()
        })
        .await
        .unwrap();
    assert_eq!(heard.detail["name"], "prod/only-in-one");
    let elsewhere = two
        .aws
        .secrets
        .describe_secret()
        .secret_id(&secret)
        .send()
        .await;
    let error = elsewhere.expect_err("the other world has no such secret");
    assert!(
        error
            .as_service_error()
            .is_some_and(|error| error.is_resource_not_found_exception()),
        "{error:?}"
    );
    tokio::join!(one.stop(), two.stop());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_for_trials_answers_with_the_event_it_got() {
    let world = world().await;
    let event = json!({"input": {"order_id": "A-1"}, "secrets": {}});
    let answer = world
        .aws
        .lambda
        .invoke()
        .function_name(sandbox::TARGET_FUNCTION)
        .payload(aws_sdk_lambda::primitives::Blob::new(event.to_string()))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.function_error(), None);
    let got: serde_json::Value =
        serde_json::from_slice(answer.payload().unwrap().as_ref()).unwrap();
    assert_eq!(got, event);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_at_genesys_cloud_reaches_the_account_as_a_partner_event() {
    let world = world().await;
    let genesys = &world.endpoints().genesys;
    let http = reqwest::Client::new();
    let token: serde_json::Value = http
        .post(format!("{}/oauth/token", genesys.genesys_login_url))
        .basic_auth(&genesys.other_client_id, Some(&genesys.other_client_secret))
        .form(&[("grant_type", "client_credentials")])
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let made = http
        .post(format!("{}/api/v2/integrations", genesys.genesys_api_url))
        .bearer_auth(token["access_token"].as_str().unwrap())
        .json(
            &json!({"name": "Made by hand", "integrationType": {"id": "aws-lambda-data-actions"}}),
        )
        .send()
        .await
        .unwrap();
    let made: serde_json::Value = made.error_for_status().unwrap().json().await.unwrap();
    let heard = world
        .wait_for("the audit event", 0, PATIENCE, |event| {
            event.source.starts_with("aws.partner/genesys.com/cloud/")
                && event.detail["eventBody"]["entity"]["id"] == made["id"]
        })
        .await
        .unwrap();
    assert_eq!(heard.detail["eventBody"]["entityType"], "Integration");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_world_leaves_no_process_and_no_temporary_file() {
    let world = world().await;
    let pid = Pid::from_raw(i32::try_from(world.process_id().unwrap()).unwrap());
    let tmp = world.kept("tmp");
    let endpoint = world.aws_endpoints().aws_endpoint_url.clone();
    assert!(kill(pid, None).is_ok(), "it runs");
    assert!(tmp.exists());
    drop(world);
    assert!(!tmp.exists());
    assert!(reqwest::get(&endpoint).await.is_err(), "nobody answers");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_does_not_come_is_reported_with_what_came_instead() {
    let world = world().await;
    let secret = world.make_secret("prod/some", "first").await.unwrap();
    world.rotate(&secret, "second").await.unwrap();
    world
        .wait_for_event("Secret Label Updated", 0, PATIENCE, |_| true)
        .await
        .unwrap();
    let error = world
        .wait_for_event("Change Verified", 0, Duration::from_millis(200), |_| true)
        .await
        .unwrap_err()
        .to_string();
    let waited = "Change Verified did not arrive within 200ms";
    assert!(error.contains(waited), "{error}");
    let came = "AWSCURRENT of prod/some is now version";
    assert!(error.contains(came), "{error}");
    world.stop().await;
}
