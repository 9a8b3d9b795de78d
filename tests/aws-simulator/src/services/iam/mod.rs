//! IAM: roles with their trust, inline and attached policies, boundaries and tags, and the policy simulator.

mod documents;
mod reads;
mod roles;
mod simulator;
mod writes;

use super::unknown;
use crate::error::Rejection;
use crate::exchange::{Exchange, Handled};
use crate::protocol::query;
use crate::protocol::xml::Element;
use crate::{Context, Effect, Response, ServiceError};

pub use documents::{Text, characters};
pub use roles::{Iam, Lateness, Role};

pub(crate) fn handle(exchange: &mut Exchange<'_>) -> Handled {
    match exchange.call.operation.as_str() {
        "CreateRole" => writes::create(exchange),
        "GetRole" => reads::role(exchange),
        "GetRolePolicy" => reads::policy(exchange),
        "ListAttachedRolePolicies" => reads::attached(exchange),
        "ListRolePolicies" => reads::policies(exchange),
        "PutRolePolicy" => writes::put_policy(exchange),
        "SimulatePrincipalPolicy" => simulator::simulate(exchange),
        "TagRole" => writes::tag(exchange),
        "UpdateAssumeRolePolicy" => writes::update_trust(exchange),
        "UpdateRoleDescription" => writes::update_description(exchange),
        _ => Err(unknown(exchange)),
    }
}

/// Codes and statuses: botocore's model of IAM.
fn no_such_entity(message: impl Into<String>) -> ServiceError {
    ServiceError::new(404, "NoSuchEntity", message)
}

fn limit_exceeded(message: impl Into<String>) -> ServiceError {
    ServiceError::new(409, "LimitExceeded", message)
}

/// What a member breaks that the model constrains (IAM API reference, "Common errors", `ValidationError`).
fn invalid(member: &str) -> ServiceError {
    let message =
        format!("1 validation error detected: Value at '{member}' failed to satisfy constraint");
    ServiceError::bad_request("ValidationError", message)
}

/// A member that an operation can't go without.
fn required<'f>(form: &'f query::Form, member: &str) -> Result<&'f str, ServiceError> {
    form.get(member).ok_or_else(|| invalid(member))
}

/// Names of roles and policies (botocore's model, `roleNameType`, `policyNameType`).
fn check_name(member: &str, name: &str, longest: usize) -> Result<(), ServiceError> {
    let allowed = |one: char| one.is_ascii_alphanumeric() || "_+=,.@-".contains(one);
    if (1..=longest).contains(&name.len()) && name.chars().all(allowed) {
        return Ok(());
    }
    Err(invalid(member))
}

const ROLE_NAME: usize = 64;
const POLICY_NAME: usize = 128;

fn answer(exchange: &Exchange<'_>, result: Option<Element>) -> Response {
    let call = exchange.call;
    query::answer(call.service, &call.operation, &call.request_id, result)
}

fn result_of(exchange: &Exchange<'_>) -> Element {
    Element::new(&format!("{}Result", exchange.call.operation))
}

impl Exchange<'_> {
    /// The ARN of a role, which need not exist.
    fn role_arn(&self, name: &str) -> String {
        let settings = &self.state.settings;
        Role::arn(settings, self.state.services.iam.spelled(name))
    }

    /// Asks for the action of this operation on a role.
    fn authorize_on_role(&self, role: &str, keys: Context) -> Result<(), Rejection> {
        let action = format!("iam:{}", self.call.operation);
        Ok(self.authorize(&action, &self.role_arn(role), keys, None)?)
    }

    fn record_change(&mut self, role: &str) {
        let effect = Effect::RoleChanged {
            role: self.role_arn(role),
            operation: self.call.operation.clone(),
        };
        self.record(effect);
    }
}
