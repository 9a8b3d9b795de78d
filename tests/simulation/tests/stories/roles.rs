//! The role that Genesys Cloud assumes: tampered with, a stranger's, shared.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_simulator::services::iam::Lateness;
use jiff::SignedDuration;
use policy_evaluator::IdentityPolicy;
use serde_json::{Value, json};
use simulation::ACCOUNT;
use simulation::story::{ActionText, Error, Stage, play};

use crate::World;

const ROLE: &str = "GenesysActions";

#[test]
fn a_role_that_was_tampered_with_is_repaired_by_the_next_resync() -> Result<(), Error> {
    play(async || {
        let world = World::start().await?;
        let secret = world.stack.make_secret("prod/db", "first").await?;
        let orders = ActionText::new("orders", &world.echo(), &[&secret]).tested();
        world.settle(&world.manifest().action(orders)).await?;
        world.quiet().await?;
        let right = world.the_role(ROLE).await?;

        // Said in other words, it means the same and is left alone.
        let mut said_otherwise = right.trust.clone();
        let action = said_otherwise["Statement"][0]["Action"].take();
        said_otherwise["Statement"][0]["Action"] = json!([action]);
        world.set_trust(ROLE, &said_otherwise).await?;
        let answer = world
            .ask("provision-role", json!({"mode": "apply"}))
            .await?;
        assert_eq!(answer["steps"], json!([]), "{answer:#}");
        assert_eq!(world.the_role(ROLE).await?.trust, said_otherwise);

        world.set_trust(ROLE, &opened(&right.trust)).await?;
        world.set_invoke(ROLE, &everything()).await?;
        world.quiet().await?;
        let (writes, from) = (world.writes(), world.stack.now().await?);
        let answer = world
            .ask("provision-role", json!({"mode": "apply"}))
            .await?;

        let kinds: BTreeSet<_> = kinds(&answer);
        assert_eq!(kinds, BTreeSet::from(["role_policy", "role_trust"]));
        assert_eq!(world.the_role(ROLE).await?, right);
        world.expect_any("Role Provisioned", from).await?;
        world.quiet().await?;
        assert_eq!(world.writes(), writes, "the action was right all along");

        let answer = world
            .ask("provision-role", json!({"mode": "apply"}))
            .await?;
        assert_eq!(answer["steps"], json!([]), "{answer:#}");
        world.quiet().await?;
        assert_eq!(world.writes(), writes);
        world.stack.stop().await;
        Ok(())
    })
}

#[test]
fn a_strangers_role_is_refused_until_somebody_runs_the_commands() -> Result<(), Error> {
    play(async || {
        let world = World::start().await?;
        let iam = &world.stack.aws.iam;
        let theirs = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow",
                "Principal": {"Service": "ec2.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }],
        });
        iam.create_role()
            .role_name(ROLE)
            .assume_role_policy_document(theirs.to_string())
            .send()
            .await?;
        let before = world.the_role(ROLE).await?;
        let secret = world.stack.make_secret("prod/db", "first").await?;
        let orders = ActionText::new("orders", &world.echo(), &[&secret]).tested();
        let manifest = world.manifest().action(orders);

        let from = world.upload(&manifest).await?;
        let failed = world.expect_any("Role Provisioning Failed", from).await?;
        // The binding is handed on all the same, and nothing is bound under a role that is not ours.
        let not_bound = world.expect_any("Rebind Failed", from).await?;
        assert_eq!(not_bound["errors"][0]["at"], "integrations[0].role");
        world.quiet().await?;

        let boundary = world.stack.output("PermissionsBoundaryArn")?;
        let command = format!(
            "aws iam put-role-permissions-boundary --role-name {ROLE} --permissions-boundary {boundary}"
        );
        let fix = failed["errors"][0]["fix"].as_str().unwrap_or_default();
        assert!(fix.contains(&command), "{failed:#}");
        assert_eq!(failed["errors"][0]["at"], "integrations[0].role");
        assert_eq!(world.the_role(ROLE).await?, before);
        assert_eq!(world.writes(), [""; 0]);

        set_boundary(&world, boundary);
        world.settle(&manifest).await?;
        let role = world.the_role(ROLE).await?;
        assert_eq!(role.functions(), BTreeSet::from([world.echo()]));
        assert_ne!(role.trust, before.trust);

        // A rotation needs nothing of the role but what it had yesterday: its trouble is reported, and
        // the action follows its secret.
        world.quiet().await?;
        let of_others = format!("arn:aws:iam::{ACCOUNT}:policy/boundary-of-others");
        let policy = IdentityPolicy::of(&everything())?;
        world
            .stack
            .account
            .with_state(|state| state.services.iam.put_managed(&of_others, policy));
        set_boundary(&world, &of_others);
        let from = world.stack.now().await?;
        let version = world.stack.rotate(&secret, "second").await?;
        let rebound = world.expect("Data Action Rebound", "orders", from).await?;
        assert_eq!(rebound["secrets"][0]["version_id"], version, "{rebound:#}");
        world.expect_any("Role Provisioning Failed", from).await?;
        world.stack.stop().await;
        Ok(())
    })
}

