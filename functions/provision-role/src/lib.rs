//! `provision-role`: makes the roles that Genesys Cloud assumes exactly right, and hands each
//! binding concerned on to `rebind-action`.
//!
//! Trigger, intent, scope, guards, then per role observe, plan, apply, read again; then the
//! hand-over of every binding concerned. Roles come before bindings, so that a new pair of role and
//! function usually works when its binding is looked at; whether it does, `rebind-action` asks IAM
//! itself.

mod done;
mod enqueue;
mod run;
mod scope;

use std::ops::ControlFlow;

use lockstep::manifest_upload::{self, Acceptance};
use lockstep::response::{Answer, Refused};
use lockstep::runtime::{Call, Context, Failure};
use lockstep::services::Provision;
use lockstep::store::{Manifests, StoreError};
use lockstep::trigger;
use lockstep_domain::ids::OrganizationId;
use lockstep_domain::intent::ProvisionIntent;
use lockstep_domain::manifest::{Dropped, Mode};
use lockstep_domain::problem::Problem;
use tracing::{info, warn};

use crate::run::Run;
use crate::scope::concern;

/// How often a trigger is handled again because manifests changed meanwhile.
const MAX_ROUNDS: u32 = 4;

/// Handles one trigger.
///
/// **Who retries.** An error is returned, and the message so delivered again, only where that can
/// help: AWS was throttled, unreachable or ahead of its own reads, or something can't be read until
/// it is repaired. What that concerns waits; the other organizations are carried out. A role that
/// is refused, a refused manifest, event or plan are events and answers: they need a person, not a
/// redelivery. Everything here may be done twice.
///
/// # Errors
/// What a redelivery can help, now or after a repair.
pub async fn handle(world: &Provision, call: &Call, context: &Context) -> Result<Answer, Failure> {
    // On the heap: the SDK's futures are deep, and one inside the other they pass the compiler's
    // limit.
    Box::pin(carry_out(world, call, context)).await
}

