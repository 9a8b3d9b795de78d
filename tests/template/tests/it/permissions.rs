//! Who lets whom in, decided by the template's own policies.

use policy_evaluator::{
    Arn, Context, Decision, IdentityPolicy, OnResource, Policies, PolicyError, Principal, Request,
    ResourcePolicy, Target, evaluate,
};
use stack_template::{Queue, Role, characters};

use super::*;

fn decide(
    who: &Principal,
    action: &str,
    on: &str,
    context: &Context,
    identity: &[IdentityPolicy],
    resource: OnResource<'_>,
) -> Result<Decision, PolicyError> {
    let arn = Arn::parse(on)?;
    let request = Request {
        principal: who,
        action,
        target: Target::Resource(&arn),
        owner: "123456789012",
        context,
    };
    let policies = Policies {
        identity,
        boundary: None,
        resource,
    };
    Ok(evaluate(&request, &policies))
}

fn may_send(rule: &str, queue: &Queue) -> Result<bool, PolicyError> {
    let Some(policy) = &queue.policy else {
        return Ok(false);
    };
    let events = Principal::Service("events.amazonaws.com".to_owned());
    let context = Context::over_tls().with("aws:SourceArn", rule)?;
    let resource = OnResource::Policy(&policy.policy);
    Ok(decide(
        &events,
        "sqs:SendMessage",
        &queue.arn,
        &context,
        &[],
        resource,
    )?
    .is_allowed())
}

fn inline(role: &Role) -> Vec<IdentityPolicy> {
    role.inline.values().map(|one| one.policy.clone()).collect()
}

/// A rule without the queue's permission loses its events, and without that of its dead letters their trace as well.
#[test]
fn each_rule_may_send_to_its_queues_and_no_other_rule_may() -> Result<(), Box<dyn std::error::Error>>
{
    let stack = stack(&ALL)?;
    let mut sent = 0;
    for queue in &stack.queues {
        for rule in &stack.rules {
            let is_target = rule.targets.iter().any(|target| {
                target.arn == queue.arn || target.dead_letters.as_deref() == Some(&queue.arn)
            });
            let may = may_send(&rule.arn, queue)?;
            assert_eq!(may, is_target, "{} to {}", rule.id, queue.id);
            sent += usize::from(may);
        }
        let foreign = "arn:aws:events:us-east-1:123456789012:rule/Foreign";
        assert!(!may_send(foreign, queue)?, "{}", queue.id);
    }
    assert_eq!(sent, 15, "permissions of rules on queues");
    Ok(())
}

#[test]
fn each_schedule_may_send_to_its_target_and_its_dead_letters()
-> Result<(), Box<dyn std::error::Error>> {
    let stack = stack(&[])?;
    let role = stack.role("SchedulerRole").ok_or("the role")?;
    let who = Principal::session(&role.arn, "schedule")?;
    let policies = inline(role);
    let context = Context::over_tls();
    for schedule in &stack.schedules {
        for on in [Some(&schedule.target), schedule.dead_letters.as_ref()]
            .into_iter()
            .flatten()
        {
            let action = if on.contains(":sqs:") {
                "sqs:SendMessage"
            } else {
                "lambda:InvokeFunction"
            };
            let decision = decide(&who, action, on, &context, &policies, OnResource::None)?;
            assert_eq!(decision, Decision::Allowed, "{} to {on}", schedule.id);
        }
    }
    Ok(())
}

#[test]
fn each_function_may_take_its_queues_messages_and_be_run_by_lambda_only()
-> Result<(), Box<dyn std::error::Error>> {
    let stack = stack(&[])?;
    let context = Context::over_tls();
    for function in &stack.functions {
        let role = stack
            .roles
            .iter()
            .find(|role| role.arn == function.role)
            .ok_or("a role")?;
        for (service, expected) in [
            ("lambda.amazonaws.com", true),
            ("events.amazonaws.com", false),
        ] {
            let who = Principal::Service(service.to_owned());
            let trust = OnResource::Trust(&role.trust.policy);
            let decision = decide(&who, "sts:AssumeRole", &role.arn, &context, &[], trust)?;
            assert_eq!(decision.is_allowed(), expected, "{service} as {}", role.id);
        }
        let who = Principal::session(&role.arn, &function.name)?;
        let taken = stack
            .mappings
            .iter()
            .filter(|mapping| mapping.function == function.arn);
        let taken: Vec<&str> = taken.map(|mapping| mapping.queue.as_str()).collect();
        for queue in &stack.queues {
            for action in [
                "sqs:ReceiveMessage",
                "sqs:DeleteMessage",
                "sqs:GetQueueAttributes",
            ] {
                let policies = inline(role);
                let decision = decide(
                    &who,
                    action,
                    &queue.arn,
                    &context,
                    &policies,
                    OnResource::None,
                )?;
                // A sweep makes fewer requests while bindings wait in their queue.
                let is_seen = action == "sqs:GetQueueAttributes"
                    && (function.id.as_str(), queue.id.as_str())
                        == ("CheckCompliance", "RebindQueue");
                let expected = taken.contains(&queue.arn.as_str()) || is_seen;
                assert_eq!(
                    decision.is_allowed(),
                    expected,
                    "{} {action} {}",
                    function.id,
                    queue.id
                );
            }
        }
    }
    Ok(())
}

/// Secrets Manager calls the rotation function, for secrets of this account.
#[test]
fn secrets_manager_may_invoke_the_rotation_function_only() -> Result<(), Box<dyn std::error::Error>>
{
    let stack = stack(&[])?;
    let service = Principal::Service("secretsmanager.amazonaws.com".to_owned());
    let ask = |arn: &str, policy: Option<&ResourcePolicy>, account: &str| {
        let context = Context::over_tls().with("aws:SourceAccount", account)?;
        let resource = policy.map_or(OnResource::None, OnResource::Policy);
        decide(
            &service,
            "lambda:InvokeFunction",
            arn,
            &context,
            &[],
            resource,
        )
    };
    for function in &stack.functions {
        let policy = function.policy.as_ref().map(|one| &one.policy);
        let own = ask(&function.arn, policy, "123456789012")?.is_allowed();
        assert_eq!(own, function.id == "RotateClient", "{}", function.id);
        let foreign = ask(&function.arn, policy, "210987654321")?;
        assert!(!foreign.is_allowed(), "{}", function.id);
    }
    Ok(())
}

/// Far from IAM's limits, so that a statement more does not stop a deployment.
#[test]
fn policies_stay_below_half_of_what_iam_takes() -> Outcome {
    for role in stack(&ALL)?.roles {
        let counted: usize = role.inline.values().map(|one| characters(&one.json)).sum();
        assert!(counted < 5_120, "{}: {counted}", role.id);
    }
    Ok(())
}
