//! `rebind-action`: binds Data Actions to the secret versions that are current, and moves the
//! integration credentials that carry a secret's values.
//!
//! Woken by the FIFO queue (one group per organization and integration, or secret, so there is one
//! writer), or by hand with a manual event or the tutorials' payload.

mod tutorial;

use lockstep::acceptance;
use lockstep::radius::radius;
use lockstep::reconcile::action::{Ask, RebindError, Report, rebind};
use lockstep::reconcile::credentials::{UnitError, rebind_unit};
use lockstep::response::{Answer, Refused, Response};
use lockstep::runtime::{Call, Context, Failure, chain};
use lockstep::selection::{Named, Selected, select};
use lockstep::store::Manifests;
use lockstep::telemetry;
use lockstep::trigger::{Trigger, Work, work};
use lockstep::world::World;
use lockstep_domain::arn::SecretArn;
use lockstep_domain::credentials::{Unit, unit_of};
use lockstep_domain::event::EventType;
use lockstep_domain::intent::RebindMessage;
use lockstep_domain::manifest::{Action, Dropped, Manifest, Mode};
use lockstep_domain::request::{Request, TutorialRequest};

/// Handles one call.
///
/// **Who retries.** An error is returned only where a redelivery can help: Genesys Cloud or AWS
/// did not answer, answered that they are overloaded, or a changed role has not settled yet. The
/// state says how far the change came, so a redelivery goes on from there. Where the manifest, the
/// state or a secret's metadata can't be read, the message waits for the repair. Whatever else is
/// permanent is recorded, announced as *Rebind Failed* (of credentials: *Credential Rebind Failed*,
/// *Credential Split*) and done with; the queue would only repeat it.
///
/// # Errors
/// See above.
pub async fn handle(world: &World, call: &Call, context: &Context) -> Result<Answer, Failure> {
    let work = match work(call.body()) {
        Ok(Trigger::Wanted(work)) => work,
        Ok(Trigger::Ignored { because }) => return Ok(Answer::nothing(Mode::Apply, because)),
        Err(problems) => {
            return Ok(world
                .refuse(EventType::ManifestRefused, None, problems)
                .await?);
        }
    };
    // On the heap: the SDK's futures are deep, and one inside the other they pass the compiler's
    // limit.
    let manifests = Box::pin(acceptance::current(world)).await?;
    match work {
        Work::Binding(message) => {
            let trigger_id = call.trigger_id(context);
            handed_on(world, &manifests, &message, trigger_id, context).await
        }
        Work::Asked(request) => asked(world, &manifests, &request, context).await,
        Work::Tutorial(request) => told(world, &manifests, &request, context).await,
    }
}

async fn handed_on(
    world: &World,
    manifests: &Manifests,
    message: &RebindMessage,
    trigger_id: &str,
    context: &Context,
) -> Result<Answer, Failure> {
    let RebindMessage {
        organization,
        key,
        retry,
        reason,
    } = message;
    let Some(accepted) = manifests.known(organization)? else {
        let because = format!("no manifest of the organization {organization} is in force");
        return Ok(Answer::nothing(Mode::Apply, because));
    };
    let manifest = &accepted.manifest;
    let is_it = |dropped: &&Dropped| dropped.key.as_ref() == Some(key);
    if let Some(dropped) = accepted.dropped.iter().find(is_it) {
        let because = acceptance::announce_ignored(world, accepted, dropped, trigger_id).await?;
        return Ok(Answer::nothing(manifest.organization.mode, because));
    }
    let ask = Ask {
        mode: Mode::Apply,
        retry: *retry,
        reason: reason.clone(),
        deadline: context.deadline,
    };
    match (manifest.action(key), unit_of(manifest, key)) {
        (Some(action), _) => {
            readable(world, action.secrets.iter().map(|secret| &secret.arn)).await?;
            one(world, manifest, action, &ask).await
        }
        (None, Some(unit)) => {
            readable(world, std::iter::once(unit.secret)).await?;
            let report = moved(world, manifest, &unit, &ask).await?;
            Ok(answer(manifest, &ask, report))
        }
        (None, None) => {
            let because = format!("{key} is no longer managed; it is left as it is");
            Ok(Answer::nothing(manifest.organization.mode, because))
        }
    }
}

/// Whether the versions of a binding's secrets may be seen at all. A permission that is missing is
/// no fault of the change: the message waits for it, and nothing is recorded as failed.
async fn readable(world: &World, secrets: impl Iterator<Item = &SecretArn>) -> Result<(), Failure> {
    for secret in secrets {
        world.secrets.current(secret).await?;
    }
    Ok(())
}

