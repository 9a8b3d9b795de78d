//! The evaluator against what AWS documents: each test names the page of the IAM User Guide that has the case.

mod conditions;
mod elements;
mod evaluation_logic;
mod iam_rs_agrees;
mod principals;
mod strictness;
mod variables;

use policy_evaluator::{
    Arn, Context, Decision, IdentityPolicy, OnResource, Policies, PolicyError, PolicyKind,
    Principal, Request, ResourcePolicy, StatementId, Target, TrustPolicy, evaluate,
};
use serde_json::{Value, json};

type Outcome = Result<(), PolicyError>;

const ACCOUNT: &str = "123456789012";
const OTHER_ACCOUNT: &str = "444455556666";

fn user(name: &str) -> Result<Principal, PolicyError> {
    Arn::parse(&format!("arn:aws:iam::{ACCOUNT}:user/{name}")).map(Principal::User)
}

fn session(role: &str) -> Result<Principal, PolicyError> {
    Principal::session(&format!("arn:aws:iam::{ACCOUNT}:role/{role}"), "one")
}

/// One statement as an identity policy of the current language.
fn identity(statement: Value) -> Result<IdentityPolicy, PolicyError> {
    IdentityPolicy::of(&current(statement))
}

/// One statement as a resource's policy of the current language.
fn on_resource(statement: Value) -> Result<ResourcePolicy, PolicyError> {
    ResourcePolicy::of(&current(statement))
}

fn current(statement: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": statement})
}

fn everything() -> Value {
    json!({"Effect": "Allow", "Action": "*", "Resource": "*"})
}

/// A question with one part changed at a time.
struct Question<'q> {
    who: &'q Principal,
    context: Context,
    owner: &'q str,
}

impl<'q> Question<'q> {
    fn of(who: &'q Principal) -> Self {
        Self {
            who,
            context: Context::over_tls(),
            owner: ACCOUNT,
        }
    }

    fn with(self, context: Context) -> Self {
        Self { context, ..self }
    }

    fn owned_by(self, owner: &'q str) -> Self {
        Self { owner, ..self }
    }

    fn decide(
        &self,
        action: &str,
        on: &str,
        policies: &Policies<'_>,
    ) -> Result<Decision, PolicyError> {
        let resource;
        let target = if on == "*" {
            Target::All
        } else {
            resource = Arn::parse(on)?;
            Target::Resource(&resource)
        };
        let request = Request {
            principal: self.who,
            action,
            target,
            owner: self.owner,
            context: &self.context,
        };
        Ok(evaluate(&request, policies))
    }

    /// Under these identity policies alone.
    fn under(
        &self,
        action: &str,
        on: &str,
        policies: &[IdentityPolicy],
    ) -> Result<Decision, PolicyError> {
        let policies = Policies {
            identity: policies,
            boundary: None,
            resource: OnResource::None,
        };
        self.decide(action, on, &policies)
    }
}

fn denied_by(policy: PolicyKind, sid: &str) -> Decision {
    Decision::ExplicitDeny(StatementId {
        policy,
        sid: Some(sid.to_owned()),
    })
}
