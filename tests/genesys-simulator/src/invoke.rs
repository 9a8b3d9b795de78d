//! The platform's AWS account at work: it assumes the customer's role and invokes the function.
//!
//! Account and external id: official blueprints (set-emergency-group-lambda, scheduling-bot). The external
//! id is the organization's.

use std::time::Duration;

use aws_sdk_lambda::config::Credentials;
use aws_sdk_lambda::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_lambda::primitives::Blob;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;
use serde_json::json;

use crate::aws::Aws;
use crate::world::Session;

/// How long a session lasts: the shortest that AssumeRole gives.
const SESSION: SignedDuration = SignedDuration::from_mins(15);

/// A function, as the action names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FunctionArn {
    pub(crate) unqualified: String,
    pub(crate) qualifier: Option<String>,
    region: String,
}

/// Why the function gave no answer.
#[derive(Debug)]
pub(crate) enum InvokeError {
    /// AWS refused the call, or the function does not exist.
    Refused(String),
    /// The function ended with an error; its payload says which.
    Function(String),
    TimedOut,
}

impl FunctionArn {
    /// Reads `arn:partition:lambda:region:account:function:name[:qualifier]`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.trim().split(':').collect();
        let (arn, region) = match parts.as_slice() {
            ["arn", _, "lambda", region, _, "function", _] => (parts.as_slice(), *region),
            ["arn", _, "lambda", region, _, "function", _, _] => (&parts[..7], *region),
            _ => return None,
        };
        if parts.iter().any(|part| part.is_empty()) {
            return None;
        }
        Some(Self {
            unqualified: arn.join(":"),
            qualifier: parts.get(7).map(|qualifier| (*qualifier).to_owned()),
            region: region.to_owned(),
        })
    }
}

/// Assumes a role with the organization's id as external id.
pub(crate) async fn assume(
    aws: &Aws,
    role_arn: &str,
    external_id: &str,
    now: Timestamp,
) -> Result<Session, String> {
    let answer = aws
        .sts()
        .assume_role()
        .role_arn(role_arn)
        .role_session_name("genesys-cloud-data-action")
        .external_id(external_id)
        .send()
        .await
        .map_err(|problem| told(&problem))?;
    let given = answer
        .credentials()
        .ok_or_else(|| "AssumeRole answered without credentials".to_owned())?;
    Ok(Session {
        access_key_id: given.access_key_id().to_owned(),
        secret_access_key: given.secret_access_key().to_owned().into(),
        session_token: given.session_token().to_owned().into(),
        until: now.checked_add(SESSION).unwrap_or(Timestamp::MAX),
    })
}

/// Invokes the function with the role's session and waits for its answer.
pub(crate) async fn invoke(
    aws: &Aws,
    session: &Session,
    function: &FunctionArn,
    payload: String,
    client_context: Option<&[(String, String)]>,
    timeout: Duration,
) -> Result<String, InvokeError> {
    let credentials = Credentials::new(
        session.access_key_id.clone(),
        session.secret_access_key.expose_secret(),
        Some(session.session_token.expose_secret().to_owned()),
        None,
        "assumed-role",
    );
    let call = aws
        .lambda(function.region.clone(), credentials)
        .invoke()
        .function_name(&function.unqualified)
        .set_qualifier(function.qualifier.clone())
        .set_client_context(client_context.map(encoded_context))
        .payload(Blob::new(payload))
        .send();
    let answer = tokio::time::timeout(timeout, call)
        .await
        .map_err(|_| InvokeError::TimedOut)?
        .map_err(|problem| InvokeError::Refused(told(&problem)))?;
    let payload = answer
        .payload()
        .map(|blob| String::from_utf8_lossy(blob.as_ref()).into_owned())
        .unwrap_or_default();
    match answer.function_error() {
        Some(kind) => Err(InvokeError::Function(format!("{kind}: {payload}"))),
        None => Ok(payload),
    }
}

/// What AWS said, or why it said nothing; without the raw answer, which is not for the caller.
fn told<E, R>(problem: &SdkError<E, R>) -> String
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
    R: std::fmt::Debug,
{
    match problem.as_service_error() {
        Some(service) => format!(
            "{}: {}",
            service.code().unwrap_or("error"),
            service.message().unwrap_or("no message")
        ),
        None => DisplayErrorContext(problem).to_string(),
    }
}

fn encoded_context(headers: &[(String, String)]) -> String {
    let custom: serde_json::Map<String, serde_json::Value> = headers
        .iter()
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect();
    STANDARD.encode(json!({"custom": custom}).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_arn_is_read_with_and_without_a_qualifier() {
        let plain = "arn:aws:lambda:us-east-1:123456789012:function:f";
        let parsed = FunctionArn::parse(&format!("{plain}:live")).unwrap();
        assert_eq!(parsed.unqualified, plain);
        assert_eq!(parsed.qualifier.as_deref(), Some("live"));
        assert_eq!(FunctionArn::parse(plain).unwrap().qualifier, None);
        assert_eq!(FunctionArn::parse("https://example.com"), None);
        assert_eq!(FunctionArn::parse("arn:aws:lambda:::function:"), None);
    }
}
