//! `rebind-action`: binds Data Actions to the secret versions that are current, and moves the
//! integration credentials that carry a secret's values.
//!
//! Woken by the FIFO queue (one group per organization and binding, so each has one writer), or by
//! hand with a manual event or the tutorials' payload.

mod asked;
mod overview;
mod tutorial;

use std::ops::ControlFlow;

use lockstep::aws::AwsError;
use lockstep::manifest_upload;
use lockstep::reconcile::{Ask, RebindError, Report, Target, rebind};
use lockstep::response::{Answer, Response};
use lockstep::runtime::{Call, Context, Failure, chain};
use lockstep::services::Rebind;
use lockstep::store::Manifests;
use lockstep::telemetry;
use lockstep::trigger;
use lockstep_domain::arn::SecretArn;
use lockstep_domain::credentials::credential_set_of;
use lockstep_domain::intent::{Look, RebindIntent, RebindMessage};
use lockstep_domain::manifest::{Action, Dropped, Manifest, Mode};
use lockstep_domain::request::TutorialRequest;

/// Handles one call.
///
/// **Who retries.** An error is returned where a redelivery can help: Genesys Cloud or AWS did not
/// answer, answered that they are overloaded, or something has to wait for a known moment: a changed
/// role settles, another binding changes the integration, a create may still take effect. The state
/// says how far the change came, so a redelivery goes on from there. What somebody has to repair
/// outside of the message (a manifest or a state that can't be read, a secret that denies
/// `DescribeSecret`) is an event at once and tried until the queue gives the message up; only this
/// binding waits for the repair, since the FIFO group is its own. A permanent refusal, by Genesys
/// Cloud or by the planner, is recorded and emitted as *Rebind Failed* (for credentials: *Credential
/// Rebind Failed*, *Credential Split*), and the message is deleted: a retry would be refused again. A
/// direct call returns the failure to its caller.
///
/// # Errors
/// See above.
pub async fn handle(world: &Rebind, call: &Call, context: &Context) -> Result<Answer, Failure> {
    let parsed = trigger::rebind(call.body());
    let intent = match trigger::intent(world, parsed, call, context).await? {
        ControlFlow::Continue(intent) => intent,
        ControlFlow::Break(answer) => return Ok(answer),
    };
    // On the heap: the SDK's futures are deep, and one inside the other they pass the compiler's
    // limit.
    let manifests = Box::pin(manifest_upload::current(world)).await?;
    match intent {
        RebindIntent::Binding(message) => {
            handed_on(world, &manifests, &message, call, context).await
        }
        RebindIntent::Overview(message) => {
            overview::overview(world, &manifests, &message, call, context).await
        }
        RebindIntent::Asked(request) => {
            asked::asked(world, &manifests, &request, call, context).await
        }
        RebindIntent::Tutorial(request) => {
            bind_as_asked(world, &manifests, &request, call, context).await
        }
    }
}

async fn handed_on(
    world: &Rebind,
    manifests: &Manifests,
    message: &RebindMessage,
    call: &Call,
    context: &Context,
) -> Result<Answer, Failure> {
    let RebindMessage {
        organization,
        key,
        retry,
        reason,
        look,
    } = message;
    let Some(accepted) = manifests.known(organization)? else {
        let because = format!("the organization {organization} has no accepted manifest");
        return Ok(Answer::nothing(Mode::Apply, because));
    };
    let manifest = &accepted.manifest;
    let trigger_id = call.trigger_id(context);
    let is_it = |dropped: &&Dropped| dropped.key.as_ref() == Some(key);
    if let Some(dropped) = accepted.dropped.iter().find(is_it) {
        let because =
            manifest_upload::announce_ignored(world, accepted, dropped, trigger_id).await?;
        return Ok(Answer::nothing(manifest.organization.mode, because));
    }
    let ask = Ask {
        mode: Mode::Apply,
        retry: *retry,
        look: *look,
        reason: reason.clone(),
        trigger_id: trigger_id.to_owned(),
        run_id: context.request_id.clone(),
        deadline: context.deadline,
    };
    let report = match (manifest.action(key), credential_set_of(manifest, key)) {
        (Some(action), _) => {
            let secrets = action.secrets.iter().map(|secret| &secret.arn);
            readable(world, secrets).await?;
            bound(world, manifest, Target::Action(action), &ask).await?
        }
        (None, Some(set)) => {
            readable(world, std::iter::once(set.secret)).await?;
            bound(world, manifest, Target::CredentialSet(&set), &ask).await?
        }
        (None, None) => {
            let because = format!("{key} is no longer managed and stays unchanged");
            return Ok(Answer::nothing(manifest.organization.mode, because));
        }
    };
    Ok(answer(manifest, &ask, report))
}

