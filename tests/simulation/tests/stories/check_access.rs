//! Who else may reach what is bound, and what somebody answers for.

use jiff::SignedDuration;
use serde_json::{Value, json};
use simulation::story::{ActionText, Error, ManifestText, Stage, play};

use crate::World;

fn manifest(world: &World, secret: &str) -> ManifestText {
    let action = ActionText::new("orders", &world.echo(), &[secret]).tested();
    world.manifest().action(action)
}

async fn bound() -> Result<(World, String), Error> {
    let world = World::start().await?;
    let secret = world.stack.make_secret("prod/db", "first").await?;
    world.settle(&manifest(&world, &secret)).await?;
    world.quiet().await?;
    Ok((world, secret))
}

fn failed(report: &Value) -> Vec<&str> {
    let findings = report["findings"].as_array().into_iter().flatten();
    let failed = findings.filter(|one| one["status"] == "failed");
    failed.filter_map(|one| one["id"].as_str()).collect()
}

fn allow(action: &str, principal: &Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*"}
    ]})
}

/// Everyone may invoke the function, and another account may read the secret.
fn open_up(world: &World, secret: &str) {
    let now = world.stack.clock.now();
    let echo = world.echo();
    let name = echo.rsplit(':').next().unwrap_or_default();
    let mut state = world.stack.account.state();
    let services = &mut state.services;
    if let Some(mut function) = services.lambda.function(name).cloned() {
        function.policy = Some(allow("lambda:InvokeFunction", &json!("*")));
        services.lambda.put(function);
    }
    if let Some(mut bound) = services.secrets.find(secret, now).cloned() {
        let other = json!({"AWS": "111122223333"});
        bound.policy = Some(allow("secretsmanager:GetSecretValue", &other));
        services.secrets.put(bound);
    }
}

#[test]
fn whoever_else_may_call_the_function_or_read_the_secret_is_found() -> Result<(), Error> {
    play(async || {
        let (world, secret) = bound().await?;
        open_up(&world, &secret);
        let report = world.sweep("plan").await?;
        assert_eq!(failed(&report), ["LS-FUNCTION-PUBLIC", "LS-SECRET-READERS"]);
        assert!(report["findings"].to_string().contains("111122223333"));
        world.stack.stop().await;
        Ok(())
    })
}

#[test]
fn an_action_that_nobody_manages_in_a_managed_integration_is_found() -> Result<(), Error> {
    play(async || {
        let (world, _) = bound().await?;
        let state = world.state("orders").await?;
        let integration = state["integration_id"].clone();
        let schema = json!({"type": "object", "properties": {}});
        let theirs = json!({
            "name": "Theirs", "category": "Theirs", "integrationId": integration,
            "contract": {"input": {"inputSchema": schema}, "output": {"successSchema": schema}},
            "config": {"request": {"requestUrlTemplate": world.echo(), "requestType": "POST"}},
        });
        let stranger = world.stack.organization().other_client();
        let path = "/api/v2/integrations/actions";
        world.genesys(stranger, "POST", path, Some(theirs)).await?;
        let report = world.sweep("plan").await?;
        assert_eq!(failed(&report), ["LS-ACTION-UNMANAGED"], "{report:#}");
        assert!(report["findings"].to_string().contains("Theirs"));
        world.stack.stop().await;
        Ok(())
    })
}

#[test]
fn an_excepted_failure_is_counted_as_such_and_an_exception_that_covers_nothing_is_found()
-> Result<(), Error> {
    play(async || {
        let (world, secret) = bound().await?;
        open_up(&world, &secret);
        let exception = |check: &str| {
            json!({
                "check": check, "resource": secret, "reason": "the auditors read it",
                "owner": "platform team", "expires": "2100-01-01",
            })
        };
        let far =
            manifest(&world, &secret).with("exceptions", json!([exception("LS-SECRET-READERS")]));
        world.upload(&far).await?;
        world.quiet().await?;
        let report = world.sweep("plan").await?;
        assert_eq!(report["excepted"], 0, "it expires too late: {report:#}");
        assert!(failed(&report).contains(&"LS-EXCEPTION"), "{report:#}");

        let later = world.stack.clock.now() + SignedDuration::from_hours(30 * 24);
        let later = later.to_string();
        let soon = |check: &str| {
            let mut one = exception(check);
            one["expires"] = later.split('T').next().unwrap_or_default().into();
            one
        };
        let both = json!([soon("LS-SECRET-READERS"), soon("LS-SECRET-AGE")]);
        world
            .upload(&manifest(&world, &secret).with("exceptions", both))
            .await?;
        world.quiet().await?;
        let report = world.sweep("plan").await?;
        assert_eq!(report["excepted"], 1, "{report:#}");
        let found = ["LS-FUNCTION-PUBLIC", "LS-EXCEPTION"];
        assert_eq!(
            failed(&report),
            found,
            "the second one is unused: {report:#}"
        );
        world.stack.stop().await;
        Ok(())
    })
}
