//! Which permissions each operation asks for, of which resource (Service Authorization Reference).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_config::SdkConfig;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use aws_simulator::services::kms::Key;
use aws_simulator::services::lambda::{Body, Ended, Function};
use aws_simulator::services::s3::Bucket;
use aws_simulator::services::sqs::Queue;
use aws_simulator::{Access, Account, Authorizer, Decision, State, context};

use crate::sqs::url;
use crate::world::{account_with, sdk, start};

/// Allows everything and remembers what was asked.
#[derive(Clone, Default)]
struct Asked(Arc<Mutex<Vec<String>>>);

impl Authorizer for Asked {
    fn decide(&self, _: &State, access: &Access<'_>) -> Decision {
        assert_eq!(
            access
                .context
                .get(context::PRINCIPAL_ARN)
                .map(<[String]>::concat),
            access.principal.principal_arn("aws"),
        );
        let prefix = match access.principal.principal_arn("aws") {
            Some(_) => "",
            None => "service: ",
        };
        let line = format!("{prefix}{} {}", access.action, access.resource);
        self.0.lock().unwrap().push(line);
        Decision::Allow
    }
}

impl Asked {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

fn world() -> (Account, SdkConfig, Asked) {
    let asked = Asked::default();
    let account = account_with(asked.clone());
    account.with_state(|state| {
        state.services.s3.put("b", Bucket::versioned());
        state.services.sqs.put(Queue::new("q"));
        state.services.kms.put(Key::new("k", start()));
        state.services.lambda.put(Function {
            name: "f".into(),
            role: "arn:aws:iam::123456789012:role/f".into(),
            timeout: 3,
            memory: 128,
            environment: BTreeMap::new(),
            qualifiers: BTreeMap::from([("live".to_owned(), "1".to_owned())]),
            policy: None,
            body: Body::immediate(|_| Ended::Returned(b"{}".to_vec())),
        });
    });
    let sdk = sdk(&account);
    (account, sdk, asked)
}

#[tokio::test(start_paused = true)]
async fn s3_asks_for_objects_versions_and_buckets() {
    let (_account, sdk, asked) = world();
    let s3 = aws_sdk_s3::Client::new(&sdk);
    let put = || s3.put_object().bucket("b").key("k").body(Vec::new().into());
    let written = put().send().await.unwrap();
    assert_eq!(asked.take(), ["s3:PutObject arn:aws:s3:::b/k"]);
    put()
        .if_match(written.e_tag().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(
        asked.take(),
        [
            "s3:PutObject arn:aws:s3:::b/k",
            "s3:GetObject arn:aws:s3:::b/k"
        ]
    );
    let id = written.version_id().unwrap();
    s3.get_object().bucket("b").key("k").send().await.unwrap();
    s3.get_object()
        .bucket("b")
        .key("k")
        .version_id(id)
        .send()
        .await
        .unwrap();
    s3.list_objects_v2().bucket("b").send().await.unwrap();
    s3.list_object_versions().bucket("b").send().await.unwrap();
    s3.delete_object()
        .bucket("b")
        .key("k")
        .send()
        .await
        .unwrap();
    s3.delete_object()
        .bucket("b")
        .key("k")
        .version_id(id)
        .send()
        .await
        .unwrap();
    assert_eq!(
        asked.take(),
        [
            "s3:GetObject arn:aws:s3:::b/k",
            "s3:GetObjectVersion arn:aws:s3:::b/k",
            "s3:ListBucket arn:aws:s3:::b",
            "s3:ListBucketVersions arn:aws:s3:::b",
            "s3:DeleteObject arn:aws:s3:::b/k",
            "s3:DeleteObjectVersion arn:aws:s3:::b/k",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn secrets_manager_asks_for_the_whole_arn_and_for_the_key() {
    let (_account, sdk, asked) = world();
    let secrets = aws_sdk_secretsmanager::Client::new(&sdk);
    let created = secrets
        .create_secret()
        .name("s")
        .kms_key_id("k")
        .secret_string("x");
    let arn = created.send().await.unwrap().arn.unwrap();
    let key = "arn:aws:kms:us-east-1:123456789012:key/k";
    assert_eq!(
        asked.take(),
        [
            format!("secretsmanager:CreateSecret {arn}"),
            format!("kms:GenerateDataKey {key}")
        ]
    );
    secrets
        .get_secret_value()
        .secret_id("s")
        .send()
        .await
        .unwrap();
    secrets
        .put_secret_value()
        .secret_id("s")
        .secret_string("y")
        .send()
        .await
        .unwrap();
    secrets
        .describe_secret()
        .secret_id("s")
        .send()
        .await
        .unwrap();
    secrets
        .list_secret_version_ids()
        .secret_id("s")
        .send()
        .await
        .unwrap();
    secrets.list_secrets().send().await.unwrap();
    assert_eq!(
        asked.take(),
        [
            format!("secretsmanager:GetSecretValue {arn}"),
            format!("kms:Decrypt {key}"),
            format!("secretsmanager:PutSecretValue {arn}"),
            format!("kms:GenerateDataKey {key}"),
            format!("secretsmanager:DescribeSecret {arn}"),
            format!("secretsmanager:ListSecretVersionIds {arn}"),
            "secretsmanager:ListSecrets *".to_owned(),
        ]
    );
    let function = "arn:aws:lambda:us-east-1:123456789012:function:f";
    let rotate = secrets
        .rotate_secret()
        .secret_id("s")
        .rotation_lambda_arn(function);
    rotate.send().await.unwrap();
    assert_eq!(
        asked.take(),
        [
            format!("secretsmanager:RotateSecret {arn}"),
            format!("lambda:InvokeFunction {function}"),
            format!("service: lambda:InvokeFunction {function}"),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn the_others_ask_for_their_own_resources() {
    let (_account, sdk, asked) = world();
    let sqs = aws_sdk_sqs::Client::new(&sdk);
    sqs.send_message()
        .queue_url(url("q"))
        .message_body("x")
        .send()
        .await
        .unwrap();
    let received = sqs
        .receive_message()
        .queue_url(url("q"))
        .send()
        .await
        .unwrap();
    let handle = received.messages()[0].receipt_handle().unwrap();
    let change = sqs
        .change_message_visibility()
        .queue_url(url("q"))
        .receipt_handle(handle);
    change.visibility_timeout(60).send().await.unwrap();
    sqs.delete_message()
        .queue_url(url("q"))
        .receipt_handle(handle)
        .send()
        .await
        .unwrap();
    sqs.get_queue_url().queue_name("q").send().await.unwrap();
    let queue = "arn:aws:sqs:us-east-1:123456789012:q";
    let actions = [
        "SendMessage",
        "ReceiveMessage",
        "ChangeMessageVisibility",
        "DeleteMessage",
        "GetQueueUrl",
    ];
    assert_eq!(
        asked.take(),
        actions.map(|action| format!("sqs:{action} {queue}"))
    );
    let lambda = aws_sdk_lambda::Client::new(&sdk);
    lambda
        .invoke()
        .function_name("f")
        .qualifier("live")
        .send()
        .await
        .unwrap();
    lambda
        .get_function_configuration()
        .function_name("f")
        .send()
        .await
        .unwrap();
    let kms = aws_sdk_kms::Client::new(&sdk);
    kms.describe_key().key_id("k").send().await.unwrap();
    kms.get_key_rotation_status()
        .key_id("k")
        .send()
        .await
        .unwrap();
    let entry = PutEventsRequestEntry::builder()
        .source("s")
        .detail_type("d")
        .detail("{}");
    let events = aws_sdk_eventbridge::Client::new(&sdk);
    events
        .put_events()
        .entries(entry.build())
        .send()
        .await
        .unwrap();
    assert_eq!(
        asked.take(),
        [
            "lambda:InvokeFunction arn:aws:lambda:us-east-1:123456789012:function:f:live",
            "lambda:GetFunctionConfiguration arn:aws:lambda:us-east-1:123456789012:function:f",
            "kms:DescribeKey arn:aws:kms:us-east-1:123456789012:key/k",
            "kms:GetKeyRotationStatus arn:aws:kms:us-east-1:123456789012:key/k",
            "events:PutEvents arn:aws:events:us-east-1:123456789012:event-bus/default",
        ]
    );
}
