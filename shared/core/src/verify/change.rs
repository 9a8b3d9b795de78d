//! The verdict on one change of ours.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use lockstep_domain::audit::Interval;
use lockstep_domain::change::{BindingState, Change, End, Phase, Subject};
use lockstep_domain::event::{ActionIds, BindingIds, Body, EndDetails};
use lockstep_domain::evidence::{self, Audit};
use lockstep_domain::intent::VerifyMessage;
use lockstep_domain::manifest::{Manifest, Mode};
use lockstep_domain::role::DesiredRole;
use lockstep_domain::verdict::{Case, Judgement, OurClients, Verdict};

use super::conflicts::judge_of;
use super::drift::ObservedDrift;
use super::observation::Observations;
use super::{AuditLog, SKEW, after, answer, deadline_of, read_audit_log, spacing};
use crate::genesys::Session;
use crate::reconcile::EventAbout;
use crate::reconcile::credentials::events;
use crate::reconcile::role::stack;
use crate::response::Answer;
use crate::runtime::{Deadline, Failure, chain};
use crate::services::Binder;
use crate::store::Versioned;
use crate::telemetry;

/// A judgement, and what it rests on.
#[derive(Clone, Debug)]
pub(crate) struct Judged {
    pub(crate) judgement: Judgement,
    /// The window that the audit log was asked about; none where it was not asked.
    pub(crate) interval: Option<Interval>,
}

impl Judged {
    fn unread(missing: String) -> Self {
        Self {
            judgement: Judgement {
                verdict: Verdict::Pending {
                    missing: vec![missing],
                },
                records: Vec::new(),
                principals: Vec::new(),
                compliance_audit: Vec::new(),
                notices: Vec::new(),
                occurrences: Vec::new(),
            },
            interval: None,
        }
    }
}

/// Looks for the verdict on the change that a message is about.
pub(super) async fn verify(
    world: &Binder,
    message: &VerifyMessage,
    observations: &Observations,
    received: u32,
    deadline: Deadline,
) -> Result<Answer, Failure> {
    telemetry::record_change(&message.change_id);
    let mut state = world
        .states
        .load(&message.organization, &message.key)
        .await?;
    let latest = state
        .value
        .change
        .clone()
        .filter(|change| is_meant(change, message));
    let Some(change) = latest else {
        return Ok(Answer::nothing(
            Mode::Apply,
            "a newer change has replaced this one; its verdict also covers the window of this \
             change",
        ));
    };
    let now = world.now();
    let until = until(now, deadline_of(&change, &world.config));
    match &change.phase {
        Phase::Ended { .. } => {
            return Ok(Answer::nothing(
                Mode::Apply,
                "the change already has a verdict",
            ));
        }
        // The message overtook the record of what it announces.
        Phase::Applying | Phase::Testing if !until.is_zero() => {
            return Err(Failure::later(
                spacing(&world.config, received, until),
                "the change is still being applied",
            ));
        }
        Phase::Applying | Phase::Testing => {
            return Ok(Answer::nothing(
                Mode::Apply,
                "the change was never fully applied; the next compliance sweep ends it",
            ));
        }
        Phase::Verifying { .. } => {}
    }
    let manifests = observations.manifests(world).await?;
    // A copy that can't be read is not "no manifest": the message waits for its repair, and a
    // redrive works after it.
    let accepted = manifests.known(&message.organization)?;
    let manifest = accepted.map(|accepted| &accepted.manifest);
    let observed = observations.since(&message.organization, window_from(&change));
    let judged = match (manifest, observed) {
        (Some(manifest), Some(observed)) => {
            let session = observed.session.until(deadline);
            let observed = Observed {
                session: &session,
                audit_log: &observed.audit_log,
                interval: Interval::new(window_from(&change), observed.interval.to()),
            };
            judge_by(world, manifest, observed, &state.value, &change).await
        }
        (None, _) | (_, None) => {
            judge_change(world, manifest, &state.value, &change, now, deadline).await
        }
    };
    let verdict = &judged.judgement.verdict;
    let Some(end) = verdict.end(now, deadline_of(&change, &world.config)) else {
        world.metrics.verification_pending();
        let missing = match verdict {
            Verdict::Pending { missing } => missing.join("; "),
            Verdict::Verified | Verdict::Violated { .. } => String::new(),
        };
        return Err(Failure::later(
            spacing(&world.config, received, until),
            missing,
        ));
    };
    conclude(world, &mut state, manifest, change, end, &judged).await
}

