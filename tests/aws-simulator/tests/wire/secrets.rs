use std::time::Duration;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::types::Tag;
use aws_simulator::services::kms::Key;
use aws_simulator::{
    Access, Account, Authorizer, Decision, Effect, Judging, Notification, State, context,
};

use crate::world::{account, account_with, code, sdk, start};

pub fn version(name: &str) -> String {
    format!("{name:-<36}")
}

pub async fn secret(account: &Account) -> (Client, String) {
    let client = Client::new(&sdk(account));
    let created = client
        .create_secret()
        .name("genesys/client")
        .secret_string("first");
    let created = created
        .client_request_token(version("v1"))
        .send()
        .await
        .unwrap();
    (client, created.arn().unwrap().to_owned())
}

/// The labels of each version, as `DescribeSecret` answers.
pub async fn labels(client: &Client, secret: &str) -> Vec<String> {
    let answer = client
        .describe_secret()
        .secret_id(secret)
        .send()
        .await
        .unwrap();
    let mut lines: Vec<String> = answer
        .version_ids_to_stages()
        .into_iter()
        .flatten()
        .map(|(id, stages)| {
            let mut stages = stages.clone();
            stages.sort();
            format!("{} {}", id.trim_end_matches('-'), stages.join(" "))
        })
        .collect();
    lines.sort();
    lines
}

fn put(
    client: &Client,
    arn: &str,
    id: &str,
    value: &str,
) -> aws_sdk_secretsmanager::operation::put_secret_value::builders::PutSecretValueFluentBuilder {
    client
        .put_secret_value()
        .secret_id(arn)
        .client_request_token(version(id))
        .secret_string(value)
}

#[tokio::test(start_paused = true)]
async fn a_secret_is_found_by_name_arn_and_arn_without_its_end() {
    let account = account();
    let (client, arn) = secret(&account).await;
    assert!(
        arn.starts_with("arn:aws:secretsmanager:us-east-1:123456789012:secret:genesys/client-")
    );
    for id in ["genesys/client", &arn, &arn[..arn.len() - 7]] {
        let answer = client
            .get_secret_value()
            .secret_id(id)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.secret_string(), Some("first"));
        assert_eq!(answer.arn(), Some(arn.as_str()));
        assert_eq!(answer.version_stages(), ["AWSCURRENT"]);
        assert_eq!(answer.created_date().unwrap().secs(), start().as_second());
    }
    let missing = client.describe_secret().secret_id("other").send().await;
    assert_eq!(code(missing), ("ResourceNotFoundException".into(), 400));
    let again = client.create_secret().name("genesys/client").send().await;
    assert_eq!(code(again), ("ResourceExistsException".into(), 400));
}

