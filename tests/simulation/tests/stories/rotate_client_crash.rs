//! The rotation function ends in the middle of a step, while it has its lease.

use std::collections::BTreeSet;
use std::time::Duration;

use simulation::story::{Error, RotateOptions, Rotated, play};
use simulation::{Kind, Step};

use crate::World;
use crate::rotate_client::{DB_VALUES, emitted, named_pair, swapped, world};
use crate::writes::writes;

const FUNCTION: &str = "RotateClient";
/// The call that resets a client.
const RESET_CALL: &str = "POST /api/v2/oauth/clients/{id}/secret";

/// Longer than a lease of the function lasts.
const LEASE: Duration = Duration::from_secs(5 * 60);

const ONCE_MORE: RotateOptions = RotateOptions {
    stop_after: None,
    again: true,
    once: true,
};

/// How often a rotation is begun again before it is given up.
const ROUNDS: usize = 3;

/// Has Secrets Manager go through the pending rotation until it is done.
async fn until_done(world: &World, secret: &str) -> Result<Rotated, Error> {
    let again = RotateOptions {
        again: true,
        ..RotateOptions::default()
    };
    let mut rotated = world.stack.rotate_client(secret, again).await?;
    for _ in 0..ROUNDS {
        if rotated.done {
            break;
        }
        world.stack.pass(LEASE).await;
        rotated = world.stack.rotate_client(secret, again).await?;
    }
    assert!(rotated.done, "it is never done: {rotated:#?}");
    Ok(rotated)
}

#[test]
fn a_step_that_crashed_is_repeated_once_its_lease_is_over_and_no_call_fails() -> Result<(), Error> {
    play(async || {
        let (world, db, action) = world().await?;
        let (secret, mut turns) = named_pair(&world, &db).await?;
        let canary = world.sign_in_canary(&secret, std::slice::from_ref(&action))?;
        let mut planted = vec![DB_VALUES[0].to_owned(), world.client_secret(&secret).await?];

        // Before the reset, with the reset done and its answer lost, and with the new secret stored. Where a reset
        // may have been made, its secret is lost: there is another.
        let crashes = [
            (Step::Create, "s3:PutObject", 1, 1),
            (Step::Create, RESET_CALL, 0, 2),
            (Step::Test, "GET /api/v2/organizations/me", 0, 1),
        ];
        for (step, operation, after, expected) in crashes {
            let at = format!("{step:?} {operation}");
            let resets = world.resets();
            world.stack.days_pass().await?;
            let token = world.stack.begin_rotation(&secret).await?;
            if step == Step::Test {
                for step in [Step::Create, Step::Set] {
                    let made = world.stack.rotation_step(&secret, &token, step).await;
                    assert!(!made.failed, "{at}: {made:#?}");
                }
            }
            world
                .stack
                .faults
                .plan_call(FUNCTION, operation, after, Kind::Crash);
            let crashed = world.stack.rotate_client(&secret, ONCE_MORE).await?;
            assert!(!crashed.done, "{at}: {crashed:#?}");
            canary.once_more().await;
            // Whether the crashed run is still at work nobody can know until its lease is over.
            let early = world.stack.rotate_client(&secret, ONCE_MORE).await?;
            let problem = early.problem();
            assert!(
                problem.contains("another invocation is working"),
                "{at}: {early:#?}"
            );
            let rotated = until_done(&world, &secret).await?;
            assert_eq!(rotated.version_id, token, "{at}");
            turns = swapped(&world, &secret, turns).await?;
            planted.push(world.client_secret(&secret).await?);
            assert_eq!(world.resets(), resets + expected, "{at}");
            let events = emitted(&world, "Client Rotated", &token).await?;
            assert_eq!(events.len(), 1, "{at}: {events:#?}");
            canary.once_more().await;
        }
        assert_eq!(canary.stop().await?, [""; 0], "calls that failed");
        world.ends_clean(&[], &planted).await
    })
}

#[test]
fn after_a_crash_at_any_write_of_a_rotation_it_completes_and_no_call_fails() -> Result<(), Error> {
    play(async || {
        let (world, db, action) = world().await?;
        let (secret, mut turns) = named_pair(&world, &db).await?;
        let faults = &world.stack.faults;
        let canary = world.sign_in_canary(&secret, std::slice::from_ref(&action))?;
        let mut planted = vec![DB_VALUES[0].to_owned(), world.client_secret(&secret).await?];

        // Without a crash: what is written.
        let before = faults.calls().len();
        let rotated = world.stack.rotate_client(&secret, RotateOptions::default());
        assert!(rotated.await?.done);
        turns = swapped(&world, &secret, turns).await?;
        planted.push(world.client_secret(&secret).await?);
        let mut writes = writes(&faults.calls()[before..]);
        writes.retain(|write| write.function == FUNCTION);
        let reset = writes.iter().any(|write| write.operation == RESET_CALL);
        assert!(reset, "{writes:#?}");

        for write in &writes {
            world.stack.days_pass().await?;
            let (struck, resets) = (faults.struck().len(), world.resets());
            faults.plan_call(FUNCTION, &write.operation, write.before, Kind::Crash);
            let usual = RotateOptions::default();
            let begun = world.stack.rotate_client(&secret, usual).await?;
            assert_eq!(
                faults.struck().len(),
                struck + 1,
                "{write:?}: nothing crashed"
            );
            let rotated = until_done(&world, &secret).await?;
            assert_eq!(rotated.version_id, begun.version_id, "{write:?}");
            turns = swapped(&world, &secret, turns).await?;
            planted.push(world.client_secret(&secret).await?);
            assert!(world.resets() <= resets + 2, "{write:?}");
            // Where it is not known whether an event was taken it is emitted again, as the same one.
            let events = emitted(&world, "Client Rotated", &rotated.version_id).await?;
            let ids: BTreeSet<&str> = events
                .iter()
                .filter_map(|event| event["event_id"].as_str())
                .collect();
            assert_eq!(ids.len(), 1, "{write:?}: {events:#?}");
            let is_repeated = write.operation == "events:PutEvents";
            assert_eq!(events.len(), 1 + usize::from(is_repeated), "{write:?}");
            canary.once_more().await;
        }
        assert_eq!(canary.stop().await?, [""; 0], "calls that failed");
        world.ends_clean(&[], &planted).await
    })
}
