//! STS: who one is, and becoming a role.

use jiff::SignedDuration;
use serde_json::Value;

use super::{form, unknown};
use crate::exchange::{Exchange, Handled};
use crate::protocol::query;
use crate::protocol::xml::Element;
use crate::services::iam::Role;
use crate::{
    Context, Credentials, Effect, Principal, PrincipalKind, Response, ServiceError, context,
};

pub(crate) fn handle(exchange: &mut Exchange<'_>) -> Handled {
    match exchange.call.operation.as_str() {
        "AssumeRole" => assume_role(exchange),
        "GetCallerIdentity" => caller_identity(exchange),
        _ => Err(unknown(exchange)),
    }
}

fn answer(exchange: &Exchange<'_>, result: Element) -> Response {
    let call = exchange.call;
    query::answer(
        call.service,
        &call.operation,
        &call.request_id,
        Some(result),
    )
}

/// Needs no permission (STS API reference, `GetCallerIdentity`).
fn caller_identity(exchange: &Exchange<'_>) -> Handled {
    form(exchange, &[])?;
    let principal = &exchange.call.principal;
    let result = Element::new("GetCallerIdentityResult")
        .text("Arn", principal.arn(&exchange.state.settings.partition))
        .text("UserId", "AIDAINMEMORY")
        .text("Account", &principal.account);
    Ok(answer(exchange, result))
}

/// How long a session lasts: an hour where the request does not say, and never longer for who is a role already (STS
/// API reference, `AssumeRole`, `DurationSeconds`).
const HOUR: u32 = 3_600;
const SHORTEST: u32 = 900;

fn assume_role(exchange: &mut Exchange<'_>) -> Handled {
    let members = [
        "RoleArn",
        "RoleSessionName",
        "ExternalId",
        "DurationSeconds",
    ];
    let form = form(exchange, &members)?;
    let required = |member| form.get(member).ok_or_else(|| invalid(member));
    let arn = required("RoleArn")?;
    let session = required("RoleSessionName")?;
    check("roleSessionName", session, 2, 64, "_+=,.@-")?;
    let external_id = form.get("ExternalId");
    if let Some(id) = external_id {
        check("externalId", id, 2, 1_224, "_+=,.@:/-")?;
    }
    let seconds = match form.get("DurationSeconds") {
        Some(written) => written.parse().map_err(|_| invalid("durationSeconds"))?,
        None => HOUR,
    };
    let role = trusting(exchange, arn, external_id)?;
    check_duration(exchange, &role, seconds)?;
    let principal = Principal::role(&exchange.state.settings.account, &role.name, session);
    let until = exchange.now + SignedDuration::from_secs(seconds.into());
    let ids = &mut exchange.state.ids;
    let access_key_id = format!("ASIA{}", ids.upper(16));
    let (secret, token) = (ids.alphanumeric(40), ids.alphanumeric(200));
    let session_arn = principal.arn(&exchange.state.settings.partition);
    exchange.state.keys.add(Credentials {
        access_key_id: access_key_id.clone(),
        principal,
        session_token: Some(token.clone()),
        until: Some(until),
    });
    exchange.record(Effect::RoleAssumed {
        role: arn.to_owned(),
    });
    let credentials = Element::new("Credentials")
        .text("AccessKeyId", access_key_id)
        .text("SecretAccessKey", secret)
        .text("SessionToken", token)
        .text(
            "Expiration",
            until.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        );
    let user = Element::new("AssumedRoleUser")
        .text("AssumedRoleId", format!("{}:{session}", role.id))
        .text("Arn", session_arn);
    let result = Element::new("AssumeRoleResult");
    Ok(answer(exchange, result.child(credentials).child(user)))
}

/// The role, if its trust policy lets the caller in. One that does not exist, or is not seen yet, trusts nobody: STS
/// says no more than that.
fn trusting(
    exchange: &Exchange<'_>,
    arn: &str,
    external_id: Option<&str>,
) -> Result<std::sync::Arc<Role>, ServiceError> {
    let name = arn.rsplit('/').next().unwrap_or(arn);
    let role = exchange.state.services.iam.decisive(exchange.now, name);
    // "Role names are case sensitive when you assume a role" (IAM user guide, "Troubleshoot IAM roles").
    let role = role.filter(|role| Role::arn(&exchange.state.settings, &role.name) == arn);
    let keys = Context::new().with_some(context::STS_EXTERNAL_ID, external_id);
    let trust = match &role {
        Some(role) => serde_json::from_str(&role.trust.text).unwrap(),
        None => nobody(),
    };
    exchange.authorize("sts:AssumeRole", arn, keys, Some(&trust))?;
    role.ok_or_else(|| ServiceError::new(403, "AccessDenied", format!("{arn} is not there")))
}

fn nobody() -> Value {
    serde_json::json!({"Version": "2012-10-17", "Statement": {
        "Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"}})
}

fn check_duration(exchange: &Exchange<'_>, role: &Role, seconds: u32) -> Result<(), ServiceError> {
    if seconds < SHORTEST {
        return Err(invalid("durationSeconds"));
    }
    let chained = matches!(exchange.call.principal.kind, PrincipalKind::Role { .. });
    let longest = if chained { HOUR } else { role.longest_session };
    if seconds <= longest {
        return Ok(());
    }
    let message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
    Err(ServiceError::bad_request("ValidationError", message))
}

/// Botocore's model, `roleSessionNameType` and `externalIdType`.
fn check(
    member: &str,
    value: &str,
    shortest: usize,
    longest: usize,
    besides: &str,
) -> Result<(), ServiceError> {
    let allowed = |one: char| one.is_ascii_alphanumeric() || besides.contains(one);
    if (shortest..=longest).contains(&value.len()) && value.chars().all(allowed) {
        return Ok(());
    }
    Err(invalid(member))
}

fn invalid(member: &str) -> ServiceError {
    let message =
        format!("1 validation error detected: Value at '{member}' failed to satisfy constraint");
    ServiceError::bad_request("ValidationError", message)
}
