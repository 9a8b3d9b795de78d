//! Secrets Manager through its adapter.

use aws_simulator::Notification;
use aws_simulator::services::secrets::Version;
use lockstep::aws::{Kind, SecretError, SecretSeen};
use lockstep::services::{Provision, Rotate};
use secrecy::ExposeSecret;
use serde_json::json;

use crate::world::{Setup, id, start};

#[tokio::test(start_paused = true)]
async fn a_secret_is_seen_as_it_is_without_its_value() {
    let setup = Setup::new();
    let services: Provision = setup.services();
    let secrets = &services.secrets;
    let arn = setup.secret("prod/seen", "one").await;
    let of_user = aws_sdk_secretsmanager::Client::new(&setup.sdk);
    let put = of_user.put_secret_value().secret_id(arn.to_string());
    let put = put.client_request_token(id("v2")).secret_string("two");
    put.send().await.unwrap();
    let seen = secrets.current(&arn).await.unwrap();
    assert_eq!(
        seen,
        SecretSeen::Current {
            version_id: id("v2").parse().unwrap(),
            previous_id: Some(id("v1")),
            kms_key: None,
        }
    );

    setup.account.with_state(|state| {
        let found = state.services.secrets.find(&arn.to_string(), start());
        let mut secret = found.unwrap().clone();
        // Within its recovery window a secret is there, and can't be used.
        secret.deletion = Some("2026-12-04T09:00:00Z".parse().unwrap());
        state.services.secrets.put(secret);
    });
    let seen = secrets.current(&arn).await.unwrap();
    assert_eq!(seen, SecretSeen::Deleted);

    let missing = arn.to_string().replace("prod/seen", "prod/never");
    let seen = secrets.current(&missing.parse().unwrap()).await.unwrap();
    assert_eq!(seen, SecretSeen::Missing);
}

#[tokio::test(start_paused = true)]
async fn the_oauth_client_is_read_and_a_wrong_shape_is_reported_without_quoting_it() {
    let setup = Setup::new();
    let services: Rotate = setup.services();
    let secrets = &services.client_secrets;
    let value = json!({"client_id": "one", "client_secret": "planted"}).to_string();
    let arn = setup.secret("genesys/client", &value).await;
    let client = secrets.genesys_client(&arn).await.unwrap();
    assert_eq!(client.client_id, "one");
    assert_eq!(client.client_secret.expose_secret(), "planted");

    let arn = setup.secret("genesys/wrong", "only-the-value").await;
    let error = secrets.genesys_client(&arn).await.unwrap_err();
    assert!(matches!(error, SecretError::Shape { .. }));
    assert!(!format!("{error} {error:?}").contains("only-the-value"));
}

#[tokio::test(start_paused = true)]
async fn secrets_rotate_through_the_adapter() {
    let setup = Setup::new();
    let services: Rotate = setup.services();
    let writer = &services.client_secret_writer;
    let arn = setup.secret("genesys/client", "{}").await;
    // Its first version became current.
    assert_eq!(setup.account.take_notifications().len(), 1);
    let value = json!({"client_id": "two", "client_secret": "x"}).to_string();
    setup.lose("PutSecretValue");
    writer
        .put_pending(&arn, &id("v2"), &value.clone().into(), None)
        .await
        .unwrap();
    let another = writer
        .put_pending(&arn, &id("v2"), &"another".into(), None)
        .await;
    assert_eq!(another.unwrap_err().kind, Kind::AlreadyExists);
    writer
        .move_current(&arn, &id("v1"), &id("v2"))
        .await
        .unwrap();
    writer.remove_pending(&arn, &id("v2")).await.unwrap();
    let current = services.secrets.current(&arn).await.unwrap();
    assert_eq!(
        current,
        SecretSeen::Current {
            version_id: id("v2").parse().unwrap(),
            previous_id: Some(id("v1")),
            kms_key: None,
        }
    );
    assert_eq!(services.secret_versions.made(&arn).await.unwrap().len(), 2);
    let events = setup.account.take_notifications();
    assert!(matches!(
        events.as_slice(),
        [Notification::Event { event, .. }] if event["detail"]["labelUpdated"] == "AWSCURRENT"
    ));
}

#[tokio::test(start_paused = true)]
async fn a_version_that_a_rotation_began_has_no_value_yet() {
    let setup = Setup::new();
    let services: Rotate = setup.services();
    let secrets = &services.client_secrets;
    let value = json!({"client_id": "one", "client_secret": "planted"}).to_string();
    let arn = setup.secret("genesys/client", &value).await;
    setup.account.with_state(|state| {
        let found = state.services.secrets.find(&arn.to_string(), start());
        let mut secret = found.unwrap().clone();
        let empty = Version {
            value: None,
            labels: ["AWSPENDING".to_owned()].into(),
            created: start(),
        };
        secret.versions.insert(id("v2"), empty);
        state.services.secrets.put(secret);
    });
    let pending = secrets.client_of_version(&arn, &id("v2")).await.unwrap();
    assert!(pending.is_none());
    let current: Result<_, SecretError> = secrets.genesys_client(&arn).await;
    assert!(current.is_ok());
}