/// Whether the versions of a binding's secrets may be seen at all. A permission that is missing is
/// no fault of the change: nothing is recorded as failed.
async fn readable(
    world: &Rebind,
    secrets: impl Iterator<Item = &SecretArn>,
) -> Result<(), AwsError> {
    for secret in secrets {
        world.secrets.current(secret).await?;
    }
    Ok(())
}

async fn bind_as_asked(
    world: &Rebind,
    manifests: &Manifests,
    request: &TutorialRequest,
    call: &Call,
    context: &Context,
) -> Result<Answer, Failure> {
    let trigger_id = call.trigger_id(context);
    let states = futures_util::future::try_join_all(
        manifests
            .current
            .iter()
            .map(|accepted| world.states.states(&accepted.manifest.organization.id)),
    )
    .await?
    .concat();
    let found = tutorial::compared_with(
        request,
        manifests,
        &states,
        &world.config.partition,
        &world.config.account,
    );
    let (manifest, action) = match found {
        Ok(found) => found,
        Err(problems) => return Ok(trigger::refuse(world, problems, call, context).await?),
    };
    let ask = Ask {
        mode: Mode::Apply,
        retry: false,
        look: Look::Full,
        reason: Some("requested by an operator".into()),
        trigger_id: trigger_id.to_owned(),
        run_id: context.request_id.clone(),
        deadline: context.deadline,
    };
    one(world, manifest, action, &ask).await
}

async fn one(
    world: &Rebind,
    manifest: &Manifest,
    action: &Action,
    ask: &Ask,
) -> Result<Answer, Failure> {
    let report = bound(world, manifest, Target::Action(action), ask).await?;
    Ok(answer(manifest, ask, report))
}

fn answer(manifest: &Manifest, ask: &Ask, report: Report) -> Answer {
    let mode = ask.mode.stricter(manifest.organization.mode);
    Response::new(mode, report.change_id, report.steps, report.notices).into()
}

async fn bound(
    world: &Rebind,
    manifest: &Manifest,
    target: Target<'_>,
    ask: &Ask,
) -> Result<Report, Failure> {
    let report = rebind(world, manifest, target, ask)
        .await
        .map_err(|error| unbound(&error))?;
    if let Some(change) = &report.change_id {
        telemetry::record_change(change);
    }
    Ok(report)
}

/// How a message that did not bind comes back. When the platform says how long asking is useless,
/// that is a hint; where Lockstep waits for something that takes its time, the moment is known.
fn unbound(error: &RebindError) -> Failure {
    let after = error.comes_back_after();
    match (error, after) {
        (RebindError::Store(store), _) if !store.is_transient() => store.clone().into(),
        (
            RebindError::NotActive { .. }
            | RebindError::Settling { .. }
            | RebindError::RoleChangedLately { .. }
            | RebindError::CreateInDoubt { .. }
            | RebindError::IntegrationTaken { .. },
            Some(after),
        ) => Failure::later(after, chain(error)),
        (_, after) => Failure::retry(error.kind(), chain(error)).not_before(after),
    }
}
