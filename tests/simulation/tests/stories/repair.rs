//! What a run that was cut short left is found, named, and finished.

use std::time::Duration;

use aws_simulator::services::kms::Key;
use serde_json::{Value, json};
use simulation::story::{ActionText, Canary, Error, Options, Stage, found, play, steps};

use crate::World;

/// The values that a story's secret goes through.
const VALUES: [&str; 3] = ["hush-first-7d1c", "hush-second-7d1c", "hush-next-7d1c"];

const DRAFT: &str = "/integrations/actions/{actionId}/draft";

/// A world in which nothing has to be waited for long, and an action's secret.
async fn world() -> Result<(World, String), Error> {
    let options = Options::default()
        .parameter("VerifyDeadlineSeconds", "10")
        .parameter("StuckAfterMinutes", "0");
    let world = World::with(options).await?;
    let secret = world.stack.make_secret("prod/db", VALUES[0]).await?;
    Ok((world, secret))
}

/// A canary of the bound action.
async fn canary_of_orders(world: &World) -> Result<Canary, Error> {
    let canary = world.canary(&[world.action_id("orders").await?])?;
    canary.once_more().await;
    Ok(canary)
}

/// A bound action whose change was cut off in its draft, and nobody has a message about it.
struct CutOff {
    world: World,
    canary: Canary,
    /// The version that the secret has meanwhile, and the action not yet.
    version: String,
    /// Where the events of the change begin.
    from: usize,
}

impl CutOff {
    async fn new() -> Result<Self, Error> {
        let (world, secret) = world().await?;
        let manifest = world
            .manifest()
            .action(ActionText::new("orders", &world.echo(), &[&secret]).tested());
        world.settle(&manifest).await?;
        world.quiet().await?;
        let canary = canary_of_orders(&world).await?;
        world
            .hide_for("RebindQueueUrl", Duration::from_secs(120))
            .await?;
        world.fault("PATCH", DRAFT, json!({"kind": "timeout", "times": 1}))?;
        let from = world.stack.now().await?;
        let version = world.stack.rotate(&secret, VALUES[1]).await?;
        world.call_after(0, "PATCH", DRAFT).await?;
        world.pause("rebind-action").await?;
        assert!(world.crash("rebind-action")? >= 1, "it was at work");
        world.purge("RebindQueueUrl", 1).await?;
        world.resume("rebind-action").await?;
        Ok(Self {
            world,
            canary,
            version,
            from,
        })
    }
}

/// The end of a story: no call failed, and nothing is left but what others made.
async fn ends_clean(world: World, canary: Canary) -> Result<(), Error> {
    canary.once_more().await;
    assert_eq!(canary.stop().await?, [""; 0], "calls that failed");
    world.ends_clean(&[], &VALUES).await
}

#[test]
fn a_credential_of_lockstep_that_nothing_uses_is_reported_and_deleted_and_a_persons_is_kept()
-> Result<(), Error> {
    play(async || {
        let (world, secret) = world().await?;
        let manifest = world
            .manifest()
            .action(ActionText::new("orders", &world.echo(), &[&secret]).tested());
        world.settle(&manifest).await?;
        world.quiet().await?;
        let canary = canary_of_orders(&world).await?;
        let left = |name: &str| {
            json!({
                "name": name, "type": {"name": "amazonWebServicesARN"},
                "credentialFields": {"ARN": "arn:aws:iam::000000000000:role/GenesysOld"},
            })
        };
        let ours = "Lockstep prod: arn:aws:iam::000000000000:role/GenesysOld";
        for name in [ours, "By hand"] {
            world
                .stranger("POST", "/credentials", Some(left(name)))
                .await?;
        }

        let planned = world.sweep("plan").await?;
        assert_eq!(
            found(&planned, "LS-CREDENTIAL-LEFT").len(),
            1,
            "{planned:#}"
        );
        assert_eq!(steps(&planned), [("orders", "resume", false)]);
        let (from, writes) = (world.stack.now().await?, world.writes().len());
        let report = world.sweep("apply").await?;
        assert_eq!(steps(&report), [("orders", "resume", true)]);
        world.expect("Change Verified", "orders", from).await?;
        world.quiet().await?;

        let names: Vec<Value> = world
            .list("/integrations/credentials")
            .await?
            .into_iter()
            .map(|mut one| one["name"].take())
            .collect();
        assert!(!names.contains(&json!(ours)), "{names:?}");
        assert!(names.contains(&json!("By hand")), "{names:?}");
        assert_eq!(
            world.writes()[writes..],
            ["DELETE /api/v2/integrations/credentials/{credentialId}"]
        );
        let after = world.sweep("apply").await?;
        assert_eq!(found(&after, "LS-CREDENTIAL-LEFT").len(), 0, "{after:#}");
        assert_eq!(steps(&after), []);
        ends_clean(world, canary).await
    })
}