#[test]
fn an_action_of_a_shared_role_moves_to_another_function_and_no_call_is_denied_however_late_iam_is()
-> Result<(), Error> {
    play(async || {
        let world = World::start().await?;
        let secret = world.stack.make_secret("prod/db", "first").await?;
        let old = world.make_target("TargetOld").await?;
        let new = world.make_target("TargetNew").await?;
        let stays = ActionText::new("stays", &world.echo(), &[&secret]);
        let moves = |function: &str| ActionText::new("moves", function, &[&secret]).tested();
        let before = world.manifest().action(stays.clone()).action(moves(&old));
        let after = world.manifest().action(stays).action(moves(&new));
        world.settle(&before).await?;
        world.quiet().await?;
        let actions = [
            world.action_id("stays").await?,
            world.action_id("moves").await?,
        ];
        // As late as the template's `SettleSeconds` expects of IAM.
        world.stack.account.with_state(|state| {
            state.services.iam.lateness = Lateness {
                reads: SignedDuration::from_secs(5),
                decisions: SignedDuration::from_secs(55),
            };
        });

        let canary = world.canary(&actions)?;
        canary.once_more().await;
        let from = world.upload(&after).await?;
        world.expect("Change Verified", "moves", from).await?;
        // What is revoked is revoked after the verdict.
        world.quiet().await?;
        canary.once_more().await;
        let rounds = canary.rounds();
        assert!(rounds > 2, "{rounds}");
        assert_eq!(canary.stop().await?, [""; 0], "of {rounds} rounds");

        let moved = world.action(&actions[1]).await?;
        let function = &moved["config"]["request"]["requestUrlTemplate"];
        assert_eq!(function, new.as_str(), "{moved:#}");
        // Seen by whoever reads, once it is not late any more.
        world.stack.pass(Duration::from_secs(60)).await;
        let granted = BTreeSet::from([world.echo(), new]);
        assert_eq!(world.the_role(ROLE).await?.functions(), granted);
        world.stack.stop().await;
        Ok(())
    })
}

/// A person puts a boundary on the role.
fn set_boundary(world: &World, boundary: &str) {
    world.stack.account.with_state(|state| {
        let iam = &mut state.services.iam;
        iam.change(world.stack.time(), ROLE, |role| {
            role.boundary = Some(boundary.to_owned());
        });
    });
}

/// The same trust, opened to another account without an external id.
fn opened(trust: &Value) -> Value {
    let mut opened = trust.clone();
    if let Some(statements) = opened["Statement"].as_array_mut() {
        statements.push(json!({
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::999999999999:root"},
            "Action": "sts:AssumeRole",
        }));
    }
    opened
}

fn everything() -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
    })
}

fn kinds(answer: &Value) -> BTreeSet<&str> {
    let steps = answer["steps"].as_array();
    steps
        .into_iter()
        .flatten()
        .filter_map(|step| step["kind"].as_str())
        .collect()
}