/// Whether a message is about this change, and this attempt at it.
pub(super) fn is_meant(change: &Change, message: &VerifyMessage) -> bool {
    change.id == message.change_id && change.attempt == message.attempt
}

fn until(now: Timestamp, deadline: Timestamp) -> Duration {
    Duration::try_from(deadline.duration_since(now)).unwrap_or(Duration::ZERO)
}

/// Judges a change by the audit log and by a second observation. Reads only. What cannot be
/// read makes the judgement pending, never verified.
pub(crate) async fn judge_change(
    world: &Binder,
    manifest: Option<&Manifest>,
    state: &BindingState,
    change: &Change,
    now: Timestamp,
    deadline: Deadline,
) -> Judged {
    let Some(manifest) = manifest else {
        return Judged::unread(format!(
            "the organization {} has no accepted manifest, so Lockstep cannot sign in to read the \
             audit log",
            state.organization
        ));
    };
    let session = match world.sign_in(manifest, deadline).await {
        Ok(session) => session,
        Err(error) => return Judged::unread(chain(&error)),
    };
    let interval = Interval::new(window_from(change), after(now, SKEW.unsigned_abs()));
    let entities = entities(state, change);
    let audit_log = read_audit_log(world, manifest, &session, interval, Some(&entities), now).await;
    let observed = Observed {
        session: &session,
        audit_log: &audit_log,
        interval,
    };
    judge_by(world, manifest, observed, state, change).await
}

/// What a change is judged by.
#[derive(Clone, Copy)]
struct Observed<'o> {
    session: &'o Session,
    audit_log: &'o AuditLog,
    /// The change's own window.
    interval: Interval,
}

async fn judge_by(
    world: &Binder,
    manifest: &Manifest,
    observed: Observed<'_>,
    state: &BindingState,
    change: &Change,
) -> Judged {
    let Observed {
        session,
        audit_log,
        interval,
    } = observed;
    let mut drift = ObservedDrift::default();
    drift.observe(world, session, manifest, state, change).await;
    let mut incomplete = audit_log.incomplete.clone();
    incomplete.extend(drift.incomplete);
    let our_clients = OurClients::now(session.own_clients.clone()).and(&change.clients);
    let case = Case {
        expected: &change.expected,
        records: &audit_log.records,
        entities: &entities(state, change),
        window: interval,
        mapping: &audit_log.mapping,
        our_clients: &our_clients,
        authorized: &audit_log.authorized,
        drift: &drift.findings,
        incomplete: &incomplete,
    };
    let mut judgement = judge_of(change, case);
    judgement.notices.extend(drift.notices);
    Judged {
        judgement,
        interval: Some(interval),
    }
}

/// A little before the change was recorded, since clocks differ; but not so early that the change
/// is blamed for what an earlier verdict has named, and this one perhaps repairs. Records carry
/// whole seconds.
pub(super) fn window_from(change: &Change) -> Timestamp {
    let skewed = change
        .window_from
        .checked_sub(SKEW)
        .unwrap_or(change.window_from);
    let judged = change
        .judged_until
        .and_then(|at| Timestamp::from_second(at.as_second() + 1).ok());
    judged.map_or(skewed, |judged| {
        judged.clamp(skewed, change.window_from.max(skewed))
    })
}

/// The entities of a change: the action, its integration, and everything else that it wrote to.
pub(crate) fn entities(state: &BindingState, change: &Change) -> BTreeSet<String> {
    let action = state.action_id.as_ref().map(ToString::to_string);
    let integration = state.integration_id.as_ref().map(ToString::to_string);
    let expected = change.expected.iter().map(|one| one.entity_id.clone());
    let credentials = state.credentials.values().flat_map(|bound| {
        [
            bound.integration_id.to_string(),
            bound.credential_id.to_string(),
        ]
    });
    action
        .into_iter()
        .chain(integration)
        .chain(expected)
        .chain(credentials)
        .collect()
}

