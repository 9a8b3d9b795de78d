//! The role that Genesys Cloud assumes: tampered with, a stranger's, shared.

use std::collections::BTreeSet;

use sandbox::target::ECHO;
use scenarios::{ActionText, Error, World};

const ROLE: &str = "GenesysActions";

#[tokio::test(flavor = "multi_thread")]
async fn an_action_of_a_shared_role_moves_to_another_function_and_no_call_is_denied()
-> Result<(), Error> {
    let world = World::start().await?;
    let secret = world.stack.make_secret("prod/db", "first").await?;
    let old = world.stack.make_target("TargetOld", ECHO).await?;
    let new = world.stack.make_target("TargetNew", ECHO).await?;
    let stays = ActionText::new("stays", &world.echo(), &[&secret]);
    let moves = |function: &str| ActionText::new("moves", function, &[&secret]).tested();
    let before = world.manifest().action(stays.clone()).action(moves(&old));
    let after = world.manifest().action(stays).action(moves(&new));
    world.settle(&before).await?;
    world.quiet().await?;
    let mut actions = Vec::new();
    for key in ["stays", "moves"] {
        actions.push(world.action_id(key).await?);
    }
    let granted = |functions: [&String; 2]| functions.into_iter().cloned().collect::<BTreeSet<_>>();
    let echo = world.echo();
    assert_eq!(
        world.the_role(ROLE).await?.functions(),
        granted([&echo, &old])
    );

    let canary = world.canary(&actions)?;
    canary.once_more().await;
    let from = world.upload(&after).await?;
    world.expect("Change Verified", "moves", from).await?;
    // What is revoked is revoked after the verdict.
    world.quiet().await?;
    canary.once_more().await;
    let rounds = canary.rounds();
    let failures = canary.stop().await?;

    assert_eq!(failures, [""; 0], "of {rounds} rounds");
    let moved = world.action(&actions[1]).await?;
    let function = &moved["config"]["request"]["requestUrlTemplate"];
    assert_eq!(function, new.as_str(), "{moved:#}");
    assert_eq!(
        world.the_role(ROLE).await?.functions(),
        granted([&echo, &new])
    );
    world.stack.stop().await;
    Ok(())
}
