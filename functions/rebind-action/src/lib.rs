//! `rebind-action`: binds Data Actions to the secret versions that are current, and moves the
//! integration credentials that carry a secret's values.
//!
//! Woken by the FIFO queue (one group per organization and integration, or secret, so there is one
//! writer), or by hand with a manual event or the tutorials' payload.

mod asked;
mod tutorial;

use lockstep::acceptance;
use lockstep::aws::AwsError;
use lockstep::reconcile::action::{Ask, RebindError, Report, rebind};
use lockstep::reconcile::credentials::{UnitError, rebind_unit};
use lockstep::response::{Answer, Response};
use lockstep::runtime::{Call, Context, Delivery, Failure, chain};
use lockstep::store::Manifests;
use lockstep::telemetry;
use lockstep::trigger::{Trigger, Work, work};
use lockstep::world::World;
use lockstep_domain::arn::SecretArn;
use lockstep_domain::credentials::{Unit, unit_of};
use lockstep_domain::event::EventType;
use lockstep_domain::intent::RebindMessage;
use lockstep_domain::manifest::{Action, Dropped, Manifest, Mode};
use lockstep_domain::request::TutorialRequest;

/// Handles one call.
///
/// **Who retries.** An error is returned only where a redelivery can help: Genesys Cloud or AWS
/// did not answer, answered that they are overloaded, or a changed role has not settled yet. The
/// state says how far the change came, so a redelivery goes on from there. Where the organization's
/// manifest can't be read, the message waits for the repair. What can't be read of one binding (a
/// secret that denies `DescribeSecret`, a corrupt state) is emitted as an event and done with: the
/// FIFO group is shared by all bindings of an integration, and they must not wait for this one's
/// repair. The next trigger or the resync tries it again. Whatever else is permanent is recorded,
/// announced as *Rebind Failed* (of credentials: *Credential Rebind Failed*, *Credential Split*) and
/// done with; the queue would only repeat it. A direct call gets the failure instead.
///
/// # Errors
/// See above.
pub async fn handle(world: &World, call: &Call, context: &Context) -> Result<Answer, Failure> {
    let work = match work(call.body()) {
        Ok(Trigger::Wanted(work)) => work,
        Ok(Trigger::Ignored { because }) => return Ok(Answer::nothing(Mode::Apply, because)),
        Err(problems) => {
            return Ok(world
                .refuse(
                    EventType::ManifestRefused,
                    None,
                    problems,
                    call.trigger_id(context),
                )
                .await?);
        }
    };
    // On the heap: the SDK's futures are deep, and one inside the other they pass the compiler's
    // limit.
    let manifests = Box::pin(acceptance::current(world)).await?;
    match work {
        Work::Binding(message) => handed_on(world, &manifests, &message, call, context).await,
        Work::Asked(request) => asked::asked(world, &manifests, &request, call, context).await,
        Work::Tutorial(request) => told(world, &manifests, &request, call, context).await,
    }
}

async fn handed_on(
    world: &World,
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
    } = message;
    let Some(accepted) = manifests.known(organization)? else {
        let because = format!("no manifest of the organization {organization} is in force");
        return Ok(Answer::nothing(Mode::Apply, because));
    };
    let manifest = &accepted.manifest;
    let trigger_id = call.trigger_id(context);
    let is_it = |dropped: &&Dropped| dropped.key.as_ref() == Some(key);
    if let Some(dropped) = accepted.dropped.iter().find(is_it) {
        let because = acceptance::announce_ignored(world, accepted, dropped, trigger_id).await?;
        return Ok(Answer::nothing(manifest.organization.mode, because));
    }
    let ask = Ask {
        mode: Mode::Apply,
        retry: *retry,
        reason: reason.clone(),
        trigger_id: trigger_id.to_owned(),
        deadline: context.deadline,
    };
    let (handled, event) = match (manifest.action(key), unit_of(manifest, key)) {
        (Some(action), _) => (
            handed_action(world, manifest, action, &ask).await,
            EventType::RebindFailed,
        ),
        (None, Some(unit)) => (
            handed_unit(world, manifest, &unit, &ask).await,
            EventType::CredentialRebindFailed,
        ),
        (None, None) => {
            let because = format!("{key} is no longer managed; it is left as it is");
            return Ok(Answer::nothing(manifest.organization.mode, because));
        }
    };
    match (handled, call.delivery()) {
        (Ok(report), _) => Ok(answer(manifest, &ask, report)),
        (Err(Unhandled::Failed(failure)), Some(_)) if failure.object().is_none() => Err(failure),
        (Err(unhandled), Some(delivery)) => {
            let because = done_with(world, message, delivery, event, &unhandled).await?;
            Ok(Answer::nothing(manifest.organization.mode, because))
        }
        (Err(unhandled), None) => Err(unhandled.into()),
    }
}