#[test]
fn a_role_that_was_made_and_never_bound_is_reported_and_bound() -> Result<(), Error> {
    play(async || {
        let (world, secret) = world().await?;
        world.pause("rebind-action").await?;
        let manifest =
            world
                .manifest()
                .action(ActionText::new("orders", &world.echo(), &[&secret]));
        let from = world.upload(&manifest).await?;
        world.expect_any("Role Provisioned", from).await?;
        world.purge("RebindQueueUrl", 1).await?;
        world.resume("rebind-action").await?;

        let report = world.sweep_until_found("LS-ROLE-UNBOUND").await?;
        let finding = found(&report, "LS-ROLE-UNBOUND")[0];
        assert!(
            finding["what"]
                .as_str()
                .is_some_and(|what| what.contains("orders")),
            "{finding:#}"
        );
        assert_eq!(steps(&report), [("orders", "resume", true)]);
        world.expect("Change Verified", "orders", from).await?;
        let canary = canary_of_orders(&world).await?;
        world.quiet().await?;
        let after = world.sweep("apply").await?;
        assert_eq!(found(&after, "LS-ROLE-UNBOUND").len(), 0, "{after:#}");
        ends_clean(world, canary).await
    })
}

#[test]
fn a_draft_of_lockstep_that_was_never_published_is_reported_and_deleted() -> Result<(), Error> {
    play(async || {
        let (world, secret) = world().await?;
        let action = ActionText::new("orders", &world.echo(), &[&secret]).tested();
        let before = world.manifest().action(action.clone());
        world.settle(&before).await?;
        world.quiet().await?;
        let canary = canary_of_orders(&world).await?;
        let refused = json!({"status": 400, "times": 1});
        world.fault("PATCH", DRAFT, refused)?;
        let changed = action.with("timeout_seconds", json!(20));
        let from = world.upload(&world.manifest().action(changed)).await?;
        world.expect("Rebind Failed", "orders", from).await?;
        world.quiet().await?;
        assert_eq!(world.calls_of("POST", DRAFT).len(), 1, "the draft is there");

        // The manifest is what it was, and nobody hands that on.
        world.pause("rebind-action").await?;
        let from = world.upload(&before).await?;
        world.expect_any("Manifest Accepted", from).await?;
        world.purge("RebindQueueUrl", 1).await?;
        let report = world.sweep("plan").await?;
        assert_eq!(found(&report, "LS-DRAFT-LEFT").len(), 1, "{report:#}");
        assert_eq!(steps(&report), [("orders", "resume", false)]);
        world.resume("rebind-action").await?;
        world.sweep("apply").await?;
        world.expect("Change Verified", "orders", from).await?;
        world.quiet().await?;

        assert_eq!(world.calls_of("DELETE", DRAFT).len(), 1);
        let after = world.sweep("apply").await?;
        assert_eq!(found(&after, "LS-DRAFT-LEFT").len(), 0, "{after:#}");
        ends_clean(world, canary).await
    })
}