async fn carry_out(world: &Provision, call: &Call, context: &Context) -> Result<Answer, Failure> {
    let delivery = call.delivery();
    let by_hand = delivery.is_none();
    let parsed = trigger::provision(call.body(), &world.config);
    let intent = match trigger::intent(world, parsed, call, context).await? {
        ControlFlow::Continue(intent) => intent,
        ControlFlow::Break(answer) => return Ok(answer),
    };
    let (accepted, notices) = match accept(world, &intent).await? {
        Upload::Accepted(organization, notices) => (Some(organization), notices),
        Upload::None => (None, Vec::new()),
        Upload::Answered(answer) => return Ok(answer),
    };
    let trigger_id = call.trigger_id(context);
    let again = delivery.is_some_and(|delivery| delivery.received > 1);
    let mut run = Run::new(world, trigger_id, again, notices);
    let mut manifests = manifests(world, &intent, &mut run.notices).await?;
    run.notices.extend(uncovered(&manifests));
    let ignored = say_what_is_dropped(world, &intent, &manifests, trigger_id).await?;
    run.notices.extend(ignored);
    run.not_known(unreadable_concerned(&intent, &manifests));
    for _ in 0..MAX_ROUNDS {
        let concern = match concern(&intent, &manifests, accepted.as_ref(), by_hand) {
            Ok(concern) => concern,
            Err(problems) => return Ok(trigger::refuse(world, problems, call, context).await?),
        };
        run.round(&concern, by_hand).await?;
        // IAM has no conditional writes: a run with an older manifest could write after one with a
        // newer, and take away what that has just granted. Whoever wrote last looks last.
        let now = match run.wrote() {
            true => world.store.accepted().await?,
            false => return run.answer(&concern, by_hand),
        };
        if now.current == manifests.current {
            return run.answer(&concern, by_hand);
        }
        info!("a manifest was accepted while roles were being written: starting over");
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

async fn accept(world: &Provision, intent: &ProvisionIntent) -> Result<Upload, Failure> {
    let ProvisionIntent::ManifestUploaded { object } = intent else {
        return Ok(Upload::None);
    };
    Ok(match manifest_upload::accept(world, object).await? {
        Acceptance::Accepted {
            organization,
            notices,
        } => Upload::Accepted(organization, notices),
        Acceptance::Refused(problems) => Upload::Answered(Refused::new(problems).into()),
        Acceptance::TooMuch { problem, .. } => Upload::Answered(Refused::new(vec![problem]).into()),
        Acceptance::Gone => Upload::Answered(Answer::nothing(
            Mode::Apply,
            format!("{object} no longer exists; its accepted manifest stays current"),
        )),
    })
}

/// The accepted manifests. Where everything is compared, or one can't be read, the uploads are
/// compared with them first.
async fn manifests(
    world: &Provision,
    intent: &ProvisionIntent,
    notices: &mut Vec<String>,
) -> Result<Manifests, Failure> {
    if let ProvisionIntent::Asked(request) = intent
        && request.mode == Mode::Plan
    {
        return Ok(world.store.accepted().await?);
    }
    let manifests = Box::pin(manifest_upload::current(world)).await?;
    if !catches_up(intent, &manifests) {
        return Ok(manifests);
    }
    let came_of_it = Box::pin(manifest_upload::catch_up(world, &manifests)).await?;
    if came_of_it.is_empty() {
        return Ok(manifests);
    }
    notices.extend(came_of_it);
    manifest_upload::current(world).await
}

/// Whether lost uploads are looked for: where every organization is carried out, or a copy that the
/// trigger may be about can't be read. What is accepted and not carried out would only be by the
/// next resync.
fn catches_up(intent: &ProvisionIntent, manifests: &Manifests) -> bool {
    let everything = match intent {
        ProvisionIntent::Asked(request) => {
            let names = (&request.organization, &request.keys, &request.secret);
            names == (&None, &None, &None)
        }
        ProvisionIntent::SecretMoved { .. }
        | ProvisionIntent::ManifestUploaded { .. }
        | ProvisionIntent::Retire { .. } => false,
    };
    everything || !unreadable_concerned(intent, manifests).is_empty()
}

/// What Lockstep does not manage of the accepted manifests, and what an upload would be refused for.
fn uncovered(manifests: &Manifests) -> Vec<String> {
    let said = |problems: &[Problem]| {
        let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
        said.join(" ")
    };
    let mut notices = Vec::new();
    for (object, problems) in &manifests.refused {
        warn!(object, "accepted, but no longer allowed");
        notices.push(format!(
            "the stack's parameters no longer allow the accepted manifest {object}, so Lockstep \
             does not manage its bindings: {}",
            said(problems)
        ));
    }
    for accepted in &manifests.current {
        let object = &accepted.object;
        notices.extend(accepted.dropped.iter().map(|dropped| {
            let problems = said(&dropped.problems);
            format!(
                "the stack's parameters no longer allow an entry of {object}, so Lockstep does not \
                 manage it: {problems}"
            )
        }));
        if !accepted.notices.is_empty() {
            let problems = said(&accepted.notices);
            notices.push(format!(
                "{object} would be refused if it were uploaded now: {problems}"
            ));
        }
    }
    notices
}

/// An event for each dropped entry that a trigger is about: nothing is done for it.
async fn say_what_is_dropped(
    world: &Provision,
    intent: &ProvisionIntent,
    manifests: &Manifests,
    trigger_id: &str,
) -> Result<Vec<String>, Failure> {
    let concerns = |dropped: &Dropped| match intent {
        ProvisionIntent::SecretMoved { secret } => {
            dropped.secrets.iter().any(|arn| secret.may_mean(arn))
        }
        ProvisionIntent::Asked(_)
        | ProvisionIntent::ManifestUploaded { .. }
        | ProvisionIntent::Retire { .. } => false,
    };
    let mut said = Vec::new();
    for accepted in &manifests.current {
        for dropped in accepted.dropped.iter().filter(|one| concerns(one)) {
            let ignored = manifest_upload::announce_ignored(world, accepted, dropped, trigger_id);
            said.push(ignored.await?);
        }
    }
    Ok(said)
}

/// Why it is not known what a trigger concerns: the accepted copy of an organization that it may be
/// about can't be read.
fn unreadable_concerned(intent: &ProvisionIntent, manifests: &Manifests) -> Vec<StoreError> {
    let may_concern = |organization: &OrganizationId| match intent {
        ProvisionIntent::SecretMoved { .. } => true,
        ProvisionIntent::Asked(request) => {
            let asked = request.organization.as_ref();
            asked.is_none_or(|asked| asked == organization)
        }
        ProvisionIntent::Retire {
            organization: of, ..
        } => of == organization,
        ProvisionIntent::ManifestUploaded { .. } => false,
    };
    let copies = manifests.unreadable.iter();
    copies
        .filter(|copy| may_concern(&copy.organization))
        .map(|copy| copy.error.clone())
        .collect()
}
