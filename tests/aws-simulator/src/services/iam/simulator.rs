//! IAM's policy simulator: a role's own policies and its boundary. Resource policies of roles are not simulated (IAM
//! user guide, "Testing IAM policies with the IAM policy simulator").

use policy_evaluator::{Arn, Decision, OnResource, Principal, Request, Target, evaluate};

use super::{answer, invalid, no_such_entity, required, result_of};
use crate::Context;
use crate::error::Rejection;
use crate::exchange::{Exchange, Handled};
use crate::policies::Grants;
use crate::protocol::xml::Element;
use crate::services::form;

pub(super) fn simulate(exchange: &mut Exchange<'_>) -> Handled {
    let form = form(
        exchange,
        &["PolicySourceArn", "ActionNames", "ResourceArns"],
    )?;
    let source = required(&form, "PolicySourceArn")?;
    let name = source.rsplit('/').next().unwrap_or(source).to_owned();
    // On the role's own ARN: it may have a path or belong to nobody here.
    exchange.authorize("iam:SimulatePrincipalPolicy", source, Context::new(), None)?;
    let known = exchange.role_arn(&name) == source;
    let role = exchange.state.services.iam.decisive(exchange.now, &name);
    let Some(role) = role.filter(|_| known) else {
        let message = format!("The role with name {name} cannot be found.");
        return Err(no_such_entity(message).into());
    };
    let grants = Grants::of_role(exchange.state, &role);
    let (actions, resources) = (form.list("ActionNames"), form.list("ResourceArns"));
    if actions.is_empty() {
        return Err(invalid("actionNames").into());
    }
    // With several resources the answer has another layout, which nobody here reads.
    let [resource] = resources.as_slice() else {
        let problem = format!(
            "iam:SimulatePrincipalPolicy of {} resources",
            resources.len()
        );
        return Err(Rejection::unsupported(problem));
    };
    let mut results = Element::new("EvaluationResults");
    for action in &actions {
        let decision = decide(exchange, source, &grants, action, resource)?;
        let result = Element::new("member")
            .text("EvalActionName", action)
            .text("EvalResourceName", resource)
            .text("EvalDecision", decision);
        results = results.child(result);
    }
    let result = result_of(exchange)
        .child(results)
        .text("IsTruncated", "false");
    Ok(answer(exchange, Some(result)))
}

/// Botocore's model, `PolicyEvaluationDecisionType`.
fn decide(
    exchange: &Exchange<'_>,
    role: &str,
    grants: &Grants,
    action: &str,
    resource: &str,
) -> Result<&'static str, Rejection> {
    let gap = |error: policy_evaluator::PolicyError| Rejection::unsupported(error.to_string());
    let arn = Arn::parse(resource).map_err(gap)?;
    let request = Request {
        principal: &Principal::session(role, "simulated").map_err(gap)?,
        action,
        target: Target::Resource(&arn),
        owner: &exchange.state.settings.account,
        context: &policy_evaluator::Context::over_tls(),
    };
    Ok(
        match evaluate(&request, &grants.policies(OnResource::None)) {
            Decision::Allowed => "allowed",
            Decision::ExplicitDeny(_) => "explicitDeny",
            Decision::ImplicitDeny(_) => "implicitDeny",
        },
    )
}
