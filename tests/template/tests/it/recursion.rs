//! Lambda stops a function that runs more than 16 times in one chain of requests (Lambda developer
//! guide, "Use Lambda recursive loop detection"). Lockstep never comes near: it retries by returning a
//! message to its queue, and no chain of sends leads back to the function it began at.

use std::collections::BTreeSet;

use policy_evaluator::{Arn, Context, OnResource, Policies, Principal, Request, Target, evaluate};
use stack_template::{Function, Queue};

use super::{Stack, stack};

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Whether the function's role lets it do `action` to a resource of the stack.
fn may(stack: &Stack, function: &Function, action: &str, on: &str) -> Outcome<bool> {
    let role = stack.roles.iter().find(|role| role.arn == function.role);
    let role = role.ok_or("the function has a role")?;
    let identity: Vec<_> = role.inline.values().map(|one| one.policy.clone()).collect();
    let (resource, context) = (Arn::parse(on)?, Context::over_tls());
    let request = Request {
        principal: &Principal::session(&role.arn, &function.name)?,
        action,
        target: Target::Resource(&resource),
        owner: "123456789012",
        context: &context,
    };
    let policies = Policies {
        identity: &identity,
        boundary: None,
        resource: OnResource::None,
    };
    Ok(evaluate(&request, &policies).is_allowed())
}

/// The functions that this one can wake: through a queue, or by invoking them.
fn wakes<'s>(stack: &'s Stack, function: &Function) -> Outcome<Vec<&'s Function>> {
    let mut woken = Vec::new();
    for other in &stack.functions {
        let mappings = stack.mappings.iter();
        let queues: Vec<&Queue> = mappings
            .filter(|mapping| mapping.function == other.arn)
            .filter_map(|mapping| stack.queues.iter().find(|queue| queue.arn == mapping.queue))
            .collect();
        let mut can = may(stack, function, "lambda:InvokeFunction", &other.arn)?;
        for queue in queues {
            can |= may(stack, function, "sqs:SendMessage", &queue.arn)?;
        }
        if can {
            woken.push(other);
        }
    }
    Ok(woken)
}

#[test]
fn no_function_can_wake_itself_through_a_queue_or_another_function() -> Outcome {
    let stack = stack(&[])?;
    let mut edges = 0;
    for first in &stack.functions {
        let (mut reached, mut next) = (BTreeSet::new(), wakes(&stack, first)?);
        edges += next.len();
        while let Some(function) = next.pop() {
            assert_ne!(function.id, first.id, "{} wakes itself", first.id);
            if reached.insert(&function.id) {
                next.extend(wakes(&stack, function)?);
            }
        }
    }
    assert!(edges >= 3, "the functions wake each other {edges} times");
    Ok(())
}
