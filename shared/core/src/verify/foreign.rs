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
use super::{AuditLog, after, answer, read_audit_log, spacing};
use crate::genesys::Session;
use crate::manifest_upload;
use crate::response::Answer;
use crate::runtime::{Deadline, Failure};
use crate::services::Binder;

/// How far back a report is followed: Genesys retries delivery for up to four days (official blog,
/// 2022-07-29), and a day is kept in hand.
const REACH: SignedDuration = SignedDuration::from_hours(5 * 24);

/// Reviews the verdicts of the bindings that a reported change affects.
pub(super) async fn look(
    world: &Binder,
    foreign: &ReportedChange,
    received: u32,
    deadline: Deadline,
) -> Result<Answer, Failure> {
    let manifests = Box::pin(manifest_upload::current(world)).await?;
    let Some(accepted) = manifests.known(&foreign.organization)? else {
        return Ok(nothing("its organization has no accepted manifest"));
    };
    let manifest = &accepted.manifest;
    // Of a state that can't be read there is an event; the next sweep looks at its binding.
    let (states, _) = manifest_upload::states(world, &foreign.organization).await?;
    let (judged, open): (Vec<BindingState>, Vec<BindingState>) = states
        .into_iter()
        .filter(|state| is_about(state, foreign) && stands(state))
        .partition(has_verdict);
    if judged.is_empty() {
        return match open.first() {
            None => Ok(nothing("no bound action depends on the changed resource")),
            Some(state) => wait_for_verdict(world, foreign, received, state),
        };
    }
    let session = world.sign_in(manifest, deadline).await.map_err(|error| {
        if error.is_transient() {
            Failure::retry("sign_in", crate::runtime::chain(&error))
        } else {
            Failure::permanent("sign_in", crate::runtime::chain(&error))
        }
    })?;
    let now = world.now();
    let mut notices = Vec::new();
    let mut seen = false;
    for state in judged {
        let (Some(change), audit_log, interval) =
            look_back(world, manifest, &session, &state, foreign, now).await
        else {
            continue;
        };
        if !audit_log.incomplete.is_empty() {
            return Err(Failure::later(
                wait(world, received),
                audit_log.incomplete.join("; "),
            ));
        }
        seen |= audit_log
            .records
            .iter()
            .any(|record| record.id == foreign.audit_id);
        let judged = rejudge(&session, &state, &change, &audit_log, interval);
        if let Some(findings) = news(&judged, &change) {
            notices.push(violate(world, manifest, &state, &change, findings, &judged).await?);
        }
    }
    if !seen && notices.is_empty() {
        let because = "the reported record is not in the audit log yet";
        return not_there_yet(world, foreign, received, because);
    }
    if let Some(state) = open.first() {
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
fn stands(state: &BindingState) -> bool {
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
    not_there_yet(world, foreign, received, &because)
}

async fn look_back(
    world: &Binder,
    manifest: &Manifest,
    session: &Session,
    state: &BindingState,
    foreign: &ReportedChange,
    now: Timestamp,
) -> (Option<Change>, AuditLog, Interval) {
    let change = state.change.clone();
    let reach = now.checked_sub(REACH).unwrap_or(now);
    let from = change
        .as_ref()
        .map_or(reach, |change| change.window_from.max(reach));
    let to = after(now, Duration::from_secs(2));
    let entity = [foreign.entity_id.clone()].into();
    // The reported record may be of an earlier change, whose verdict has been given: it is looked
    // for as far back as reports reach, and only what is of the latest change is judged.
    let window = Interval::new(reach, to);
    let audit_log = read_audit_log(world, manifest, session, window, Some(&entity), now).await;
    (change, audit_log, Interval::new(from, to))
}

/// Only strangers' and failed records count here: what had to be proved was proved.
fn rejudge(
    session: &Session,
    state: &BindingState,
    change: &Change,
    audit_log: &AuditLog,
    interval: Interval,
) -> Judged {
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

async fn violate(
    world: &Binder,
    manifest: &Manifest,
    state: &BindingState,
    change: &Change,
    findings: Vec<Finding>,
    judged: &Judged,
) -> Result<String, Failure> {
    // Loaded for itself: the listing carries nothing to save under.
    let mut latest = world.states.load(&state.organization, &state.key).await?;
    if latest.value.change.as_ref() != Some(change) {
        return Err(Failure::retry(
            "conflict",
            "the binding changed during verification",
        ));
    }
    let end = End::Violated { findings };
    conclude(
        world,
        &mut latest,
        Some(manifest),
        change.clone(),
        end,
        judged,
    )
    .await?;
    Ok(format!("{}: violated by a later change", state.key))
}

/// Waits twice as long as a change does for its verdict: that may come first.
fn not_there_yet(
    world: &Binder,
    foreign: &ReportedChange,
    received: u32,
    because: &str,
) -> Result<Answer, Failure> {
    let waited = (1..received).fold(Duration::ZERO, |sum, time| sum + wait(world, time));
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
