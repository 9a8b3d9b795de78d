//! How many calls of Genesys Cloud a trigger costs, from the trigger to the verdict, in a warm environment;
//! queries of the audit log apart. A budget: whoever needs more has to change it here.

use std::time::Duration;

use genesys_simulator::Call;
use serde_json::{Value, json};
use simulation::story::{ActionText, Error, ManifestText, Options, Stage, label_updated, play};

use crate::World;
use crate::bound::Bound;

/// How the platform shows a template: by its address, which is read apart, or with the config.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Templates {
    Uri,
    Inline,
}

impl Templates {
    const BOTH: [Self; 2] = [Self::Uri, Self::Inline];

    async fn world(self) -> Result<World, Error> {
        let world = World::start().await?;
        if self == Self::Inline {
            world
                .stack
                .genesys
                .set_switch("config_templates", "inline")?;
        }
        Ok(world)
    }
}

/// Lockstep's calls since the first `before` calls, queries of the audit log apart.
fn calls(world: &World, before: usize) -> Vec<String> {
    let genesys = &world.stack.genesys;
    let ours = &genesys.client().id;
    let counts =
        |call: &Call| call.client_id.as_ref() == Some(ours) && !call.path.contains("/audits/");
    let calls = genesys.calls().into_iter().skip(before);
    calls
        .filter(counts)
        .map(|call| {
            let route = call.route.unwrap_or(call.path);
            format!("{} {}", call.method, route.trim_start_matches("/api/v2"))
        })
        .collect()
}

/// Asserts what a count is, and says the calls where it is another.
fn cost(what: &str, calls: &[String], budget: usize) {
    assert_eq!(calls.len(), budget, "{what}: {calls:#?}");
}

/// The calls of the rotation of one binding, from the trigger to the verdict.
async fn rotated(world: &World, secret: &str, value: &str) -> Result<Vec<String>, Error> {
    let before = world.stack.genesys.calls().len();
    let from = world.stack.now().await?;
    world.stack.rotate(secret, value).await?;
    world.expect("Change Verified", "orders", from).await?;
    world.quiet().await?;
    Ok(calls(world, before))
}

async fn settled(world: &World, action: ActionText) -> Result<(), Error> {
    world.settle(&world.manifest().action(action)).await?;
    world.quiet().await
}

async fn secret(world: &World) -> Result<String, Error> {
    world.stack.make_secret("prod/db", "first").await
}

#[test]
fn a_rotation_without_a_test_reads_the_action_writes_it_and_looks_at_it_twice() -> Result<(), Error>
{
    play(async || {
        for (templates, budget) in Templates::BOTH.into_iter().zip([4, 3]) {
            let world = templates.world().await?;
            let secret = secret(&world).await?;
            settled(&world, ActionText::new("orders", &world.echo(), &[&secret])).await?;
            for value in ["second", "third"] {
                let calls = rotated(&world, &secret, value).await?;
                cost(&format!("{templates:?}, {value}"), &calls, budget);
            }
            world.stack.stop().await;
        }
        Ok(())
    })
}

#[test]
fn a_rotation_with_a_test_costs_a_draft_more() -> Result<(), Error> {
    play(async || {
        for (templates, budget) in Templates::BOTH.into_iter().zip([9, 8]) {
            let world = templates.world().await?;
            let secret = secret(&world).await?;
            let orders = ActionText::new("orders", &world.echo(), &[&secret]).tested();
            settled(&world, orders).await?;
            for value in ["second", "third"] {
                let calls = rotated(&world, &secret, value).await?;
                cost(&format!("{templates:?}, {value}"), &calls, budget);
            }
            world.stack.stop().await;
        }
        Ok(())
    })
}

#[test]
fn where_nothing_is_delivered_a_rotation_is_a_test() -> Result<(), Error> {
    play(async || {
        for templates in Templates::BOTH {
            let world = templates.world().await?;
            let secret = secret(&world).await?;
            let orders = ActionText::new("orders", &world.echo(), &[&secret])
                .with(
                    "test",
                    json!({"input": {"order_id": "A-100"}, "safe": true}),
                )
                .with("delivery", json!("none"));
            settled(&world, orders).await?;
            let calls = rotated(&world, &secret, "second").await?;
            cost(&format!("{templates:?}"), &calls, 3);
            world.stack.stop().await;
        }
        Ok(())
    })
}

#[test]
fn a_trigger_that_finds_nothing_to_do_costs_one_call() -> Result<(), Error> {
    play(async || {
        for templates in Templates::BOTH {
            let world = templates.world().await?;
            let secret = secret(&world).await?;
            settled(&world, ActionText::new("orders", &world.echo(), &[&secret])).await?;
            let version = world.stack.rotate(&secret, "second").await?;
            world.quiet().await?;
            let (before, writes) = (world.stack.genesys.calls().len(), world.writes());
            let again = label_updated("again", &secret, &version, "2026-01-31T12:00:00Z");
            world.deliver(&again).await?;
            world.quiet().await?;
            cost(&format!("{templates:?}"), &calls(&world, before), 1);
            assert_eq!(world.writes(), writes);
            world.stack.stop().await;
        }
        Ok(())
    })
}

