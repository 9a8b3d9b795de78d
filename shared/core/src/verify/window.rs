//! A verdict by hand over any window. Writes nothing and changes no state.

use jiff::{SignedDuration, Timestamp};
use lockstep_domain::audit::Interval;
use lockstep_domain::change::{BindingState, Change};
use lockstep_domain::event::Principal;
use lockstep_domain::ids::{Key, OrganizationId};
use lockstep_domain::manifest::Mode;
use lockstep_domain::problem::Problem;
use lockstep_domain::request::VerifyRequest;
use lockstep_domain::verdict::{Case, Expected, Judgement, OurClients, Verdict};
use serde::Serialize;

use super::change::entities;
use super::conflicts::judge_of;
use super::{AuditLog, read_audit_log};
use crate::genesys::Session;
use crate::response::{Answer, Refused, Response};
use crate::runtime::{Deadline, Failure, chain};
use crate::selection::{Named, Selected, select};
use crate::services::Binder;

/// The window where the request does not say: the last hour.
const DEFAULT: SignedDuration = SignedDuration::from_hours(1);

/// The answer to a request about a window: a response without a plan, and the verdicts.
#[derive(Debug, Serialize)]
struct WindowAnswer {
    #[serde(flatten)]
    response: Response,
    verdicts: Vec<BindingVerdict>,
}

/// The verdict on one binding in the window.
#[derive(Debug, Serialize)]
struct BindingVerdict {
    organization: OrganizationId,
    key: Key,
    interval: String,
    #[serde(flatten)]
    verdict: Word,
    records: Vec<String>,
    principals: Vec<Principal>,
    compliance_audit: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "verdict")]
enum Word {
    Verified,
    Violated {
        findings: Vec<lockstep_domain::finding::Finding>,
    },
    Pending {
        missing: Vec<String>,
    },
}

impl From<Verdict> for Word {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Verified => Self::Verified,
            Verdict::Violated { findings } => Self::Violated { findings },
            Verdict::Pending { missing } => Self::Pending { missing },
        }
    }
}

impl Word {
    fn as_str(&self) -> &'static str {
        match self {
            Self::Verified => "Verified",
            Self::Violated { .. } => "Violated",
            Self::Pending { .. } => "Pending",
        }
    }
}

/// Answers the verdicts on the requested bindings over the requested window.
pub(super) async fn verify(
    world: &Binder,
    request: &VerifyRequest,
    deadline: Deadline,
) -> Result<Answer, Failure> {
    let now = world.now();
    let interval = match window(request, now) {
        Ok(interval) => interval,
        Err(problem) => return Ok(Refused::new(vec![problem]).into()),
    };
    let manifests = world.store.accepted().await?;
    let named = Named {
        organization: request.organization.as_ref(),
        keys: request.keys.as_deref(),
        secret: None,
        by_hand: true,
    };
    let selected = match select(&manifests, named) {
        Ok(selected) => selected,
        Err(problems) => return Ok(Refused::new(problems).into()),
    };
    let mut notices = Vec::new();
    let mut verdicts = Vec::new();
    for one in &selected {
        verdicts.extend(of_manifest(world, one, interval, now, deadline, &mut notices).await?);
    }
    if verdicts.is_empty() {
        notices.push("none of the requested bindings has been bound yet".into());
    }
    for said in &verdicts {
        notices.push(format!("{}: {}", said.key, said.verdict.as_str()));
    }
    let looked = WindowAnswer {
        response: Response::new(Mode::Plan, None, Vec::new(), notices),
        verdicts,
    };
    Answer::report(&looked).map_err(|error| Failure::permanent("answer", error))
}

fn window(request: &VerifyRequest, now: Timestamp) -> Result<Interval, Problem> {
    let to = request.to.unwrap_or(now).min(now);
    let from = match request.from {
        Some(from) => from,
        None => to.checked_sub(DEFAULT).unwrap_or(to),
    };
    if from > to {
        return Err(Problem::new(
            "event.from",
            format!("the window starts at {from}, after its end at {to}"),
            "Use a `from` before `to`, both in the past.",
        ));
    }
    Ok(Interval::new(from, to))
}

