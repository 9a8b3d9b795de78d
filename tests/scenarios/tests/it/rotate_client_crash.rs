//! The rotation function is ended in the middle of a step, while it holds its lease.

use std::time::Duration;

use sandbox::{RotateOptions, Rotated, Step};
use scenarios::rotation::RESET;
use scenarios::{Error, PATIENCE, World};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::rotate_client::{DB_VALUES, named_pair, swapped, told, world};

/// How long the function may work at most, and so how long its lease lasts after a crash.
const TIMEOUT: Duration = Duration::from_secs(32);

/// Between two attempts to go through a rotation again.
const BETWEEN: Duration = Duration::from_secs(1);

const ONCE_MORE: RotateOptions = RotateOptions {
    stop_after: None,
    again: true,
    once: true,
};

/// Goes through the pending rotation once, and ends the function at a call that is never answered.
async fn crash_at(
    world: &World,
    secret: &str,
    (method, route): (&str, &str),
    kind: &str,
) -> Result<(), Error> {
    let before = world.calls_of(method, route).len();
    world.fault(method, route, json!({"kind": kind, "times": 1}))?;
    let mut rotating = Box::pin(world.stack.rotate_client(secret, ONCE_MORE));
    tokio::select! {
        called = world.call_after(before, method, route) => called?,
        rotated = &mut rotating => {
            return Err(format!("{method} {route} is not called: {:#?}", rotated?).into());
        }
    }
    assert!(world.crash("rotate-client")? >= 1, "it was at work");
    let rotated = rotating.await?;
    assert!(!rotated.done, "{method} {route} {kind}: {rotated:#?}");
    Ok(())
}

/// Goes through the pending rotation again and again, as Secrets Manager may, until it is done.
async fn until_done(world: &World, secret: &str) -> Result<Rotated, Error> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let rotated = world.stack.rotate_client(secret, ONCE_MORE).await?;
        if rotated.done {
            return Ok(rotated);
        }
        if Instant::now() > deadline {
            return Err(format!("it is never done: {rotated:#?}").into());
        }
        sleep(BETWEEN).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_is_killed_is_gone_through_again_once_its_lease_is_over_and_no_call_fails()
-> Result<(), Error> {
    let (world, db, action) = world().await?;
    world
        .stack
        .times_out_after("rotate-client", TIMEOUT)
        .await?;
    let (secret, mut in_force) = named_pair(&world, &db).await?;
    let canary = world.sign_in_canary(&secret, std::slice::from_ref(&action))?;
    let mut planted = vec![DB_VALUES[0].to_owned(), world.client_secret(&secret).await?];

    // Before the reset, with the reset done and its answer lost, and with the new secret stored.
    let kills = [
        (Step::Create, ("POST", RESET), "timeout"),
        (Step::Create, ("POST", RESET), "applied_then_timeout"),
        (Step::Test, ("GET", "/organizations/me"), "timeout"),
    ];
    for (step, call, kind) in kills {
        let at = format!("{step:?} {call:?} {kind}");
        let resets = world.resets();
        world.days_pass(&secret).await?;
        let token = world.stack.begin_rotation(&secret).await?;
        if step == Step::Test {
            for step in [Step::Create, Step::Set] {
                let made = world.stack.rotation_step(&secret, &token, step).await?;
                assert!(!made.failed, "{at}: {made:#?}");
            }
        }
        crash_at(&world, &secret, call, kind).await?;
        canary.once_more().await;
        // Whether the killed run still works nobody can know until its lease is over.
        let early = world.stack.rotate_client(&secret, ONCE_MORE).await?;
        assert!(
            early.problem().contains("another delivery is at work"),
            "{at}: {early:#?}"
        );
        let rotated = until_done(&world, &secret).await?;
        assert_eq!(rotated.version_id, token, "{at}");
        in_force = swapped(&world, &secret, in_force).await?;
        planted.push(world.client_secret(&secret).await?);
        let expected = if step == Step::Create { 2 } else { 1 };
        assert_eq!(world.resets(), resets + expected, "{at}");
        let events = told(&world, "Client Rotated", &token).await?;
        assert_eq!(events.len(), 1, "{at}: {events:#?}");
        canary.once_more().await;
    }
    assert_eq!(canary.stop().await?, [""; 0], "calls that failed");
    world.ends_clean(&[], &planted).await
}