/// A manifest with ten actions on one secret.
fn ten(world: &World, secret: &str) -> ManifestText {
    let keys = (0..10).map(|number| format!("orders-{number}"));
    let manifest = world.manifest().organization("max_changes", json!(40));
    keys.fold(manifest, |manifest, key| {
        manifest.action(ActionText::new(&key, &world.echo(), &[secret]))
    })
}

#[test]
fn ten_bindings_on_one_secret_share_one_look_before_their_verdicts() -> Result<(), Error> {
    play(async || {
        let world = World::start().await?;
        let secret = secret(&world).await?;
        world.settle(&ten(&world, &secret)).await?;
        world.quiet().await?;
        let before = world.stack.genesys.calls().len();
        let from = world.stack.now().await?;
        world.stack.rotate(&secret, "second").await?;
        world.quiet().await?;
        for number in 0..10 {
            let key = format!("orders-{number}");
            world.expect("Change Verified", &key, from).await?;
        }
        cost("ten bindings", &calls(&world, before), 31);
        world.stack.stop().await;
        Ok(())
    })
}

#[test]
fn a_resync_with_nothing_to_do_reads_each_integration_once() -> Result<(), Error> {
    play(async || {
        for templates in Templates::BOTH {
            let world = templates.world().await?;
            let secret = secret(&world).await?;
            let integration = |key: &str| json!({"key": key, "name": format!("AWS {key}"), "role": format!("Genesys{key}")});
            let mut manifest = ten(&world, &secret).with(
                "integrations",
                json!([integration("prod"), integration("test")]),
            );
            for number in 10..20 {
                let action = ActionText::new(&format!("tries-{number}"), &world.echo(), &[&secret]);
                manifest = manifest.action(action.with("integration", json!("test")));
            }
            world.settle(&manifest).await?;
            world.quiet().await?;
            let (before, writes) = (world.stack.genesys.calls().len(), world.writes());
            world.stack.fire("ResyncSchedule");
            world.quiet().await?;
            // A page of actions, one of credentials and the empty one behind it.
            cost(&format!("{templates:?}"), &calls(&world, before), 2 * 2 + 3);
            assert_eq!(world.writes(), writes);
            world.stack.stop().await;
        }
        Ok(())
    })
}

#[test]
fn a_rotation_of_two_credentials_reads_each_integration_once_at_a_time() -> Result<(), Error> {
    play(async || {
        let bound = Bound::new(Options::default(), "alternating").await?;
        let world = &bound.world;
        for number in 1..3 {
            bound.lets_in("app-a", number);
            let before = world.stack.genesys.calls().len();
            let from = world.stack.now().await?;
            bound.rotate("app-a", number).await?;
            bound.both("Change Verified", from).await?;
            world.quiet().await?;
            // Nine for each integration and nine more, and for each test its action before the
            // change, after it and before the verdict, and the test itself. An environment that
            // has not seen the type of the integrations yet reads it.
            let calls = calls(world, before);
            assert!(
                calls.len() <= 9 * 2 + 9 + 4 * 2 + 1,
                "{}: {calls:#?}",
                calls.len()
            );
        }
        bound.ends_clean(2).await
    })
}

#[test]
fn an_adopted_actions_own_success_template_is_read_before_it_is_written_back() -> Result<(), Error>
{
    play(async || {
        let world = World::start().await?;
        let secret = secret(&world).await?;
        let orders = ActionText::new("orders", &world.echo(), &[&secret]);
        settled(&world, orders.clone()).await?;
        let id = world.action_id("orders").await?;
        // Made by somebody else, with a template of their own, and adopted.
        let own = "{\"all\": ${rawResult}}";
        world.edit_success_template(&id, own).await?;
        // So long that it is not in the window of the next change.
        world.quiet().await?;
        world.stack.pass(Duration::from_secs(60)).await;
        let adopted = orders.without("contract").with("id", json!(id));
        let adopted = adopted.with("delivery", json!("envelope"));
        settled(&world, adopted).await?;

        let calls = rotated(&world, &secret, "second").await?;

        cost("one read more", &calls, 5);
        assert_eq!(success_template(&world, &id).await?, own);
        world.stack.stop().await;
        Ok(())
    })
}

async fn success_template(world: &World, id: &str) -> Result<Value, Error> {
    let path = format!("/actions/{id}/templates/successtemplate.vm");
    world.stranger("GET", &path, None).await
}
