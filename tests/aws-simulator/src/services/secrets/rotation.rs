//! How a rotation begins. Driving its steps is the scheduler's.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::store::{CURRENT, PENDING, Rotation, Secret, Version};
use super::{check_id, invalid_request};
use crate::exchange::{Exchange, Handled};
use crate::protocol::json::{answer, read};
use crate::{
    Account, Context, Effect, Notification, Principal, PrincipalKind, RotationJob, ServiceError,
    context,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Request {
    secret_id: String,
    client_request_token: Option<String>,
    #[serde(rename = "RotationLambdaARN")]
    rotation_lambda_arn: Option<String>,
    rotation_rules: Option<Value>,
    rotate_immediately: Option<bool>,
}

pub(super) fn start(exchange: &mut Exchange<'_>) -> Handled {
    let request: Request = read(exchange.call, exchange.request)?;
    check_id(
        "ClientRequestToken",
        request.client_request_token.as_deref(),
    )?;
    let function = request.rotation_lambda_arn;
    let keys = Context::new().with_some(context::ROTATION_LAMBDA, function.as_deref());
    let mut secret = exchange.live_secret("RotateSecret", &request.secret_id, keys)?;
    let known = secret.rotation.take();
    let rules = request
        .rotation_rules
        .or_else(|| known.as_ref().and_then(|known| known.rules.clone()));
    let function = function
        .or(known.map(|known| known.function))
        .ok_or_else(|| {
            // getmoto/moto, pull request 3912, quotes AWS.
            invalid_request("No Lambda rotation function ARN is associated with this secret.")
        })?;
    may_invoke(exchange, &function)?;
    let id = request
        .client_request_token
        .unwrap_or_else(|| exchange.state.ids.uuid());
    let pending = secret.holder(PENDING).map(str::to_owned);
    let is_open = pending.is_some() && pending.as_deref() != secret.holder(CURRENT);
    // The SDK repeats a request under the token of its first try.
    let is_repeated = pending.as_deref() == Some(id.as_str());
    if is_open && !is_repeated {
        let message = "A previous rotation isn't complete. That rotation will be reattempted.";
        return Err(invalid_request(message).into());
    }
    let body = json!({"ARN": secret.arn, "Name": secret.name, "VersionId": id});
    secret.rotation = Some(Rotation {
        function: function.clone(),
        rules,
    });
    if is_repeated {
        exchange.keep(secret);
        return Ok(answer(exchange.call, &body));
    }
    begin(
        exchange,
        secret,
        id,
        function,
        request.rotate_immediately == Some(false),
    );
    Ok(answer(exchange.call, &body))
}

/// The version under AWSPENDING has no value until the function stores one (getmoto/moto, issue
/// 8403, which compares with AWS).
fn begin(
    exchange: &mut Exchange<'_>,
    mut secret: Secret,
    id: String,
    function: String,
    trial: bool,
) {
    let now = exchange.now;
    secret
        .versions
        .entry(id.clone())
        .or_insert_with(|| Version {
            value: None,
            labels: BTreeSet::new(),
            created: now,
        });
    let moved = secret.move_label(PENDING, Some(&id));
    exchange.record(Effect::RotationStarted {
        secret: secret.arn.clone(),
        version_id: id.clone(),
        trial,
    });
    exchange.labels_moved(&secret, &moved);
    exchange
        .state
        .outbox
        .add(Notification::Rotation(RotationJob {
            secret: secret.arn.clone(),
            function,
            token: id,
            at: now,
            trial,
        }));
    exchange.keep(secret);
}

/// The caller needs `lambda:InvokeFunction`, and so does Secrets Manager, by the function's policy
/// (Secrets Manager user guide, "Permissions for rotation" and "Troubleshoot rotation").
fn may_invoke(exchange: &Exchange<'_>, function: &str) -> Result<(), ServiceError> {
    let name = function
        .rsplit_once(":function:")
        .map_or(function, |(_, name)| name);
    let known = exchange
        .state
        .services
        .lambda
        .function(name.split(':').next().unwrap_or(name));
    let policy = known.and_then(|known| known.policy.clone());
    let keys = || Context::new().with(context::LAMBDA_FUNCTION_ARN, function);
    exchange.authorize("lambda:InvokeFunction", function, keys(), policy.as_ref())?;
    let service = Principal {
        account: exchange.state.settings.account.clone(),
        kind: PrincipalKind::Service {
            name: "secretsmanager.amazonaws.com".to_owned(),
            source_arn: None,
        },
    };
    let action = "lambda:InvokeFunction";
    let allowed = exchange.state.authorize(
        exchange.now,
        &service,
        action,
        function,
        keys(),
        policy.as_ref(),
    );
    match (known, allowed) {
        (Some(_), Ok(())) => Ok(()),
        (_, _) => Err(ServiceError::bad_request(
            "AccessDeniedException",
            "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to the principal secretsmanager.amazonaws.com.",
        )),
    }
}

impl Account {
    /// Ends a rotation that the scheduler drove. After a trial the version that it made is gone
    /// (Secrets Manager API reference, `RotateSecret`, `RotateImmediately`); after the four steps of
    /// a real one only the date changes, since the function moved the labels.
    pub fn end_rotation(&self, job: &RotationJob, has_succeeded: bool) {
        let now: Timestamp = self.clock().now();
        let mut state = self.state();
        let Some(secret) = state.services.secrets.get_mut(&job.secret) else {
            return;
        };
        if job.trial {
            let moved = secret.move_label(PENDING, None);
            secret.versions.remove(&job.token);
            for one in moved {
                let effect = Effect::SecretLabelMoved {
                    secret: job.secret.clone(),
                    label: one.label,
                    from: one.from,
                    to: one.to,
                };
                state.record(now, None, effect);
            }
        } else if has_succeeded {
            secret.rotated = Some(now);
            secret.changed = now;
        }
    }
}
