//! Mode `plan`: everything is computed and answered, and nothing is written.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use simulation::story::{ActionText, Error, Stage, play};

use crate::World;

/// What a plan is about, as `system kind verb`.
fn steps(answer: &Value) -> BTreeSet<String> {
    let steps = answer["steps"].as_array();
    let text = |step: &Value, member: &str| step[member].as_str().unwrap_or("?").to_owned();
    steps
        .into_iter()
        .flatten()
        .map(|step| {
            ["system", "kind", "verb"]
                .map(|member| text(step, member))
                .join(" ")
        })
        .collect()
}

#[test]
fn a_manifest_in_mode_plan_is_accepted_and_nothing_else_is_written() -> Result<(), Error> {
    play(async || {
        let world = World::start().await?;
        let secret = world.stack.make_secret("prod/db", "first").await?;
        let orders = ActionText::new("orders", &world.echo(), &[&secret]).tested();
        let applied = world.manifest().action(orders);
        let planned = applied.clone().organization("mode", json!("plan"));

        let from = world.upload(&planned).await?;
        world.expect_any("Manifest Accepted", from).await?;
        world.quiet().await?;
        // The stricter of the two wins.
        let roles = world
            .ask("provision-role", json!({"mode": "apply"}))
            .await?;
        let actions = world.ask("rebind-action", json!({"mode": "apply"})).await?;
        world.quiet().await?;

        assert_eq!([&roles["mode"], &actions["mode"]], ["plan", "plan"]);
        let wanted = ["iam role create", "iam role_policy create"];
        assert_eq!(steps(&roles), wanted.map(str::to_owned).into());
        let wanted = [
            "genesys action create",
            "genesys credential create",
            "genesys integration create",
            "genesys integration enable",
            "genesys integration_config update",
        ];
        assert_eq!(steps(&actions), wanted.map(str::to_owned).into());
        world.wrote_nothing().await?;
        let emitted = world.stack.events().await?;
        let emitted: Vec<_> = emitted
            .iter()
            .map(|event| event.detail_type.as_str())
            .collect();
        assert_eq!(emitted, ["Manifest Accepted"]);

        world.settle(&applied).await?;
        world.stack.stop().await;
        Ok(())
    })
}

#[test]
fn a_plan_asked_for_by_hand_writes_nothing() -> Result<(), Error> {
    play(async || {
        let world = World::start().await?;
        let secret = world.stack.make_secret("prod/db", "first").await?;
        let orders = ActionText::new("orders", &world.echo(), &[&secret]).tested();
        let applied = world.manifest().action(orders);
        world.settle(&applied).await?;
        world.quiet().await?;

        // From now on the manifest only plans, so a rotation is seen and not acted on.
        let planned = applied.clone().organization("mode", json!("plan"));
        let from = world.upload(&planned).await?;
        world.expect_any("Manifest Accepted", from).await?;
        world.quiet().await?;
        let before = (world.writes(), world.state("orders").await?);
        let version = world.stack.rotate(&secret, "second").await?;
        world.expect_any("Secret Label Updated", from).await?;
        world.quiet().await?;
        let answer = world.ask("rebind-action", json!({"mode": "plan"})).await?;

        let text = answer["text"].as_str().unwrap_or_default();
        assert!(text.contains(&version), "{text}");
        assert!(
            steps(&answer).contains("genesys draft publish"),
            "{answer:#}"
        );
        let after = (world.writes(), world.state("orders").await?);
        assert_eq!(after, before);
        assert_ne!(world.bound_version("orders").await?, version);

        let from = world.upload(&applied).await?;
        world.expect("Change Verified", "orders", from).await?;
        assert_eq!(world.bound_version("orders").await?, version);
        world.stack.stop().await;
        Ok(())
    })
}
