//! What the SDK sends for every operation that Lockstep, its simulator and its tests use.

use aws_sdk_eventbridge::types::{PutEventsRequestEntry, PutPartnerEventsRequestEntry};
use aws_sdk_iam::types::Tag;
use aws_sdk_lambda::primitives::{Blob, DateTime};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_sqs::types::QueueAttributeName;
use http::Request;

use crate::capture::Capture;
use crate::{contract, operation};

const SECRET: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:orders-AbCdEf";
const TOKEN: &str = "11111111-2222-3333-4444-555555555555";
const OTHER: &str = "66666666-7777-8888-9999-000000000000";
const ROLE: &str = "arn:aws:iam::123456789012:role/lockstep-orders";
const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:orders";
const QUEUE: &str = "https://sqs.us-east-1.amazonaws.com/123456789012/lockstep-rebind.fifo";

/// It is the operation, and nothing is wrong with it.
#[track_caller]
fn is_right(service: &str, name: &str, request: &Request<Vec<u8>>) {
    let judged = contract().judge_request(request);
    assert_eq!(judged.violations, [], "{request:?}");
    assert_eq!(judged.operation, Some(operation(service, name)));
}

#[tokio::test]
async fn requests_to_s3_are_right() {
    let capture = Capture::default();
    for path_style in [false, true] {
        let config = aws_sdk_s3::config::Builder::from(&capture.sdk());
        let s3 = aws_sdk_s3::Client::from_conf(config.force_path_style(path_style).build());
        let put = || {
            let put = s3
                .put_object()
                .bucket("states")
                .key("state/org/a b+c=d.json");
            put.content_type("application/json")
                .body(ByteStream::from_static(b"{}"))
        };
        let sent = capture.of(put().send()).await;
        is_right("s3", "PutObject", &sent);
        let sent = capture.of(put().if_none_match("*").send()).await;
        is_right("s3", "PutObject", &sent);
        let sent = capture.of(put().if_match("\"abc\"").send()).await;
        is_right("s3", "PutObject", &sent);
        let get = s3.get_object().bucket("states").key("state/org/a.json");
        let sent = capture.of(get.clone().send()).await;
        is_right("s3", "GetObject", &sent);
        let sent = capture
            .of(get.version_id("v1").range("bytes=0-9").send())
            .await;
        is_right("s3", "GetObject", &sent);
        let list = s3.list_objects_v2().bucket("states").prefix("state/");
        let sent = capture.of(list.clone().send()).await;
        is_right("s3", "ListObjectsV2", &sent);
        let sent = capture.of(list.continuation_token("next").send()).await;
        is_right("s3", "ListObjectsV2", &sent);
        let head = s3.head_object().bucket("states").key("k").send();
        is_right("s3", "HeadObject", &capture.of(head).await);
        let delete = s3.delete_object().bucket("states").key("k").send();
        is_right("s3", "DeleteObject", &capture.of(delete).await);
        let versions = s3.list_object_versions().bucket("states").send();
        is_right("s3", "ListObjectVersions", &capture.of(versions).await);
        let create = s3.create_bucket().bucket("states").send();
        is_right("s3", "CreateBucket", &capture.of(create).await);
    }
}

#[tokio::test]
async fn requests_to_secrets_manager_are_right() {
    let capture = Capture::default();
    let secrets = aws_sdk_secretsmanager::Client::new(&capture.sdk());
    let service = "secretsmanager";
    let sent = secrets.describe_secret().secret_id(SECRET).send();
    is_right(service, "DescribeSecret", &capture.of(sent).await);
    let get = secrets.get_secret_value().secret_id(SECRET);
    let sent = get.clone().version_id(TOKEN).send();
    is_right(service, "GetSecretValue", &capture.of(sent).await);
    let sent = get.version_stage("AWSCURRENT").send();
    is_right(service, "GetSecretValue", &capture.of(sent).await);
    let put = secrets.put_secret_value().secret_id(SECRET);
    let sent = put
        .client_request_token(TOKEN)
        .secret_string("{}")
        .version_stages("AWSPENDING")
        .rotation_token(OTHER)
        .send();
    is_right(service, "PutSecretValue", &capture.of(sent).await);
    let update = secrets.update_secret_version_stage().secret_id(SECRET);
    let sent = update
        .version_stage("AWSCURRENT")
        .remove_from_version_id(TOKEN)
        .move_to_version_id(OTHER)
        .send();
    is_right(service, "UpdateSecretVersionStage", &capture.of(sent).await);
    let list = secrets.list_secret_version_ids().secret_id(SECRET);
    let sent = list.next_token("next").send();
    is_right(service, "ListSecretVersionIds", &capture.of(sent).await);
    let sent = secrets.create_secret().name("orders").secret_string("{}");
    is_right(service, "CreateSecret", &capture.of(sent.send()).await);
    let rotate = secrets.rotate_secret().secret_id(SECRET);
    let sent = rotate.rotate_immediately(false).send();
    is_right(service, "RotateSecret", &capture.of(sent).await);
}

