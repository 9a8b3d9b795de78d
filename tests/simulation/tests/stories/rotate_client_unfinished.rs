//! A rotation that nobody went on with is finished, or given up.

use std::time::Duration;

use genesys_simulator::PermissionSettings;
use serde_json::{Value, json};
use simulation::Step;
use simulation::story::{Error, RotateOptions, Stage as _, play};

use crate::World;
use crate::rotate_client::{DB_VALUES, world};
use crate::rotate_client_refused::{ONCE, name, refused};

/// Between two tries of a secret that may not have settled.
const SETTLING: Duration = Duration::from_secs(10);

async fn repair(world: &World, secret: &str, mode: &str) -> Result<Value, Error> {
    let event = json!({"repair": true, "mode": mode, "secret": secret, "stuck_after_minutes": 0});
    let report = world.ask("rotate-client", event).await?;
    let steps = report["steps"].as_array().cloned().unwrap_or_default();
    match steps.as_slice() {
        [step] => Ok(step.clone()),
        _ => Err(format!("not one step: {report:#}").into()),
    }
}

#[test]
fn an_unfinished_rotation_is_finished_or_given_up() -> Result<(), Error> {
    play(async || {
        let (world, db, action) = world().await?;
        let (secret, [one, other]) = world.make_pair("left").await?;
        let mut planted = vec![DB_VALUES[0].to_owned(), world.client_secret(&secret).await?];
        name(&world, &db, &[&secret]).await?;
        let canary = world.sign_in_canary(&secret, std::slice::from_ref(&action))?;
        canary.once_more().await;
        let pending = || world.stack.labelled(&secret, "AWSPENDING");

        // Without a value.
        let token = world.stack.begin_rotation(&secret).await?;
        let step = repair(&world, &secret, "plan").await?;
        assert_eq!(
            [&step["verb"], &step["id"]],
            [&json!("discard"), &json!(token)],
            "{step:#}"
        );
        assert_eq!(step.get("outcome"), None);
        assert_eq!(pending().await?, Some(token), "a plan writes nothing");
        let step = repair(&world, &secret, "apply").await?;
        assert_eq!(step["outcome"], "applied", "{step:#}");
        assert_eq!(pending().await?, None);

        // With one that works.
        world.stack.days_pass().await?;
        let stop = RotateOptions {
            stop_after: Some(Step::Create),
            ..ONCE
        };
        let stopped = world.stack.rotate_client(&secret, stop).await?;
        assert!(stopped.done, "{stopped:#?}");
        let from = world.stack.now().await?;
        let step = repair(&world, &secret, "apply").await?;
        assert_eq!(
            [&step["verb"], &step["outcome"]],
            ["finish", "applied"],
            "{step:#}"
        );
        let detail = world.expect_any("Client Rotated", from).await?;
        assert_eq!(detail["client_id"], json!(other), "{detail:#}");
        let current = world.stack.labelled(&secret, "AWSCURRENT").await?;
        assert_eq!(current, Some(stopped.version_id));
        planted.push(world.client_secret(&secret).await?);
        canary.once_more().await;

        world.stack.days_pass().await?;
        // The new client may do less: it is named, given up, and after its repair done anew. The
        // call that tried it is our own and not taken for use.
        let permissions = |all: &[&str]| PermissionSettings {
            client_id: one.clone(),
            permissions: all.iter().map(|name| (*name).to_owned()).collect(),
        };
        world
            .stack
            .genesys
            .set_permissions(permissions(&["oauth:client:view"]))?;
        let words = "integrations:action:edit in division";
        let detail = refused(&world, &secret, "permissions_missing", words).await?;
        assert!(
            detail["notices"]
                .to_string()
                .contains("did not change the current version"),
            "{detail:#}"
        );
        let step = repair(&world, &secret, "apply").await?;
        assert_eq!(
            [&step["verb"], &step["outcome"]],
            ["discard", "applied"],
            "{step:#}"
        );
        let like = format!("/api/v2/oauth/clients/{other}");
        let admin = world.stack.genesys.other_client();
        let like = world.genesys(admin, "GET", &like, None).await?;
        let role = like["roleDivisions"][0]["roleId"]
            .as_str()
            .unwrap_or_default();
        let role = format!("/api/v2/authorization/roles/{role}");
        let role = world.genesys(admin, "GET", &role, None).await?;
        let mut all = Vec::new();
        for policy in role["permissionPolicies"].as_array().into_iter().flatten() {
            for action in policy["actionSet"].as_array().into_iter().flatten() {
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                let (domain, entity) = (text(&policy["domain"]), text(&policy["entityName"]));
                all.push(format!("{domain}:{entity}:{}", text(action)));
            }
        }
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        world.stack.genesys.set_permissions(permissions(&all))?;

        // Two rotations at once: the first finds that it is not its turn any more.
        let first = world.stack.begin_rotation(&secret).await?;
        let call = world
            .stack
            .rotation_step(&secret, &first, Step::Create)
            .await;
        assert!(!call.failed, "{call:#?}");
        let secrets = &world.stack.aws.secrets;
        secrets
            .update_secret_version_stage()
            .secret_id(&secret)
            .version_stage("AWSPENDING")
            .remove_from_version_id(&first)
            .send()
            .await?;
        let second = world.stack.begin_rotation(&secret).await?;
        for step in Step::ALL {
            // Of a version without any label Secrets Manager soon forgets even the id.
            let late = world.stack.rotation_step(&secret, &first, step).await;
            let kind = late.answer["errorType"].as_str().unwrap_or_default();
            assert!(
                ["not_pending", "unknown_version"].contains(&kind),
                "{late:#?}"
            );
            let call = world.stack.rotation_step(&secret, &second, step).await;
            assert!(!call.failed, "{call:#?}");
        }
        assert_eq!(
            world.stack.labelled(&secret, "AWSCURRENT").await?,
            Some(second)
        );
        planted.push(world.client_secret(&secret).await?);
        canary.once_more().await;

        // With one that is dead: somebody reset the client meanwhile.
        world.stack.days_pass().await?;
        let stop = RotateOptions {
            stop_after: Some(Step::Create),
            once: false,
            again: false,
        };
        let stopped = world.stack.rotate_client(&secret, stop).await?;
        assert!(stopped.done, "{stopped:#?}");
        let path = format!("/api/v2/oauth/clients/{other}/secret");
        let pending_secret =
            world.client_value(&secret, "AWSPENDING").await?["client_secret"].take();
        let reset = world.genesys(admin, "POST", &path, None).await?;
        for issued in [&pending_secret, &reset["secret"]] {
            planted.push(issued.as_str().ok_or("no secret was issued")?.to_owned());
        }
        let mut step = repair(&world, &secret, "apply").await?;
        while step["outcome"]["failed"]["kind"] == "settling" {
            world.stack.pass(SETTLING).await;
            step = repair(&world, &secret, "apply").await?;
        }
        assert_eq!(
            [&step["verb"], &step["outcome"]],
            ["discard", "applied"],
            "{step:#}"
        );
        assert_eq!(pending().await?, None);
        let value = world.client_value(&secret, "AWSCURRENT").await?;
        assert_eq!(value["client_id"], json!(one), "what works is current");
        canary.once_more().await;
        assert_eq!(canary.stop().await?, [""; 0], "calls that failed");
        world.ends_clean(&[], &planted).await
    })
}
