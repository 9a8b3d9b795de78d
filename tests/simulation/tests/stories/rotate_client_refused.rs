//! What a rotation of an OAuth client refuses, and what it says.

use genesys_simulator::{Client, UsageSettings};
use jiff::SignedDuration;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use simulation::Step;
use simulation::story::{ActionText, Error, RotateOptions, Rotated, Stage as _, play};

use crate::World;
use crate::rotate_client::{DB_VALUES, world};

pub(crate) const ONCE: RotateOptions = RotateOptions {
    stop_after: None,
    again: false,
    once: true,
};

/// Uploads a manifest that names these secrets as rotated clients, beside the bound action.
pub(crate) async fn name(world: &World, db: &str, secrets: &[&str]) -> Result<(), Error> {
    let manifest = world
        .manifest()
        .action(ActionText::new("orders", &world.echo(), &[db]).tested())
        .organization("rotated_clients", json!(secrets));
    let from = world.upload(&manifest).await?;
    world.expect_any("Manifest Accepted", from).await?;
    Ok(())
}

/// Rotates once, which has to be refused with these words; answers the event.
pub(crate) async fn refused(
    world: &World,
    secret: &str,
    kind: &str,
    words: &str,
) -> Result<Value, Error> {
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
        detail["notices"].to_string().contains("where to look: "),
        "{detail:#}"
    );
    if rotated.calls.iter().all(|call| call.step == Step::Create) {
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
    world.stack.rotate_client(secret, again).await
}

#[test]
fn a_client_that_somebody_uses_or_needs_is_not_reset() -> Result<(), Error> {
    play(async || {
        let (world, db, action) = world().await?;
        let genesys = &world.stack.genesys;
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
            json!({"client_id": one, "client_secret": "x", "alternate_client_id": other})
                .to_string()
        };
        let lockout = world
            .stack
            .make_secret("genesys/lockout", &locked(&genesys.client().id))
            .await?;
        let twice = locked(&genesys.alternate_client().id);
        let twice = world.stack.make_secret("genesys/twice", &twice).await?;

        refused(
            &world,
            &used,
            "not_in_manifest",
            "no accepted manifest names the secret",
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
            let call = world.stack.rotation_step(&used, &token, Step::Create).await;
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
        let call = world.stack.rotation_step(&used, &token, Step::Create).await;
        assert_eq!(call.answer["errorType"], "use_unknown", "{call:#?}");
        world.stack.genesys.set_usage(&UsageSettings {
            fails: Some(false),
            ..UsageSettings::default()
        })?;
        // One event, however often it was tried.
        let unknown = |detail: &Value| detail["reason"].to_string().contains("could not determine");
        let stack = &world.stack;
        stack
            .wait_for_event("Client Rotation Failed", from, unknown)
            .await?;
        let emitted = world.stack.events().await?;
        let in_use = emitted
            .iter()
            .filter(|heard| heard.detail.to_string().contains(words));
        assert_eq!(in_use.count(), 1, "{emitted:#?}");
        // Nor is what does not show yet.
        world.stack.genesys.set_usage(&UsageSettings {
            delay_seconds: Some(2.0 * 24.0 * 3600.0),
            ..UsageSettings::default()
        })?;
        let call = world.stack.rotation_step(&used, &token, Step::Create).await;
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
                .await
                .failed
        );
        let soon = world.stack.time() + SignedDuration::from_mins(5);
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
        refused(&world, &twice, "named_elsewhere", "also names").await?;
        // What was begun and refused stays pending until somebody asks for it to be repaired.
        world.ends_clean(&[], &planted).await
    })
}
