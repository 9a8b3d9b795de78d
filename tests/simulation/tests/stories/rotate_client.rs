//! OAuth clients take turns, step by step as Secrets Manager asks, and nobody notices.

use serde_json::{Value, json};
use simulation::Step;
use simulation::story::rotation::RESET;
use simulation::story::{ActionText, Error, RotateOptions, Stage as _, play};

use crate::World;

/// The values that the bound action's secret goes through.
pub(crate) const DB_VALUES: [&str; 3] = ["hush-first-7d1c", "hush-second-7d1c", "hush-third-7d1c"];

/// A world with one bound action, and the id of that action.
pub(crate) async fn world() -> Result<(World, String, String), Error> {
    let world = World::start().await?;
    let db = world.stack.make_secret("prod/db", DB_VALUES[0]).await?;
    let orders = ActionText::new("orders", &world.echo(), &[&db]).tested();
    world.settle(&world.manifest().action(orders)).await?;
    world.quiet().await?;
    let action = world.action_id("orders").await?;
    Ok((world, db, action))
}

/// A pair of clients of another consumer of the API, named by the manifest: its secret, and the
/// current client before the other one.
pub(crate) async fn named_pair(
    world: &World,
    db: &str,
) -> Result<(String, (String, String)), Error> {
    let (secret, [one, other]) = world.make_pair("team").await?;
    let orders = ActionText::new("orders", &world.echo(), &[db]).tested();
    let manifest = world
        .manifest()
        .organization("rotated_clients", json!([secret]));
    let from = world.upload(&manifest.action(orders)).await?;
    world.expect_any("Manifest Accepted", from).await?;
    Ok((secret, (one, other)))
}

/// The details of the events of one type about one version.
pub(crate) async fn emitted(
    world: &World,
    event: &str,
    version: &str,
) -> Result<Vec<Value>, Error> {
    let events = world.stack.events().await?.into_iter();
    let details = events
        .filter(|heard| heard.detail_type == event)
        .map(|heard| heard.detail)
        .filter(|detail| detail["secrets"][0]["version_id"] == version);
    Ok(details.collect())
}

#[test]
fn the_clients_of_the_pair_alternate_and_no_call_fails() -> Result<(), Error> {
    play(async || {
        let (world, db, action) = world().await?;
        let secret = world.stack.places().client_secret.clone();
        let genesys = &world.stack.genesys;
        let (one, other) = (&genesys.client().id, &genesys.alternate_client().id);
        let mut planted = vec![world.client_secret(&secret).await?];
        let canary = world.sign_in_canary(&secret, std::slice::from_ref(&action))?;
        canary.once_more().await;

        // In order.
        let from = world.stack.now().await?;
        let rotated = world
            .stack
            .rotate_client(&secret, RotateOptions::default())
            .await?;
        assert!(rotated.done, "{rotated:#?}");
        let value = world.client_value(&secret, "AWSCURRENT").await?;
        assert_eq!(
            [&value["client_id"], &value["alternate_client_id"]],
            [other, one]
        );
        planted.push(world.client_secret(&secret).await?);
        let detail = world.expect_any("Client Rotated", from).await?;
        assert_eq!(detail["client_id"], json!(other), "{detail:#}");
        assert_eq!(detail["actor"], json!({"kind": "client", "id": one}));
        assert_eq!(detail["organization_id"], json!(genesys.organization_id()));
        assert_eq!(
            detail["secrets"][0]["version_id"],
            json!(rotated.version_id)
        );
        assert_eq!(detail.get("gap_seconds"), None);
        let uri = detail["evidence"].as_str().unwrap_or_default();
        let record = world
            .stack
            .evidence(uri)
            .await?
            .ok_or("there is no evidence")?;
        assert_eq!(record["left"], json!(one), "{record:#}");
        assert_eq!(world.resets(), 1);
        canary.once_more().await;

        // Lockstep itself goes on with whichever is current, and both are itself.
        binds_as(&world, &db, DB_VALUES[1], other).await?;

        // Too early: nobody can have stopped using the other client since a moment ago.
        let early = RotateOptions {
            once: true,
            ..RotateOptions::default()
        };
        let refused = world.stack.rotate_client(&secret, early).await?;
        assert!(
            !refused.done
                && refused
                    .problem()
                    .contains("can confirm that it is unused from"),
            "{refused:#?}"
        );
        assert_eq!(world.resets(), 1);

        // Days later back again, each step twice.
        world.stack.days_pass().await?;
        let token = refused.version_id;
        for step in Step::ALL {
            for _ in 0..2 {
                let call = world.stack.rotation_step(&secret, &token, step).await;
                assert!(!call.failed, "{call:#?}");
            }
        }
        let value = world.client_value(&secret, "AWSCURRENT").await?;
        assert_eq!(
            [&value["client_id"], &value["alternate_client_id"]],
            [one, other]
        );
        planted.push(world.client_secret(&secret).await?);
        assert_eq!(world.resets(), 2, "one reset for each rotation");
        // Its answer was lost: the whole of it again, and nothing happens twice.
        let again = RotateOptions {
            again: true,
            ..RotateOptions::default()
        };
        let repeated = world.stack.rotate_client(&secret, again).await?;
        assert!(
            repeated.done && repeated.version_id == token,
            "{repeated:#?}"
        );
        assert_eq!(world.resets(), 2);
        let events = emitted(&world, "Client Rotated", &token).await?;
        assert_eq!(events.len(), 1, "{events:#?}");
        // A run that died right after the label moved: its event comes after all, with the same evidence.
        let from = world.stack.now().await?;
        world.stack.forget_that_it_was_emitted(&secret).await?;
        let late = world
            .stack
            .rotation_step(&secret, &token, Step::Finish)
            .await;
        assert!(!late.failed, "{late:#?}");
        let emitted_late = world.expect_any("Client Rotated", from).await?;
        assert_eq!(emitted_late["evidence"], events[0]["evidence"]);

        binds_as(&world, &db, DB_VALUES[2], one).await?;
        let failures = canary.stop().await?;
        assert!(failures.is_empty(), "{failures:#?}");

        // No secret is written down, and none was answered.
        let stored = world.stored().await?;
        let is_rotation = |(place, _): &(String, String)| place.contains("/rotations/");
        assert!(stored.iter().any(is_rotation), "rotations are stored");
        assert!(planted.iter().all(|value| value.len() > 20), "no stubs");
        for call in rotated.calls.iter().chain(&repeated.calls) {
            let answer = call.answer.to_string();
            for value in &planted {
                assert!(!answer.contains(value.as_str()), "{answer}");
            }
        }
        planted.extend(DB_VALUES.map(str::to_owned));
        world.ends_clean(&[], &planted).await
    })
}

