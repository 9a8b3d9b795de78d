#!/usr/bin/env bash
# aws_lambda_events 1.2.1 (crates.io), with serde_json 1.0.145.
#
# An S3 notification deserializes as an SqsEvent without an error, since every member of an SQS
# record is optional or has a default: the records are kept, each without an id and without a body.
# A function that takes SqsEvent and is invoked by S3 by mistake sees messages of nothing, reports
# none of them as failed, and the notification counts as handled.
#
# The rotation event of Secrets Manager deserializes as SecretsManagerSecretRotationEvent without its
# RotationToken, which a cross-account rotation through an assumed role has to pass on to
# PutSecretValue (AWS Secrets Manager user guide, "Rotation by Lambda function"; API reference,
# PutSecretValue, "RotationToken"): the type has no member for it.
#
# Needs Rust and the crates registry. Exits with 1 if the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

mkdir "$folder/src"
cat > "$folder/Cargo.toml" <<'TOML'
[package]
name = "finding"
version = "0.0.0"
edition = "2024"

[dependencies]
aws_lambda_events = { version = "=1.2.1", default-features = false, features = ["sqs", "secretsmanager"] }
serde_json = "=1.0.145"
TOML
cat > "$folder/src/main.rs" <<'RUST'
use aws_lambda_events::event::secretsmanager::SecretsManagerSecretRotationEvent;
use aws_lambda_events::event::sqs::SqsEvent;
use serde_json::json;

fn main() {
    let notification = json!({"Records": [{
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "us-east-1",
        "eventTime": "2026-11-27T10:00:00.000Z",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": "a-bucket"}, "object": {"key": "an-object", "size": 1}}
    }]});
    let queue: Result<SqsEvent, _> = serde_json::from_value(notification);
    println!("an S3 notification as SqsEvent: {queue:?}");
    let messages_of_nothing = queue.is_ok_and(|event| {
        event.records.len() == 1
            && event.records[0].message_id.is_none()
            && event.records[0].body.is_none()
    });

    let rotation = json!({
        "Step": "createSecret",
        "SecretId": "arn:aws:secretsmanager:us-east-1:123456789012:secret:a-secret-AbCdEf",
        "ClientRequestToken": "11111111-2222-3333-4444-555555555555",
        "RotationToken": "66666666-7777-8888-9999-000000000000"
    });
    let event: Result<SecretsManagerSecretRotationEvent, _> = serde_json::from_value(rotation);
    println!("a rotation event: {event:?}");
    let written_back = event.map(|event| serde_json::to_value(event).expect("JSON"));
    let token_is_lost = written_back.is_ok_and(|event| event.get("RotationToken").is_none());

    if !(messages_of_nothing && token_is_lost) {
        eprintln!("the behaviour has changed");
        std::process::exit(1);
    }
}
RUST
CARGO_TARGET_DIR="$folder/target" cargo run --quiet --manifest-path "$folder/Cargo.toml"
