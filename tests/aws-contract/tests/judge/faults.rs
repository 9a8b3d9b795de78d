//! A judge that cannot fail is none: each test plants a fault, and the judge must say where it is.

use std::fmt::Debug;

use aws_contract::{Strictness, Violation};
use aws_sdk_s3::primitives::ByteStream;
use http::Request;

use crate::answers::{
    Answer, describe_secret, get_object, get_role, list_objects, refused_put, refused_role,
    refused_secret,
};
use crate::capture::Capture;
use crate::contract;

/// There is one violation, at this place and with this in its words.
#[track_caller]
fn is_found(violations: &[Violation], place: &str, what: &str) {
    let shown: Vec<String> = violations.iter().map(ToString::to_string).collect();
    let [one] = violations else {
        panic!("one violation at {place} was expected: {shown:#?}");
    };
    assert_eq!(one.place, place, "{shown:?}");
    assert!(one.what.contains(what), "{shown:?}");
}

async fn put_secret() -> Request<Vec<u8>> {
    let capture = Capture::default();
    let client = aws_sdk_secretsmanager::Client::new(&capture.sdk());
    let put = client.put_secret_value().secret_id("orders");
    let put = put
        .secret_string("hunter2")
        .client_request_token("11111111-2222-3333-4444-555555555555")
        .version_stages("AWSPENDING");
    capture.of(put.send()).await
}

async fn tag_role() -> Request<Vec<u8>> {
    let capture = Capture::default();
    let client = aws_sdk_iam::Client::new(&capture.sdk());
    let tag = aws_sdk_iam::types::Tag::builder()
        .key("team")
        .value("orders");
    let call = client
        .tag_role()
        .role_name("r")
        .tags(tag.build().expect("a tag"));
    capture.of(call.send()).await
}

async fn put_object() -> Request<Vec<u8>> {
    let capture = Capture::default();
    let client = aws_sdk_s3::Client::new(&capture.sdk());
    let put = client.put_object().bucket("states").key("k");
    let put = put.if_match("\"a\"").body(ByteStream::from_static(b"{}"));
    capture.of(put.send()).await
}

/// The request with another text in the body's place of one.
fn with(request: &Request<Vec<u8>>, old: &str, new: &str) -> Request<Vec<u8>> {
    let body = String::from_utf8(request.body().clone()).expect("text");
    assert!(body.contains(old), "{old} is not in {body}");
    request.clone().map(|_| body.replace(old, new).into_bytes())
}

fn judged(request: &Request<Vec<u8>>) -> Vec<Violation> {
    contract().judge_request(request).violations
}

#[tokio::test]
async fn a_renamed_member_is_found_in_json_forms_and_headers() {
    let put = put_secret().await;
    let sent = with(&put, "\"VersionStages\"", "\"versionStages\"");
    is_found(&judged(&sent), "body/versionStages", "unknown member");
    let sent = with(&tag_role().await, "member.1.Value", "member.1.Worth");
    let found = judged(&sent);
    let places: Vec<&str> = found.iter().map(|one| one.place.as_str()).collect();
    assert_eq!(places, ["body/Tags/0/Worth", "body/Tags/0/Value"]);
    let mut sent = put_object().await;
    let value = "\"a\"".parse().unwrap();
    sent.headers_mut().insert("x-amz-if-match", value);
    is_found(&judged(&sent), "header x-amz-if-match", "unknown header");
}

#[tokio::test]
async fn a_missing_required_member_is_found() {
    let put = put_secret().await;
    let sent = with(&put, "\"SecretId\":\"orders\",", "");
    is_found(&judged(&sent), "body/SecretId", "missing");
    let sent = with(&tag_role().await, "&RoleName=r", "");
    is_found(&judged(&sent), "body/RoleName", "missing");
    let answer = get_role().with("<RoleName>lockstep-orders</RoleName>", "");
    is_found(&answer.violations(), "body/Role/RoleName", "missing");
}

#[tokio::test]
async fn a_wrong_type_is_found_and_no_value_is_shown() {
    let put = put_secret().await;
    let sent = with(&put, "[\"AWSPENDING\"]", "\"AWSPENDING\"");
    is_found(&judged(&sent), "body/VersionStages", "a string here");
    let sent = with(&put, "\"hunter2\"", "[\"hunter2\"]");
    let found = judged(&sent);
    is_found(&found, "body/SecretString", "an array here");
    assert!(!format!("{found:?}").contains("hunter2"));
    let answer = list_objects().with("<Size>2</Size>", "<Size>two</Size>");
    assert_eq!(answer.violations().len(), 2);
    let answer = list_objects().with("false</IsT", "False</IsT");
    is_found(&answer.violations(), "body/IsTruncated", "another form");
    let answer = describe_secret().with("true,", "\"true\",");
    is_found(
        &answer.violations(),
        "body/RotationEnabled",
        "a string here",
    );
    let sent = with(&put, "\"hunter2\"", "null");
    is_found(&judged(&sent), "body/SecretString", "null");
}

#[tokio::test]
async fn a_value_outside_an_enum_is_found() {
    let answer = list_objects().with("STANDARD", "ORDINARY");
    let found = answer.violations();
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(found[0].what, "the value \"ORDINARY\"");
    let mut sent = put_object().await;
    let value = "loud".parse().unwrap();
    sent.headers_mut().insert("x-amz-acl", value);
    is_found(&judged(&sent), "header x-amz-acl", "the value \"loud\"");
}

