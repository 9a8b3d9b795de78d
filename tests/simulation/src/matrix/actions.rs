//! A first provisioning, then a rotation, each to its end; with what makes the platform show what the
//! switches are about.

use genesys_simulator::{Client, RateLimitSettings};
use secrecy::SecretString;
use serde_json::json;

use super::ends::End;
use super::job::{Job, Provocation};
use crate::story::{ActionText, Error, InMemory, Stage, World};

type Simulated = World<InMemory>;

/// The route that an untested action is changed by.
const PATCH_ROUTE: &str = "/integrations/actions/{actionId}";

/// An action with a live test, and one that is changed in place.
const TESTED: &str = "tested";
const PLAIN: &str = "plain";

/// The secrets of the two.
struct Secrets {
    tested: String,
    plain: String,
}

pub(super) async fn play(world: &Simulated, job: &Job) -> Result<(), Error> {
    let provisioned = provision(world, job.end).await;
    let secrets = provisioned.map_err(|error| format!("at the first provisioning: {error}"))?;
    let rotated = rotate(world, &secrets, job).await;
    rotated.map_err(|error| format!("at the rotation: {error}").into())
}

/// New integration, role, credential and actions, up to the verdict.
async fn provision(world: &Simulated, end: End) -> Result<Secrets, Error> {
    let tested = world.stack.make_secret("prod/tested", "first").await?;
    let plain = world.stack.make_secret("prod/plain", "first").await?;
    let action = |key, secret: &str| ActionText::new(key, &world.echo(), &[secret]);
    let manifest = world
        .manifest()
        .action(action(TESTED, &tested).tested())
        .action(action(PLAIN, &plain));
    let from = world.upload(&manifest).await?;
    ends(world, TESTED, from, end, None).await?;
    ends(world, PLAIN, from, end, None).await?;
    Ok(Secrets { tested, plain })
}

async fn rotate(world: &Simulated, secrets: &Secrets, job: &Job) -> Result<(), Error> {
    let mut own = world.stack.genesys.client().clone();
    if job.provokes(Provocation::ClientReset) {
        reset_client(world, &mut own).await?;
    }
    let from = world.stack.now().await?;
    let rotation = world.stack.rotate(&secrets.tested, "second");
    let version = while_throttled(world, job, rotation).await?;
    ends(world, TESTED, from, job.end, Some(&version)).await?;

    let before = world.calls_of("PATCH", PATCH_ROUTE).len();
    let from = world.stack.now().await?;
    let conflict = job.provokes(Provocation::Conflict);
    let version = match conflict {
        true => rotate_against(world, &own, &secrets.plain).await?,
        false => world.stack.rotate(&secrets.plain, "second").await?,
    };
    ends(world, PLAIN, from, job.end, Some(&version)).await?;
    let calls = world.calls_of("PATCH", PATCH_ROUTE).split_off(before);
    let stale = job.setting("stale_action_version").parse().ok();
    let is_refused = calls.iter().any(|call| call.status == stale);
    match is_refused == conflict {
        true => Ok(()),
        false => Err(format!("is a stale version refused with {stale:?}? {calls:#?}").into()),
    }
}

/// The plain action's secret rotates, and another writer comes in between reading and writing the action:
/// it signs in as Lockstep's own client, as a second run of Lockstep would.
async fn rotate_against(world: &Simulated, own: &Client, secret: &str) -> Result<String, Error> {
    let id = world.action_id(PLAIN).await?;
    let action = world.action(&id).await?;
    let before = world.calls_of("PATCH", PATCH_ROUTE).len();
    world.fault(
        "PATCH",
        PATCH_ROUTE,
        json!({"latency_ms": 1500, "times": 1}),
    )?;
    let version = world.stack.rotate(secret, "second").await?;
    world.call_after(before, "PATCH", PATCH_ROUTE).await?;
    // A new version of the same.
    let body = json!({"version": action["version"], "category": action["category"]});
    let path = format!("/api/v2/integrations/actions/{id}");
    world.genesys(own, "PATCH", &path, Some(body)).await?;
    Ok(version)
}

/// Has something done while the rate limit is used up, where the job asks for it, until a call was refused.
pub(super) async fn while_throttled<T>(
    world: &Simulated,
    job: &Job,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    if !job.provokes(Provocation::Throttled) {
        return work.await;
    }
    allow(world, 0)?;
    let done = work.await?;
    world.answered(429).await?;
    allow(world, ALLOWED)?;
    Ok(done)
}

/// Requests per token and minute (the developer center's "Rate limits").
const ALLOWED: u32 = 300;

fn allow(world: &Simulated, requests: u32) -> Result<(), Error> {
    Ok(world.stack.genesys.set_rate_limit(&RateLimitSettings {
        allowed: Some(requests),
        window_seconds: None,
        tokens_allowed: None,
    })?)
}

/// A change ends as it must; of a rotation: with this version live and tested.
async fn ends(
    world: &Simulated,
    key: &str,
    from: usize,
    end: End,
    version: Option<&str>,
) -> Result<(), Error> {
    let (event, detail) = world.ending(key, from).await?;
    if event != end.event() {
        return Err(format!("{key}: {event} instead of {}: {detail:#}", end.event()).into());
    }
    let emitted = world.story_of(key, from).await?;
    if emitted != ["Data Action Rebound", end.event()] {
        return Err(format!("{key}: this was emitted: {emitted:?}").into());
    }
    let Some(version) = version else {
        return Ok(());
    };
    let bound = world.bound_version(key).await?;
    if bound != version {
        return Err(format!("{key} is bound to {bound}, not to {version}").into());
    }
    let change = world.state(key).await?["change"].take();
    if key == TESTED && change["test"]["passed"] != true {
        return Err(format!("{key}: the live test did not pass: {change:#}").into());
    }
    Ok(())
}

/// As an administrator does it: a new secret, and into Secrets Manager with it.
async fn reset_client(world: &Simulated, own: &mut Client) -> Result<(), Error> {
    let path = format!("/api/v2/oauth/clients/{}/secret", own.id);
    let other = world.stack.genesys.other_client();
    let answer = world.genesys(other, "POST", &path, None).await?;
    let secret = answer["secret"].as_str().ok_or("no secret in the answer")?;
    let value = json!({"client_id": own.id, "client_secret": secret});
    let arn = &world.stack.places().client_secret;
    world.stack.rotate(arn, &value.to_string()).await?;
    own.secret = SecretString::from(secret);
    Ok(())
}
