//! The permissions that `lockstep genesys-role` prints: they are enough, and none is too much.

use std::collections::BTreeSet;

use genesys_simulator::PermissionSettings;
use lockstep_domain::genesys_role::{Task, permissions_for};
use serde_json::json;
use simulation::story::{ActionText, Error, RotateOptions, Stage as _, login, play};

use crate::World;

fn names(task: Task) -> BTreeSet<String> {
    permissions_for(task).map(|one| one.name()).collect()
}

/// Both of Lockstep's clients may do what the task needs, and nothing else.
fn allow(world: &World, task: Task) -> Result<(), Error> {
    let genesys = &world.stack.genesys;
    for client in [genesys.client(), genesys.alternate_client()] {
        genesys.set_permissions(PermissionSettings {
            client_id: client.id.clone(),
            permissions: names(task).into_iter().collect(),
        })?;
    }
    Ok(())
}

/// The permissions of the task that Lockstep's calls needed, where no call was denied.
fn needed(world: &World, task: Task) -> BTreeSet<String> {
    let genesys = &world.stack.genesys;
    let ours = [
        genesys.client().id.clone(),
        genesys.alternate_client().id.clone(),
    ];
    let calls = genesys.calls().into_iter();
    let calls: Vec<_> = calls
        .filter(|call| call.client_id.as_ref().is_some_and(|id| ours.contains(id)))
        .collect();
    let denied: Vec<_> = calls
        .iter()
        .filter(|call| call.status == Some(403))
        .collect();
    assert!(denied.is_empty(), "{denied:#?}");
    let routes = calls.iter().filter_map(|call| {
        let route = call.route.as_deref()?;
        Some(genesys.permissions_for(&call.method, route))
    });
    let needed: BTreeSet<String> = routes.flatten().map(|one| (*one).to_owned()).collect();
    needed.intersection(&names(task)).cloned().collect()
}

/// An action and an integration's credential: both made, rotated, rolled back, and proved.
async fn life(world: &World) -> Result<String, Error> {
    let service = world.stack.web_services.add();
    service.lets_in("app-a", "pw-first");
    let erp = world.called("erp", &service).await?;
    let value = login("app-a", "pw-first");
    let values = world
        .stack
        .make_secret("genesys-credentials/erp", &value)
        .await?;
    let db = world.stack.make_secret("prod/db", "first").await?;
    let test = json!({"input": {"order_id": "A-100"}, "expect": {"ok": true}, "safe": true});
    let orders = ActionText::new("orders", &world.picky().await?, &[&db]).with("test", test);
    let manifest = world
        .manifest()
        .credentials(&values, "alternating", &[&erp]);
    let from = world.upload(&manifest.action(orders.alternating())).await?;
    world.expect("Change Verified", "orders", from).await?;
    world.expect("Change Verified", "erp-login", from).await?;
    world.quiet().await?;

    let from = world.stack.now().await?;
    world.rotate_badly(&db, 1).await?;
    world.expect("Rebind Rolled Back", "orders", from).await?;
    service.lets_in("app-b", "pw-second");
    world
        .stack
        .rotate(&values, &login("app-b", "pw-second"))
        .await?;
    world.expect("Change Verified", "erp-login", from).await?;
    world
        .ask("check-compliance", json!({"mode": "apply"}))
        .await?;
    world.quiet().await?;
    Ok(db)
}

#[test]
fn applying_needs_exactly_its_permissions() -> Result<(), Error> {
    play(async || {
        let world = World::start().await?;
        allow(&world, Task::Apply)?;
        life(&world).await?;
        assert_eq!(needed(&world, Task::Apply), names(Task::Apply));
        world.stack.stop().await;
        Ok(())
    })
}

#[test]
fn planning_needs_no_permission_but_its_own() -> Result<(), Error> {
    play(async || {
        let world = World::start().await?;
        let db = world.stack.make_secret("prod/db", "first").await?;
        let orders = ActionText::new("orders", &world.echo(), &[&db]).tested();
        let manifest = world.manifest().action(orders);
        world.settle(&manifest).await?;
        world.quiet().await?;

        allow(&world, Task::Plan)?;
        let from = world
            .upload(&manifest.organization("mode", json!("plan")))
            .await?;
        world.expect_any("Manifest Accepted", from).await?;
        world.stack.rotate(&db, "second").await?;
        for function in ["provision-role", "rebind-action", "check-compliance"] {
            world.ask(function, json!({"mode": "plan"})).await?;
        }
        world.quiet().await?;
        needed(&world, Task::Plan);
        world.stack.stop().await;
        Ok(())
    })
}

#[test]
fn rotating_clients_needs_exactly_its_permissions() -> Result<(), Error> {
    play(async || {
        let world = World::start().await?;
        allow(&world, Task::RotateClients)?;
        life(&world).await?;
        let secret = world.stack.places().client_secret.clone();
        let rotated = world
            .stack
            .rotate_client(&secret, RotateOptions::default())
            .await?;
        assert!(rotated.done, "{rotated:#?}");
        assert_eq!(
            needed(&world, Task::RotateClients),
            names(Task::RotateClients)
        );
        world.stack.stop().await;
        Ok(())
    })
}
