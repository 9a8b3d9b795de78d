use std::collections::BTreeMap;

use aws_sdk_secretsmanager::Client;
use aws_simulator::services::lambda::{Body, Ended, Function};
use aws_simulator::{Account, Notification, RotationJob};
use serde_json::Value;

use crate::secrets::{labels, secret, version};
use crate::world::{account, code};

const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:rotate";

fn with_function(account: &Account) {
    account.state().services.lambda.put(Function {
        name: "rotate".into(),
        role: "arn:aws:iam::123456789012:role/rotate".into(),
        timeout: 30,
        memory: 128,
        environment: BTreeMap::new(),
        qualifiers: BTreeMap::new(),
        policy: None,
        body: Body::immediate(|_| Ended::Failed(Value::Null)),
    });
}

fn rotate(
    client: &Client,
    arn: &str,
    token: &str,
) -> aws_sdk_secretsmanager::operation::rotate_secret::builders::RotateSecretFluentBuilder {
    client
        .rotate_secret()
        .secret_id(arn)
        .client_request_token(version(token))
        .rotation_lambda_arn(FUNCTION)
}

fn job(account: &Account) -> RotationJob {
    let jobs = account
        .take_notifications()
        .into_iter()
        .filter_map(|one| match one {
            Notification::Rotation(job) => Some(job),
            Notification::Event { .. } | Notification::Invocation(_) => None,
        });
    let jobs: Vec<_> = jobs.collect();
    assert_eq!(jobs.len(), 1, "{jobs:?}");
    jobs.into_iter().next().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_rotation_begins_with_a_version_that_has_no_value() {
    let account = account();
    let (client, arn) = secret(&account).await;
    with_function(&account);
    let started = rotate(&client, &arn, "v2").send().await.unwrap();
    assert_eq!(started.version_id(), Some(version("v2").as_str()));
    assert_eq!(
        labels(&client, &arn).await,
        ["v1 AWSCURRENT", "v2 AWSPENDING"]
    );
    let pending = client
        .get_secret_value()
        .secret_id(&arn)
        .version_id(version("v2"));
    assert_eq!(
        code(pending.send().await),
        ("ResourceNotFoundException".into(), 400)
    );
    let job = job(&account);
    assert_eq!(
        (job.token.as_str(), job.trial),
        (version("v2").as_str(), false)
    );
    assert_eq!(
        (job.secret.as_str(), job.function.as_str()),
        (arn.as_str(), FUNCTION)
    );
    // The SDK sends a request again under its token: one rotation.
    rotate(&client, &arn, "v2").send().await.unwrap();
    assert!(account.take_notifications().is_empty());
    let other = rotate(&client, &arn, "v3").send().await;
    assert_eq!(code(other), ("InvalidRequestException".into(), 400));
    let stored = client
        .put_secret_value()
        .secret_id(&arn)
        .secret_string("second");
    let stored = stored
        .client_request_token(version("v2"))
        .version_stages("AWSPENDING");
    stored.send().await.unwrap();
    assert_eq!(
        labels(&client, &arn).await,
        ["v1 AWSCURRENT", "v2 AWSPENDING"]
    );
    let finish = client
        .update_secret_version_stage()
        .secret_id(&arn)
        .version_stage("AWSCURRENT");
    let finish = finish
        .remove_from_version_id(version("v1"))
        .move_to_version_id(version("v2"));
    finish.send().await.unwrap();
    account.end_rotation(&job, true);
    let described = client
        .describe_secret()
        .secret_id(&arn)
        .send()
        .await
        .unwrap();
    assert!(described.last_rotated_date().is_some());
    assert_eq!(described.rotation_enabled(), Some(true));
    // AWSPENDING beside AWSCURRENT is not in the way of the next one.
    rotate(&client, &arn, "v3").send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_trial_leaves_nothing_but_the_configuration() {
    let account = account();
    let (client, arn) = secret(&account).await;
    with_function(&account);
    rotate(&client, &arn, "v2")
        .rotate_immediately(false)
        .send()
        .await
        .unwrap();
    let job = job(&account);
    assert!(job.trial);
    assert_eq!(
        labels(&client, &arn).await,
        ["v1 AWSCURRENT", "v2 AWSPENDING"]
    );
    account.end_rotation(&job, false);
    assert_eq!(labels(&client, &arn).await, ["v1 AWSCURRENT"]);
    let described = client
        .describe_secret()
        .secret_id(&arn)
        .send()
        .await
        .unwrap();
    assert_eq!(described.rotation_lambda_arn(), Some(FUNCTION));
    assert!(described.last_rotated_date().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_rotation_needs_a_function_that_can_be_invoked() {
    let account = account();
    let (client, arn) = secret(&account).await;
    let none = client.rotate_secret().secret_id(&arn).send().await;
    assert_eq!(code(none), ("InvalidRequestException".into(), 400));
    let missing = rotate(&client, &arn, "v2").send().await;
    assert_eq!(code(missing), ("AccessDeniedException".into(), 400));
    assert_eq!(labels(&client, &arn).await, ["v1 AWSCURRENT"]);
}
