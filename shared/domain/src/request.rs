//! What we accept by hand: the manual events, and the tutorials' payload.
//!
//! Defined once, here, with their JSON Schemas; functions only unwrap envelopes. Unknown fields
//! are refused everywhere.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::arn::{FunctionArn, RoleArn, SecretArn};
use crate::ids::{ActionId, Key, OrganizationId};
use crate::manifest::Mode;
use crate::problem::Problem;

mod form;

/// The manual event of `provision-role`, `rebind-action` and `check-compliance`.
///
/// Nothing named means everything; what is named narrows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// `plan` computes and reports, but writes nothing. The stricter of this mode and the
    /// manifest's mode wins.
    pub mode: Mode,
    /// Which organization; optional if there is only one manifest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<OrganizationId>,
    /// Which bindings, by manifest key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<Vec<Key>>,
    /// Only bindings that use this secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretArn>,
    /// Clears a hold, so that a rejected desired state is tried again.
    #[serde(default)]
    pub retry: bool,
    /// The caller's reason; Lockstep records it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The manual event of `verify-change`: look at a window again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyRequest {
    /// Which organization; optional if there is only one manifest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<OrganizationId>,
    /// Which bindings, by manifest key; none named means all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<Vec<Key>>,
    /// Begin of the window; default: an hour before `to`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub from: Option<jiff::Timestamp>,
    /// End of the window; default: now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub to: Option<jiff::Timestamp>,
}

/// The payload that many tutorials send. It must name an action of a manifest, is compared with the
/// manifest field by field, and can add nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TutorialRequest {
    /// The Genesys Cloud id of the action.
    pub action_id: ActionId,
    /// The action's name.
    pub name: String,
    /// The function it calls.
    pub lambda_arn: FunctionArn,
    /// The function's region.
    pub region: String,
    /// The role that Genesys Cloud assumes.
    pub iam_role_arn: RoleArn,
    /// The secrets that travel with the action.
    pub secrets: Vec<TutorialSecret>,
    /// Accepted and ignored: a Data Action has no description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// One secret of a [`TutorialRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TutorialSecret {
    /// The name the function knows it by.
    pub name: String,
    /// The secret's ARN.
    pub key: SecretArn,
}

/// Parses what somebody sent by hand, checking it against the type's JSON Schema first, so that
/// every mistake is reported at once.
///
/// # Errors
/// A problem for each mistake, with its place, such as `event.keys[0]`.
pub fn parse<T: DeserializeOwned + JsonSchema>(event: &Value) -> Result<T, Vec<Problem>> {
    let problems = form::problems::<T>(event);
    if !problems.is_empty() {
        return Err(problems);
    }
    T::deserialize(event).map_err(|error| {
        let fix = "See the files in `events/` for the accepted shapes.";
        vec![Problem::new("event", error.to_string(), fix)]
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told<T: DeserializeOwned + JsonSchema + std::fmt::Debug>(event: Value) -> Vec<String> {
        let problems = parse::<T>(&event).unwrap_err();
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_request_may_be_as_short_as_its_mode() {
        let request: Request = parse(&json!({"mode": "plan"})).unwrap();
        assert_eq!(request.mode, Mode::Plan);
        assert_eq!(request.keys, None);
        assert!(!request.retry);
    }

    #[test]
    fn every_mistake_of_a_request_is_reported_at_once() {
        let event = json!({
            "mode": "aply",
            "organisation": "org",
            "keys": ["fine", "not fine", 3],
            "secret": "prod/db",
            "retry": "yes",
            "dry_run": true,
        });
        insta::assert_snapshot!(told::<Request>(event).join("\n"), @r#"
        event.dry_run: `dry_run` is not a field of this event. Fix: Remove it, or use one of: keys, mode, organization, reason, retry, secret.
        event.keys[1]: "not fine" does not have the required form. Fix: Use letters, digits, `_` and `-` only.
        event.keys[2]: expected a string, found a number. Fix: Write a string.
        event.mode: "aply" is not an allowed value. Fix: Write one of: "apply", "plan".
        event.organisation: `organisation` is not a field of this event. Fix: Remove it, or use one of: keys, mode, organization, reason, retry, secret.
        event.retry: expected a boolean (true or false), found a string. Fix: Write a boolean (true or false).
        event.secret: "prod/db" does not have the required form. Fix: Write the full ARN of a secret, with the six characters that AWS appends: arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-AbCdEf.
        "#);
    }

    #[test]
    fn what_is_missing_is_named() {
        insta::assert_snapshot!(told::<TutorialRequest>(json!({
            "action_id": "custom_-_1",
            "name": "Invoker",
            "lambda_arn": "arn:aws:lambda:us-east-1:123456789012:function:F:$LATEST",
            "secrets": [{"name": "DB"}],
        })).join("\n"), @r#"
        event.iam_role_arn: `iam_role_arn` is missing. Fix: Add it. The role that Genesys Cloud assumes.
        event.lambda_arn: "arn:aws:lambda:us-east-1:123456789012:function:F:$LATEST" does not have the required form. Fix: Write the ARN of a function, optionally with an alias or a version: arn:aws:lambda:REGION:ACCOUNT:function:NAME. $LATEST is not allowed.
        event.region: `region` is missing. Fix: Add it. The function's region.
        event.secrets[0].key: `key` is missing. Fix: Add it. The secret's ARN.
        "#);
    }

    #[test]
    fn a_window_wants_times_with_their_offset() {
        insta::assert_snapshot!(
            told::<VerifyRequest>(json!({"from": "yesterday", "to": 5})).join("\n"),
            @r#"
        event.from: "yesterday" is not a timestamp. Fix: Write a timestamp with an offset, such as 2026-01-31T12:00:00Z.
        event.to: expected a string, found a number. Fix: Write a string.
        "#
        );
        let window: VerifyRequest = parse(&json!({"from": "2026-01-01T00:00:00Z"})).unwrap();
        assert_eq!(window.to, None);
    }

    #[test]
    fn an_event_that_is_no_object_is_refused() {
        insta::assert_snapshot!(told::<Request>(json!([1])).join("\n"), @"event: expected an object, found a list. Fix: Write an object.");
        insta::assert_snapshot!(told::<Request>(json!("apply")).join("\n"), @"event: expected an object, found a string. Fix: Write an object.");
    }
}
