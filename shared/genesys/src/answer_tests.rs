use super::*;
use crate::operation;
use reqwest::header::HeaderValue;

fn answer(status: u16, body: &str) -> Answer {
    let mut headers = HeaderMap::new();
    headers.insert(
        "inin-correlation-id",
        HeaderValue::from_static("from-header"),
    );
    Answer {
        status,
        headers,
        body: body.as_bytes().to_vec(),
    }
}

fn error(operation: &Operation, status: u16, body: &str) -> Error {
    answer(status, body).to_error(operation, &[])
}

#[test]
fn every_face_of_a_stale_version_is_a_conflict() {
    let stale = r#"{"message":"Supplied version 2 does not match latest draft version 1","code":"bad.request"}"#;
    assert!(error(&operation::PUBLISH_DRAFT, 400, stale).is_conflict());
    assert!(error(&operation::PATCH_ACTION, 400, stale).is_conflict());
    let timed_out = error(&operation::PATCH_ACTION, 408, stale);
    assert!(timed_out.is_conflict());
    assert!(!timed_out.is_ambiguous(), "it was not written");
    let other = error(&operation::PATCH_ACTION, 408, r#"{"message":"timed out"}"#);
    assert!(!other.is_conflict() && other.is_ambiguous());
    assert!(
        error(
            &operation::PUT_INTEGRATION_CONFIG,
            409,
            r#"{"code":"version.conflict"}"#
        )
        .is_conflict()
    );
}

#[test]
fn a_schema_that_does_not_match_is_no_conflict() {
    let schema =
        r#"{"message":"instance type (string) does not match any allowed primitive type"}"#;
    assert!(!error(&operation::PATCH_DRAFT, 400, schema).is_conflict());
    let unversioned = r#"{"message":"version 1 does not match"}"#;
    assert!(!error(&operation::TEST_ACTION, 400, unversioned).is_conflict());
}

#[test]
fn permissions_are_read_from_the_parameters_and_from_the_text() {
    let in_text = r#"{"code":"missing.any.permissions","message":"You must have at least one of the following permissions assigned: [integrations:action:view, bridge:actions:view]"}"#;
    assert_eq!(
        error(&operation::GET_ACTION, 403, in_text).kind(),
        &ErrorKind::Denied {
            permissions: vec![
                "integrations:action:view".into(),
                "bridge:actions:view".into()
            ]
        }
    );
    let in_params = r#"{"message":"You are missing the following permission(s)","messageParams":{"permissions":"audits:audit:view"}}"#;
    assert_eq!(
        error(&operation::AUDIT_SERVICES, 403, in_params).kind(),
        &ErrorKind::Denied {
            permissions: vec!["audits:audit:view".into()]
        }
    );
}

#[test]
fn a_400_keeps_the_platforms_message_code_and_field() {
    let body = r#"{"message":"Invalid","code":"invalid.schema","contextId":"from-body","details":[{"errorCode":"x","fieldName":"contract.input"}],"errors":[{"message":"/properties/a: bad type"}]}"#;
    let error = error(&operation::CREATE_ACTION, 400, body);
    assert_eq!(error.field(), Some("contract.input"));
    assert_eq!(error.code(), Some("invalid.schema"));
    assert_eq!(error.message(), "Invalid: /properties/a: bad type");
    assert_eq!(error.correlation_id(), Some("from-body"));
}

#[test]
fn the_header_gives_the_correlation_id_where_the_body_has_none() {
    assert_eq!(
        error(&operation::GET_ACTION, 404, "<html>").correlation_id(),
        Some("from-header")
    );
}

#[test]
fn a_secret_echoed_by_the_platform_is_cut_out() {
    let secret = SecretString::from("hunter2-hunter2");
    let body = r#"{"message":"Value [hunter2-hunter2] is not valid","code":"hunter2-hunter2","contextId":"hunter2-hunter2","details":[{"fieldName":"hunter2-hunter2"}]}"#;
    let error = answer(400, body).to_error(&operation::CREATE_CREDENTIAL, &[&secret]);
    let text = format!("{error} {error:?}");
    assert!(!text.contains("hunter2"), "{text}");
    assert!(text.contains("Value [***] is not valid"), "{text}");
}

#[test]
fn an_unreadable_body_is_never_quoted_where_it_may_hold_a_secret() {
    let answer = answer(200, "{}");
    let quiet = answer.garbled(
        &operation::CREATE_CREDENTIAL,
        "invalid type: string \"p4ss\"",
    );
    assert!(!format!("{quiet} {quiet:?}").contains("p4ss"));
    let plain = answer.garbled(&operation::GET_ACTION, "missing field `id`");
    assert!(plain.to_string().contains("missing field `id`"));
}

#[test]
fn token_errors_are_told_apart() {
    let told = |status, body: &str| {
        let error = answer(status, body).to_token_error(&operation::SIGN_IN, "login.example", &[]);
        (error.kind().clone(), error.message().to_owned())
    };
    let (kind, text) = told(
        400,
        r#"{"error":"invalid_client","description":"client not found"}"#,
    );
    assert_eq!(kind, ErrorKind::Unauthorized);
    assert!(
        text.contains("no OAuth client has this client id at login.example"),
        "{text}"
    );
    let (kind, text) = told(
        401,
        r#"{"error":"invalid_client","error_description":"authentication failed"}"#,
    );
    assert_eq!(kind, ErrorKind::Unauthorized);
    assert!(text.contains("client secret was refused"), "{text}");
    let (kind, _) = told(
        400,
        r#"{"error":"invalid_request","description":"rate limit exceeded; try later"}"#,
    );
    assert_eq!(kind, ErrorKind::RateLimited { retry_after: None });
    assert!(matches!(told(503, "").0, ErrorKind::Unavailable));
}

#[test]
fn only_a_gateway_error_leaves_open_whether_a_write_was_carried_out() {
    for (status, expected) in [
        (500, true),
        (502, true),
        (504, true),
        (501, false),
        (503, false),
        (400, false),
    ] {
        assert_eq!(
            error(&operation::CREATE_ACTION, status, "").is_ambiguous(),
            expected,
            "{status}"
        );
    }
}