#[test]
fn an_unknown_error_code_is_found_in_each_protocol() {
    let refused = refused_secret().with("ResourceNotFoundException", "NoSuchEntity");
    is_found(&refused.violations(), "code", "\"NoSuchEntity\"");
    let refused = refused_role().with("NoSuchEntity", "ResourceNotFoundException");
    is_found(
        &refused.violations(),
        "code",
        "\"ResourceNotFoundException\"",
    );
    let refused = refused_put().with("PreconditionFailed", "ConditionFailed");
    is_found(&refused.violations(), "code", "\"ConditionFailed\"");
    let refused = Answer::new("lambda", "GetFunctionConfiguration", 404)
        .header("x-amzn-errortype", "NoSuchFunction:http://internal")
        .body("application/json", "{}");
    is_found(&refused.violations(), "code", "\"NoSuchFunction\"");
}

#[test]
fn an_error_with_another_status_or_side_is_found() {
    let found = refused_secret().status(404).violations();
    is_found(&found, "status", "404 with the code");
    let found = refused_role().status(400).violations();
    is_found(&found, "status", "400 with the code");
    let found = refused_put().status(409).violations();
    is_found(&found, "status", "409 with the code");
    let found = refused_role().with("Sender", "Receiver").violations();
    is_found(&found, "body/Error/Type", "another side");
    let found = Answer::new("s3", "HeadObject", 418).violations();
    is_found(&found, "status", "418 is not declared");
}

#[test]
fn another_root_or_namespace_is_found() {
    let answer = list_objects().with("ListBucketResult", "ListObjectsV2Output");
    is_found(&answer.violations(), "body", "\"ListObjectsV2Output\"");
    let answer = get_role().with("GetRoleResponse", "CreateRoleResponse");
    is_found(&answer.violations(), "body", "\"CreateRoleResponse\"");
    let answer = get_role().with("2010-05-08", "2010-05-09");
    is_found(&answer.violations(), "namespace", "another");
    let answer = get_role().with("GetRoleResult", "GetRoleResults");
    assert_eq!(answer.violations().len(), 2);
    let answer = refused_put().with("Error>", "ErrorResponse>");
    is_found(&answer.violations(), "body", "\"ErrorResponse\"");
    let answer = get_role().with("</GetRoleResponse>", "");
    is_found(&answer.violations(), "body", "no XML");
}

#[test]
fn a_time_in_another_form_is_found() {
    let answer = get_role().with("2026-11-27T15:00:00Z", "2026-11-27 15:00:00");
    is_found(&answer.violations(), "body/Role/CreateDate", "another form");
    let answer = get_role().with("2026-11-27T15:00:00Z", "1795791600");
    is_found(&answer.violations(), "body/Role/CreateDate", "another form");
    for wrong in ["\"2026-11-27T15:00:00Z\"", "1795791600123"] {
        let answer = describe_secret().with("1795791600.123", wrong);
        is_found(&answer.violations(), "body/LastChangedDate", "here");
    }
    let answer =
        Answer::new("s3", "HeadObject", 200).header("last-modified", "2026-11-27T15:00:00Z");
    is_found(&answer.violations(), "header last-modified", "another form");
}

#[tokio::test]
async fn limits_and_patterns_are_judged_unless_switched_off() {
    let put = put_secret().await;
    let short = with(&put, "11111111-2222-3333-4444-555555555555", "short");
    is_found(&judged(&short), "body/ClientRequestToken", "5 characters");
    let tag = with(&tag_role().await, "RoleName=r", "RoleName=a+b%2Fc");
    is_found(&judged(&tag), "body/RoleName", "another form");
    let none = Strictness {
        limits: false,
        patterns: false,
    };
    for sent in [&short, &tag] {
        let judged = contract().judge_request_by(sent, none);
        assert_eq!(judged.violations, []);
    }
}

#[tokio::test]
async fn a_request_that_is_no_operation_is_found() {
    let mut sent = put_secret().await;
    let target = "secretsmanager.PutSecret".parse().unwrap();
    sent.headers_mut().insert("x-amz-target", target);
    let judged = contract().judge_request(&sent);
    assert_eq!(judged.operation, None);
    is_found(&judged.violations, "operation", "\"PutSecret\"");
    sent.headers_mut().remove("authorization");
    let judged = contract().judge_request(&sent);
    is_found(&judged.violations, "header authorization", "no scope");
    let sent = with(
        &tag_role().await,
        "Version=2010-05-08",
        "Version=2010-05-09",
    );
    let found = contract().judge_request(&sent).violations;
    is_found(&found, "body/Version", "another version");
    let sent = with(&tag_role().await, "member.1", "member.2");
    let found = contract().judge_request(&sent).violations;
    is_found(&found, "body/Tags", "items of another form");
}

#[test]
fn a_status_header_or_media_type_of_another_kind_is_found() {
    let found = get_object().status(202).violations();
    is_found(&found, "status", "202 instead");
    let found = get_object().header("x-amz-version", "1").violations();
    is_found(&found, "header x-amz-version", "unknown header");
    let answer = Answer::new("sqs", "SendMessage", 200).body("application/json", "{}");
    is_found(&answer.violations(), "header content-type", "instead");
    let answer = Answer::new("s3", "HeadObject", 200).body("text/plain", "hello");
    is_found(&answer.violations(), "body", "a body");
    assert!(show(&answer.violations()).contains("s3 HeadObject, answer 200, body: a body"));
}

fn show(violations: &[impl ToString + Debug]) -> String {
    violations.iter().map(ToString::to_string).collect()
}
