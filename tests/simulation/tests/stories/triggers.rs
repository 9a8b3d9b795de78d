//! Triggers that come often, late, out of order, or close to each other.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use simulation::story::{ActionText, Error, Options, Stage, label_updated, play};

use crate::World;

/// A world with one tested action that uses one secret.
async fn bound() -> Result<(World, String), Error> {
    let world = World::start().await?;
    let secret = world.stack.make_secret("prod/db", "first").await?;
    let manifest = world
        .manifest()
        .action(ActionText::new("orders", &world.echo(), &[&secret]).tested());
    world.settle(&manifest).await?;
    world.quiet().await?;
    Ok((world, secret))
}

#[test]
fn the_same_trigger_five_times_is_one_change() -> Result<(), Error> {
    play(async || {
        let (world, secret) = bound().await?;
        let published = world.calls_of("POST", PUBLISH).len();

        let from = world.stack.now().await?;
        let version = world.stack.rotate(&secret, "second").await?;
        // Besides the event that the rotation itself sent: the same one, and others that say the same.
        for id in ["same", "same", "same", "another", "a-third"] {
            let event = label_updated(id, &secret, &version, "2026-01-31T12:00:00Z");
            world.deliver(&event).await?;
        }
        world.expect("Change Verified", "orders", from).await?;
        world.quiet().await?;
        let again = json!({"mode": "apply", "secret": secret});
        for _ in 0..5 {
            world.ask("provision-role", again.clone()).await?;
        }
        world.quiet().await?;

        let emitted = world.story_of("orders", from).await?;
        assert_eq!(emitted, ["Data Action Rebound", "Change Verified"]);
        let now_published = world.calls_of("POST", PUBLISH).len();
        assert_eq!(now_published - published, 1, "{:#?}", world.writes());
        world.stack.stop().await;
        Ok(())
    })
}

#[test]
fn an_old_trigger_after_a_newer_one_takes_nothing_back() -> Result<(), Error> {
    play(async || {
        let (world, secret) = bound().await?;
        let mut versions = Vec::new();
        for value in ["second", "third"] {
            let from = world.stack.now().await?;
            versions.push(world.stack.rotate(&secret, value).await?);
            world.expect("Change Verified", "orders", from).await?;
        }
        world.quiet().await?;

        let (writes, from) = (world.writes(), world.stack.now().await?);
        let late = label_updated("late", &secret, &versions[0], "2026-01-31T11:00:00Z");
        world.deliver(&late).await?;
        world.expect_any("Role Provisioned", from).await?;
        world.quiet().await?;

        assert_eq!(world.writes(), writes);
        assert!(world.story_of("orders", from).await?.is_empty());
        assert_eq!(world.bound_version("orders").await?, versions[1]);
        world.stack.stop().await;
        Ok(())
    })
}

#[test]
fn an_audit_event_of_an_earlier_change_needs_nothing_more() -> Result<(), Error> {
    play(async || {
        let (world, secret) = bound().await?;
        for value in ["second", "third"] {
            let from = world.stack.now().await?;
            world.stack.rotate(&secret, value).await?;
            world.expect("Change Verified", "orders", from).await?;
        }
        let action = world.action_id("orders").await?;
        let records = world.audits_of(&action).await?;
        let of_creation = records
            .iter()
            .find(|record| record["action"] == "Create" && record["entityType"] == "Action")
            .ok_or_else(|| format!("no record of the creation: {records:#?}"))?;

        let organization = &world.stack.places().organization;
        let event = json!({
            "detail-type": "v2.audits.entitytype.{id}.entityid.{id}",
            "source": format!("aws.partner/genesys.com/cloud/{organization}/lockstep"),
            "detail": {"eventBody": of_creation},
        });
        // An invocation that would come back for it fails.
        let answer = world.ask("verify-change", event).await?;

        let text = answer["text"].as_str().unwrap_or_default();
        assert!(text.contains("no unauthorized change found"), "{text}");
        world.stack.stop().await;
        Ok(())
    })
}

