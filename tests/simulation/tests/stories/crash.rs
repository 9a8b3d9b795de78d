//! A crash in the middle of a change: the redelivered message goes on from there.

use std::time::Duration;

use genesys_simulator::IntegrationSettings;
use serde_json::{Value, json};
use simulation::story::{ActionText, Error, ManifestText, Stage, play};

use crate::World;

/// Longer than a change takes.
const HIDDEN: Duration = Duration::from_secs(120);

const ACTIONS: &str = "/integrations/actions";
const TEMPLATE: &str = "/integrations/actions/{actionId}/templates/{fileName}";
const DRAFT: &str = "/integrations/actions/{actionId}/draft";
const PUBLISH: &str = "/integrations/actions/{actionId}/draft/publish";
const TEST: &str = "/integrations/actions/{actionId}/test";

/// A world, and a manifest with one tested action.
async fn world() -> Result<(World, String, ManifestText), Error> {
    let world = World::start().await?;
    let secret = world.stack.make_secret("prod/db", "first").await?;
    let orders = ActionText::new("orders", &world.echo(), &[&secret]).tested();
    let manifest = world.manifest().action(orders);
    Ok((world, secret, manifest))
}

/// The live test in the evidence of a change.
async fn test_in_evidence(world: &World, verified: &Value) -> Result<Value, Error> {
    let uri = verified["evidence"].as_str().unwrap_or_default();
    let evidence = world.stack.evidence(uri).await?;
    let evidence = evidence.ok_or_else(|| format!("there is no {uri}"))?;
    Ok(evidence["body"]["test"].clone())
}

#[test]
fn a_crash_between_a_new_action_and_its_test_does_not_lose_the_test() -> Result<(), Error> {
    play(async || {
        let (world, _, manifest) = world().await?;
        // The test is asked for and never answered.
        world.fault("POST", TEST, json!({"kind": "timeout", "times": 1}))?;

        let from = world.upload(&manifest).await?;
        world.call_after(0, "POST", TEST).await?;
        assert_eq!(world.calls_of("POST", ACTIONS).len(), 1);
        assert!(world.crash("rebind-action")? >= 1, "it was at work");
        let verified = world.expect("Change Verified", "orders", from).await?;
        world.quiet().await?;

        let created = world.calls_of("POST", ACTIONS);
        assert_eq!(created.len(), 1, "{created:#?}");
        assert_eq!(world.calls_of("POST", TEST).len(), 2);
        let test = test_in_evidence(&world, &verified).await?;
        assert_eq!(test["passed"], true, "{test:#}");
        let emitted = world.story_of("orders", from).await?;
        assert_eq!(emitted, ["Data Action Rebound", "Change Verified"]);
        world.stack.stop().await;
        Ok(())
    })
}

#[test]
fn a_crash_before_the_first_action_of_a_new_integration_still_lets_that_one_settle()
-> Result<(), Error> {
    play(async || {
        let (world, _, manifest) = world().await?;
        let genesys = &world.stack.genesys;
        world.hide_for("RebindQueueUrl", HIDDEN).await?;
        genesys.set_switch("fresh_integration_actions", "refuse")?;
        // Still fresh when the message comes again.
        genesys.set_integrations(&IntegrationSettings {
            activation_seconds: Some(HIDDEN.as_secs_f64() + 3.0),
            integration_id: None,
            in_error: None,
        })?;
        world.fault("POST", ACTIONS, json!({"kind": "timeout", "times": 1}))?;

        let from = world.upload(&manifest).await?;
        world.call_after(0, "POST", ACTIONS).await?;
        assert!(world.crash("rebind-action")? >= 1, "it was at work");
        world.expect("Change Verified", "orders", from).await?;
        world.quiet().await?;

        let emitted = world.story_of("orders", from).await?;
        assert_eq!(emitted, ["Data Action Rebound", "Change Verified"]);
        assert_eq!(world.calls_of("POST", "/integrations").len(), 1);
        world.stack.stop().await;
        Ok(())
    })
}

#[test]
fn a_change_that_crashed_after_publishing_is_continued_and_nothing_is_published_twice()
-> Result<(), Error> {
    play(async || {
        let (world, secret, manifest) = world().await?;
        world.settle(&manifest).await?;
        world.quiet().await?;

        // Time enough to see that the draft is at work, and to let the next look at the action hang.
        world.fault("PATCH", DRAFT, json!({"latency_ms": 1500, "times": 1}))?;
        let (drafted, from) = (
            world.calls_of("PATCH", DRAFT).len(),
            world.stack.now().await?,
        );
        let version = world.stack.rotate(&secret, "second").await?;
        world.call_after(drafted, "PATCH", DRAFT).await?;
        world.fault("GET", TEMPLATE, json!({"kind": "timeout", "times": 1}))?;
        let looked = world.calls_of("GET", TEMPLATE).len();
        world.call_after(looked, "GET", TEMPLATE).await?;
        assert_eq!(world.calls_of("POST", PUBLISH).len(), 1);
        assert!(world.crash("rebind-action")? >= 1, "it was at work");
        assert_eq!(world.story_of("orders", from).await?, [""; 0]);

        let verified = world.expect("Change Verified", "orders", from).await?;
        world.quiet().await?;

        assert_eq!(world.calls_of("POST", PUBLISH).len(), 1);
        assert_eq!(world.bound_version("orders").await?, version);
        let test = test_in_evidence(&world, &verified).await?;
        assert_eq!([&test["passed"], &test["on_draft"]], [true, true]);
        let emitted = world.story_of("orders", from).await?;
        assert_eq!(emitted, ["Data Action Rebound", "Change Verified"]);
        world.stack.stop().await;
        Ok(())
    })
}
