//! Credentials of two integrations follow their secret, and Lockstep's own client takes its turn; each
//! change to its end, with what makes the platform show what the switches are about.

use aws_sdk_secretsmanager::types::RotationRulesType;
use serde_json::Value;

use super::actions::while_throttled;
use super::ends::End;
use super::job::{Job, Provocation};
use crate::story::{Called, Error, InMemory, Stage, World, login};
use crate::web_services::WebService;

type Simulated = World<InMemory>;

/// The events with which a credential's change ends.
const ENDS: [&str; 5] = [
    "Change Verified",
    "Change Violated",
    "Change Unverified",
    "Credential Rebind Failed",
    "Manifest Refused",
];

/// What is managed: two integrations whose credentials carry the values of one secret.
struct Set {
    service: WebService,
    called: [Called; 2],
    secret: String,
}

pub(super) async fn play(world: &Simulated, job: &Job) -> Result<(), Error> {
    let set = provision(world, job.end).await;
    let set = set.map_err(|error| format!("at the first provisioning: {error}"))?;
    if job.provokes(Provocation::Refused) {
        let refused = refuse(world, &set).await;
        refused.map_err(|error| format!("at the refused rotation: {error}"))?;
    }
    let moved = rotate(world, &set, job, ("app-b", "pw-second")).await;
    moved.map_err(|error| format!("at the rotation: {error}"))?;
    let turned = turn(world).await;
    turned.map_err(|error| format!("at the turn of our own client: {error}"))?;
    let moved = rotate(world, &set, job, ("app-a", "pw-third")).await;
    moved.map_err(|error| format!("at the rotation as the other client: {error}").into())
}

/// What a person made is adopted, up to the verdict.
async fn provision(world: &Simulated, end: End) -> Result<Set, Error> {
    let service = world.stack.web_services.add();
    service.lets_in("app-a", "pw-first");
    let called = [
        world.called("erp", &service).await?,
        world.called("crm", &service).await?,
    ];
    let value = login("app-a", "pw-first");
    let secret = world
        .stack
        .make_secret("genesys-credentials/erp", &value)
        .await?;
    let manifest = world
        .manifest()
        .credentials(&secret, "alternating", &called.each_ref());
    let from = world.upload(&manifest).await?;
    for one in &called {
        ends(world, one, from, end.event()).await?;
    }
    Ok(Set {
        service,
        called,
        secret,
    })
}

/// The new values do not work: both integrations go back to what they had.
async fn refuse(world: &Simulated, set: &Set) -> Result<(), Error> {
    let before = credentials(world, set).await?;
    let from = world.stack.now().await?;
    world
        .stack
        .rotate(&set.secret, &login("app-b", "pw-unknown"))
        .await?;
    for one in &set.called {
        ends(world, one, from, "Credential Rebind Failed").await?;
    }
    world.quiet().await?;
    let now = credentials(world, set).await?;
    if now != before {
        return Err(format!("{now:?} instead of {before:?}").into());
    }
    world.nothing_unreferenced(&set.called.each_ref()).await
}

/// A new user and password: both integrations get them, and what they had is gone.
async fn rotate(
    world: &Simulated,
    set: &Set,
    job: &Job,
    (user, password): (&str, &str),
) -> Result<(), Error> {
    set.service.lets_in(user, password);
    let before = credentials(world, set).await?;
    let from = world.stack.now().await?;
    let value = login(user, password);
    let rotation = world.stack.rotate(&set.secret, &value);
    let version = while_throttled(world, job, rotation).await?;
    for one in &set.called {
        let detail = ends(world, one, from, job.end.event()).await?;
        let bound = &detail["secrets"][0]["version_id"];
        if *bound != version {
            return Err(format!("{} is bound to {bound}, not to {version}", one.key).into());
        }
    }
    world.quiet().await?;
    let now = credentials(world, set).await?;
    if now.iter().any(|one| before.contains(one)) {
        return Err(format!("{now:?} after {before:?}").into());
    }
    world.nothing_unreferenced(&set.called.each_ref()).await
}

/// The ids of the credentials that the integrations use.
async fn credentials(world: &Simulated, set: &Set) -> Result<Vec<String>, Error> {
    let mut ids = Vec::new();
    for one in &set.called {
        ids.push(world.credential_in(one).await?);
    }
    Ok(ids)
}

/// A change of an integration's credential ends with this event; answers its detail.
async fn ends(world: &Simulated, called: &Called, from: usize, end: &str) -> Result<Value, Error> {
    let key = format!("{}-login", called.key);
    let what = format!("the end of {key}'s change");
    let heard = world
        .stack
        .wait_for(&what, from, |event| {
            event.source == "lockstep"
                && ENDS.contains(&event.detail_type.as_str())
                && (event.detail["key"] == key || event.detail["key"].is_null())
        })
        .await?;
    if heard.detail_type != end {
        let (event, detail) = (heard.detail_type, heard.detail);
        return Err(format!("{key}: {event} instead of {end}: {detail:#}").into());
    }
    let emitted = world.story_of(&key, from).await?;
    let expected = match end {
        "Credential Rebind Failed" => vec![end],
        _ => vec!["Credential Rebound", end],
    };
    match emitted == expected {
        true => Ok(heard.detail),
        false => Err(format!("{key}: this was emitted: {emitted:?}").into()),
    }
}

/// Secrets Manager rotates Lockstep's own client: the other one of the pair is current afterwards.
async fn turn(world: &Simulated) -> Result<(), Error> {
    let secret = &world.stack.places().client_secret;
    let other = &world.stack.genesys.alternate_client().id;
    let from = world.stack.now().await?;
    let rules = RotationRulesType::builder();
    let rules = rules.automatically_after_days(30).build();
    let rotate = world.stack.aws().secrets.rotate_secret().secret_id(secret);
    rotate.rotation_rules(rules).send().await?;
    let rotated = world.expect_any("Client Rotated", from).await?;
    let value = world.client_value(secret, "AWSCURRENT").await?;
    match rotated["client_id"] == *other && value["client_id"] == *other {
        true => world.quiet().await,
        false => Err(format!("{other} is not current: {rotated:#}").into()),
    }
}