#[test]
fn two_rotations_within_a_second_end_at_the_newest_and_neither_in_silence() -> Result<(), Error> {
    play(async || {
        let (world, secret) = bound().await?;

        let from = world.stack.now().await?;
        let second = world.stack.rotate(&secret, "second").await?;
        let third = world.stack.rotate(&secret, "third").await?;
        world
            .stack
            .wait_for_event("Change Verified", from, |detail| {
                detail["secrets"][0]["version_id"] == third.as_str()
            })
            .await?;
        world.quiet().await?;

        assert_eq!(world.bound_version("orders").await?, third, "not {second}");
        assert_eq!(ended_in_silence(&world).await?, BTreeSet::new());
        // Whatever came of the second version, the third is what was proved last.
        let mut emitted = world.stack.events().await?;
        emitted.retain(|event| event.detail_type == "Change Verified");
        let last = emitted.last().map(|event| &event.detail["secrets"]);
        assert_eq!(last.map(|all| &all[0]["version_id"]), Some(&json!(third)));
        world.stack.stop().await;
        Ok(())
    })
}

#[test]
fn a_rotation_before_the_verdict_on_the_one_before_takes_its_window_over() -> Result<(), Error> {
    play(async || {
        let (world, secret) = bound().await?;

        let from = world.stack.now().await?;
        world.stack.rotate(&secret, "second").await?;
        world.expect("Data Action Rebound", "orders", from).await?;
        let third = world.stack.rotate(&secret, "third").await?;
        world
            .stack
            .wait_for_event("Change Verified", from, |detail| {
                detail["secrets"][0]["version_id"] == third.as_str()
            })
            .await?;
        world.quiet().await?;

        assert_eq!(world.bound_version("orders").await?, third);
        assert_eq!(ended_in_silence(&world).await?, BTreeSet::new());
        world.stack.stop().await;
        Ok(())
    })
}

/// The changes of which something was emitted and that neither ended nor were taken over, window and
/// all, by one that did.
async fn ended_in_silence(world: &World) -> Result<BTreeSet<String>, Error> {
    let (mut begun, mut ended) = (BTreeSet::new(), BTreeSet::new());
    for event in world.stack.events().await? {
        let detail = &event.detail;
        let change = detail["change_id"].as_str().map(str::to_owned);
        match event.detail_type.as_str() {
            "Data Action Rebound" | "Data Action Unhealthy" => begun.extend(change),
            end if ENDS.contains(&end) => {
                ended.extend(change);
                let Some(uri) = detail["evidence"].as_str() else {
                    continue;
                };
                let evidence = world.stack.evidence(uri).await?.unwrap_or_default();
                let superseded = evidence["body"]["supersedes"].as_array();
                let ids = superseded.into_iter().flatten().filter_map(Value::as_str);
                ended.extend(ids.map(str::to_owned));
            }
            _ => {}
        }
    }
    Ok(&begun - &ended)
}

const PUBLISH: &str = "/integrations/actions/{actionId}/draft/publish";

/// What a change may end as.
const ENDS: [&str; 5] = [
    "Change Verified",
    "Change Violated",
    "Change Unverified",
    "Rebind Rolled Back",
    "Rebind Failed",
];

#[test]
fn a_rotation_that_only_cloudtrail_reports_is_followed() -> Result<(), Error> {
    play(async || {
        let options = Options::default().parameter("CloudTrailTriggers", "true");
        let world = World::with(options).await?;
        let secret = world.stack.make_secret("prod/db", "first").await?;
        let manifest = world
            .manifest()
            .action(ActionText::new("orders", &world.echo(), &[&secret]).tested());
        world.settle(&manifest).await?;
        world.stack.lose("Secret Label Updated");

        let from = world.stack.now().await?;
        let version = world.stack.rotate(&secret, "second").await?;
        world.expect("Change Verified", "orders", from).await?;
        assert_eq!(world.bound_version("orders").await?, version);
        let heard = world.stack.heard().await?.split_off(from);
        let of_aws = heard
            .iter()
            .filter(|one| one.source == "aws.secretsmanager");
        let names: Vec<&Value> = of_aws.map(|one| &one.detail["eventName"]).collect();
        assert_eq!(names, ["PutSecretValue"]);
        world.stack.stop().await;
        Ok(())
    })
}
