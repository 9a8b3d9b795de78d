//! What `provision-role` is asked for.

use lockstep_domain::event::{EventType, SOURCE};
use lockstep_domain::ids::{Key, OrganizationId};
use lockstep_domain::intent::{ProvisionIntent, SecretHint};
use lockstep_domain::request::parse;
use serde_json::Value;

use super::event_bridge::Event;
use super::{Parsed, Trigger, scheduled};
use crate::config::Config;
use crate::store::{UPLOADS, is_upload};

/// The label of the current version (Secrets Manager user guide, "Secret Label Updated event").
const CURRENT: &str = "AWSCURRENT";

/// Calls after which another version of a secret may be current, or none (Secrets Manager user
/// guide, "CloudTrail entries"). CancelRotateSecret is none of them: it moves no AWSCURRENT
/// (Secrets Manager API reference, `CancelRotateSecret`).
pub const SECRET_CALLS: [&str; 6] = [
    "PutSecretValue",
    "UpdateSecret",
    "UpdateSecretVersionStage",
    "DeleteSecret",
    "RestoreSecret",
    "RotateSecret",
];

/// Parses what woke `provision-role`.
///
/// # Errors
/// Every mistake in it.
pub fn provision(body: &Value, config: &Config) -> Parsed<ProvisionIntent> {
    let Some(event) = Event::of(body)? else {
        return parse(body).map(|request| Trigger::Wanted(ProvisionIntent::Asked(request)));
    };
    Ok(match (event.source(), event.detail_type()) {
        ("aws.secretsmanager", "Secret Label Updated") => label_updated(&event),
        ("aws.secretsmanager", "AWS API Call via CloudTrail") => api_call(&event),
        ("aws.secretsmanager", "AWS Service Event via CloudTrail") => service_event(&event),
        ("aws.s3", "Object Created") => object_created(&event, config),
        (SOURCE, kind) if kind == EventType::ChangeVerified.as_str() => change_verified(&event),
        _ if event.is_schedule() => Trigger::Wanted(ProvisionIntent::Asked(scheduled())),
        _ => event.unexpected(),
    })
}

/// Secrets Manager user guide, "Secret Label Updated event".
fn label_updated(event: &Event) -> Trigger<ProvisionIntent> {
    match event.text("/labelUpdated") {
        Some(CURRENT) => moved(event.resource().or_else(|| event.text("/name"))),
        label => {
            let label = label.unwrap_or("none");
            Trigger::ignored(format!("the label that moved is {label}, not {CURRENT}"))
        }
    }
}

/// CloudTrail user guide, "CloudTrail record contents". The ARN's key has two spellings
/// (Secrets Manager user guide, "Match events with Amazon EventBridge").
fn api_call(event: &Event) -> Trigger<ProvisionIntent> {
    let Some(name) = secret_event_name(event) else {
        return event.unexpected();
    };
    if !SECRET_CALLS.contains(&name) {
        return Trigger::ignored(format!("{name} does not change the current version"));
    }
    if let Some(error) = event.text("/errorCode") {
        return Trigger::ignored(format!("{name} failed with {error}"));
    }
    moved(
        event
            .text("/responseElements/arn")
            .or_else(|| event.text("/responseElements/aRN"))
            .or_else(|| event.text("/requestParameters/secretId")),
    )
}

/// Secrets Manager user guide, "CloudTrail entries": a rotation that ended well.
fn service_event(event: &Event) -> Trigger<ProvisionIntent> {
    match secret_event_name(event) {
        Some("RotationSucceeded") => moved(
            event
                .text("/additionalEventData/SecretId")
                .or_else(|| event.text("/additionalEventData/secretId")),
        ),
        Some(name) => Trigger::ignored(format!("{name} does not change the current version")),
        None => event.unexpected(),
    }
}

fn secret_event_name(event: &Event) -> Option<&str> {
    let of_secrets = event.text("/eventSource") == Some("secretsmanager.amazonaws.com");
    event.text("/eventName").filter(|_| of_secrets)
}

/// S3 user guide, "EventBridge event message structure".
fn object_created(event: &Event, config: &Config) -> Trigger<ProvisionIntent> {
    let bucket = event.text("/bucket/name").unwrap_or_default();
    if bucket != config.manifest_bucket {
        return Trigger::ignored(format!("{bucket:?} is not the bucket for manifests"));
    }
    let object = event.text("/object/key").unwrap_or_default();
    if !is_upload(object) {
        return Trigger::ignored(format!(
            "{object:?} is not a manifest: those are {UPLOADS}*.yaml"
        ));
    }
    Trigger::Wanted(ProvisionIntent::ManifestUploaded {
        object: object.to_owned(),
    })
}

fn change_verified(event: &Event) -> Trigger<ProvisionIntent> {
    let organization = event.text("/organization_id");
    let organization = organization.and_then(|id| id.parse::<OrganizationId>().ok());
    let key = event.text("/key").and_then(|key| key.parse::<Key>().ok());
    match (organization, key) {
        (Some(organization), Some(key)) => {
            Trigger::Wanted(ProvisionIntent::Retire { organization, key })
        }
        (_, _) => {
            Trigger::ignored("the event of the verified change has no organization or no key")
        }
    }
}

fn moved(secret: Option<&str>) -> Trigger<ProvisionIntent> {
    match secret {
        Some(secret) => Trigger::Wanted(ProvisionIntent::SecretMoved {
            secret: SecretHint(secret.to_owned()),
        }),
        None => Trigger::ignored("the event names no secret"),
    }
}
