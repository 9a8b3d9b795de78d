//! Whether each verdict is right, decided from what truly happened: what the platform's own history
//! holds, and AWS's. Lockstep's audit queries, windows and reasoning are not used, but for the window
//! that its evidence claims to cover.

use std::collections::{BTreeMap, BTreeSet};

use aws_simulator::{Effect, Principal};
use genesys_simulator::{AuditAction, AuditStatus, Deed, EntityType};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::evidence::Record;
use crate::house::{House, ROLE};
use crate::judge::{Problem, emitted};
use crate::stand::Simulation;

/// The window of an audit query reaches beyond the moment at which it was asked, since clocks differ.
/// What was done in that time may or may not be in the answer.
const UNSURE: SignedDuration = SignedDuration::from_secs(4);

/// The verdict of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Verified,
    Violated,
    Unverified,
}

impl Verdict {
    /// None where the change came to no verdict.
    fn of(record: &Record) -> Option<Self> {
        let verdict = &record.value["body"]["verdict"];
        match verdict.as_str() {
            Some("verified") => Some(Self::Verified),
            Some(_) => None,
            None if verdict.get("violated").is_some() => Some(Self::Violated),
            None if verdict.get("unverified").is_some() => Some(Self::Unverified),
            None => None,
        }
    }

    fn event(self) -> &'static str {
        match self {
            Self::Verified => "Change Verified",
            Self::Violated => "Change Violated",
            Self::Unverified => "Change Unverified",
        }
    }
}

/// What truly happened.
struct Truth {
    deeds: Vec<Deed>,
    /// Lockstep's client.
    ours: String,
    /// When somebody else wrote to the role.
    role_overwritten: Vec<Timestamp>,
}

impl Truth {
    fn of(simulation: &Simulation) -> Self {
        let operator = Principal::user(&simulation.stack().place.account, "operator");
        let history = simulation.account.history();
        let is_overwritten = |effect: &Effect| {
            let Effect::RoleChanged { role, .. } = effect else {
                return false;
            };
            role.ends_with(ROLE)
        };
        let role_overwritten = history
            .iter()
            .filter(|change| change.principal == operator && is_overwritten(&change.effect))
            .map(|change| change.at);
        Self {
            role_overwritten: role_overwritten.collect(),
            deeds: simulation.genesys.deeds(),
            ours: simulation.genesys.client().id.clone(),
        }
    }

    fn is_ours(&self, deed: &Deed) -> bool {
        deed.client_id.as_deref() == Some(self.ours.as_str())
    }
}

/// What a record says that its verdict is about.
struct Covered<'r> {
    record: &'r Record,
    entities: BTreeSet<&'r str>,
    /// What was done in this time the verdict must know.
    known: Option<(Timestamp, Timestamp)>,
    /// When it was recorded.
    at: Timestamp,
}

impl<'r> Covered<'r> {
    fn of(record: &'r Record) -> Self {
        let body = &record.value["body"];
        let credentials = body["credentials"].as_object();
        let of_credentials = credentials.into_iter().flat_map(|all| all.values());
        let of_credentials = of_credentials.map(|bound| &bound["integration_id"]);
        let entities = [&body["action_id"], &body["integration_id"]]
            .into_iter()
            .chain(of_credentials)
            .filter_map(Value::as_str)
            .collect();
        let interval = body["audit"]["interval"].as_str();
        let known = interval
            .and_then(|interval| interval.split_once('/'))
            .map(|(from, to)| (moment(from), moment(to) - UNSURE));
        Self {
            record,
            entities,
            known,
            at: moment(record.value["at"].as_str().unwrap_or_default()),
        }
    }

    fn is_about(&self, deed: &Deed) -> bool {
        self.entities.contains(deed.entity_id.as_str())
    }

    fn must_know(&self, deed: &Deed) -> bool {
        self.is_about(deed)
            && self
                .known
                .is_some_and(|(from, to)| from <= deed.at && deed.at <= to)
    }
}

fn moment(text: &str) -> Timestamp {
    text.parse().expect("evidence has moments")
}

impl Simulation {
    /// Every verdict is the right one, and covers what Lockstep wrote.
    pub(crate) fn judge_verdicts(&self, house: &House, problems: &mut Vec<Problem>) {
        let truth = Truth::of(self);
        let evidence = self.evidence();
        let covered: Vec<Covered<'_>> = evidence.iter().map(Covered::of).collect();
        for one in &covered {
            if let Some(verdict) = Verdict::of(one.record)
                && let Some(fault) = fault(verdict, one, &truth, house)
            {
                let uri = &one.record.uri;
                problems.push(Problem(format!(
                    "{verdict:?} at {} ({uri}): {fault}",
                    one.at
                )));
            }
        }
        self.judge_events(&covered, problems);
        judge_coverage(house, &covered, &truth, problems);
        judge_creates(&truth, problems);
    }

