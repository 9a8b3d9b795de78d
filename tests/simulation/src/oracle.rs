//! Whether each verdict is right, decided from what truly happened: what the platform's own history
//! holds, and AWS's. Lockstep's audit queries, windows and reasoning are not used, but for the window
//! that its evidence claims to cover.

mod truth;
mod verdict;

use std::collections::{BTreeMap, BTreeSet};

use genesys_simulator::{AuditAction, AuditStatus, EntityType};

use self::truth::Truth;
use self::verdict::{Covered, UNSURE, Verdict, fault, moment, overlooked};
use crate::house::House;
use crate::judge::{Problem, emitted};
use crate::stand::Simulation;

impl Simulation {
    /// Every verdict is the right one, and covers what Lockstep wrote.
    pub(crate) fn judge_verdicts(&self, house: &House, problems: &mut Vec<Problem>) {
        let truth = Truth::of(self);
        let evidence = self.evidence();
        let covered: Vec<Covered<'_>> = evidence.iter().map(Covered::of).collect();
        for (number, one) in covered.iter().enumerate() {
            if let Some(verdict) = Verdict::of(one.record)
                && let Some(fault) = fault(verdict, one, &covered[..number], &truth)
                    .or_else(|| overlooked(verdict, one, house, &truth))
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
            let is_verdict = Verdict::ALL.iter().any(|verdict| verdict.event() == kind);
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
