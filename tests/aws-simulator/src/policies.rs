//! The authorizer that evaluates policies: those of the account's roles, their boundaries, and of resources.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use policy_evaluator::{
    Arn, IdentityPolicy, OnResource, Policies, PolicyError, PolicyKind, Request, ResourcePolicy,
    Target, TrustPolicy, evaluate,
};
use serde_json::Value;

use crate::services::iam::Role;
use crate::{Access, Authorizer, Decision, Principal, PrincipalKind, State};

/// Decides by the policies of whoever asks and of what is asked for.
///
/// Roles have their own policies, as late as [`crate::services::iam::Lateness`] says. IAM users are not kept here: the
/// users of this account are its administrators, and other accounts let their own do everything, so that what limits
/// both are the policies of resources.
///
/// # Panics
/// Where a policy says what is not evaluated: the test would otherwise pass by a guess.
#[derive(Debug, Default)]
pub struct EvaluatePolicies {
    /// What was read already of resources' policies: every request on a bucket comes by the same.
    read: Mutex<HashMap<Value, ResourcePolicy>>,
}

impl Authorizer for EvaluatePolicies {
    fn decide(&self, state: &State, access: &Access<'_>) -> Decision {
        match self.evaluate(state, access) {
            Ok(policy_evaluator::Decision::Allowed) => Decision::Allow,
            Ok(denied) => Decision::Deny {
                because: because(&denied, access.action),
            },
            Err(error) => panic!("{} on {}: {error}", access.action, access.resource),
        }
    }
}

/// The policies of an identity.
pub(crate) struct Grants {
    identity: Vec<IdentityPolicy>,
    boundary: Option<IdentityPolicy>,
}

/// What an administrator's policy allows.
static EVERYTHING: LazyLock<IdentityPolicy> = LazyLock::new(|| {
    let text = r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;
    IdentityPolicy::parse(text).unwrap()
});

/// What a boundary allows whose policy is gone.
static NOTHING: LazyLock<IdentityPolicy> = LazyLock::new(|| {
    let text = r#"{"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}"#;
    IdentityPolicy::parse(text).unwrap()
});

impl Grants {
    fn of(state: &State, access: &Access<'_>) -> Self {
        let is_ours = access.principal.account == state.settings.account;
        let identity = match &access.principal.kind {
            PrincipalKind::Role { name, .. } if is_ours => {
                let role = state.services.iam.decisive(access.at, name);
                return role.map_or_else(Self::none, |role| Self::of_role(state, &role));
            }
            PrincipalKind::Root | PrincipalKind::User { .. } | PrincipalKind::Role { .. } => {
                vec![EVERYTHING.clone()]
            }
            PrincipalKind::Service { .. } => Vec::new(),
        };
        Self {
            identity,
            boundary: None,
        }
    }

    fn none() -> Self {
        Self {
            identity: Vec::new(),
            boundary: None,
        }
    }

    /// Those of a role.
    pub(crate) fn of_role(state: &State, role: &Role) -> Self {
        let iam = &state.services.iam;
        let inline = role.inline.values().map(|policy| &policy.policy);
        let attached = role.attached.iter().filter_map(|arn| iam.managed(arn));
        let boundary = role.boundary.as_ref();
        Self {
            identity: inline.chain(attached).cloned().collect(),
            boundary: boundary.map(|arn| iam.managed(arn).unwrap_or(&NOTHING).clone()),
        }
    }

    /// Together with what the resource says.
    pub(crate) fn policies<'p>(&'p self, resource: OnResource<'p>) -> Policies<'p> {
        Policies {
            identity: &self.identity,
            boundary: self.boundary.as_ref(),
            resource,
        }
    }
}

impl EvaluatePolicies {
    fn resource_policy(&self, document: &Value) -> Result<ResourcePolicy, PolicyError> {
        let mut read = self.read.lock().unwrap();
        if let Some(policy) = read.get(document) {
            return Ok(policy.clone());
        }
        let policy = ResourcePolicy::of(document)?;
        read.insert(document.clone(), policy.clone());
        Ok(policy)
    }

    fn evaluate(
        &self,
        state: &State,
        access: &Access<'_>,
    ) -> Result<policy_evaluator::Decision, PolicyError> {
        let grants = Grants::of(state, access);
        let principal = evaluated(access.principal, &state.settings.partition)?;
        let arn;
        let target = if access.resource == "*" {
            Target::All
        } else {
            arn = Arn::parse(access.resource)?;
            Target::Resource(&arn)
        };
        let context = policy_evaluator::Context::gather(access.context.iter())?;
        let request = Request {
            principal: &principal,
            action: access.action,
            target,
            owner: &state.settings.account,
            context: &context,
        };
        let Some(document) = access.resource_policy else {
            return Ok(evaluate(&request, &grants.policies(OnResource::None)));
        };
        if access.action == "sts:AssumeRole" {
            let trust = TrustPolicy::of(document)?;
            return Ok(evaluate(
                &request,
                &grants.policies(OnResource::Trust(&trust)),
            ));
        }
        let policy = self.resource_policy(document)?;
        let resource = if access.action.starts_with("kms:") {
            OnResource::Key(&policy)
        } else {
            OnResource::Policy(&policy)
        };
        Ok(evaluate(&request, &grants.policies(resource)))
    }
}

fn evaluated(
    principal: &Principal,
    partition: &str,
) -> Result<policy_evaluator::Principal, PolicyError> {
    let arn = || Arn::parse(&principal.arn(partition));
    Ok(match &principal.kind {
        PrincipalKind::Root => policy_evaluator::Principal::Root(arn()?),
        PrincipalKind::User { .. } => policy_evaluator::Principal::User(arn()?),
        PrincipalKind::Role { name, session } => {
            let account = &principal.account;
            let role = format!("arn:{partition}:iam::{account}:role/{name}");
            policy_evaluator::Principal::session(&role, session)?
        }
        PrincipalKind::Service { name, .. } => policy_evaluator::Principal::Service(name.clone()),
    })
}

/// The end of AWS's message (IAM user guide, "Troubleshoot access denied error messages").
fn because(denied: &policy_evaluator::Decision, action: &str) -> String {
    let kind = |kind: &PolicyKind| match kind {
        PolicyKind::Identity => "an identity-based policy",
        PolicyKind::Boundary => "a permissions boundary",
        PolicyKind::Resource => "a resource-based policy",
    };
    match denied {
        policy_evaluator::Decision::Allowed => String::new(),
        policy_evaluator::Decision::ExplicitDeny(by) => {
            format!("with an explicit deny in {}", kind(&by.policy))
        }
        policy_evaluator::Decision::ImplicitDeny(by) => {
            let kind = kind(by);
            let kind = kind.split_once(' ').map_or(kind, |(_, kind)| kind);
            format!("because no {kind} allows the {action} action")
        }
    }
}
