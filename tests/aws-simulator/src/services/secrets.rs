//! Secrets Manager: versions, labels and the rules that move them, idempotent tokens, deletion, and
//! the start of a rotation.

mod labels;
mod listing;
mod metadata;
mod rotation;
mod store;
mod values;

use serde_json::json;

use super::unknown;
use crate::error::Rejection;
use crate::exchange::{Exchange, Handled};
use crate::{Context, Effect, ServiceError, State, context};
use jiff::Timestamp;
use store::Moved;

pub use store::{Rotation, Secret, Secrets, Value, Version};

pub(crate) fn handle(exchange: &mut Exchange<'_>) -> Handled {
    match exchange.call.operation.as_str() {
        "CreateSecret" => values::create(exchange),
        "DeleteSecret" => metadata::delete(exchange),
        "DescribeSecret" => metadata::describe(exchange),
        "GetResourcePolicy" => metadata::policy(exchange),
        "GetSecretValue" => values::get(exchange),
        "ListSecretVersionIds" => listing::versions(exchange),
        "ListSecrets" => listing::secrets(exchange),
        "PutSecretValue" => values::put(exchange),
        "RestoreSecret" => metadata::restore(exchange),
        "RotateSecret" => rotation::start(exchange),
        "TagResource" => metadata::tag(exchange),
        "UpdateSecretVersionStage" => labels::update(exchange),
        _ => Err(unknown(exchange)),
    }
}

fn invalid_parameter(message: impl Into<String>) -> ServiceError {
    ServiceError::bad_request("InvalidParameterException", message)
}

fn invalid_request(message: impl Into<String>) -> ServiceError {
    ServiceError::bad_request("InvalidRequestException", message)
}

fn not_found(message: impl Into<String>) -> ServiceError {
    ServiceError::bad_request("ResourceNotFoundException", message)
}

/// The length of a version's id (botocore's model, `ClientRequestTokenType`, `SecretVersionIdType`).
fn check_id(member: &str, id: Option<&str>) -> Result<(), ServiceError> {
    match id {
        Some(id) if !(32..=64).contains(&id.len()) => Err(invalid_parameter(format!(
            "{member} must be 32-64 characters long."
        ))),
        Some(_) | None => Ok(()),
    }
}

impl Exchange<'_> {
    /// The secret that a request names, once the action on it is allowed.
    fn secret(&self, operation: &str, id: &str, keys: Context) -> Result<Secret, Rejection> {
        let found = self.state.services.secrets.find(id, self.now).cloned();
        let action = format!("secretsmanager:{operation}");
        let keys = keys.with(context::SECRET_ID, id);
        let Some(secret) = found else {
            let arn = match id.starts_with("arn:") {
                true => id.to_owned(),
                false => self
                    .state
                    .settings
                    .arn("secretsmanager", &format!("secret:{id}")),
            };
            self.authorize(&action, &arn, keys, None)?;
            let message = "Secrets Manager can't find the specified secret.";
            return Err(not_found(message).into());
        };
        let mut keys = keys.with_some(
            context::SECRET_ROTATION_LAMBDA,
            secret
                .rotation
                .as_ref()
                .map(|rotation| rotation.function.as_str()),
        );
        for (key, value) in &secret.tags {
            keys = keys
                .with(format!("{}{key}", context::SECRET_RESOURCE_TAG), value)
                .with(format!("{}{key}", context::RESOURCE_TAG), value);
        }
        self.authorize(&action, &secret.arn, keys, secret.policy.as_ref())?;
        Ok(secret)
    }

    /// The same, of one that is not scheduled for deletion.
    fn live_secret(&self, operation: &str, id: &str, keys: Context) -> Result<Secret, Rejection> {
        let secret = self.secret(operation, id, keys)?;
        match secret.deletion {
            None => Ok(secret),
            Some(_) => Err(invalid_request(
                "You can't perform this operation on the secret because it was marked for deletion.",
            )
            .into()),
        }
    }

    /// Stores a secret back.
    fn keep(&mut self, mut secret: Secret) {
        secret.changed = self.now;
        self.state.services.secrets.put(secret);
    }

    /// Writes down labels that moved, and sends their events.
    fn labels_moved(&mut self, secret: &Secret, moved: &[Moved]) {
        for one in moved {
            self.record(Effect::SecretLabelMoved {
                secret: secret.arn.clone(),
                label: one.label.clone(),
                from: one.from.clone(),
                to: one.to.clone(),
            });
            self.state.label_event(self.now, secret, one);
        }
    }
}

impl State {
    /// For every label but these two, when it moves to a version (Secrets Manager user guide,
    /// "Secret Label Updated event").
    fn label_event(&mut self, now: Timestamp, secret: &Secret, moved: &Moved) {
        let (label, Some(to)) = (moved.label.as_str(), &moved.to) else {
            return;
        };
        if [store::PENDING, store::PREVIOUS].contains(&label) {
            return;
        }
        let detail = json!({"name": secret.name, "labelUpdated": label, "versionId": to});
        let resources = [secret.arn.clone()];
        let kind = "Secret Label Updated";
        let event = self.event(now, "aws.secretsmanager", kind, &resources, detail);
        self.emit(now, event);
    }
}
