//! What Lockstep remembers of a binding instead of reading it again, and what happens where somebody else
//! has changed it since.

use std::time::Duration;

use serde_json::{Value, json};
use simulation::story::{ActionText, Error, Stage, play};

use crate::World;

const ACTION: &str = "/integrations/actions/{actionId}";
const TEST_DRAFT: &str = "/integrations/actions/{actionId}/draft/test";
const INTEGRATION: &str = "/integrations/{integrationId}";

/// A world with one action that uses one secret.
async fn bound(tested: bool) -> Result<(World, String, String), Error> {
    let world = World::start().await?;
    let secret = world.stack.make_secret("prod/db", "first").await?;
    let orders = ActionText::new("orders", &world.echo(), &[&secret]);
    let orders = if tested { orders.tested() } else { orders };
    world.settle(&world.manifest().action(orders)).await?;
    world.quiet().await?;
    let id = world.action_id("orders").await?;
    Ok((world, secret, id))
}

/// So long that what was done is not in the window of the next change.
async fn a_while_later(world: &World) -> Result<(), Error> {
    world.quiet().await?;
    world.stack.pass(Duration::from_secs(60)).await;
    Ok(())
}

async fn mark(world: &World) -> Result<Value, Error> {
    Ok(world.state("orders").await?["mark"].clone())
}

#[test]
fn a_change_that_was_published_over_is_a_violation_that_names_the_other_writers_record()
-> Result<(), Error> {
    play(async || {
        let (world, secret, id) = bound(true).await?;
        // Between the read of the action and the publishing of its draft.
        world.fault("POST", TEST_DRAFT, json!({"latency_ms": 4000, "times": 1}))?;
        let before = world.calls_of("POST", TEST_DRAFT).len();
        let from = world.stack.now().await?;
        world.stack.rotate(&secret, "second").await?;
        world.call_after(before, "POST", TEST_DRAFT).await?;
        world.edit_timeout(&id, 33).await?;
        let violated = world.expect("Change Violated", "orders", from).await?;

        let mut theirs = world.audits_of(&id).await?.into_iter();
        let theirs = theirs.rfind(|record| record["client"]["id"] == world.stranger_id());
        let theirs = theirs.ok_or("the edit has no record")?["id"].clone();
        let findings = violated["findings"].as_array().cloned().unwrap_or_default();
        let over = findings.iter().find(|one| one["id"] == "LS-ACTION-DRIFT");
        let what = over
            .and_then(|one| one["what"].as_str())
            .unwrap_or_default();
        assert!(what.contains("published version"), "{violated:#}");
        assert!(what.contains(theirs.as_str().unwrap_or("?")), "{what}");
        world.stack.stop().await;
        Ok(())
    })
}

#[test]
fn a_rotation_after_somebody_changed_the_action_reads_everything_and_keeps_what_is_not_managed()
-> Result<(), Error> {
    play(async || {
        let (world, secret, id) = bound(false).await?;
        world.edit_timeout(&id, 33).await?;
        a_while_later(&world).await?;
        let read = world.calls_of("GET", INTEGRATION).len();
        let from = world.stack.now().await?;
        let version = world.stack.rotate(&secret, "second").await?;
        world.expect("Change Verified", "orders", from).await?;
        assert!(world.calls_of("GET", INTEGRATION).len() > read);
        assert_eq!(world.bound_version("orders").await?, version);
        let action = world.action(&id).await?;
        assert_eq!(action["config"]["timeoutSeconds"], 33, "{action:#}");
        world.stack.stop().await;
        Ok(())
    })
}

#[test]
fn a_rotation_a_day_after_everything_was_read_reads_everything_again() -> Result<(), Error> {
    play(async || {
        let (world, secret, _) = bound(false).await?;
        let first = mark(&world).await?;
        let mut read = Vec::new();
        for (value, hours) in [("second", 1), ("third", 25)] {
            world.stack.pass(Duration::from_secs(hours * 3600)).await;
            let before = world.calls_of("GET", INTEGRATION).len();
            let from = world.stack.now().await?;
            world.stack.rotate(&secret, value).await?;
            world.expect("Change Verified", "orders", from).await?;
            world.quiet().await?;
            read.push(world.calls_of("GET", INTEGRATION).len() - before);
        }
        assert_eq!(read[0], 0, "an hour later");
        assert!(read[1] > 0, "a day later");
        assert_ne!(mark(&world).await?["read_at"], first["read_at"]);
        world.stack.stop().await;
        Ok(())
    })
}

#[test]
fn where_templates_do_not_raise_the_version_nothing_is_remembered_under_it() -> Result<(), Error> {
    play(async || {
        let (world, secret, id) = bound(false).await?;
        world
            .stack
            .genesys
            .set_switch("version_rises", "not_for_templates")?;
        assert!(mark(&world).await?.is_object());
        for value in ["second", "third"] {
            let from = world.stack.now().await?;
            let version = world.stack.rotate(&secret, value).await?;
            world.expect("Change Verified", "orders", from).await?;
            world.quiet().await?;
            assert_eq!(world.bound_version("orders").await?, version);
            assert!(mark(&world).await?.is_null());
        }
        // Somebody changes a template, which no version shows: the next trigger does.
        world.edit_success_template(&id, "{}").await?;
        a_while_later(&world).await?;
        let from = world.stack.now().await?;
        let version = world.stack.rotate(&secret, "fourth").await?;
        world.expect("Change Verified", "orders", from).await?;
        assert_eq!(world.bound_version("orders").await?, version);
        world.stack.stop().await;
        Ok(())
    })
}

#[test]
fn a_resync_looks_at_what_somebody_changed_and_at_nothing_else() -> Result<(), Error> {
    play(async || {
        let world = World::start().await?;
        let secret = world.stack.make_secret("prod/db", "first").await?;
        let action = |key| {
            let action = ActionText::new(key, &world.echo(), &[&secret]);
            action.with("timeout_seconds", json!(20))
        };
        let manifest = world.manifest().action(action("orders"));
        world.settle(&manifest.action(action("invoices"))).await?;
        a_while_later(&world).await?;
        let id = world.action_id("orders").await?;
        world.edit_timeout(&id, 33).await?;
        a_while_later(&world).await?;

        let patched = world.calls_of("PATCH", ACTION).len();
        let from = world.stack.now().await?;
        world.stack.fire("ResyncSchedule");
        world.expect("Change Verified", "orders", from).await?;
        world.quiet().await?;
        let action = world.action(&id).await?;
        assert_eq!(action["config"]["timeoutSeconds"], 20, "{action:#}");
        assert_eq!(world.calls_of("PATCH", ACTION).len(), patched + 1);
        assert_eq!(world.story_of("invoices", from).await?, [""; 0]);

        // Both actions live in the integration.
        let integration = world.state("orders").await?["integration_id"].clone();
        let path = format!("/{}", integration.as_str().unwrap_or_default());
        let off = json!({"intendedState": "DISABLED"});
        world.stranger("PATCH", &path, Some(off)).await?;
        a_while_later(&world).await?;
        world.stack.fire("ResyncSchedule");
        world.quiet().await?;
        let read = world.stranger("GET", &path, None).await?;
        assert_eq!(read["intendedState"], "ENABLED", "{read:#}");
        world.stack.stop().await;
        Ok(())
    })
}
