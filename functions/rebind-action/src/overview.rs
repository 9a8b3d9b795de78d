//! One look at many actions, as the resync asks for it, and a look of its own at each that this shows to
//! need one.

use std::time::Duration;

use lockstep::reconcile::action::need_a_look;
use lockstep::reconcile::{Ask, Target};
use lockstep::response::{Answer, Response};
use lockstep::runtime::{Call, Context, Failure, chain};
use lockstep::services::Rebind;
use lockstep::store::Manifests;
use lockstep_domain::intent::{Look, OverviewMessage};
use lockstep_domain::manifest::{Action, Mode};

use crate::{bound, unbound};

/// What a look of its own may need, beside waiting.
const FOR_ONE: Duration = Duration::from_secs(60);
/// When the message comes back where not all of them had a look.
const REST: Duration = Duration::from_secs(1);

/// Looks at the actions that a message names. What one of them fails at does not keep the others; the
/// message comes back then, and finds settled what is.
///
/// # Errors
/// What a redelivery can help.
pub(crate) async fn overview(
    world: &Rebind,
    manifests: &Manifests,
    message: &OverviewMessage,
    call: &Call,
    context: &Context,
) -> Result<Answer, Failure> {
    let organization = &message.organization;
    let Some(accepted) = manifests.known(organization)? else {
        let because = format!("the organization {organization} has no accepted manifest");
        return Ok(Answer::nothing(Mode::Apply, because));
    };
    let manifest = &accepted.manifest;
    // One that is no longer managed stays unchanged.
    let keys = message.keys.iter();
    let actions: Vec<&Action> = keys.filter_map(|key| manifest.action(key)).collect();
    let mut notices = Vec::new();
    let wanted = match need_a_look(world, manifest, &actions, context.deadline).await {
        Ok(wanted) => wanted,
        Err(error) if error.is_transient() => return Err(unbound(&error)),
        Err(error) => {
            // Each of them says so for itself.
            notices.push(format!("no look at all actions at once: {}", chain(&error)));
            actions.clone()
        }
    };
    let ask = Ask {
        mode: Mode::Apply,
        retry: false,
        look: Look::Full,
        reason: message.reason.clone(),
        trigger_id: call.trigger_id(context).to_owned(),
        run_id: context.request_id.clone(),
        deadline: context.deadline,
    };
    let mut failed = None;
    let mut steps = Vec::new();
    notices.push(format!(
        "{} of {} actions needed a look of their own",
        wanted.len(),
        actions.len()
    ));
    for action in wanted {
        if context.deadline.remaining() < FOR_ONE {
            let because = "the invocation ends before every action had its look";
            return Err(failed.unwrap_or_else(|| Failure::later(REST, because)));
        }
        match bound(world, manifest, Target::Action(action), &ask).await {
            Ok(report) => {
                steps.extend(report.steps);
                let said = report.notices.into_iter();
                notices.extend(said.map(|notice| format!("{}: {notice}", action.key)));
            }
            Err(failure) => {
                failed.get_or_insert(failure);
            }
        }
    }
    match failed {
        Some(failure) => Err(failure),
        None => {
            let mode = manifest.organization.mode;
            Ok(Response::new(mode, None, steps, notices).into())
        }
    }
}