#[tokio::test]
async fn requests_to_iam_and_sts_are_right() {
    let capture = Capture::default();
    let iam = aws_sdk_iam::Client::new(&capture.sdk());
    let tag = Tag::builder()
        .key("lockstep:key")
        .value("orders")
        .build()
        .unwrap();
    let create = iam.create_role().role_name("lockstep-orders");
    let sent = create
        .assume_role_policy_document("{\"Version\": \"2012-10-17\"}")
        .description("A role")
        .permissions_boundary("arn:aws:iam::123456789012:policy/boundary")
        .tags(tag.clone())
        .send();
    is_right("iam", "CreateRole", &capture.of(sent).await);
    let name = "lockstep-orders";
    let sent = iam.get_role().role_name(name).send();
    is_right("iam", "GetRole", &capture.of(sent).await);
    let sent = iam.get_role_policy().role_name(name).policy_name("invoke");
    is_right("iam", "GetRolePolicy", &capture.of(sent.send()).await);
    let sent = iam.list_role_policies().role_name(name).marker("next");
    is_right("iam", "ListRolePolicies", &capture.of(sent.send()).await);
    let sent = iam.list_attached_role_policies().role_name(name).send();
    is_right("iam", "ListAttachedRolePolicies", &capture.of(sent).await);
    let trust = iam.update_assume_role_policy().role_name(name);
    let sent = trust.policy_document("{}").send();
    is_right("iam", "UpdateAssumeRolePolicy", &capture.of(sent).await);
    let put = iam.put_role_policy().role_name(name).policy_name("invoke");
    let sent = put.policy_document("{}").send();
    is_right("iam", "PutRolePolicy", &capture.of(sent).await);
    let sent = iam.tag_role().role_name(name).tags(tag).send();
    is_right("iam", "TagRole", &capture.of(sent).await);
    let sent = iam.tag_role().role_name(name).set_tags(Some(Vec::new()));
    is_right("iam", "TagRole", &capture.of(sent.send()).await);
    let describe = iam.update_role_description().role_name(name);
    let sent = describe.description("Another").send();
    is_right("iam", "UpdateRoleDescription", &capture.of(sent).await);
    let simulate = iam.simulate_principal_policy().policy_source_arn(ROLE);
    let sent = simulate
        .action_names("secretsmanager:GetSecretValue")
        .resource_arns(SECRET)
        .send();
    is_right("iam", "SimulatePrincipalPolicy", &capture.of(sent).await);

    let sts = aws_sdk_sts::Client::new(&capture.sdk());
    let assume = sts.assume_role().role_arn(ROLE);
    let sent = assume
        .role_session_name("genesys-cloud-data-action")
        .external_id("an-organization")
        .send();
    is_right("sts", "AssumeRole", &capture.of(sent).await);
}

#[tokio::test]
async fn requests_to_lambda_and_kms_are_right() {
    let capture = Capture::default();
    let lambda = aws_sdk_lambda::Client::new(&capture.sdk());
    let get = lambda.get_function_configuration().function_name(FUNCTION);
    let sent = get.clone().send();
    is_right(
        "lambda",
        "GetFunctionConfiguration",
        &capture.of(sent).await,
    );
    let sent = get.qualifier("live").send();
    is_right(
        "lambda",
        "GetFunctionConfiguration",
        &capture.of(sent).await,
    );
    let sent = lambda.get_function().function_name("orders").send();
    is_right("lambda", "GetFunction", &capture.of(sent).await);
    let invoke = lambda.invoke().function_name(FUNCTION).qualifier("live");
    let sent = invoke
        .client_context("e30=")
        .payload(Blob::new("{}"))
        .send();
    is_right("lambda", "Invoke", &capture.of(sent).await);

    let kms = aws_sdk_kms::Client::new(&capture.sdk());
    let sent = kms.describe_key().key_id("alias/orders").send();
    is_right("kms", "DescribeKey", &capture.of(sent).await);
    let sent = kms.get_key_rotation_status().key_id("alias/orders").send();
    is_right("kms", "GetKeyRotationStatus", &capture.of(sent).await);
}

#[tokio::test]
async fn requests_to_queues_and_buses_are_right() {
    let capture = Capture::default();
    let sqs = aws_sdk_sqs::Client::new(&capture.sdk());
    let send = sqs.send_message().queue_url(QUEUE).message_body("{}");
    let sent = send
        .clone()
        .message_group_id("org/prod")
        .message_deduplication_id("d-1")
        .send();
    is_right("sqs", "SendMessage", &capture.of(sent).await);
    let sent = send.delay_seconds(900).send();
    is_right("sqs", "SendMessage", &capture.of(sent).await);
    let change = sqs.change_message_visibility().queue_url(QUEUE);
    let sent = change.receipt_handle("r-1").visibility_timeout(60).send();
    is_right("sqs", "ChangeMessageVisibility", &capture.of(sent).await);
    let sent = sqs.receive_message().queue_url(QUEUE).send();
    is_right("sqs", "ReceiveMessage", &capture.of(sent).await);
    let delete = sqs.delete_message().queue_url(QUEUE).receipt_handle("r-1");
    is_right("sqs", "DeleteMessage", &capture.of(delete.send()).await);
    let create = sqs.create_queue().queue_name("lockstep-rebind.fifo");
    let sent = create.attributes(QueueAttributeName::FifoQueue, "true");
    is_right("sqs", "CreateQueue", &capture.of(sent.send()).await);

    let bus = aws_sdk_eventbridge::Client::new(&capture.sdk());
    let entry = PutEventsRequestEntry::builder()
        .event_bus_name("lockstep")
        .source("lockstep")
        .detail_type("Data Action Rebound")
        .detail("{}")
        .time(DateTime::from_millis(1_780_000_000_500));
    let sent = bus.put_events().entries(entry.build()).send();
    is_right("events", "PutEvents", &capture.of(sent).await);
    let source = "aws.partner/genesys.com/cloud/an-organization/audit";
    let entry = PutPartnerEventsRequestEntry::builder()
        .source(source)
        .detail_type("v2.audits")
        .detail("{}");
    let sent = bus.put_partner_events().entries(entry.build()).send();
    is_right("events", "PutPartnerEvents", &capture.of(sent).await);
    let create = bus.create_partner_event_source().name(source);
    let sent = create.account("123456789012").send();
    is_right(
        "events",
        "CreatePartnerEventSource",
        &capture.of(sent).await,
    );
}