/// Gives the bound action's secret another value, which has to be bound by one client of the pair.
async fn binds_as(world: &World, db: &str, value: &str, client: &str) -> Result<(), Error> {
    let from = world.stack.now().await?;
    world.stack.rotate(db, value).await?;
    let verified = world.expect("Change Verified", "orders", from).await?;
    let principals = verified["principals"].as_array().into_iter().flatten();
    let named: Vec<&Value> = principals.map(|principal| &principal["id"]).collect();
    assert_eq!(named, [&json!(client)], "{verified:#}");
    Ok(())
}

#[test]
fn a_rotation_that_breaks_off_is_repeated_and_no_call_fails() -> Result<(), Error> {
    play(async || {
        let (world, db, action) = world().await?;
        let (secret, mut turns) = named_pair(&world, &db).await?;
        let canary = world.sign_in_canary(&secret, std::slice::from_ref(&action))?;
        let mut planted = vec![DB_VALUES[0].to_owned(), world.client_secret(&secret).await?];

        let faults = [
            ("POST", RESET, "applied_then_lost"),
            ("POST", RESET, "reset"),
            (
                "POST",
                "/usage/client/{clientId}/aggregates/query/jobs",
                "reset",
            ),
            (
                "GET",
                "/usage/client/{clientId}/aggregates/query/jobs/{jobId}",
                "applied_then_lost",
            ),
            ("GET", "/oauth/clients/{clientId}", "applied_then_lost"),
            ("GET", "/organizations/me", "applied_then_lost"),
        ];
        for (method, route, kind) in faults {
            world.stack.days_pass().await?;
            world.fault(method, route, json!({"kind": kind, "times": 1}))?;
            let rotated = world
                .stack
                .rotate_client(&secret, RotateOptions::default())
                .await?;
            assert!(rotated.done, "{method} {route} {kind}: {rotated:#?}");
            turns = swapped(&world, &secret, turns).await?;
            planted.push(world.client_secret(&secret).await?);
            let events = emitted(&world, "Client Rotated", &rotated.version_id).await?;
            assert_eq!(events.len(), 1, "{method} {route} {kind}: {events:#?}");
            canary.once_more().await;
        }
        for step in [Step::Create, Step::Set, Step::Test, Step::Finish] {
            let stop = RotateOptions {
                stop_after: Some(step),
                ..RotateOptions::default()
            };
            canary.once_more().await;
            world.stack.days_pass().await?;
            let stopped = world.stack.rotate_client(&secret, stop).await?;
            assert!(stopped.done, "{step:?}: {stopped:#?}");
            canary.once_more().await;
            if step != Step::Finish {
                let refused = world.stack.begin_rotation(&secret).await;
                assert!(refused.is_err(), "the earlier one is not complete");
            }
            let again = RotateOptions {
                again: true,
                ..RotateOptions::default()
            };
            let rotated = world.stack.rotate_client(&secret, again).await?;
            assert!(rotated.done, "{step:?}: {rotated:#?}");
            assert_eq!(rotated.version_id, stopped.version_id);
            turns = swapped(&world, &secret, turns).await?;
            planted.push(world.client_secret(&secret).await?);
        }
        let failed = world.stack.events().await?;
        let failed: Vec<_> = failed
            .iter()
            .filter(|heard| heard.detail_type == "Client Rotation Failed")
            .collect();
        assert!(failed.is_empty(), "what passes has no event: {failed:#?}");
        let failures = canary.stop().await?;
        assert!(failures.is_empty(), "{failures:#?}");
        world.ends_clean(&[], &planted).await
    })
}

/// Asserts that the two clients have changed places, and answers them so.
pub(crate) async fn swapped(
    world: &World,
    secret: &str,
    (one, other): (String, String),
) -> Result<(String, String), Error> {
    let value = world.client_value(secret, "AWSCURRENT").await?;
    assert_eq!(value["client_id"], json!(other), "{one} was current");
    assert_eq!(value["alternate_client_id"], json!(one));
    assert_eq!(value["note"], "kept as it is");
    Ok((other, one))
}