    /// What was emitted is what was recorded.
    fn judge_events(&self, covered: &[Covered<'_>], problems: &mut Vec<Problem>) {
        let recorded: BTreeMap<&str, Option<Verdict>> = covered
            .iter()
            .map(|one| (one.record.uri.as_str(), Verdict::of(one.record)))
            .collect();
        for change in self.account.history() {
            let Some(event) = emitted(&change.effect) else {
                continue;
            };
            let kind = event["detail-type"].as_str().unwrap_or_default();
            let is_verdict = [Verdict::Verified, Verdict::Violated, Verdict::Unverified]
                .iter()
                .any(|verdict| verdict.event() == kind);
            let Some(uri) = event["detail"]["evidence"].as_str() else {
                // Of a message that was given up, before anything could be recorded.
                if kind != Verdict::Unverified.event() && is_verdict {
                    problems.push(Problem(format!("{kind:?} was emitted without evidence")));
                }
                continue;
            };
            let said = recorded.get(uri).copied().flatten();
            if is_verdict && said.map(Verdict::event) != Some(kind) {
                problems.push(Problem(format!(
                    "{kind:?} was emitted, and its evidence {uri:?} says {said:?}"
                )));
            }
        }
    }
}

/// Why a verdict is wrong.
fn fault(verdict: Verdict, covered: &Covered<'_>, truth: &Truth, house: &House) -> Option<String> {
    let known = || truth.deeds.iter().filter(|deed| covered.must_know(deed));
    let stranger = known().find(|deed| !truth.is_ours(deed));
    match verdict {
        Verdict::Verified => stranger
            .map(|deed| format!("a stranger made a change in its time: {deed:?}"))
            .or_else(|| unlisted(covered, known()))
            .or_else(|| unproved(covered, truth)),
        Verdict::Violated => {
            let by_a_stranger = truth.deeds.iter().any(|deed| {
                covered.is_about(deed) && !truth.is_ours(deed) && deed.at <= covered.at
            });
            let failed = truth.deeds.iter().any(|deed| {
                covered.is_about(deed)
                    && deed.status != AuditStatus::Success
                    && deed.at <= covered.at
            });
            let overwritten = truth.role_overwritten.iter().any(|at| *at <= covered.at);
            (!by_a_stranger && !failed && !overwritten)
                .then(|| format!("nobody else changed anything: {}", verdict_of(covered)))
        }
        Verdict::Unverified => (!house.troubled && !house.unaudited)
            .then(|| format!("everything could be read: {}", verdict_of(covered))),
    }
}

fn verdict_of<'r>(covered: &Covered<'r>) -> &'r Value {
    &covered.record.value["body"]["verdict"]
}

/// A deed of the window that the evidence does not list.
fn unlisted<'d>(
    covered: &Covered<'_>,
    mut known: impl Iterator<Item = &'d Deed>,
) -> Option<String> {
    let listed = covered.record.value["body"]["audit"]["records"].as_array();
    let listed: BTreeSet<&str> = listed
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let missing = known.find(|deed| !listed.contains(deed.record_id.as_str()));
    missing.map(|deed| format!("its evidence does not list {deed:?}"))
}

/// A write that the evidence claims, of something that Lockstep never wrote to by then.
fn unproved(covered: &Covered<'_>, truth: &Truth) -> Option<String> {
    let expected = covered.record.value["body"]["expected"].as_array();
    // The platform audits no credential.
    let is_audited = |one: &&Value| {
        let entries = one["any_of"].as_array();
        entries
            .into_iter()
            .flatten()
            .any(|entry| entry["entity_type"] != "Credential")
    };
    let mut claimed = expected
        .into_iter()
        .flatten()
        .filter(is_audited)
        .filter_map(|one| one["entity_id"].as_str());
    let missing = claimed.find(|id| {
        !truth.deeds.iter().any(|deed| {
            deed.entity_id == *id
                && truth.is_ours(deed)
                && deed.status == AuditStatus::Success
                && deed.at <= covered.at
        })
    });
    missing.map(|id| format!("Lockstep wrote nothing to {id}"))
}

/// Each write of Lockstep's to an action that is managed is in the time of some record.
fn judge_coverage(
    house: &House,
    covered: &[Covered<'_>],
    truth: &Truth,
    problems: &mut Vec<Problem>,
) {
    let names: BTreeSet<String> = house
        .actions
        .iter()
        .map(crate::house::Action::name)
        .collect();
    for deed in &truth.deeds {
        let is_write_of_ours = deed.entity_type == EntityType::Action
            && deed.action != AuditAction::Execute
            && deed.status == AuditStatus::Success
            && truth.is_ours(deed)
            && names.contains(&deed.entity_name);
        let is_covered = || {
            covered.iter().any(|one| {
                let from = moment(
                    one.record.value["body"]["window_from"]
                        .as_str()
                        .unwrap_or_default(),
                );
                one.is_about(deed) && from - UNSURE <= deed.at && deed.at <= one.at
            })
        };
        if is_write_of_ours && !is_covered() {
            problems.push(Problem(format!("no evidence is about {deed:?}")));
        }
    }
}

/// Lockstep makes nothing twice.
fn judge_creates(truth: &Truth, problems: &mut Vec<Problem>) {
    let mut made: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    let creates = truth
        .deeds
        .iter()
        .filter(|deed| deed.action == AuditAction::Create && deed.status == AuditStatus::Success);
    for deed in creates {
        let kind = match deed.entity_type {
            EntityType::Action => "action",
            EntityType::Integration => "integration",
            EntityType::ActionDraft | EntityType::Credential | EntityType::OAuthClient => continue,
        };
        *made.entry((kind, &deed.entity_name)).or_default() += 1;
    }
    for ((kind, name), times) in made {
        if times > 1 {
            problems.push(Problem(format!(
                "the {kind} {name:?} was made {times} times"
            )));
        }
    }
}
