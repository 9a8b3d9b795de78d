//! What a rotation of an OAuth client refuses, and what it says; and how what was left is healed.

use genesys_simulator::{Client, PermissionSettings, UsageSettings};
use jiff::{SignedDuration, Timestamp};
use sandbox::{RotateOptions, Rotated, Step};
use scenarios::{ActionText, Error, PATIENCE, World};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::rotate_client::{DB_VALUES, world};

const ONCE: RotateOptions = RotateOptions {
    stop_after: None,
    again: false,
    once: true,
};

/// Puts a manifest in force that names these secrets as rotated clients, beside the bound action.
async fn name(world: &World, db: &str, secrets: &[&str]) -> Result<(), Error> {
    let manifest = world
        .manifest()
        .action(ActionText::new("orders", &world.echo(), &[db]).tested())
        .organization("rotated_clients", json!(secrets));
    let from = world.upload(&manifest).await?;
    world.expect_any("Manifest Accepted", from).await?;
    Ok(())
}

/// Rotates once, which has to be refused with these words; answers the event.
async fn refused(world: &World, secret: &str, kind: &str, words: &str) -> Result<Value, Error> {
    let (from, resets) = (world.stack.now().await?, world.resets());
    let rotated = world.stack.rotate_client(secret, ONCE).await?;
    assert!(!rotated.done, "{rotated:#?}");
    assert!(rotated.problem().contains(words), "{}", rotated.problem());
    let error = &rotated.calls.last().ok_or("nothing was called")?.answer;
    assert_eq!(error["errorType"], kind, "{error:#}");
    let detail = world.expect_any("Client Rotation Failed", from).await?;
    assert!(
        detail["reason"]
            .as_str()
            .unwrap_or_default()
            .contains(words),
        "{detail:#}"
    );
    assert!(
        detail["errors"][0]["fix"]
            .as_str()
            .is_some_and(|fix| fix.len() > 20),
        "{detail:#}"
    );
    assert!(
        detail["notices"].to_string().contains("look at: "),
        "{detail:#}"
    );
    if rotated.calls.len() == 1 {
        assert_eq!(world.resets(), resets, "nothing was reset");
    }
    Ok(detail)
}

/// Goes through the pending rotation of a secret again.
async fn again(world: &World, secret: &str) -> Result<Rotated, Error> {
    let again = RotateOptions {
        again: true,
        ..ONCE
    };
    Ok(world.stack.rotate_client(secret, again).await?)
}

