//! What a manifest may say, and what becomes of what it no longer says.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use simulation::story::{ActionText, Error, ManifestText, Options, Stage, play};
use simulation::{ACCOUNT, ORGANIZATION};

use crate::World;

const OTHER_ORGANIZATION: &str = "9d1f6a52-7c3b-4e88-b0a4-51f2c7de6a10";

fn places(refused: &Value) -> BTreeSet<&str> {
    let errors = refused["errors"].as_array().into_iter().flatten();
    errors.filter_map(|error| error["at"].as_str()).collect()
}

/// Uploads a manifest under a name of its own and answers the refusal.
async fn refused(world: &World, name: &str, manifest: &ManifestText) -> Result<Value, Error> {
    let from = world.stack.now().await?;
    world.stack.put_manifest(name, &manifest.text()).await?;
    world.expect_any("Manifest Refused", from).await
}

#[test]
fn ten_mistakes_are_reported_together_and_the_last_accepted_manifest_still_rotates()
-> Result<(), Error> {
    play(async || {
        let world = World::start().await?;
        let secret = world.stack.make_secret("prod/db", "first").await?;
        let good = ActionText::new("orders", &world.echo(), &[&secret]).tested();
        world.settle(&world.manifest().action(good.clone())).await?;
        world.quiet().await?;
        world.stack.genesys.reset_calls();

        let latest = format!("{}:$LATEST", world.echo());
        let action = |key: &str| ActionText::new(key, &world.echo(), &[&secret]);
        let bad = world
            .manifest()
            .with("colour", json!("green"))
            .organization("max_changes", json!("many"))
            .action(good)
            .action(action("two words"))
            .action(ActionText::new("three", &latest, &[&secret]))
            .action(ActionText::new("four", &world.echo(), &["prod/db"]))
            .action(action("five").with("timeout_seconds", json!(61)))
            .action(action("six").with("integration", json!("elsewhere")))
            .action(action("seven").with("pin", json!(true)))
            .action(action("eight").with(
                "contract",
                json!({"input": {"type": "no type"}, "output": {}}),
            ))
            .action(action("nine").with("name", json!("x".repeat(257))))
            .action(action("ten").with("delivery", json!("pigeon")));
        let refused = refused(&world, "main", &bad).await?;

        let expected = [
            "colour",
            "organization.max_changes",
            "actions[1].key",
            "actions[2].function",
            "actions[3].secrets[0].arn",
            "actions[4].timeout_seconds",
            "actions[5].integration",
            "actions[6].pin",
            "actions[7].contract.input",
            "actions[8].name",
            "actions[9].delivery",
        ];
        let places = places(&refused);
        for at in expected {
            assert!(
                places.iter().any(|place| place.starts_with(at)),
                "{at} is not reported: {refused:#}"
            );
        }
        for error in refused["errors"].as_array().into_iter().flatten() {
            assert!(
                error["line"].as_u64().is_some_and(|line| line > 1),
                "{error:#}"
            );
            assert!(error["fix"].is_string(), "{error:#}");
        }
        world.quiet().await?;
        let calls: Vec<String> = world
            .stack
            .genesys
            .calls()
            .into_iter()
            .map(|call| call.path)
            .collect();
        assert_eq!(
            calls,
            Vec::<String>::new(),
            "nothing is asked of Genesys Cloud"
        );

        let from = world.stack.now().await?;
        let version = world.stack.rotate(&secret, "second").await?;
        world.expect("Change Verified", "orders", from).await?;
        assert_eq!(world.bound_version("orders").await?, version);
        world.stack.stop().await;
        Ok(())
    })
}

#[test]
fn one_organization_has_one_manifest_and_one_role_serves_one_organization() -> Result<(), Error> {
    play(async || {
        let both = format!("{},{OTHER_ORGANIZATION}", ORGANIZATION);
        let world = World::with(Options::default().parameter("OrganizationIds", both)).await?;
        let secret = world.stack.make_secret("prod/db", "first").await?;
        let orders = ActionText::new("orders", &world.echo(), &[&secret]).tested();
        let manifest = world.manifest().action(orders);
        world.settle(&manifest).await?;
        world.quiet().await?;

        let second = refused(&world, "second", &manifest).await?;
        assert!(places(&second).contains("organization.id"), "{second:#}");

        let other = manifest.organization("id", json!(OTHER_ORGANIZATION));
        let same_role = refused(&world, "other", &other).await?;
        assert!(
            places(&same_role).contains("integrations[0].role"),
            "{same_role:#}"
        );

        // With a role of its own it is accepted; but who answers is another organization.
        let (writes, from) = (world.writes(), world.stack.now().await?);
        let own_role = other.with(
            "integrations",
            json!([{"key": "prod", "name": "AWS Lambda production", "role": "GenesysOther"}]),
        );
        world.stack.put_manifest("other", &own_role.text()).await?;
        world.expect_any("Manifest Accepted", from).await?;
        let failed = world.expect("Rebind Failed", "orders", from).await?;
        assert_eq!(failed["organization_id"], OTHER_ORGANIZATION);
        let reason = failed["reason"].as_str().unwrap_or_default();
        assert!(reason.contains(ORGANIZATION), "{failed:#}");
        world.quiet().await?;
        assert_eq!(world.writes(), writes);
        world.stack.stop().await;
        Ok(())
    })
}

