//! `provision-role`: makes the roles that Genesys Cloud assumes exactly right, and hands each
//! binding concerned on to `rebind-action`.
//!
//! Trigger, intent, scope, guards, then per role observe, plan, apply, read again; then the
//! hand-over. Roles come before bindings: an action that is bound before its role may invoke its
//! function fails calls.

mod hand_on;
mod run;
mod scope;

use lockstep::acceptance::{self, Acceptance};
use lockstep::response::{Answer, Refused};
use lockstep::runtime::{Call, Context, Failure};
use lockstep::store::Manifests;
use lockstep::trigger::{self, Trigger};
use lockstep::world::World;
use lockstep_domain::event::EventType;
use lockstep_domain::ids::OrganizationId;
use lockstep_domain::intent::Intent;
use lockstep_domain::manifest::Mode;
use tracing::{info, warn};

use crate::run::Run;
use crate::scope::concern;

/// How often a trigger is carried out anew because manifests changed meanwhile.
const MAX_ROUNDS: u32 = 4;

/// Handles one trigger.
///
/// **Who retries.** An error is returned, and the message so delivered again, only where that can
/// help: AWS was throttled, unreachable or ahead of its own reads. A role that is refused, a
/// permission that is missing, a refused manifest, event or plan are events and answers: they need
/// a person, not a redelivery. Everything here may be done twice.
///
/// # Errors
/// What a redelivery can help, and broken storage.
pub async fn handle(world: &World, call: &Call, context: &Context) -> Result<Answer, Failure> {
    // On the heap: the SDK's futures are deep, and one inside the other they pass the compiler's
    // limit.
    Box::pin(carry_out(world, call, context)).await
}

async fn carry_out(world: &World, call: &Call, context: &Context) -> Result<Answer, Failure> {
    let by_hand = call.delivery().is_none();
    let intent = match trigger::intent(call.body(), &world.config) {
        Ok(Trigger::Wanted(intent)) => intent,
        Ok(Trigger::Ignored { because }) => return Ok(Answer::nothing(Mode::Apply, because)),
        Err(problems) => {
            return Ok(world
                .refuse(EventType::ManifestRefused, None, problems)
                .await?);
        }
    };
    let (accepted, notices) = match accept(world, &intent).await? {
        Upload::Accepted(organization, notices) => (Some(organization), notices),
        Upload::None => (None, Vec::new()),
        Upload::Answered(answer) => return Ok(answer),
    };
    let mut run = Run::new(world, call.trigger_id(context), notices);
    let mut manifests = world.store.accepted().await?;
    run.notices
        .extend(say_what_is_no_longer_allowed(world, &intent, &manifests).await?);
    for _ in 0..MAX_ROUNDS {
        let concern = match concern(&intent, &manifests, accepted.as_ref(), by_hand) {
            Ok(concern) => concern,
            Err(problems) => {
                return Ok(world
                    .refuse(EventType::ManifestRefused, None, problems)
                    .await?);
            }
        };
        if let Some((organization, problems)) = run.round(&concern).await? {
            return Ok(world
                .refuse(EventType::PlanRefused, Some(organization), problems)
                .await?);
        }
        // IAM has no conditional writes: a run with an older manifest could write after one with a
        // newer, and take away what that has just granted. Whoever wrote last looks last.
        let now = match run.wrote() {
            true => world.store.accepted().await?,
            false => return run.answer(&concern, by_hand),
        };
        if now.in_force == manifests.in_force {
            return run.answer(&concern, by_hand);
        }
        info!("a manifest was accepted while roles were being written: once more");
        manifests = now;
    }
    Err(Failure::retry(
        "manifest_moves",
        "manifests kept changing while roles were being written",
    ))
}

/// What came of an upload, if the trigger is one.
enum Upload {
    Accepted(OrganizationId, Vec<String>),
    None,
    Answered(Answer),
}

async fn accept(world: &World, intent: &Intent) -> Result<Upload, Failure> {
    let Intent::ManifestUploaded { object } = intent else {
        return Ok(Upload::None);
    };
    Ok(match acceptance::accept(world, object).await? {
        Acceptance::Accepted {
            organization,
            notices,
        } => Upload::Accepted(organization, notices),
        Acceptance::Refused(problems) => Upload::Answered(Refused::new(problems).into()),
        Acceptance::Gone => Upload::Answered(Answer::nothing(
            Mode::Apply,
            format!("{object} is no longer there; what was accepted stays in force"),
        )),
    })
}

/// A manifest that the stack no longer allows is not looked after. The scheduler's and people's
/// calls announce that; on every secret in the account it would be noise.
async fn say_what_is_no_longer_allowed(
    world: &World,
    intent: &Intent,
    manifests: &Manifests,
) -> Result<Vec<String>, Failure> {
    if let Intent::Asked(request) = intent
        && request.mode == Mode::Apply
    {
        acceptance::announce_no_longer_allowed(world, manifests).await?;
    }
    Ok(manifests
        .refused
        .iter()
        .map(|(object, problems)| {
            warn!(object, "accepted once and no longer allowed");
            let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
            format!(
                "{object} was accepted and is no longer allowed, so its bindings are not looked after: {}",
                said.join(" ")
            )
        })
        .collect())
}