#[tokio::test(start_paused = true)]
async fn a_new_value_moves_awscurrent_and_awsprevious_with_it() {
    let account = account();
    let (client, arn) = secret(&account).await;
    put(&client, &arn, "v2", "second").send().await.unwrap();
    assert_eq!(
        labels(&client, &arn).await,
        ["v1 AWSPREVIOUS", "v2 AWSCURRENT"]
    );
    put(&client, &arn, "v3", "third").send().await.unwrap();
    assert_eq!(
        labels(&client, &arn).await,
        ["v2 AWSPREVIOUS", "v3 AWSCURRENT"]
    );
    let deprecated = client
        .get_secret_value()
        .secret_id(&arn)
        .version_id(version("v1"));
    assert_eq!(
        deprecated.send().await.unwrap().secret_string(),
        Some("first")
    );
    let listed = |deprecated| {
        let versions = client.list_secret_version_ids().secret_id(&arn);
        versions.include_deprecated(deprecated).send()
    };
    assert_eq!(listed(false).await.unwrap().versions().len(), 2);
    assert_eq!(listed(true).await.unwrap().versions().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_token_names_one_value_for_ever() {
    let account = account();
    account.set_judging(Judging::WrongRequestsRefused);
    let (client, arn) = secret(&account).await;
    put(&client, &arn, "v2", "second").send().await.unwrap();
    let before = account.history().len();
    let again = put(&client, &arn, "v2", "second").version_stages("OTHER");
    again.send().await.unwrap();
    assert_eq!(account.history().len(), before);
    let other = put(&client, &arn, "v2", "another").send().await;
    assert_eq!(code(other), ("ResourceExistsException".into(), 400));
    let short = client.put_secret_value().secret_id(&arn).secret_string("x");
    let short = short.client_request_token("short").send().await;
    assert_eq!(code(short), ("InvalidParameterException".into(), 400));
    let long = put(&client, &arn, "v3", &"x".repeat(65_537)).send().await;
    assert_eq!(code(long), ("InvalidParameterException".into(), 400));
}

#[tokio::test(start_paused = true)]
async fn a_label_is_taken_only_from_the_version_that_is_named() {
    let account = account();
    let (client, arn) = secret(&account).await;
    put(&client, &arn, "v2", "second")
        .version_stages("AWSPENDING")
        .send()
        .await
        .unwrap();
    let update = |label: &str, from: Option<&str>, to: Option<&str>| {
        client
            .update_secret_version_stage()
            .secret_id(&arn)
            .version_stage(label)
            .set_remove_from_version_id(from.map(version))
            .set_move_to_version_id(to.map(version))
            .send()
    };
    let invalid = ("InvalidParameterException".to_owned(), 400);
    for (label, from, to) in [
        ("AWSCURRENT", None, Some("v2")),
        ("AWSCURRENT", Some("v2"), Some("v2")),
        ("AWSCURRENT", Some("v1"), None),
        ("AWSCURRENT", None, None),
        ("OTHER", Some("v1"), None),
    ] {
        assert_eq!(
            code(update(label, from, to).await),
            invalid,
            "{label} {from:?} {to:?}"
        );
    }
    let unknown = update("AWSCURRENT", Some("v1"), Some("v9")).await;
    assert_eq!(code(unknown), ("ResourceNotFoundException".into(), 400));
    update("AWSCURRENT", Some("v1"), Some("v2")).await.unwrap();
    let both = ["v1 AWSPREVIOUS", "v2 AWSCURRENT AWSPENDING"];
    assert_eq!(labels(&client, &arn).await, both);
    // A repeated request is not a no-op: the label is not where it is to be taken from.
    assert_eq!(
        code(update("AWSCURRENT", Some("v1"), Some("v2")).await),
        invalid
    );
    update("AWSPENDING", Some("v2"), None).await.unwrap();
    assert_eq!(
        labels(&client, &arn).await,
        ["v1 AWSPREVIOUS", "v2 AWSCURRENT"]
    );
    update("AWSCURRENT", Some("v2"), Some("v1")).await.unwrap();
    assert_eq!(
        labels(&client, &arn).await,
        ["v1 AWSCURRENT", "v2 AWSPREVIOUS"]
    );
}

#[tokio::test(start_paused = true)]
async fn every_label_but_pending_and_previous_is_an_event() {
    let account = account();
    let (client, arn) = secret(&account).await;
    put(&client, &arn, "v2", "second")
        .version_stages("AWSPENDING")
        .send()
        .await
        .unwrap();
    put(&client, &arn, "v3", "third")
        .version_stages("MINE")
        .send()
        .await
        .unwrap();
    let events = account.take_notifications();
    let told: Vec<_> = events
        .iter()
        .map(|one| match one {
            Notification::Event { event, .. } => {
                let detail = &event["detail"];
                assert_eq!(event["detail-type"], "Secret Label Updated");
                assert_eq!(event["resources"][0], arn.as_str());
                assert_eq!(detail["name"], "genesys/client");
                let version = detail["versionId"].as_str().unwrap().trim_end_matches('-');
                format!("{} {version}", detail["labelUpdated"].as_str().unwrap())
            }
            Notification::Rotation(_) | Notification::Invocation(_) => panic!("{one:?}"),
        })
        .collect();
    assert_eq!(told, ["AWSCURRENT v1", "MINE v3"]);
    let moved = account.history().iter().any(|change| {
        matches!(&change.effect, Effect::SecretLabelMoved { label, .. } if label == "AWSPENDING")
    });
    assert!(moved);
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_is_deleted_is_described_until_it_is_gone() {
    let account = account();
    let (client, arn) = secret(&account).await;
    let delete = client
        .delete_secret()
        .secret_id(&arn)
        .recovery_window_in_days(6)
        .send()
        .await;
    assert_eq!(code(delete), ("InvalidParameterException".into(), 400));
    client
        .delete_secret()
        .secret_id(&arn)
        .recovery_window_in_days(7)
        .send()
        .await
        .unwrap();
    let described = client
        .describe_secret()
        .secret_id(&arn)
        .send()
        .await
        .unwrap();
    assert!(described.deleted_date().is_some());
    let value = client.get_secret_value().secret_id(&arn).send().await;
    assert_eq!(code(value), ("InvalidRequestException".into(), 400));
    client
        .restore_secret()
        .secret_id(&arn)
        .send()
        .await
        .unwrap();
    client
        .get_secret_value()
        .secret_id(&arn)
        .send()
        .await
        .unwrap();
    client
        .delete_secret()
        .secret_id(&arn)
        .recovery_window_in_days(7)
        .send()
        .await
        .unwrap();
    tokio::time::advance(Duration::from_secs(7 * 86_400)).await;
    let gone = client.describe_secret().secret_id(&arn).send().await;
    assert_eq!(code(gone), ("ResourceNotFoundException".into(), 400));
}

#[tokio::test(start_paused = true)]
async fn listings_have_pages_and_leave_out_what_is_deleted() {
    let account = account();
    let (client, arn) = secret(&account).await;
    for name in ["b", "c"] {
        let tag = Tag::builder().key("k").value("v").build();
        client
            .create_secret()
            .name(name)
            .tags(tag)
            .send()
            .await
            .unwrap();
    }
    let first = client.list_secrets().max_results(2).send().await.unwrap();
    let token = first.next_token().unwrap();
    let rest = client
        .list_secrets()
        .next_token(token)
        .send()
        .await
        .unwrap();
    assert_eq!(first.secret_list().len() + rest.secret_list().len(), 3);
    client.delete_secret().secret_id(&arn).send().await.unwrap();
    let all = client.list_secrets().send().await.unwrap();
    assert_eq!(all.secret_list().len(), 2);
    assert_eq!(all.secret_list()[0].tags().len(), 1);
    let wrong = client.list_secrets().next_token("x").send().await;
    assert_eq!(code(wrong), ("InvalidNextTokenException".into(), 400));
}

/// Denies KMS unless the key is used through Secrets Manager for the secret.
struct OnlyForTheSecret;

impl Authorizer for OnlyForTheSecret {
    fn decide(&self, _: &State, access: &Access<'_>) -> Decision {
        let key = |name: &str| access.context.get(name).map(<[String]>::concat);
        let through = key(context::KMS_VIA_SERVICE);
        let of = key("kms:EncryptionContext:SecretARN").unwrap_or_default();
        let via = through.as_deref() == Some("secretsmanager.us-east-1.amazonaws.com");
        match access.action.starts_with("kms:") && !(via && of.contains(":secret:genesys/")) {
            true => Decision::Deny {
                because: "because no identity-based policy allows it".into(),
            },
            false => Decision::Allow,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_secret_with_a_key_of_the_account_needs_that_key_too() {
    let account = account_with(OnlyForTheSecret);
    account.state().services.kms.put(Key::new("k1", start()));
    let client = Client::new(&sdk(&account));
    let create = |name: &str| {
        client
            .create_secret()
            .name(name)
            .kms_key_id("k1")
            .secret_string("x")
    };
    let denied = create("other/a").send().await;
    assert_eq!(code(denied), ("AccessDeniedException".into(), 400));
    create("genesys/a").send().await.unwrap();
    let read = || client.get_secret_value().secret_id("genesys/a").send();
    read().await.unwrap();
    let mut disabled = Key::new("k1", start());
    disabled.state = "Disabled".into();
    account.state().services.kms.put(disabled);
    assert_eq!(code(read().await), ("DecryptionFailure".into(), 400));
}

#[tokio::test(start_paused = true)]
async fn the_hundredth_version_is_the_last_within_a_day() {
    let account = account();
    let (client, arn) = secret(&account).await;
    for index in 2..=100 {
        put(&client, &arn, &format!("v{index}"), "x")
            .send()
            .await
            .unwrap();
    }
    let full = put(&client, &arn, "v101", "x").send().await;
    assert_eq!(code(full), ("LimitExceededException".into(), 400));
    tokio::time::advance(Duration::from_secs(86_401)).await;
    put(&client, &arn, "v101", "x").send().await.unwrap();
}

#[test]
fn a_value_is_never_printed() {
    let value = aws_simulator::services::secrets::Value::Text("planted".into());
    assert!(!format!("{value:?}").contains("planted"));
}
