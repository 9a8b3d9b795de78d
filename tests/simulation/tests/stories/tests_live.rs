//! A live test that fails: rolled back where the old version still works, held where it doesn't.

use serde_json::{Value, json};
use simulation::story::{ActionText, Error, ManifestText, Stage, play};

use crate::World;

/// An action whose live test fails for a secret version that does not work.
async fn picky(world: &World, secret: &str) -> Result<ActionText, Error> {
    let test = json!({"input": {"order_id": "A-100"}, "expect": {"ok": true}, "safe": true});
    Ok(ActionText::new("orders", &world.picky().await?, &[secret]).with("test", test))
}

async fn settled(overlap: bool) -> Result<(World, String, ManifestText), Error> {
    let world = World::start().await?;
    let secret = world.stack.make_secret("prod/db", "first").await?;
    let action = picky(&world, &secret).await?;
    let action = if overlap {
        action.alternating()
    } else {
        action
    };
    let manifest = world.manifest().action(action);
    world.settle(&manifest).await?;
    world.quiet().await?;
    Ok((world, secret, manifest))
}

fn notices(answer: &Value) -> String {
    answer["notices"].to_string()
}

#[test]
fn with_overlap_a_failed_test_rolls_back_and_is_held_until_a_person_says_so() -> Result<(), Error> {
    play(async || {
        let (world, secret, _) = settled(true).await?;
        let id = world.action_id("orders").await?;
        let before = world.action(&id).await?;

        let from = world.stack.now().await?;
        let bad = world.rotate_badly(&secret, 1).await?;
        let rolled_back = world.expect("Rebind Rolled Back", "orders", from).await?;

        assert_eq!(rolled_back["secrets"][0]["version_id"], json!(bad));
        assert_eq!(
            world.action(&id).await?,
            before,
            "what is live was never touched"
        );
        let draft = world
            .stranger("GET", &format!("/actions/{id}/draft"), None)
            .await;
        assert!(draft.is_err(), "the draft is left: {draft:?}");
        let evidence = world.evidence_of(&rolled_back).await?;
        assert_eq!(evidence["body"]["test"]["passed"], false, "{evidence:#}");

        // Another trigger of the same state changes nothing.
        world.quiet().await?;
        let writes = world.writes();
        let answer = world.ask("rebind-action", json!({"mode": "apply"})).await?;
        assert!(notices(&answer).contains("held"), "{answer:#}");
        world
            .ask("provision-role", json!({"mode": "apply"}))
            .await?;
        world.quiet().await?;
        assert_eq!(world.writes(), writes);
        assert_eq!(
            world
                .story_of("orders", from)
                .await?
                .iter()
                .filter(|emitted| *emitted == "Rebind Rolled Back")
                .count(),
            1
        );

        // A person says so: it is tried again, and fails again.
        let from = world.stack.now().await?;
        let again = json!({"mode": "apply", "retry": true, "keys": ["orders"]});
        world.ask("rebind-action", again).await?;
        let again = world.expect("Rebind Rolled Back", "orders", from).await?;
        assert_eq!(again["change_id"], rolled_back["change_id"]);
        assert_eq!(world.evidence_of(&again).await?["body"]["attempt"], 2);
        assert_eq!(world.action(&id).await?, before);

        // A newer version clears the hold.
        let from = world.stack.now().await?;
        let good = world.stack.rotate(&secret, "works again").await?;
        world.expect("Change Verified", "orders", from).await?;
        assert_eq!(world.bound_version("orders").await?, good);
        world.stack.stop().await;
        Ok(())
    })
}

#[test]
fn without_overlap_the_new_version_stays_unhealthy_and_held_until_a_newer_one_works()
-> Result<(), Error> {
    play(async || {
        let (world, secret, _) = settled(false).await?;

        let from = world.stack.now().await?;
        let bad = world.rotate_badly(&secret, 1).await?;
        let unhealthy = world
            .expect("Data Action Unhealthy", "orders", from)
            .await?;

        // The old password is dead: going back would be an outage.
        assert_eq!(unhealthy["secrets"][0]["version_id"], json!(bad));
        assert_eq!(world.bound_version("orders").await?, bad);
        let verified = world.expect("Change Verified", "orders", from).await?;
        let evidence = world.evidence_of(&verified).await?;
        assert_eq!(evidence["body"]["unhealthy"], true, "{evidence:#}");
        let emitted = world.story_of("orders", from).await?;
        assert!(
            !emitted.contains(&"Data Action Rebound".to_owned()),
            "{emitted:?}"
        );

        world.quiet().await?;
        let (writes, from) = (world.writes(), world.stack.now().await?);
        let answer = world.ask("rebind-action", json!({"mode": "apply"})).await?;
        assert_eq!(answer["steps"], json!([]), "{answer:#}");
        world
            .ask("provision-role", json!({"mode": "apply"}))
            .await?;
        world.quiet().await?;
        assert_eq!(world.writes(), writes);
        assert_eq!(world.story_of("orders", from).await?, Vec::<String>::new());
        let state = world.state("orders").await?;
        assert_eq!(
            state["held"]["change_id"], unhealthy["change_id"],
            "{state:#}"
        );

        let good = world.stack.rotate(&secret, "works again").await?;
        world.expect("Data Action Rebound", "orders", from).await?;
        world.expect("Change Verified", "orders", from).await?;
        assert_eq!(world.bound_version("orders").await?, good);
        assert!(world.state("orders").await?["held"].is_null());
        world.stack.stop().await;
        Ok(())
    })
}
