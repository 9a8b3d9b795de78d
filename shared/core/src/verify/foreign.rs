//! Reviews verdicts after Genesys Cloud reported a change: an unauthorized one makes *Verified* *Violated*.
//!
//! The event is only a reason to look. Who did what is read from the audit log.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lockstep_domain::audit::Interval;
use lockstep_domain::change::{BindingState, Change, End, Phase};
use lockstep_domain::finding::Finding;
use lockstep_domain::intent::ReportedChange;
use lockstep_domain::manifest::{Manifest, Mode};
use lockstep_domain::verdict::{Case, OurClients, Verdict};

use super::change::{Judged, conclude, entities};
use super::conflicts::judge_of;
use super::observation::Observations;
use super::{AuditLog, SKEW, after, answer, read_audit_log, spacing};
use crate::genesys::Session;
use crate::response::Answer;
use crate::runtime::{Deadline, Failure};
use crate::services::Binder;

/// How far back a report is followed: Genesys retries delivery for up to four days (official blog,
/// 2022-07-29), and a day is kept in hand.
const REACH: SignedDuration = SignedDuration::from_hours(5 * 24);

/// Reviews the verdicts of the bindings that a reported change affects.
pub(super) async fn review(
    world: &Binder,
    foreign: &ReportedChange,
    observations: &Observations,
    received: u32,
    deadline: Deadline,
) -> Result<Answer, Failure> {
    let manifests = observations.manifests(world).await?;
    let Some(accepted) = manifests.known(&foreign.organization)? else {
        return Ok(nothing("its organization has no accepted manifest"));
    };
    let manifest = &accepted.manifest;
    let states = observations.states(world, &foreign.organization).await?;
    let (judged, open): (Vec<&BindingState>, Vec<&BindingState>) = states
        .iter()
        .filter(|state| is_about(state, foreign) && may_be_applied(state))
        .partition(|state| has_verdict(state));
    if judged.is_empty() {
        return match open.first() {
            None => Ok(nothing("no bound action depends on the changed resource")),
            Some(state) => wait_for_verdict(world, foreign, received, state),
        };
    }
    let now = world.now();
    let from = read_back_from(foreign, now);
    let own;
    let observed = match observations.since(&foreign.organization, from) {
        Some(observation) => ReadBack {
            session: &observation.session,
            audit_log: &observation.audit_log,
            interval: Interval::new(from, observation.interval.to()),
        },
        None => {
            own = read_back(world, manifest, foreign, from, deadline).await?;
            ReadBack {
                session: &own.0,
                audit_log: &own.1,
                interval: own.2,
            }
        }
    };
    if !observed.audit_log.incomplete.is_empty() {
        return Err(Failure::later(
            wait(world, received),
            observed.audit_log.incomplete.join("; "),
        ));
    }
    let records = &observed.audit_log.records;
    let seen = records.iter().any(|record| record.id == foreign.audit_id);
    let mut open = open.first().map(|state| (*state).clone());
    let mut notices = Vec::new();
    for state in judged {
        // Another message of the delivery may have given it a verdict since.
        let mut latest = world.states.load(&state.organization, &state.key).await?;
        let Some(change) = latest
            .value
            .change
            .clone()
            .filter(|_| may_be_applied(&latest.value))
        else {
            continue;
        };
        if !change.is_ended() {
            open.get_or_insert(latest.value);
            continue;
        }
        let judged = rejudge(observed, &latest.value, &change);
        if let Some(findings) = news(&judged, &change) {
            let end = End::Violated { findings };
            let manifest = Some(manifest);
            conclude(world, &mut latest, manifest, change, end, &judged).await?;
            notices.push(format!("{}: violated by a later change", state.key));
        }
    }
    if !seen && notices.is_empty() {
        let because = "the reported record is not in the audit log yet";
        return not_in_log_yet(world, foreign, received, because);
    }
    if let Some(state) = &open {
        return wait_for_verdict(world, foreign, received, state);
    }
    if notices.is_empty() {
        notices.push("no unauthorized change found".into());
    }
    Ok(answer(None, notices))
}

fn nothing(because: &str) -> Answer {
    Answer::nothing(Mode::Apply, because)
}

fn is_about(state: &BindingState, foreign: &ReportedChange) -> bool {
    let id = foreign.entity_id.as_str();
    state
        .action_id
        .as_ref()
        .is_some_and(|one| one.as_str() == id)
        || state
            .integration_id
            .as_ref()
            .is_some_and(|one| one.as_str() == id)
        || state
            .credentials
            .values()
            .any(|bound| bound.integration_id.as_str() == id || bound.credential_id.as_str() == id)
}

/// Whether the binding's latest change was made, or still may be.
fn may_be_applied(state: &BindingState) -> bool {
    state.change.as_ref().is_some_and(|change| {
        !matches!(
            &change.phase,
            Phase::Ended {
                end: End::Failed { .. } | End::RolledBack { .. } | End::Split { .. },
                ..
            }
        )
    })
}