#[test]
fn a_change_that_was_cut_off_and_whose_message_is_lost_is_reported_and_finished()
-> Result<(), Error> {
    play(async || {
        let CutOff {
            world,
            canary,
            version,
            from,
        } = CutOff::new().await?;

        let report = world.sweep_until_found("LS-CHANGE-OPEN").await?;
        assert_eq!(steps(&report), [("orders", "resume", true)]);
        world.expect("Change Verified", "orders", from).await?;
        assert_eq!(world.bound_version("orders").await?, version);
        ends_clean(world, canary).await
    })
}

#[test]
fn a_change_that_was_cut_off_and_whose_message_is_lost_is_finished_by_the_resync()
-> Result<(), Error> {
    play(async || {
        let CutOff {
            world,
            canary,
            version,
            from,
        } = CutOff::new().await?;

        let resync = json!({"mode": "apply"});
        world.ask("provision-role", resync).await?;
        world.expect("Change Verified", "orders", from).await?;
        assert_eq!(world.bound_version("orders").await?, version);
        ends_clean(world, canary).await
    })
}

#[test]
fn a_stuck_rotation_and_a_key_that_is_not_as_asked_are_reported_with_the_command_that_repairs_them()
-> Result<(), Error> {
    play(async || {
        let (world, secret) = world().await?;
        let mut orders = ActionText::new("orders", &world.echo(), &[&secret]);
        orders = orders.with(
        "secrets",
        json!([{
            "name": "DB", "arn": secret,
            "rotation": {"max_age_days": 30, "kms": "customer_managed", "kms_rotation": "required"},
        }]),
    );
        world.settle(&world.manifest().action(orders)).await?;
        let canary = canary_of_orders(&world).await?;
        let secrets = &world.stack.aws.secrets;
        let pending = secrets
            .put_secret_value()
            .secret_id(&secret)
            .secret_string(VALUES[2])
            .version_stages("AWSPENDING")
            .send()
            .await?;

        let report = world.sweep("apply").await?;
        let fix = |report: &Value, id: &str| {
            let findings = found(report, id);
            let fix = findings.first().and_then(|one| one["fix"].as_str());
            fix.unwrap_or_default().to_owned()
        };
        let version = pending.version_id().unwrap_or_default();
        let stuck = fix(&report, "LS-PENDING-STUCK");
        assert!(
            stuck.contains(&format!("--remove-from-version-id {version}")),
            "{report:#}"
        );
        assert!(
            fix(&report, "LS-SECRET-KEY").contains("--kms-key-id"),
            "{report:#}"
        );

        // As the findings say.
        let mut key = Key::new("11111111-0000-4000-8000-000000000001", world.stack.time());
        key.rotation_days = None;
        world.stack.account.with_state(|state| {
            let services = &mut state.services;
            services.kms.put(key.clone());
            let found = services.secrets.find(&secret, world.stack.time());
            if let Some(mut secret) = found.cloned() {
                secret.key = Some(key.id.clone());
                services.secrets.put(secret);
            }
        });
        secrets
            .update_secret_version_stage()
            .secret_id(&secret)
            .version_stage("AWSPENDING")
            .remove_from_version_id(version)
            .send()
            .await?;
        let report = world.sweep("apply").await?;
        assert_eq!(found(&report, "LS-PENDING-STUCK").len(), 0, "{report:#}");
        assert_eq!(found(&report, "LS-SECRET-KEY").len(), 0, "{report:#}");
        let switch_on = fix(&report, "LS-KMS-ROTATION");
        assert!(
            switch_on.contains("aws kms enable-key-rotation"),
            "{report:#}"
        );
        key.rotation_days = Some(365);
        world
            .stack
            .account
            .with_state(|state| state.services.kms.put(key));
        let report = world.sweep("apply").await?;
        for id in ["LS-KMS-ROTATION", "LS-SECRET-AGE"] {
            assert_eq!(found(&report, id).len(), 0, "{report:#}");
        }
        ends_clean(world, canary).await
    })
}
