use std::collections::BTreeMap;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use aws_simulator::Notification;
use aws_simulator::services::lambda::{Body, Ended, Function};
use serde_json::{Value, json};

use crate::world::{account, code, sdk};

const ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:orders";

fn function() -> Function {
    Function {
        name: "orders".into(),
        role: "arn:aws:iam::123456789012:role/orders".into(),
        timeout: 30,
        memory: 128,
        environment: BTreeMap::from([("STAGE".to_owned(), "test".to_owned())]),
        qualifiers: BTreeMap::from([("live".to_owned(), "7".to_owned())]),
        policy: None,
        body: Body::immediate(|invocation| {
            let sent: Value = serde_json::from_slice(&invocation.payload).unwrap();
            match sent["fail"].as_bool() {
                Some(true) => Ended::Failed(json!({"errorMessage": "as it was asked to"})),
                _ => Ended::Returned(
                    json!({"function": invocation.function, "sent": sent})
                        .to_string()
                        .into_bytes(),
                ),
            }
        }),
    }
}

#[tokio::test(start_paused = true)]
async fn a_function_is_described_by_name_arn_and_qualifier() {
    let account = account();
    account.state().services.lambda.put(function());
    let client = Client::new(&sdk(&account));
    let described = |name: &str, qualifier: Option<&str>| {
        client
            .get_function_configuration()
            .function_name(name)
            .set_qualifier(qualifier.map(str::to_owned))
            .send()
    };
    for (name, qualifier, version) in [
        ("orders", None, "$LATEST"),
        (ARN, None, "$LATEST"),
        (ARN, Some("live"), "7"),
        ("orders:live", None, "7"),
    ] {
        let answer = described(name, qualifier).await.unwrap();
        assert_eq!(answer.role(), Some("arn:aws:iam::123456789012:role/orders"));
        assert_eq!(answer.version(), Some(version), "{name} {qualifier:?}");
        assert_eq!(answer.timeout(), Some(30));
    }
    for (name, qualifier) in [("other", None), ("orders", Some("missing"))] {
        let error = code(described(name, qualifier).await);
        assert_eq!(error, ("ResourceNotFoundException".into(), 404));
    }
}

#[tokio::test(start_paused = true)]
async fn a_function_answers_fails_and_is_invoked_without_waiting() {
    let account = account();
    account.state().services.lambda.put(function());
    let client = Client::new(&sdk(&account));
    let invoke = |payload: &str| {
        let payload = Blob::new(payload);
        client
            .invoke()
            .function_name(ARN)
            .qualifier("live")
            .payload(payload)
    };
    let answer = invoke(r#"{"a":1}"#).send().await.unwrap();
    assert_eq!(answer.executed_version(), Some("7"));
    let payload: Value = serde_json::from_slice(answer.payload().unwrap().as_ref()).unwrap();
    assert_eq!(
        payload,
        json!({"function": format!("{ARN}:live"), "sent": {"a": 1}})
    );
    let failed = invoke(r#"{"fail":true}"#).send().await.unwrap();
    assert_eq!(failed.function_error(), Some("Unhandled"));
    assert_eq!(failed.status_code(), 200);
    let not_json = invoke("no JSON").send().await;
    assert_eq!(
        code(not_json),
        ("InvalidRequestContentException".into(), 400)
    );
    let later = invoke("{}")
        .invocation_type(InvocationType::Event)
        .send()
        .await
        .unwrap();
    assert_eq!(later.status_code(), 202);
    let notifications = account.take_notifications();
    assert!(matches!(
        notifications.as_slice(),
        [Notification::Invocation(_)]
    ));
}

#[test]
#[should_panic(expected = "Lambda takes 4096")]
fn an_environment_of_more_than_4_kb_is_refused() {
    let mut large = function();
    large.environment.insert("LARGE".into(), "x".repeat(4096));
    aws_simulator::services::lambda::Lambda::default().put(large);
}
