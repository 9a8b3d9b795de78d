//! Many changes in one delivery: they share what is read of Genesys Cloud, and nothing else.

use std::time::Duration;

use genesys_simulator::Call;
use serde_json::json;
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
    let mut manifest = world.manifest().organization("max_changes", json!(count));
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

/// What a rotation of one secret came to.
struct Rotation {
    /// Lockstep's calls, without those to the audit log.
    calls: Vec<Call>,
    /// From the rotation until the last action was bound.
    bound_after: Duration,
    /// Until the last verdict.
    verified_after: Duration,
}

async fn rotation(world: &World, secret: &str, count: usize) -> Result<Rotation, Error> {
    let ours = &world.stack.genesys.client().id;
    let (from, before) = (world.stack.now().await?, world.stack.genesys.calls().len());
    let begun = world.stack.time();
    let since = || Duration::try_from(world.stack.time().duration_since(begun));
    world.stack.rotate(secret, "second").await?;
    for key in keys(count) {
        world.expect("Data Action Rebound", &key, from).await?;
    }
    let bound_after = since()?;
    for key in keys(count) {
        world.expect("Change Verified", &key, from).await?;
    }
    let verified_after = since()?;
    let calls = world.stack.genesys.calls().into_iter().skip(before);
    let calls = calls.filter(|call| call.client_id.as_ref() == Some(ours));
    Ok(Rotation {
        calls: calls.collect(),
        bound_after,
        verified_after,
    })
}

/// The most calls that arrived within a minute.
fn in_the_busiest_minute(calls: &[Call]) -> usize {
    let minute = jiff::SignedDuration::from_mins(1);
    let within = |first: usize| {
        let end = calls[first].at + minute;
        calls[first..]
            .iter()
            .take_while(|call| call.at < end)
            .count()
    };
    (0..calls.len()).map(within).max().unwrap_or_default()
}

/// What all environments together may do in a minute, and what one rotation of an action may take.
const BUDGET: usize = 240;
const CALLS_EACH: usize = 4;

async fn stays_within_the_budget(count: usize) -> Result<(), Error> {
    let world = world().await?;
    let secret = bound(&world, count).await?;
    // As some hours later, when nothing of the first binding counts any more.
    world.stack.pass(Duration::from_secs(3_600)).await;
    let rotation = rotation(&world, &secret, count).await?;
    let calls = rotation.calls.len();
    println!(
        "{count} actions: {calls} calls, bound after {:?}, verified after {:?}",
        rotation.bound_after, rotation.verified_after
    );
    assert!(rotation.calls.iter().all(|call| call.status != Some(429)));
    let busiest = in_the_busiest_minute(&rotation.calls);
    assert!(busiest <= BUDGET, "{busiest} calls in a minute");
    let allowed = u32::try_from(count * CALLS_EACH)? * Duration::from_mins(1) / 240;
    let allowed = allowed.mul_f64(1.05);
    assert!(
        rotation.bound_after <= allowed,
        "{:?} > {allowed:?}",
        rotation.bound_after
    );
    world.stack.stop().await;
    Ok(())
}

#[test]
#[ignore = "takes minutes"]
fn a_secret_of_a_hundred_actions_reaches_them_within_the_budget() -> Result<(), Error> {
    play(async || stays_within_the_budget(100).await)
}

#[test]
fn verifying_a_delivery_takes_a_call_for_fifty_changes_and_a_few() -> Result<(), Error> {
    play(async || {
        let world = world().await?;
        let secret = bound(&world, 60).await?;
        let from = rotated(&world, &secret, 60).await?;
        let calls = verified(&world, from, 60).await?;
        let records = world.stack.genesys.deeds().len();
        let allowed = 60_usize.div_ceil(50) + records.div_ceil(500) + 4;
        assert!(
            calls.len() <= allowed,
            "{} > {allowed}: {:#?}",
            calls.len(),
            routes(&calls)
        );
        world.stack.stop().await;
        Ok(())
    })
}

#[test]
fn a_single_change_is_looked_at_with_one_call_beside_the_audit_log() -> Result<(), Error> {
    play(async || {
        let world = world().await?;
        let secret = bound(&world, 1).await?;
        let from = rotated(&world, &secret, 1).await?;
        let routes = routes(&verified(&world, from, 1).await?);
        let others = routes.iter().filter(|route| !route.contains("/audits/"));
        let others: Vec<&String> = others.collect();
        assert_eq!(others, ["GET /api/v2/integrations/actions/{actionId}"]);
        world.stack.stop().await;
        Ok(())
    })
}