async fn of_manifest(
    world: &Binder,
    selected: &Selected<'_>,
    interval: Interval,
    now: Timestamp,
    deadline: Deadline,
    notices: &mut Vec<String>,
) -> Result<Vec<BindingVerdict>, Failure> {
    let manifest = selected.manifest;
    let organization = &manifest.organization.id;
    let session = match world.sign_in(manifest, deadline).await {
        Ok(session) => session,
        Err(error) => {
            notices.push(format!("{organization}: {}", chain(&error)));
            return Ok(Vec::new());
        }
    };
    let of_actions = selected.actions.iter().map(|one| (&one.key, &one.key));
    let of_sets = selected
        .credential_sets
        .iter()
        .map(|one| (one.first_key(), &one.key));
    let mut bound = Vec::new();
    for (key, state_key) in of_actions.chain(of_sets) {
        let state = world.states.load(organization, state_key).await?.value;
        match state.change.clone() {
            Some(change) => bound.push((key, state, change)),
            None => notices.push(format!("{key}: it was never bound")),
        }
    }
    // Of one binding its own records are asked for; of several, those of all at once.
    let entities = match bound.as_slice() {
        [] => return Ok(Vec::new()),
        [(_, state, change)] => Some(entities(state, change)),
        [..] => None,
    };
    let audit_log =
        read_audit_log(world, manifest, &session, interval, entities.as_ref(), now).await;
    let mut said = Vec::new();
    for (key, state, change) in &bound {
        let judgement = of_binding(&session, state, change, &audit_log, interval);
        for notice in &judgement.notices {
            notices.push(format!("{key}: {notice}"));
        }
        said.push(binding_verdict(organization, key, interval, judgement));
    }
    Ok(said)
}

/// The records that the latest change must have left are asked for where its whole span lies in
/// the window.
fn of_binding(
    session: &Session,
    state: &BindingState,
    change: &Change,
    audit_log: &AuditLog,
    interval: Interval,
) -> Judgement {
    let whole = interval.from() <= change.window_from
        && change.applied_at.is_some_and(|at| at <= interval.to());
    // Of a change that is not wholly in the window, what is there was planned, and nothing is
    // missing.
    let met =
        |one: &&Expected| whole || audit_log.records.iter().any(|record| one.is_met_by(record));
    let expected: Vec<Expected> = change.expected.iter().filter(met).cloned().collect();
    let our_clients = OurClients::now(session.own_clients.clone()).and(&change.clients);
    let case = Case {
        expected: &expected,
        records: &audit_log.records,
        entities: &entities(state, change),
        window: interval,
        mapping: &audit_log.mapping,
        our_clients: &our_clients,
        authorized: &audit_log.authorized,
        drift: &[],
        incomplete: &audit_log.incomplete,
    };
    let mut judgement = judge_of(change, case);
    if !whole && !change.expected.is_empty() {
        judgement.notices.push(format!(
            "the latest change ({}) is not entirely within the window, so Lockstep did not require \
             its audit records",
            change.id
        ));
    }
    judgement
}

fn binding_verdict(
    organization: &OrganizationId,
    key: &Key,
    interval: Interval,
    judgement: Judgement,
) -> BindingVerdict {
    let Judgement {
        verdict,
        records,
        principals,
        compliance_audit,
        notices: _,
        occurrences: _,
    } = judgement;
    BindingVerdict {
        organization: organization.clone(),
        key: key.clone(),
        interval: interval.to_string(),
        verdict: verdict.into(),
        records,
        principals,
        compliance_audit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn request(from: Option<&str>, to: Option<&str>) -> VerifyRequest {
        VerifyRequest {
            organization: None,
            keys: None,
            from: from.map(at),
            to: to.map(at),
        }
    }

    #[test]
    fn without_a_window_the_last_hour_is_verified() {
        let now = at("2026-01-02T04:00:00Z");
        assert_eq!(
            window(&request(None, None), now).unwrap().to_string(),
            "2026-01-02T03:00:00Z/2026-01-02T04:00:00Z"
        );
        let to = request(None, Some("2026-01-02T02:00:00Z"));
        assert_eq!(
            window(&to, now).unwrap().to_string(),
            "2026-01-02T01:00:00Z/2026-01-02T02:00:00Z"
        );
    }

    #[test]
    fn a_window_that_ends_before_it_begins_is_refused() {
        let now = at("2026-01-02T04:00:00Z");
        let problem = window(&request(Some("2026-01-02T05:00:00Z"), None), now).unwrap_err();
        assert_eq!(problem.at, "event.from");
    }

    #[test]
    fn a_verdict_is_one_word_and_what_belongs_to_it() {
        let pending = Word::from(Verdict::Pending {
            missing: vec!["a record".into()],
        });
        assert_eq!(
            serde_json::to_value(pending).unwrap(),
            serde_json::json!({"verdict": "Pending", "missing": ["a record"]})
        );
    }
}
