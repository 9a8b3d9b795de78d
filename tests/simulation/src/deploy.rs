//! Deploying the template, as CloudFormation does.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_simulator::Account;
use aws_simulator::services::{lambda, s3, sqs};
use serde_json::json;
use stack_template::{Place, Stack, Template};

use crate::house::{ORGANIZATION, put_secret_as};
use crate::stand::{Setup, event_source};

/// The template with the parameters of a simulation.
pub(crate) fn deployed(place: Place, setup: &Setup) -> Stack {
    let source = event_source();
    let mut parameters = BTreeMap::from([
        ("OrganizationIds", ORGANIZATION),
        (
            "AllowedFunctionArns",
            "arn:aws:lambda:us-east-1:123456789012:function:Genesys*",
        ),
    ]);
    if setup.genesys_events {
        parameters.insert("GenesysEventSource", &source);
    }
    let more = setup.parameters.iter();
    parameters.extend(more.map(|(name, value)| (name.as_str(), value.as_str())));
    let parameters: Vec<(&str, &str)> = parameters.into_iter().collect();
    let template = Template::of_workspace(place, &parameters).expect("the template is valid");
    template.resolve().expect("the template is valid")
}

/// What CloudFormation creates.
pub(crate) fn create(account: &Account, stack: &Stack) {
    account.deploy_identities(stack);
    let mut state = account.state();
    for bucket in &stack.buckets {
        let policy = bucket.policy.as_ref().map(|policy| policy.json.clone());
        let mut created = s3::Bucket::default();
        created.versioned = bucket.versioned;
        created.event_bridge = bucket.events;
        created.policy = policy;
        created.retention = bucket.lock.as_ref().map(|lock| s3::Retention {
            governance_days: lock.days,
        });
        state.services.s3.put(&bucket.name, created);
    }
    for queue in &stack.queues {
        let mut created = sqs::Queue::new(&queue.name);
        created.content_based_deduplication = queue.content_based_deduplication;
        created.delay = seconds(queue.delay);
        created.visibility_timeout = seconds(queue.visibility_timeout);
        created.retention = seconds(queue.retention);
        created.redrive = queue.redrive.as_ref().map(|redrive| sqs::Redrive {
            dead_letters: last(&redrive.dead_letters, ':'),
            max_receive_count: redrive.max_receive_count,
        });
        created.policy = queue.policy.as_ref().map(|policy| policy.json.clone());
        state.services.sqs.put(created);
    }
    for function in &stack.functions {
        let policy = function.policy.as_ref().map(|policy| policy.json.clone());
        state.services.lambda.put(lambda::Function {
            name: function.name.clone(),
            role: function.role.clone(),
            timeout: u16::try_from(function.timeout.as_secs()).unwrap_or(u16::MAX),
            memory: u16::try_from(function.memory).unwrap_or(u16::MAX),
            environment: function.environment.clone(),
            qualifiers: BTreeMap::new(),
            policy,
            // The driver invokes it in an execution environment.
            body: lambda::Body::immediate(|_| lambda::Ended::Failed(json!("not invoked here"))),
        });
    }
    for bus in &stack.buses {
        state.services.events.put_bus(&bus.name);
    }
    drop(state);
    for secret in &stack.secrets {
        let value = "k".repeat(usize::try_from(secret.length).unwrap_or_default());
        put_secret_as(account, &secret.arn, &secret.name, &value);
    }
}

fn seconds(time: Duration) -> u32 {
    u32::try_from(time.as_secs()).unwrap_or(u32::MAX)
}

fn last(text: &str, separator: char) -> String {
    text.rsplit(separator).next().unwrap_or_default().to_owned()
}
