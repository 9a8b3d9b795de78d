//! Many changes in one delivery: they share what is read of Genesys Cloud, and nothing else.

use std::time::Duration;

use genesys_simulator::Call;
use simulation::story::{ActionText, Error, Options, Stage, play};

use crate::World;

/// A world in which only Lockstep's own messages wake `verify-change`.
async fn world() -> Result<World, Error> {
    let options = Options {
        genesys_events: false,
        ..Options::default()
    };
    World::with(options).await
}

fn keys(count: usize) -> Vec<String> {
    (0..count)
        .map(|number| format!("orders-{number}"))
        .collect()
}

/// So many actions on one secret, bound and proved; answers the secret.
async fn bound(world: &World, count: usize) -> Result<String, Error> {
    let secret = world.stack.make_secret("prod/db", "first").await?;
    let mut manifest = world.manifest();
    for key in keys(count) {
        manifest = manifest.action(ActionText::new(&key, &world.echo(), &[&secret]));
    }
    world.settle(&manifest).await?;
    world.stack.quiet().await?;
    Ok(secret)
}

/// Rotates the secret while nobody verifies; answers where the events began that come of it.
async fn rotated(world: &World, secret: &str, count: usize) -> Result<usize, Error> {
    let from = world.stack.now().await?;
    world.stack.set_awake("verify-change", false).await?;
    world.stack.rotate(secret, "second").await?;
    for key in keys(count) {
        world.expect("Data Action Rebound", &key, from).await?;
    }
    world.stack.settle(Duration::from_secs(600)).await;
    Ok(from)
}

/// Lets `verify-change` work again, and waits for each verdict; answers the calls to Genesys Cloud.
async fn verified(world: &World, from: usize, count: usize) -> Result<Vec<Call>, Error> {
    let before = world.stack.genesys.calls().len();
    world.stack.set_awake("verify-change", true).await?;
    for key in keys(count) {
        world.expect("Change Verified", &key, from).await?;
    }
    world.stack.quiet().await?;
    let calls = world.stack.genesys.calls().into_iter().skip(before);
    Ok(calls.collect())
}

fn routes(calls: &[Call]) -> Vec<String> {
    let route = |call: &Call| call.route.clone().unwrap_or_else(|| call.path.clone());
    calls
        .iter()
        .map(|call| format!("{} {}", call.method, route(call)))
        .collect()
}

#[test]
fn the_changes_of_one_delivery_share_one_audit_query() -> Result<(), Error> {
    play(async || {
        let world = world().await?;
        let secret = bound(&world, 3).await?;
        let from = rotated(&world, &secret, 3).await?;
        let routes = routes(&verified(&world, from, 3).await?);
        let audits = routes.iter().filter(|route| route.contains("/audits/"));
        assert_eq!(audits.count(), 3, "two mappings and a page: {routes:#?}");
        world.stack.stop().await;
        Ok(())
    })
}

#[test]
fn a_stranger_violates_one_change_of_a_delivery_and_no_other() -> Result<(), Error> {
    play(async || {
        let world = world().await?;
        let secret = bound(&world, 3).await?;
        let from = rotated(&world, &secret, 3).await?;
        let action = world.action_id("orders-1").await?;
        world.edit_timeout(&action, 33).await?;
        world.stack.set_awake("verify-change", true).await?;
        world.expect("Change Violated", "orders-1", from).await?;
        for key in ["orders-0", "orders-2"] {
            world.expect("Change Verified", key, from).await?;
            let emitted = world.story_of(key, from).await?;
            assert!(!emitted.contains(&"Change Violated".to_owned()), "{key}");
        }
        world.stack.stop().await;
        Ok(())
    })
}

#[test]
fn after_a_crash_in_a_delivery_each_of_its_changes_has_one_verdict() -> Result<(), Error> {
    play(async || {
        let world = world().await?;
        let secret = bound(&world, 3).await?;
        let from = rotated(&world, &secret, 3).await?;
        world.stack.set_awake("verify-change", true).await?;
        let first = world
            .stack
            .wait_for_event("Change Verified", from, |_| true);
        first.await?;
        assert_eq!(world.crash("verify-change")?, 1);
        for key in keys(3) {
            world.expect("Change Verified", &key, from).await?;
        }
        world.stack.quiet().await?;
        for key in keys(3) {
            let state = world.state(&key).await?;
            let ended = &state["change"]["phase"]["ended"]["end"];
            assert_eq!(ended, "verified", "{state:#}");
        }
        world.stack.stop().await;
        Ok(())
    })
}

#[test]
fn gathering_changes_does_not_delay_a_verdict() -> Result<(), Error> {
    play(async || {
        let world = world().await?;
        let secret = bound(&world, 2).await?;
        let from = world.stack.now().await?;
        world.stack.rotate(&secret, "second").await?;
        let mut last = Duration::ZERO;
        let mut at = Vec::new();
        for key in keys(2) {
            world.expect("Data Action Rebound", &key, from).await?;
            at.push((key, world.stack.time()));
        }
        for (key, bound) in at {
            world.expect("Change Verified", &key, from).await?;
            let took = world.stack.time().duration_since(bound);
            last = last.max(Duration::try_from(took)?);
        }
        // `VerifyDelaySeconds`, and what the verdict itself takes.
        assert!(last <= Duration::from_secs(63), "{last:?}");
        world.stack.stop().await;
        Ok(())
    })
}