async fn handed_action(
    world: &World,
    manifest: &Manifest,
    action: &Action,
    ask: &Ask,
) -> Result<Report, Unhandled> {
    readable(world, action.secrets.iter().map(|secret| &secret.arn)).await?;
    Ok(bound(world, manifest, action, ask).await?)
}

async fn handed_unit(
    world: &World,
    manifest: &Manifest,
    unit: &Unit<'_>,
    ask: &Ask,
) -> Result<Report, Unhandled> {
    readable(world, std::iter::once(unit.secret)).await?;
    Ok(moved(world, manifest, unit, ask).await?)
}

/// Why a message was not handled.
enum Unhandled {
    /// A secret of the binding may not be looked at; nothing was written.
    Secret(AwsError),
    Failed(Failure),
}

impl From<Failure> for Unhandled {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<Unhandled> for Failure {
    fn from(unhandled: Unhandled) -> Self {
        match unhandled {
            Unhandled::Secret(error) => error.into(),
            Unhandled::Failed(failure) => failure,
        }
    }
}

/// Whether the versions of a binding's secrets may be seen at all. A permission that is missing is
/// no fault of the change: nothing is recorded as failed.
async fn readable(
    world: &World,
    secrets: impl Iterator<Item = &SecretArn>,
) -> Result<(), Unhandled> {
    for secret in secrets {
        world.secrets.current(secret).await.map_err(|error| {
            if error.is_transient() {
                Unhandled::Failed(error.into())
            } else {
                Unhandled::Secret(error)
            }
        })?;
    }
    Ok(())
}

/// Emits, once a message, what keeps one binding until somebody repairs it: the other bindings of
/// its FIFO group go on.
async fn done_with(
    world: &World,
    message: &RebindMessage,
    delivery: &Delivery,
    event: EventType,
    unhandled: &Unhandled,
) -> Result<String, Failure> {
    let (cause, object) = match unhandled {
        Unhandled::Secret(error) => (chain(error), None),
        Unhandled::Failed(failure) => (failure.to_string(), failure.object()),
    };
    let reason = format!("{cause}. After the repair the next trigger or the resync binds it");
    if let Some(object) = object {
        world.announce_unreadable(object).await?;
        return Ok(reason);
    }
    let mut detail = world.detail();
    detail.occurrence = Some(delivery.message_id.clone());
    detail.organization_id = Some(message.organization.clone());
    detail.key = Some(message.key.clone());
    detail.reason = Some(reason.clone());
    let of = ("needs a repair", &delivery.queue_arn, &delivery.message_id);
    world.emit_once(&of, event, detail).await?;
    Ok(reason)
}

async fn told(
    world: &World,
    manifests: &Manifests,
    request: &TutorialRequest,
    call: &Call,
    context: &Context,
) -> Result<Answer, Failure> {
    let trigger_id = call.trigger_id(context);
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
                .refuse(EventType::ManifestRefused, None, problems, trigger_id)
                .await?);
        }
    };
    let ask = Ask {
        mode: Mode::Apply,
        retry: false,
        reason: Some("asked for by hand".into()),
        trigger_id: trigger_id.to_owned(),
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