fn has_verdict(state: &BindingState) -> bool {
    state.change.as_ref().is_some_and(Change::is_ended)
}

/// The verdict may be given before the record is in the audit log, so the report is not done with
/// until after it.
fn wait_for_verdict(
    world: &Binder,
    foreign: &ReportedChange,
    received: u32,
    state: &BindingState,
) -> Result<Answer, Failure> {
    let because = format!("a change to {} has no verdict yet", state.key);
    not_in_log_yet(world, foreign, received, &because)
}

/// From when on the audit log is read for a report: just before the reported change, if it says when
/// that was; otherwise as far back as reports reach.
pub(super) fn read_back_from(foreign: &ReportedChange, now: Timestamp) -> Timestamp {
    let reach = now.checked_sub(REACH).unwrap_or(now);
    let at = foreign.at.and_then(|at| at.checked_sub(SKEW).ok());
    at.map_or(reach, |at| at.clamp(reach, now))
}

/// Whether the audit log is read for this binding because of a report.
pub(super) fn is_bound_to(state: &BindingState, foreign: &ReportedChange) -> bool {
    is_about(state, foreign) && may_be_applied(state) && has_verdict(state)
}

/// What the audit log says of a report.
#[derive(Clone, Copy)]
struct ReadBack<'o> {
    session: &'o Session,
    audit_log: &'o AuditLog,
    interval: Interval,
}

/// Reads the audit log for this report alone.
async fn read_back(
    world: &Binder,
    manifest: &Manifest,
    foreign: &ReportedChange,
    from: Timestamp,
    deadline: Deadline,
) -> Result<(Session, AuditLog, Interval), Failure> {
    let session = world.sign_in(manifest, deadline).await.map_err(|error| {
        if error.is_transient() {
            Failure::retry("sign_in", crate::runtime::chain(&error))
        } else {
            Failure::permanent("sign_in", crate::runtime::chain(&error))
        }
    })?;
    let now = world.now();
    let interval = Interval::new(from, after(now, SKEW.unsigned_abs()));
    let entity = [foreign.entity_id.clone()].into();
    let audit_log = read_audit_log(world, manifest, &session, interval, Some(&entity), now).await;
    Ok((session, audit_log, interval))
}

/// Only strangers' and failed records count here: what had to be proved was proved. The reported
/// record may be of an earlier change, whose verdict has been given: only what is of the latest
/// change is judged.
fn rejudge(observed: ReadBack<'_>, state: &BindingState, change: &Change) -> Judged {
    let ReadBack {
        session,
        audit_log,
        interval,
    } = observed;
    let from = change.window_from.max(interval.from());
    let interval = Interval::new(from, interval.to());
    let our_clients = OurClients::now(session.own_clients.clone()).and(&change.clients);
    let case = Case {
        // What the change deleted was planned.
        expected: &change.expected,
        records: &audit_log.records,
        entities: &entities(state, change),
        window: interval,
        mapping: &audit_log.mapping,
        our_clients: &our_clients,
        authorized: &audit_log.authorized,
        drift: &[],
        incomplete: &[],
    };
    Judged {
        judgement: judge_of(change, case),
        interval: Some(interval),
    }
}

/// All findings, where there is one that the change's end does not hold already.
fn news(judged: &Judged, change: &Change) -> Option<Vec<Finding>> {
    let Verdict::Violated { findings } = &judged.judgement.verdict else {
        return None;
    };
    let mut all = match &change.phase {
        Phase::Ended {
            end: End::Violated { findings },
            ..
        } => findings.clone(),
        Phase::Ended { .. } | Phase::Applying | Phase::Testing | Phase::Verifying { .. } => {
            Vec::new()
        }
    };
    let known = all.len();
    for finding in findings {
        if !all.contains(finding) {
            all.push(finding.clone());
        }
    }
    (all.len() > known).then_some(all)
}

/// Waits twice as long as a change does for its verdict: that may come first.
fn not_in_log_yet(
    world: &Binder,
    foreign: &ReportedChange,
    received: u32,
    because: &str,
) -> Result<Answer, Failure> {
    let window = world.config.verify_window;
    let waits = (1..received).map(|time| wait(world, time) + window);
    let waited: Duration = waits.sum();
    if waited >= world.config.verify_deadline * 2 {
        tracing::warn!(
            audit_id = foreign.audit_id,
            entity_id = foreign.entity_id,
            because,
            "a reported change could not be verified"
        );
        return Ok(nothing(&format!(
            "given up: {because}; the next compliance sweep reads the audit log again"
        )));
    }
    Err(Failure::later(wait(world, received), because))
}

fn wait(world: &Binder, received: u32) -> Duration {
    spacing(&world.config, received, world.config.verify_deadline)
}
