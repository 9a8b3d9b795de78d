//! A crash in the middle of a change: the redelivered message goes on from there.

use std::time::Duration;

use scenarios::{ActionText, Error, ManifestText, World};
use serde_json::json;

/// Longer than a change takes, and shorter than anybody wants to wait for a redelivery.
const HIDDEN: Duration = Duration::from_secs(12);

const DRAFT: &str = "/integrations/actions/{actionId}/draft";
const PUBLISH: &str = "/integrations/actions/{actionId}/draft/publish";

/// A world whose queue redelivers soon, and a manifest with one tested action.
async fn world() -> Result<(World, String, ManifestText), Error> {
    let world = World::start().await?;
    world.hide_for("RebindQueueUrl", HIDDEN).await?;
    let secret = world.stack.make_secret("prod/db", "first").await?;
    let orders = ActionText::new("orders", &world.echo(), &[&secret]).tested();
    let manifest = world.manifest().action(orders);
    Ok((world, secret, manifest))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_with_the_draft_open_ends_with_that_draft_published() -> Result<(), Error> {
    let (world, secret, manifest) = world().await?;
    world.settle(&manifest).await?;
    world.quiet().await?;

    world.fault("PATCH", DRAFT, json!({"kind": "timeout", "times": 1}))?;
    let from = world.stack.now().await?;
    let version = world.stack.rotate(&secret, "second").await?;
    world.call_after(0, "PATCH", DRAFT).await?;
    assert!(world.crash("rebind-action")? >= 1, "it was at work");
    world.expect("Change Verified", "orders", from).await?;
    world.quiet().await?;

    assert_eq!(world.calls_of("POST", DRAFT).len(), 1, "one draft");
    assert_eq!(world.calls_of("POST", PUBLISH).len(), 1);
    assert_eq!(world.bound_version("orders").await?, version);
    world.stack.stop().await;
    Ok(())
}