/// Ends a change with a verdict: evidence, then event, then state. A second verdict on a change is
/// another event, and its number is recorded before all that.
///
/// # Errors
/// What a redelivery can help: it begins again and finds its own evidence.
pub(crate) async fn conclude(
    world: &Binder,
    state: &mut Versioned<BindingState>,
    manifest: Option<&Manifest>,
    mut change: Change,
    end: End,
    judged: &Judged,
) -> Result<Answer, Failure> {
    let now = world.now();
    if change.reserve_number() {
        state.value.change = Some(change.clone());
        world.state_writer.save(state).await?;
    }
    let Judgement {
        verdict: _,
        records,
        principals,
        compliance_audit,
        notices,
        occurrences: _,
    } = &judged.judgement;
    let mut body = evidence::Body::new(&state.value, &change, end.clone());
    body.notices.extend(notices.iter().cloned());
    body.audit = Audit {
        interval: judged.interval.map(|interval| interval.to_string()),
        records: records.clone(),
        principals: principals.clone(),
        compliance_audit: compliance_audit.clone(),
    };
    let evidence = world.evidence.append(&mut state.value, &body).await?;
    let events = match state.value.subject {
        Subject::CredentialSet => events(world, &state.value, &change),
        Subject::Action => vec![event(world, &state.value, manifest, &change)],
    };
    let (word, reason) = in_words(&end);
    let details = EndDetails {
        secrets: change.secrets.clone(),
        principals: principals.clone(),
        notices: body.notices.clone(),
        evidence: Some(evidence.clone()),
    };
    for event in events {
        let body = Body::ended(event.ids, &end, reason.clone(), details.clone());
        world.emit(event.header, body).await?;
    }
    let said = match end {
        End::Verified => word.to_owned(),
        End::Violated { .. }
        | End::Unverified { .. }
        | End::Failed { .. }
        | End::RolledBack { .. }
        | End::Split { .. } => format!("{word}: {reason}"),
    };
    change.end(end, now);
    let change_id = change.id.clone();
    state.value.change = Some(change);
    world.state_writer.save(state).await?;
    let mut notices = body.notices;
    notices.insert(0, format!("{said}; evidence: {evidence}"));
    Ok(answer(Some(change_id), notices))
}

/// How a change ended, and why.
fn in_words(end: &End) -> (&'static str, String) {
    match end {
        End::Verified => ("verified", String::new()),
        End::Violated { findings } => {
            let what: Vec<&str> = findings.iter().map(|one| one.what.as_str()).collect();
            ("violated", what.join("; "))
        }
        End::Unverified { missing } => ("unverified", missing.join("; ")),
        // Ends without a verdict: the change was not made.
        End::Failed { because } => ("failed", because.clone()),
        End::RolledBack { because } => ("rolled back", because.clone()),
        End::Split { standing } => ("split", standing.join("; ")),
    }
}

fn event(
    world: &Binder,
    state: &BindingState,
    manifest: Option<&Manifest>,
    change: &Change,
) -> EventAbout {
    let mut header = world.header();
    header.about(change);
    header.organization_id = Some(state.organization.clone());
    header.key = Some(state.key.clone());
    let role_arn = manifest.and_then(|manifest| {
        let integration = manifest.integration_of(manifest.action(&state.key)?)?;
        let role = DesiredRole::of(manifest, &integration.role, &stack(&world.config))?;
        Some(role.arn.to_string())
    });
    EventAbout {
        key: state.key.clone(),
        header,
        ids: BindingIds::Action(ActionIds {
            action_id: state.action_id.clone(),
            integration_id: state.integration_id.clone(),
            role_arn,
            function_arn: state.function.clone(),
        }),
    }
}

#[cfg(test)]
mod tests;
