//! Reading and storing values.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::json;

use super::store::{CURRENT, Secret, Value, Version};
use super::{check_id, invalid_parameter, invalid_request, not_found};
use crate::error::Rejection;
use crate::exchange::{Exchange, Handled};
use crate::protocol::json::{answer, read, seconds};
use crate::services::kms::Unusable;
use crate::{Context, Effect, ServiceError, context};

/// The most bytes of a value (Secrets Manager user guide, "Secrets Manager quotas").
const LARGEST: usize = 65_536;

/// The most versions of a secret (same page).
const MOST_VERSIONS: usize = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct GetRequest {
    secret_id: String,
    version_id: Option<String>,
    version_stage: Option<String>,
}

pub(super) fn get(exchange: &mut Exchange<'_>) -> Handled {
    let GetRequest {
        secret_id,
        version_id,
        version_stage,
    } = read(exchange.call, exchange.request)?;
    check_id("VersionId", version_id.as_deref())?;
    let keys = Context::new()
        .with_some(context::SECRET_VERSION_ID, version_id.as_deref())
        .with_some(context::SECRET_VERSION_STAGE, version_stage.as_deref());
    let secret = exchange.live_secret("GetSecretValue", &secret_id, keys)?;
    let (id, sought) = match (version_id, version_stage) {
        (Some(id), stage) => {
            let version = secret.versions.get(&id);
            let has = |stage: &String| version.is_some_and(|one| one.labels.contains(stage));
            if version.is_some() && stage.is_some_and(|stage| !has(&stage)) {
                let message =
                    "You provided a VersionStage that is not associated to the provided VersionId.";
                return Err(invalid_request(message).into());
            }
            (Some(id.clone()), format!("VersionId: {id}"))
        }
        (None, stage) => {
            let stage = stage.unwrap_or_else(|| CURRENT.to_owned());
            let holder = secret.holder(&stage).map(str::to_owned);
            (holder, format!("staging label: {stage}"))
        }
    };
    // A version that a rotation began has no value yet, and answers the same (getmoto/moto, issue
    // 8403, which compares with AWS).
    let found = id.and_then(|id| {
        let version = secret.versions.get(&id)?.clone();
        let value = version.value.clone()?;
        Some((id, version, value))
    });
    let Some((id, version, value)) = found else {
        let message = format!("Secrets Manager can't find the specified secret value for {sought}");
        return Err(not_found(message).into());
    };
    may_use_key(exchange, &secret, "kms:Decrypt", &id)?;
    let mut body = json!({
        "ARN": secret.arn,
        "CreatedDate": seconds(version.created),
        "Name": secret.name,
        "VersionId": id,
    });
    // Only fields that have a value are returned, as `DescribeSecret` says of itself.
    if !version.labels.is_empty() {
        body["VersionStages"] = json!(version.labels);
    }
    match value {
        Value::Text(text) => body["SecretString"] = text.into(),
        Value::Binary(bytes) => body["SecretBinary"] = STANDARD.encode(bytes).into(),
    }
    Ok(answer(exchange.call, &body))
}

/// Who uses a secret with a key of the account's must be allowed the key, through Secrets Manager
/// and for this secret (Secrets Manager user guide, "Secret encryption and decryption"). The message
/// is AWS's (aws-samples/aws-secrets-manager-rotation-lambdas, issue 53).
fn may_use_key(
    exchange: &Exchange<'_>,
    secret: &Secret,
    action: &str,
    version_id: &str,
) -> Result<(), ServiceError> {
    let Some(key) = secret.customer_key() else {
        return Ok(());
    };
    let encryption_context = [
        ("SecretARN", secret.arn.as_str()),
        ("SecretVersionId", version_id),
    ];
    let used = exchange.state.use_key(
        exchange.now,
        &exchange.call.principal,
        action,
        key,
        "secretsmanager",
        &encryption_context,
    );
    used.map_err(|problem| match (problem, action) {
        (Unusable::Denied, _) => {
            ServiceError::bad_request("AccessDeniedException", "Access to KMS is not allowed")
        }
        (Unusable::Unavailable, "kms:Decrypt") => ServiceError::bad_request(
            "DecryptionFailure",
            "Secrets Manager can't decrypt the protected secret text using the provided KMS key.",
        ),
        (Unusable::Unavailable, _) => ServiceError::bad_request(
            "EncryptionFailure",
            "Secrets Manager can't encrypt the protected secret text using the provided KMS key.",
        ),
    })
}

