//! Moving a label by hand.

use serde::Deserialize;
use serde_json::json;

use super::store::{CURRENT, Secret};
use super::{check_id, invalid_parameter, not_found};
use crate::exchange::{Exchange, Handled};
use crate::protocol::json::{answer, read};
use crate::{Context, ServiceError, context};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Request {
    secret_id: String,
    version_stage: String,
    remove_from_version_id: Option<String>,
    move_to_version_id: Option<String>,
}

pub(super) fn update(exchange: &mut Exchange<'_>) -> Handled {
    let request: Request = read(exchange.call, exchange.request)?;
    let from = request.remove_from_version_id.as_deref();
    let to = request.move_to_version_id.as_deref();
    check_id("RemoveFromVersionId", from)?;
    check_id("MoveToVersionId", to)?;
    let keys = Context::new().with(context::SECRET_VERSION_STAGE, &request.version_stage);
    let operation = "UpdateSecretVersionStage";
    let mut secret = exchange.live_secret(operation, &request.secret_id, keys)?;
    check(&secret, &request.version_stage, from, to)?;
    let moved = secret.move_label(&request.version_stage, to);
    exchange.labels_moved(&secret, &moved);
    let body = json!({"ARN": secret.arn, "Name": secret.name});
    if !moved.is_empty() {
        exchange.keep(secret);
    }
    Ok(answer(exchange.call, &body))
}

/// Secrets Manager API reference, `UpdateSecretVersionStage`: who takes a label from a version
/// names that version, whether the label is moved or removed, and AWSCURRENT can't be removed
/// (user guide, "What's in a secret?": a secret always has a version labelled AWSCURRENT).
fn check(
    secret: &Secret,
    label: &str,
    from: Option<&str>,
    to: Option<&str>,
) -> Result<(), ServiceError> {
    for version in [from, to].into_iter().flatten() {
        if !secret.versions.contains_key(version) {
            let message =
                format!("Secrets Manager can't find the specified secret version {version}.");
            return Err(not_found(message));
        }
    }
    match (secret.holder(label), from, to) {
        (_, None, None) => Err(invalid_parameter(
            "You must provide MoveToVersionId or RemoveFromVersionId.",
        )),
        (Some(holder), None, Some(to)) if holder != to => Err(invalid_parameter(format!(
            "The parameter RemoveFromVersionId can't be empty. Staging label {label} is currently attached to version {holder}, so you must explicitly reference that version in RemoveFromVersionId."
        ))),
        (holder, Some(from), _) if holder != Some(from) => Err(invalid_parameter(format!(
            "Staging label {label} is not attached to version {from}."
        ))),
        (Some(_), Some(_), None) if label == CURRENT => Err(invalid_parameter(
            "You can only move staging label AWSCURRENT to a different secret version. It can't be completely removed.",
        )),
        (_, _, _) => Ok(()),
    }
}
