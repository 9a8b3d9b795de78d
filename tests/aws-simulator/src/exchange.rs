//! One request in the hands of a service.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use crate::error::Rejection;
use crate::{
    Access, BoxFuture, Call, Context, Decision, Effect, Principal, PrincipalKind, Request,
    Response, Service, ServiceError, State, context,
};

/// What a service makes of a request.
pub(crate) enum Answer {
    /// The answer.
    Now(Response),
    /// One that takes a function's time; the account is free meanwhile.
    Later(BoxFuture<'static, Response>),
}

impl From<Response> for Answer {
    fn from(response: Response) -> Self {
        Self::Now(response)
    }
}

/// What a service returns.
pub(crate) type Handled = Result<Response, Rejection>;

/// One request in the hands of a service.
pub(crate) struct Exchange<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) call: &'a Call,
    pub(crate) request: &'a Request,
    pub(crate) now: Timestamp,
}

impl Exchange<'_> {
    /// Asks the authorizer.
    pub(crate) fn authorize(
        &self,
        action: &str,
        resource: &str,
        keys: Context,
        resource_policy: Option<&Value>,
    ) -> Result<(), ServiceError> {
        let principal = &self.call.principal;
        self.state
            .authorize(self.now, principal, action, resource, keys, resource_policy)
            .map_err(|because| denial(self.state, self.call, action, resource, &because))
    }

    /// Writes a change down, as this request's.
    pub(crate) fn record(&mut self, effect: Effect) {
        self.state.record(self.now, Some(self.call), effect);
    }
}

impl State {
    /// Asks the authorizer; the error says why not.
    pub(crate) fn authorize(
        &self,
        now: Timestamp,
        principal: &Principal,
        action: &str,
        resource: &str,
        keys: Context,
        resource_policy: Option<&Value>,
    ) -> Result<(), String> {
        let context = self.global_keys(now, principal).and(keys);
        let authorizer = Arc::clone(&self.authorizer);
        let decision = authorizer.decide(
            self,
            &Access {
                at: now,
                principal,
                action,
                resource,
                context: &context,
                resource_policy,
            },
        );
        match decision {
            Decision::Allow => Ok(()),
            Decision::Deny { because } => Err(because),
        }
    }

    fn global_keys(&self, now: Timestamp, principal: &Principal) -> Context {
        let settings = &self.settings;
        let keys = Context::new()
            .with(context::SECURE_TRANSPORT, "true")
            .with(context::CURRENT_TIME, now.to_string())
            .with(context::REQUESTED_REGION, &settings.region)
            .with(context::RESOURCE_ACCOUNT, &settings.account);
        match &principal.kind {
            PrincipalKind::Service { source_arn, .. } => keys
                .with_some(context::SOURCE_ARN, source_arn.clone())
                .with(context::SOURCE_ACCOUNT, &principal.account),
            PrincipalKind::Root | PrincipalKind::User { .. } | PrincipalKind::Role { .. } => keys
                .with(context::PRINCIPAL_ACCOUNT, &principal.account)
                .with_some(
                    context::PRINCIPAL_ARN,
                    principal.principal_arn(&settings.partition),
                ),
        }
    }
}

/// A denial in the service's words (IAM user guide, "Troubleshoot access denied error messages").
fn denial(state: &State, call: &Call, action: &str, resource: &str, because: &str) -> ServiceError {
    let who = call.principal.arn(&state.settings.partition);
    // SQS alone writes its actions in lower case (aws/serverless-application-model, issue 3633).
    let action = match call.service {
        Service::Sqs => action.to_ascii_lowercase(),
        Service::S3
        | Service::SecretsManager
        | Service::Kms
        | Service::EventBridge
        | Service::Lambda
        | Service::Iam
        | Service::Sts => action.to_owned(),
    };
    let message = format!(
        "User: {who} is not authorized to perform: {action} on resource: {resource} {because}"
    );
    match call.service {
        Service::S3 | Service::Iam | Service::Sts => {
            ServiceError::new(403, "AccessDenied", message)
        }
        Service::Lambda => ServiceError::new(403, "AccessDeniedException", message),
        Service::SecretsManager | Service::Kms | Service::EventBridge => {
            ServiceError::bad_request("AccessDeniedException", message)
        }
        Service::Sqs => {
            ServiceError::new(403, "AccessDeniedException", message).with_query_code("AccessDenied")
        }
    }
}