fn value_of(text: Option<String>, binary: Option<String>) -> Result<Option<Value>, ServiceError> {
    let value = match (text, binary) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => {
            let message = "You can't specify both a binary secret value and a string secret value in the same secret.";
            return Err(invalid_parameter(message));
        }
        (Some(text), None) => Value::Text(text),
        (None, Some(binary)) => Value::Binary(
            STANDARD
                .decode(binary)
                .map_err(|_| invalid_parameter("SecretBinary is not Base64."))?,
        ),
    };
    let length = match &value {
        Value::Text(text) => text.len(),
        Value::Binary(bytes) => bytes.len(),
    };
    match (1..=LARGEST).contains(&length) {
        true => Ok(Some(value)),
        false => Err(invalid_parameter(format!(
            "The secret value has {length} bytes; it must have 1-{LARGEST}."
        ))),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct PutRequest {
    secret_id: String,
    client_request_token: Option<String>,
    secret_string: Option<String>,
    secret_binary: Option<String>,
    version_stages: Option<Vec<String>>,
    rotation_token: Option<String>,
}

pub(super) fn put(exchange: &mut Exchange<'_>) -> Handled {
    let request: PutRequest = read(exchange.call, exchange.request)?;
    check_id(
        "ClientRequestToken",
        request.client_request_token.as_deref(),
    )?;
    let stages = request
        .version_stages
        .unwrap_or_else(|| vec![CURRENT.to_owned()]);
    if !(1..=20).contains(&stages.len()) {
        return Err(invalid_parameter("VersionStages must have 1-20 items.").into());
    }
    // botocore's model, `RotationTokenType`.
    let token = request.rotation_token.as_deref();
    if token.is_some_and(|token| !(36..=256).contains(&token.len())) {
        return Err(invalid_parameter("RotationToken must be 36-256 characters long.").into());
    }
    let secret = exchange.live_secret("PutSecretValue", &request.secret_id, Context::new())?;
    let value = value_of(request.secret_string, request.secret_binary)?;
    let value = value
        .ok_or_else(|| invalid_request("You must provide either SecretString or SecretBinary."))?;
    let id = request
        .client_request_token
        .unwrap_or_else(|| exchange.state.ids.uuid());
    let (secret, id) = store(exchange, secret, id, value, stages)?;
    let labels = secret.versions.get(&id).map(|version| &version.labels);
    let body = json!({
        "ARN": secret.arn,
        "Name": secret.name,
        "VersionId": id,
        "VersionStages": labels,
    });
    Ok(answer(exchange.call, &body))
}

/// Stores a value as a version and moves its labels.
fn store(
    exchange: &mut Exchange<'_>,
    mut secret: Secret,
    id: String,
    value: Value,
    mut stages: Vec<String>,
) -> Result<(Secret, String), Rejection> {
    let now = exchange.now;
    if let Some(stored) = secret
        .versions
        .get(&id)
        .and_then(|version| version.value.as_ref())
    {
        may_use_key(exchange, &secret, "kms:Decrypt", &id)?;
        if *stored == value {
            return Ok((secret, id));
        }
        let message = format!(
            "You can't use ClientRequestToken {id} because that value is already in use for a version of secret {}.",
            secret.arn
        );
        return Err(ServiceError::bad_request("ResourceExistsException", message).into());
    }
    may_use_key(exchange, &secret, "kms:GenerateDataKey", &id)?;
    // Secrets Manager API reference, `PutSecretValue`: the first version gets AWSCURRENT.
    if secret.versions.is_empty() && !stages.iter().any(|stage| stage == CURRENT) {
        stages.push(CURRENT.to_owned());
    }
    make_room(&mut secret, now)?;
    let version = secret
        .versions
        .entry(id.clone())
        .or_insert_with(|| Version {
            value: None,
            labels: BTreeSet::new(),
            created: now,
        });
    version.value = Some(value);
    let mut moved = Vec::new();
    for stage in &stages {
        moved.extend(secret.move_label(stage, Some(&id)));
    }
    exchange.record(Effect::SecretVersionStored {
        secret: secret.arn.clone(),
        version_id: id.clone(),
    });
    exchange.labels_moved(&secret, &moved);
    exchange.keep(secret.clone());
    Ok((secret, id))
}

/// Secrets Manager removes deprecated versions beyond the hundredth, but none of the last 24 hours;
/// whoever stores more reaches the quota (Secrets Manager API reference, `PutSecretValue`).
fn make_room(secret: &mut Secret, now: jiff::Timestamp) -> Result<(), ServiceError> {
    let is_old =
        |version: &Version| now.duration_since(version.created) > SignedDuration::from_hours(24);
    while secret.versions.len() >= MOST_VERSIONS {
        let removable = secret
            .versions
            .iter()
            .filter(|(_, version)| version.labels.is_empty() && is_old(version));
        let Some(oldest) = removable.min_by_key(|(_, version)| version.created) else {
            let message = "You've exceeded the quota of versions of a secret.";
            return Err(ServiceError::bad_request("LimitExceededException", message));
        };
        let oldest = oldest.0.clone();
        secret.versions.remove(&oldest);
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct CreateRequest {
    name: String,
    client_request_token: Option<String>,
    description: Option<String>,
    kms_key_id: Option<String>,
    secret_string: Option<String>,
    secret_binary: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

/// A tag of a request.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(super) struct Tag {
    pub(super) key: String,
    pub(super) value: String,
}

pub(super) fn tag_keys(tags: &[Tag]) -> Context {
    let keys = tags.iter().map(|tag| tag.key.clone()).collect();
    tags.iter().fold(
        Context::new().with_all(context::TAG_KEYS, keys),
        |keys, tag| keys.with(format!("{}{}", context::REQUEST_TAG, tag.key), &tag.value),
    )
}

pub(super) fn create(exchange: &mut Exchange<'_>) -> Handled {
    let request: CreateRequest = read(exchange.call, exchange.request)?;
    check_id(
        "ClientRequestToken",
        request.client_request_token.as_deref(),
    )?;
    let value = value_of(request.secret_string, request.secret_binary)?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || "/_+=.@-".contains(c);
    if request.name.is_empty() || request.name.len() > 512 || !request.name.chars().all(allowed) {
        let message = "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!";
        return Err(invalid_parameter(message).into());
    }
    let suffix = exchange.state.ids.alphanumeric(6);
    let name = &request.name;
    let arn = exchange
        .state
        .settings
        .arn("secretsmanager", &format!("secret:{name}-{suffix}"));
    exchange.authorize(
        "secretsmanager:CreateSecret",
        &arn,
        tag_keys(&request.tags),
        None,
    )?;
    let known = exchange.state.services.secrets.find(name, exchange.now);
    if let Some(known) = known {
        return Err(match known.deletion {
            Some(_) => invalid_request(
                "You can't create this secret because a secret with this name is already scheduled for deletion.",
            ),
            None => ServiceError::bad_request(
                "ResourceExistsException",
                format!("The operation failed because the secret {name} already exists."),
            ),
        }
        .into());
    }
    let mut secret = Secret::new(arn.clone(), name, exchange.now);
    secret.description = request.description;
    secret.key = request.kms_key_id;
    secret.tags = request
        .tags
        .into_iter()
        .map(|tag| (tag.key, tag.value))
        .collect::<BTreeMap<_, _>>();
    let mut body = json!({"ARN": arn, "Name": secret.name});
    exchange.record(Effect::SecretCreated { secret: arn });
    match value {
        None => exchange.keep(secret),
        Some(value) => {
            let id = request
                .client_request_token
                .unwrap_or_else(|| exchange.state.ids.uuid());
            let (_, id) = store(exchange, secret, id, value, vec![CURRENT.to_owned()])?;
            body["VersionId"] = id.into();
        }
    }
    Ok(answer(exchange.call, &body))
}