async fn heal(world: &World, secret: &str, mode: &str) -> Result<Value, Error> {
    let event = json!({"heal": true, "mode": mode, "secret": secret, "stuck_after_minutes": 0});
    let report = world.ask("rotate-client", event).await?;
    let steps = report["steps"].as_array().cloned().unwrap_or_default();
    match steps.as_slice() {
        [step] => Ok(step.clone()),
        _ => Err(format!("not one step: {report:#}").into()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_somebody_uses_or_needs_is_not_reset() -> Result<(), Error> {
    let (world, db, action) = world().await?;
    let genesys = world.stack.endpoints().genesys.clone();
    let (used, [_, used_other]) = world.make_pair("used").await?;
    let (one, one_secret) = world.make_client("alone").await?;
    let mut planted = vec![DB_VALUES[0].to_owned(), one_secret.clone()];
    planted.push(world.client_secret(&used).await?);
    let alone = json!({"client_id": one, "client_secret": one_secret});
    let alone = world
        .stack
        .make_secret("genesys/alone", &alone.to_string())
        .await?;
    let locked = |other: &str| {
        json!({"client_id": one, "client_secret": "x", "alternate_client_id": other}).to_string()
    };
    let lockout = world
        .stack
        .make_secret("genesys/lockout", &locked(&genesys.client_id))
        .await?;
    let twice = locked(&genesys.alternate_client_id);
    let twice = world.stack.make_secret("genesys/twice", &twice).await?;

    refused(
        &world,
        &used,
        "not_in_manifest",
        "no manifest in force names the secret",
    )
    .await?;
    name(&world, &db, &[&used, &alone]).await?;

    // The pair that is refused goes on as it was. From the force on there is no canary: it takes the
    // client from whoever uses it, and a client that is alone has a gap, both by design.
    let canary = world.sign_in_canary(&used, std::slice::from_ref(&action))?;
    canary.once_more().await;

    // In use: who, and how much. Its secret is known by a reset as a person would make it.
    let path = format!("/api/v2/oauth/clients/{used_other}/secret");
    let admin = world.stack.genesys.other_client();
    let fresh = world.genesys(admin, "POST", &path, None).await?;
    let user = Client {
        id: used_other.clone(),
        secret: fresh["secret"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
            .into(),
    };
    planted.push(user.secret.expose_secret().to_owned());
    for _ in 0..3 {
        world
            .genesys(&user, "GET", "/api/v2/integrations", None)
            .await?;
    }
    let token = world
        .stack
        .labelled(&used, "AWSPENDING")
        .await?
        .ok_or("nothing is pending")?;
    let (from, words) = (
        world.stack.now().await?,
        "is still in use: 3 requests GET /integrations",
    );
    for _ in 0..2 {
        let call = world
            .stack
            .rotation_step(&used, &token, Step::Create)
            .await?;
        assert!(call.failed, "{call:#?}");
        assert_eq!(call.answer["errorType"], "client_in_use", "{call:#?}");
        assert!(call.answer.to_string().contains(words), "{call:#?}");
    }
    let detail = world.expect_any("Client Rotation Failed", from).await?;
    assert!(detail["reason"].to_string().contains(words), "{detail:#}");

    // Unreadable is not unused.
    world.stack.genesys.set_usage(&UsageSettings {
        fails: Some(true),
        ..UsageSettings::default()
    })?;
    let call = world
        .stack
        .rotation_step(&used, &token, Step::Create)
        .await?;
    assert_eq!(call.answer["errorType"], "use_unknown", "{call:#?}");
    world.stack.genesys.set_usage(&UsageSettings {
        fails: Some(false),
        ..UsageSettings::default()
    })?;
    // Once told, however often it was tried.
    let unknown = |detail: &Value| {
        detail["reason"]
            .to_string()
            .contains("could not be found out")
    };
    let stack = &world.stack;
    stack
        .wait_for_event("Client Rotation Failed", from, PATIENCE, unknown)
        .await?;
    let told = world.stack.events().await?;
    let in_use = told
        .iter()
        .filter(|heard| heard.detail.to_string().contains(words));
    assert_eq!(in_use.count(), 1, "{told:#?}");
    // Nor is what does not show yet.
    world.stack.genesys.set_usage(&UsageSettings {
        delay_seconds: Some(2.0 * 24.0 * 3600.0),
        ..UsageSettings::default()
    })?;
    let call = world
        .stack
        .rotation_step(&used, &token, Step::Create)
        .await?;
    assert_eq!(call.answer["errorType"], "use_unknown", "{call:#?}");
    world.stack.genesys.set_usage(&UsageSettings {
        delay_seconds: Some(0.0),
        ..UsageSettings::default()
    })?;

    canary.once_more().await;
    assert_eq!(canary.stop().await?, [""; 0], "calls that failed");

    // A force that has ended is none; one that lasts is obeyed, and said.
    world
        .tag(&used, "lockstep:force-until", Some("2020-01-01T00:00:00Z"))
        .await?;
    assert!(
        world
            .stack
            .rotation_step(&used, &token, Step::Create)
            .await?
            .failed
    );
    let soon = Timestamp::now() + SignedDuration::from_mins(5);
    world
        .tag(&used, "lockstep:force-until", Some(&soon.to_string()))
        .await?;
    let from = world.stack.now().await?;
    let rotated = again(&world, &used).await?;
    assert!(rotated.done, "{rotated:#?}");
    let detail = world.expect_any("Client Rotated", from).await?;
    assert!(
        detail["notices"].to_string().contains("forced although"),
        "{detail:#}"
    );
    planted.push(world.client_secret(&used).await?);

    // Alone: refused, then with a gap that has a name.
    refused(&world, &alone, "no_alternate", "no `alternate_client_id`").await?;
    world
        .tag(&alone, "lockstep:rotation", Some("single"))
        .await?;
    let from = world.stack.now().await?;
    let rotated = again(&world, &alone).await?;
    assert!(rotated.done, "{rotated:#?}");
    let detail = world.expect_any("Client Rotated", from).await?;
    assert_eq!(detail["client_id"], json!(one));
    assert!(
        detail["gap_seconds"]
            .as_u64()
            .is_some_and(|gap| (1..60).contains(&gap)),
        "{detail:#}"
    );
    planted.push(world.client_secret(&alone).await?);

    // Nobody is locked out.
    name(&world, &db, &[&lockout]).await?;
    refused(&world, &lockout, "lockout", "Lockstep is signed in with").await?;
    name(&world, &db, &[&twice]).await?;
    refused(&world, &twice, "named_elsewhere", "is named by").await?;
    // What was begun and refused stays pending until somebody asks for it to be healed.
    world.ends_clean(&[], &planted).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_rotations_left_is_finished_or_given_up() -> Result<(), Error> {
    let (world, db, action) = world().await?;
    let (secret, [one, other]) = world.make_pair("left").await?;
    let mut planted = vec![DB_VALUES[0].to_owned(), world.client_secret(&secret).await?];
    name(&world, &db, &[&secret]).await?;
    let canary = world.sign_in_canary(&secret, std::slice::from_ref(&action))?;
    canary.once_more().await;
    let pending = || world.stack.labelled(&secret, "AWSPENDING");

    // Without a value.
    let token = world.stack.begin_rotation(&secret).await?;
    let step = heal(&world, &secret, "plan").await?;
    assert_eq!(
        [&step["verb"], &step["id"]],
        [&json!("discard"), &json!(token)],
        "{step:#}"
    );
    assert_eq!(step.get("outcome"), None);
    assert_eq!(pending().await?, Some(token), "a plan writes nothing");
    let step = heal(&world, &secret, "apply").await?;
    assert_eq!(step["outcome"], "applied", "{step:#}");
    assert_eq!(pending().await?, None);

    // With one that works.
    world.days_pass(&secret).await?;
    let stop = RotateOptions {
        stop_after: Some(Step::Create),
        ..ONCE
    };
    let stopped = world.stack.rotate_client(&secret, stop).await?;
    assert!(stopped.done, "{stopped:#?}");
    let from = world.stack.now().await?;
    let step = heal(&world, &secret, "apply").await?;
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

    world.days_pass(&secret).await?;
    // The new client may do less: it is named, given up, and after it was mended done anew. The
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
        detail["notices"].to_string().contains("still works"),
        "{detail:#}"
    );
    let step = heal(&world, &secret, "apply").await?;
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
        .await?;
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
        let late = world.stack.rotation_step(&secret, &first, step).await?;
        let kind = late.answer["errorType"].as_str().unwrap_or_default();
        assert!(
            ["not_pending", "unknown_version"].contains(&kind),
            "{late:#?}"
        );
        let call = world.stack.rotation_step(&secret, &second, step).await?;
        assert!(!call.failed, "{call:#?}");
    }
    assert_eq!(
        world.stack.labelled(&secret, "AWSCURRENT").await?,
        Some(second)
    );
    planted.push(world.client_secret(&secret).await?);
    canary.once_more().await;

    // With one that is dead: somebody reset the client meanwhile.
    world.days_pass(&secret).await?;
    let stop = RotateOptions {
        stop_after: Some(Step::Create),
        once: false,
        again: false,
    };
    let stopped = world.stack.rotate_client(&secret, stop).await?;
    assert!(stopped.done, "{stopped:#?}");
    let path = format!("/api/v2/oauth/clients/{other}/secret");
    let pending_secret = world.client_value(&secret, "AWSPENDING").await?["client_secret"].take();
    let reset = world.genesys(admin, "POST", &path, None).await?;
    for issued in [&pending_secret, &reset["secret"]] {
        planted.push(issued.as_str().ok_or("no secret was issued")?.to_owned());
    }
    let mut step = heal(&world, &secret, "apply").await?;
    while step["outcome"]["failed"]["kind"] == "settling" {
        step = heal(&world, &secret, "apply").await?;
    }
    assert_eq!(
        [&step["verb"], &step["outcome"]],
        ["discard", "applied"],
        "{step:#}"
    );
    assert_eq!(pending().await?, None);
    let value = world.client_value(&secret, "AWSCURRENT").await?;
    assert_eq!(value["client_id"], json!(one), "what works is in force");
    canary.once_more().await;
    assert_eq!(canary.stop().await?, [""; 0], "calls that failed");
    world.ends_clean(&[], &planted).await
}
