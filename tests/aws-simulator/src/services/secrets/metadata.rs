//! What a secret is, besides its values; deletion.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::store::Secret;
use super::values::{Tag, tag_keys};
use super::{invalid_parameter, invalid_request};
use crate::exchange::{Exchange, Handled};
use crate::protocol::json::{answer, read, seconds};
use crate::{Context, Effect, Response};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct IdRequest {
    secret_id: String,
}

pub(super) fn describe(exchange: &mut Exchange<'_>) -> Handled {
    let IdRequest { secret_id } = read(exchange.call, exchange.request)?;
    let secret = exchange.secret("DescribeSecret", &secret_id, Context::new())?;
    let body = described(&secret, "VersionIdsToStages", exchange.now);
    Ok(answer(exchange.call, &body))
}

/// The policy is a text, and absent where there is none (botocore's model,
/// `GetResourcePolicyResponse`).
pub(super) fn policy(exchange: &mut Exchange<'_>) -> Handled {
    let IdRequest { secret_id } = read(exchange.call, exchange.request)?;
    let secret = exchange.secret("GetResourcePolicy", &secret_id, Context::new())?;
    let mut body = json!({"ARN": secret.arn, "Name": secret.name});
    if let Some(policy) = &secret.policy {
        body["ResourcePolicy"] = policy.to_string().into();
    }
    Ok(answer(exchange.call, &body))
}

/// Only fields that have a value are returned (Secrets Manager API reference, `DescribeSecret`), and
/// only versions that have a label (same page, `VersionIdsToStages`).
pub(super) fn described(secret: &Secret, versions_member: &str, now: Timestamp) -> Value {
    let mut body = json!({
        "ARN": secret.arn,
        "CreatedDate": seconds(secret.created),
        "LastChangedDate": seconds(secret.changed),
        "Name": secret.name,
    });
    let mut set = |name: &str, value: Value| body[name] = value;
    if let Some(description) = &secret.description {
        set("Description", description.as_str().into());
    }
    if let Some(key) = &secret.key {
        set("KmsKeyId", key.as_str().into());
    }
    if let Some(at) = secret.deletion {
        set("DeletedDate", seconds(at));
    }
    if let Some(at) = secret.rotated {
        set("LastRotatedDate", seconds(at));
    }
    if let Some(rotation) = &secret.rotation {
        set("RotationEnabled", true.into());
        set("RotationLambdaARN", rotation.function.as_str().into());
        if let Some(rules) = &rotation.rules {
            set("RotationRules", rules.clone());
            if let Some(at) = next_rotation(secret, rules, now) {
                set("NextRotationDate", seconds(at));
            }
        }
    }
    if !secret.tags.is_empty() {
        let tags = secret.tags.iter();
        set(
            "Tags",
            tags.map(|(key, value)| json!({"Key": key, "Value": value}))
                .collect(),
        );
    }
    let labelled: Map<String, Value> = secret
        .versions
        .iter()
        .filter(|(_, version)| !version.labels.is_empty())
        .map(|(id, version)| (id.clone(), json!(version.labels)))
        .collect();
    if !labelled.is_empty() {
        set(versions_member, labelled.into());
    }
    body
}

/// By when it is rotated next (Secrets Manager API reference, `DescribeSecret`). Nothing here rotates by
/// schedule, so a date in the past moves on by whole periods, as if each rotation had taken place.
fn next_rotation(secret: &Secret, rules: &Value, now: Timestamp) -> Option<Timestamp> {
    let days = rules.get("AutomaticallyAfterDays")?.as_i64()?;
    let period = SignedDuration::from_hours(24 * days);
    let since = now.duration_since(secret.rotated.unwrap_or(secret.created));
    let periods = since.as_secs().checked_div(period.as_secs())? + 1;
    let periods = i32::try_from(periods).ok()?;
    let base = secret.rotated.unwrap_or(secret.created);
    base.checked_add(period.checked_mul(periods)?).ok()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct DeleteRequest {
    secret_id: String,
    recovery_window_in_days: Option<i64>,
    #[serde(default)]
    force_delete_without_recovery: bool,
}

/// Secrets Manager API reference, `DeleteSecret`: 7 to 30 days, 30 by default, or none.
pub(super) fn delete(exchange: &mut Exchange<'_>) -> Handled {
    let request: DeleteRequest = read(exchange.call, exchange.request)?;
    let force = request.force_delete_without_recovery;
    let days = request.recovery_window_in_days;
    if force && days.is_some() {
        let message =
            "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.";
        return Err(invalid_parameter(message).into());
    }
    let days = days.unwrap_or(30);
    if !(7..=30).contains(&days) {
        let message = "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).";
        return Err(invalid_parameter(message).into());
    }
    let mut secret = exchange.secret("DeleteSecret", &request.secret_id, Context::new())?;
    if secret.deletion.is_some() && !force {
        let message =
            "You tried to perform the operation on a secret that's currently marked deleted.";
        return Err(invalid_request(message).into());
    }
    let at = match force {
        true => exchange.now,
        false => exchange.now + SignedDuration::from_hours(24 * days),
    };
    let body = json!({"ARN": secret.arn, "DeletionDate": seconds(at), "Name": secret.name});
    changed(exchange, &secret, "DeleteSecret");
    match force {
        true => exchange.state.services.secrets.remove(&secret.arn),
        false => {
            secret.deletion = Some(at);
            exchange.keep(secret);
        }
    }
    Ok(answer(exchange.call, &body))
}

pub(super) fn restore(exchange: &mut Exchange<'_>) -> Handled {
    let IdRequest { secret_id } = read(exchange.call, exchange.request)?;
    let mut secret = exchange.secret("RestoreSecret", &secret_id, Context::new())?;
    secret.deletion = None;
    changed(exchange, &secret, "RestoreSecret");
    let body = json!({"ARN": secret.arn, "Name": secret.name});
    exchange.keep(secret);
    Ok(answer(exchange.call, &body))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct TagRequest {
    secret_id: String,
    tags: Vec<Tag>,
}

/// At most 50 tags (Secrets Manager user guide, "Tag secrets").
pub(super) fn tag(exchange: &mut Exchange<'_>) -> Handled {
    let TagRequest { secret_id, tags } = read(exchange.call, exchange.request)?;
    let mut secret = exchange.live_secret("TagResource", &secret_id, tag_keys(&tags))?;
    secret
        .tags
        .extend(tags.into_iter().map(|tag| (tag.key, tag.value)));
    if secret.tags.len() > 50 {
        return Err(invalid_parameter("A secret can have at most 50 tags.").into());
    }
    changed(exchange, &secret, "TagResource");
    exchange.keep(secret);
    Ok(Response::new(200).with("content-type", "application/x-amz-json-1.1"))
}

pub(super) fn changed(exchange: &mut Exchange<'_>, secret: &Secret, operation: &str) {
    exchange.record(Effect::SecretChanged {
        secret: secret.arn.clone(),
        operation: operation.to_owned(),
    });
}

/// How listings order secrets where they are not asked for another order (Secrets Manager API
/// reference, `ListSecrets`, `SortBy`).
pub(super) fn by_creation(secret: &Secret) -> (Timestamp, &str) {
    (secret.created, &secret.arn)
}