async fn asked(
    world: &World,
    manifests: &Manifests,
    request: &Request,
    context: &Context,
) -> Result<Answer, Failure> {
    let named = Named {
        organization: request.organization.as_ref(),
        keys: request.keys.as_deref(),
        secret: request.secret.as_ref(),
        by_hand: true,
    };
    let selected = match select(manifests, named) {
        Ok(selected) => selected,
        Err(problems) => {
            return Ok(world
                .refuse(EventType::ManifestRefused, None, problems)
                .await?);
        }
    };
    // Organizations are judged separately: one that is refused does not stop the others.
    let mut refused = Vec::new();
    let mut allowed = Vec::new();
    for chosen in selected {
        let radius = radius(world, chosen.manifest, &chosen.actions, &chosen.units).await;
        match radius.check_request()? {
            Ok(()) => allowed.push(chosen),
            Err(problem) => {
                let organization = chosen.manifest.organization.id.clone();
                let problems = vec![problem.clone()];
                world
                    .refuse(EventType::PlanRefused, Some(organization), problems)
                    .await?;
                refused.push(problem);
            }
        }
    }
    if allowed.is_empty() && !refused.is_empty() {
        return Ok(Refused::new(refused).into());
    }
    let selected = allowed;
    let ask = Ask {
        mode: request.mode,
        retry: request.retry,
        reason: request.reason.clone(),
        deadline: context.deadline,
    };
    let mut all = Report {
        notices: refused.iter().map(ToString::to_string).collect(),
        ..Report::default()
    };
    let mut mode = request.mode;
    let count = |one: &Selected<'_>| one.actions.len() + one.units.len();
    let alone = selected.iter().map(count).sum::<usize>() == 1;
    let mut failed = None;
    // One after the other: the actions of one integration must not be written side by side. What
    // one fails at does not keep the others.
    for chosen in &selected {
        mode = mode.stricter(chosen.manifest.organization.mode);
        for action in &chosen.actions {
            match bound(world, chosen.manifest, action, &ask).await {
                Ok(report) => add(&mut all, report, action.key.as_str(), alone),
                Err(failure) => failed = failed.or(Some(failure)),
            }
        }
        for unit in &chosen.units {
            match moved(world, chosen.manifest, unit, &ask).await {
                Ok(report) => add(&mut all, report, unit.first_key().as_str(), alone),
                Err(failure) => failed = failed.or(Some(failure)),
            }
        }
    }
    if let Some(failure) = failed {
        return Err(failure);
    }
    Ok(Response::new(mode, all.change_id, all.steps, all.notices).into())
}

/// Adds what came of one binding to what came of all; the change is named where there is only one.
fn add(all: &mut Report, report: Report, key: &str, alone: bool) {
    all.change_id = report.change_id.filter(|_| alone);
    all.steps.extend(report.steps);
    let notices = report.notices.into_iter();
    all.notices
        .extend(notices.map(|notice| format!("{key}: {notice}")));
}

async fn told(
    world: &World,
    manifests: &Manifests,
    request: &TutorialRequest,
    context: &Context,
) -> Result<Answer, Failure> {
    let states = futures_util::future::try_join_all(
        manifests
            .in_force
            .iter()
            .map(|accepted| world.store.states(&accepted.manifest.organization.id)),
    )
    .await?
    .concat();
    let found = tutorial::held_against(
        request,
        manifests,
        &states,
        &world.config.partition,
        &world.config.account,
    );
    let (manifest, action) = match found {
        Ok(found) => found,
        Err(problems) => {
            return Ok(world
                .refuse(EventType::ManifestRefused, None, problems)
                .await?);
        }
    };
    let ask = Ask {
        mode: Mode::Apply,
        retry: false,
        reason: Some("asked for by hand".into()),
        deadline: context.deadline,
    };
    one(world, manifest, action, &ask).await
}

async fn one(
    world: &World,
    manifest: &Manifest,
    action: &Action,
    ask: &Ask,
) -> Result<Answer, Failure> {
    let report = bound(world, manifest, action, ask).await?;
    Ok(answer(manifest, ask, report))
}

fn answer(manifest: &Manifest, ask: &Ask, report: Report) -> Answer {
    let mode = ask.mode.stricter(manifest.organization.mode);
    Response::new(mode, report.change_id, report.steps, report.notices).into()
}

async fn moved(
    world: &World,
    manifest: &Manifest,
    unit: &Unit<'_>,
    ask: &Ask,
) -> Result<Report, Failure> {
    let report = rebind_unit(world, manifest, unit, ask)
        .await
        .map_err(|error: UnitError| {
            let after = error.comes_back_after();
            match &error {
                UnitError::Rebind(error) => unbound(error),
                UnitError::SecretGone { .. }
                | UnitError::Value { .. }
                | UnitError::Moved
                | UnitError::StillThere { .. } => {
                    Failure::retry(error.kind(), chain(&error)).not_before(after)
                }
            }
        })?;
    if let Some(change) = &report.change_id {
        telemetry::record_change(change);
    }
    Ok(report)
}

async fn bound(
    world: &World,
    manifest: &Manifest,
    action: &Action,
    ask: &Ask,
) -> Result<Report, Failure> {
    let report = rebind(world, manifest, action, ask)
        .await
        .map_err(|error| unbound(&error))?;
    if let Some(change) = &report.change_id {
        telemetry::record_change(change);
    }
    Ok(report)
}

/// How a message that did not bind comes back. When the platform says how long asking is useless,
/// that is a hint; when a changed role or a new integration needs its time, the moment is known.
fn unbound(error: &RebindError) -> Failure {
    let after = error.comes_back_after();
    match (error, after) {
        (RebindError::Store(store), _) if !store.is_transient() => store.clone().into(),
        (RebindError::NotActive { .. } | RebindError::Settling { .. }, Some(after)) => {
            Failure::later(after, chain(error))
        }
        (_, after) => Failure::retry(error.kind(), chain(error)).not_before(after),
    }
}
