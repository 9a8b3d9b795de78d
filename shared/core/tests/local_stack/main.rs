//! The adapters and the store on a deployed local stack: real HTTP, real conditional writes.
//!
//! All tests share one stack, which ends with the process. They act as the account's root; what
//! each function may do is another matter, proved by the scenarios and the template's policies.

#![expect(
    clippy::unwrap_used,
    reason = "a test's helpers may panic as the test itself may"
)]

mod buckets;
mod services;

use std::sync::LazyLock;

use lockstep::config::Config;
use lockstep::world::World;
use sandbox::{Options, Stack};
use tokio::runtime::Runtime;
use tokio::sync::OnceCell;

/// One runtime for all tests: the stack's tasks live in it.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

static STACK: OnceCell<Stack> = OnceCell::const_new();

/// Runs a test on the shared stack, with the world of one of its functions.
fn on_the_stack(test: impl AsyncFnOnce(&'static Stack, World)) {
    RUNTIME.block_on(async {
        let stack = STACK
            .get_or_init(async || sandbox::start(Options::silent()).await.unwrap())
            .await;
        let world = World::new(config(stack).await, &stack.aws.config);
        test(stack, world).await;
        // The stack is never dropped, so its judge is asked here.
        let violations = stack.genesys.violations();
        assert!(violations.is_empty(), "{}", violations.join("\n"));
    });
}

/// The configuration of the deployed function, from the very variables that the template set.
async fn config(stack: &Stack) -> Config {
    let name = stack.function_name("provision-role").unwrap();
    let function = stack
        .aws
        .lambda
        .get_function_configuration()
        .function_name(name)
        .send()
        .await
        .unwrap();
    let variables = function.environment().unwrap().variables().unwrap().clone();
    Config::from_env(|variable| match variable {
        // These two are Lambda's own.
        "AWS_REGION" => Some(sandbox::REGION.to_owned()),
        "AWS_LAMBDA_FUNCTION_NAME" => Some(name.to_owned()),
        _ => variables.get(variable).cloned(),
    })
    .unwrap()
}

#[test]
fn the_template_sets_every_variable_that_the_code_reads() {
    on_the_stack(async |stack, world| {
        let config = &world.config;
        assert_eq!(config.state_bucket, stack.aws_endpoints().state_bucket);
        assert_eq!(config.event_bus, stack.aws_endpoints().event_bus);
        assert!(config.rebind_queue_url.is_some());
        assert!(config.verify_queue_url.is_some());
        assert!(!config.bounds.organization_ids.is_empty());
    });
}