#[test]
fn a_removed_entry_is_reported_and_its_action_is_not_changed() -> Result<(), Error> {
    play(async || {
        let world = World::start().await?;
        let kept = world.stack.make_secret("prod/kept", "first").await?;
        let gone = world.stack.make_secret("prod/gone", "first").await?;
        let orders = ActionText::new("orders", &world.echo(), &[&kept]).tested();
        let refunds = ActionText::new("refunds", &world.echo(), &[&gone]).tested();
        let manifest = world.manifest().action(orders.clone());
        world.settle(&manifest.clone().action(refunds)).await?;
        world.quiet().await?;
        let id = world.action_id("refunds").await?;
        let (before, writes) = (world.action(&id).await?, world.writes());

        let from = world.upload(&manifest).await?;
        let accepted = world.expect_any("Manifest Accepted", from).await?;
        let notices = accepted["notices"].to_string();
        assert!(
            notices.contains("refunds is no longer managed"),
            "{accepted:#}"
        );
        assert!(!notices.contains("orders"), "{accepted:#}");
        world.quiet().await?;
        assert_eq!(world.writes(), writes);

        let from = world.stack.now().await?;
        world.stack.rotate(&gone, "second").await?;
        // What comes of a later rotation shows that the earlier one came to nothing.
        world.stack.rotate(&kept, "second").await?;
        world.expect("Change Verified", "orders", from).await?;
        world.quiet().await?;
        assert_eq!(world.story_of("refunds", from).await?, Vec::<String>::new());
        assert_eq!(world.action(&id).await?, before);
        world.stack.stop().await;
        Ok(())
    })
}

#[test]
fn an_adopted_action_without_delivery_is_tested_and_verified_and_not_changed() -> Result<(), Error>
{
    play(async || {
        let world = World::start().await?;
        let secret = world.stack.make_secret("prod/db", "first").await?;
        let (integration, action) = made_by_hand(&world).await?;
        let before = world.action(&action).await?;
        let adopting = ActionText::new("orders", &world.echo(), &[&secret])
        .with("id", json!(action))
        .with("name", json!("Lookup by hand"))
        .with("delivery", json!("none"))
        .with(
            "test",
            json!({"input": {"order_id": "A-100"}, "expect": {"order_id": "A-100"}, "safe": true}),
        )
        .without("contract");
        // Whoever made it may have, just before.
        let people = json!({"clients": [world.stranger_id()]});
        let manifest = world.manifest().organization("authorized", people);
        let manifest = manifest.action(adopting).with(
        "integrations",
        json!([{"key": "prod", "id": integration, "name": "By hand", "role": "GenesysActions"}]),
    );
        world.settle(&manifest).await?;
        assert_eq!(world.action_id("orders").await?, action);
        assert_eq!(world.action(&action).await?, before);
        world.quiet().await?;

        let (writes, from) = (world.writes(), world.stack.now().await?);
        let version = world.stack.rotate(&secret, "second").await?;
        let verified = world.expect("Change Verified", "orders", from).await?;

        assert_eq!(verified["secrets"][0]["version_id"], json!(version));
        let evidence = world.evidence_of(&verified).await?;
        assert_eq!(evidence["body"]["test"]["passed"], true, "{evidence:#}");
        world.quiet().await?;
        assert_eq!(world.writes(), writes, "nothing is written");
        assert_eq!(world.action(&action).await?, before);
        world.stack.stop().await;
        Ok(())
    })
}

/// An integration and an action of it, as a person made them before there was a manifest; with
/// templates that nobody would guess.
async fn made_by_hand(world: &World) -> Result<(String, String), Error> {
    let id = |made: Value| made["id"].as_str().unwrap_or_default().to_owned();
    let integration =
        json!({"name": "By hand", "integrationType": {"id": "aws-lambda-data-actions"}});
    let integration = id(world.stranger("POST", "", Some(integration)).await?);
    let role = format!("arn:aws:iam::{ACCOUNT}:role/GenesysActions");
    let credential = json!({
        "name": "By hand",
        "type": {"name": "amazonWebServicesARN"},
        "credentialFields": {"ARN": role},
    });
    let credential = id(world
        .stranger("POST", "/credentials", Some(credential))
        .await?);
    let path = format!("/{integration}/config/current");
    let mut config = world.stranger("GET", &path, None).await?;
    config["credentials"] = json!({"AmazonWebServicesARN": {"id": credential}});
    config["notes"] = json!("");
    world.stranger("PUT", &path, Some(config)).await?;
    let enabled = json!({"intendedState": "ENABLED"});
    world
        .stranger("PATCH", &format!("/{integration}"), Some(enabled))
        .await?;
    world.active(&integration).await?;
    let action = json!({
        "name": "Lookup by hand",
        "category": "Old things",
        "integrationId": integration,
        "secure": false,
        "contract": {
            "input": {"inputSchema": {"type": "object", "properties": {"order_id": {"type": "string"}}}},
            "output": {"successSchema": {"type": "object", "additionalProperties": true}},
        },
        "config": {
            "timeoutSeconds": 7,
            "request": {
                "requestUrlTemplate": world.echo(),
                "requestType": "POST",
                "headers": {},
                "requestTemplate": "{ \"order_id\":\t\"${input.order_id}\" }",
            },
            "response": {
                "translationMap": {},
                "translationMapDefaults": {},
                "successTemplate": "${rawResult} ",
            },
        },
    });
    let action = id(world.stranger("POST", "/actions", Some(action)).await?);
    Ok((integration, action))
}
