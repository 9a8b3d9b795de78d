//! Checks that need only the stored state of a binding or of a credential set.

use jiff::Timestamp;
use lockstep_domain::change::{BindingState, Change, End, Phase};
use lockstep_domain::compliance::Check;
use lockstep_domain::evidence::{Record, verify_chain};
use lockstep_domain::ids::Key;
use lockstep_domain::ledger::Row;
use lockstep_domain::manifest::Manifest;

use crate::services::Compliance;
use crate::verify::{after, deadline_of};

/// One state, and what its checks need.
pub(super) struct StateChecks<'a> {
    pub(super) world: &'a Compliance,
    pub(super) state: &'a BindingState,
    /// As findings name it.
    pub(super) resource: &'a str,
    pub(super) now: Timestamp,
}

/// A binding, or a credential set by its first credential, as findings name it.
pub(super) fn resource(manifest: &Manifest, key: &Key) -> String {
    format!("lockstep:binding/{}/{key}", manifest.organization.id)
}

/// Whether a change has had no verdict for longer than any should.
pub(super) fn is_overdue(world: &Compliance, change: &Change, now: Timestamp) -> bool {
    let config = &world.config;
    let look = config.verify_delay.max(config.verify_window);
    let patience = after(deadline_of(change, config), look);
    !change.is_ended() && now >= patience
}

/// The checks that cannot be evaluated if the state could not be read.
pub(super) fn unread(resource: &str, because: &str) -> Vec<Row> {
    [
        Check::Held,
        Check::ChangeOpen,
        Check::ChangeEnd,
        Check::Unhealthy,
        Check::Evidence,
    ]
    .map(|check| Row::not_evaluated(check, resource, because))
    .into()
}

impl StateChecks<'_> {
    /// Whether it is held, and how its last change ended or why it has not.
    pub(super) fn rows(&self) -> Vec<Row> {
        let held = match &self.state.held {
            None => Row::passed(Check::Held, self.resource),
            Some(held) => {
                let what = format!("held since {}: {}", held.since, held.because);
                Row::failed(Check::Held, self.resource, what)
            }
        };
        let change = self.state.change.as_ref();
        let open = match change.filter(|change| is_overdue(self.world, change, self.now)) {
            None => Row::passed(Check::ChangeOpen, self.resource),
            Some(change) => {
                let what = format!(
                    "change {} has been open since {}",
                    change.id, change.opened_at
                );
                Row::failed(Check::ChangeOpen, self.resource, what)
            }
        };
        let end = Row {
            evidence: self.state.chain.uri.clone().into_iter().collect(),
            ..ending(change, self.resource)
        };
        vec![held, open, end]
    }

    /// The result of the last live test.
    pub(super) fn tested(&self) -> Row {
        tested(self.state.change.as_ref(), self.resource)
    }

    /// Whether the evidence is the one that was written; and the evidence, as far as it could be read.
    pub(super) async fn evidence(&self) -> (Row, Vec<Record>) {
        const CHECK: Check = Check::Evidence;
        let BindingState {
            organization, key, ..
        } = self.state;
        match self.world.evidence.records(organization, key).await {
            Ok(records) => {
                let row = match chain_problem(self.state, &records) {
                    None => Row::passed(CHECK, self.resource),
                    Some(problem) => Row::failed(CHECK, self.resource, problem),
                };
                let evidence = self.state.chain.uri.clone().into_iter().collect();
                (Row { evidence, ..row }, records)
            }
            Err(error) if error.kind() == "corrupt" => {
                let row = Row::failed(CHECK, self.resource, error.to_string());
                (row, Vec::new())
            }
            Err(error) => {
                let row = Row::not_evaluated(CHECK, self.resource, error.to_string());
                (row, Vec::new())
            }
        }
    }
}

fn tested(change: Option<&Change>, resource: &str) -> Row {
    const CHECK: Check = Check::Unhealthy;
    let Some(change) = change else {
        return Row::not_evaluated(CHECK, resource, NEVER_APPLIED);
    };
    let Some(test) = &change.test else {
        return Row::not_evaluated(CHECK, resource, "no live test has run");
    };
    if test.passed {
        return Row::passed(CHECK, resource);
    }
    let taken_back = matches!(
        &change.phase,
        Phase::Ended {
            end: End::RolledBack { .. },
            ..
        }
    );
    if taken_back {
        let because = "the change that failed its live test was rolled back";
        return Row::not_evaluated(CHECK, resource, because);
    }
    let problem = test.problem.as_deref().unwrap_or("no reason was recorded");
    let what = format!("the live test of {} failed: {problem}", test.at);
    Row::failed(CHECK, resource, what)
}

const NEVER_APPLIED: &str = "no binding was ever applied";

fn ending(change: Option<&Change>, resource: &str) -> Row {
    const CHECK: Check = Check::ChangeEnd;
    let Some(change) = change else {
        return Row::not_evaluated(CHECK, resource, NEVER_APPLIED);
    };
    let failed = |what: String| Row::failed(CHECK, resource, what);
    let id = &change.id;
    match &change.phase {
        Phase::Applying | Phase::Testing | Phase::Verifying { .. } => {
            Row::not_evaluated(CHECK, resource, format!("change {id} has no verdict yet"))
        }
        Phase::Ended { end, .. } => match end {
            End::Verified => Row::passed(CHECK, resource),
            End::Violated { findings } => {
                let what: Vec<&str> = findings.iter().map(|one| one.what.as_str()).collect();
                failed(format!("change {id} is violated: {}", what.join("; ")))
            }
            End::Unverified { missing } => {
                failed(format!("change {id} is unverified: {}", missing.join("; ")))
            }
            End::Failed { because } => failed(format!("change {id} failed: {because}")),
            End::RolledBack { because } => {
                failed(format!("change {id} was rolled back: {because}"))
            }
            End::Split { standing } => {
                failed(format!("change {id} is split: {}", standing.join("; ")))
            }
        },
    }
}

/// What is wrong with the stored chain, if anything. A record beyond the remembered end is one
/// whose run died before it saved the state; the next record adopts it.
fn chain_problem(state: &BindingState, records: &[Record]) -> Option<String> {
    if let Err(broken) = verify_chain(records) {
        return Some(broken.to_string());
    }
    let length = usize::try_from(state.chain.length).unwrap_or(usize::MAX);
    if records.len() < length {
        return Some(format!(
            "{} records are stored, but {length} were written",
            records.len()
        ));
    }
    let last = length.checked_sub(1).and_then(|index| records.get(index));
    let found = last.map(|record| &record.hash);
    (found != state.chain.hash.as_ref())
        .then(|| format!("record {length} differs from the one that was written"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_domain::change::{ChainHead, ChangeId, TestRecord};
    use lockstep_domain::evidence::Body;
    use lockstep_domain::ledger::CheckResult;

    fn state() -> BindingState {
        BindingState::new("org".parse().unwrap(), "key".parse().unwrap())
    }

    fn change() -> Change {
        let state = state();
        let id = ChangeId::of(&state.organization, &state.key, &"desired");
        Change::begin(id, 1, Vec::new(), None, Timestamp::UNIX_EPOCH)
    }

    fn ended(end: End) -> Change {
        Change {
            phase: Phase::Ended {
                end,
                at: Timestamp::UNIX_EPOCH,
            },
            ..change()
        }
    }

    fn chain_of(length: u64) -> (BindingState, Vec<Record>) {
        let mut state = state();
        let mut records = Vec::new();
        for _ in 0..length {
            let body = Body::new(&state, &change(), End::Verified);
            let record = Record::seal(&state.chain, Timestamp::UNIX_EPOCH, body);
            state.chain = record.head(format!("s3://evidence/{}", record.sequence));
            records.push(record);
        }
        (state, records)
    }

    #[test]
    fn a_whole_chain_is_fine_and_so_is_one_with_a_record_not_yet_adopted() {
        let (mut state, records) = chain_of(3);
        assert_eq!(chain_problem(&state, &records), None);
        state.chain = records[1].head("s3://evidence/2".into());
        assert_eq!(chain_problem(&state, &records), None);
        state.chain = ChainHead::default();
        assert_eq!(chain_problem(&state, &records), None);
    }

    #[test]
    fn a_chain_that_lost_its_last_record_is_noticed() {
        let (state, mut records) = chain_of(3);
        records.pop();
        let problem = chain_problem(&state, &records).unwrap();
        assert!(
            problem.contains("2 records are stored, but 3 were written"),
            "{problem}"
        );
    }

    #[test]
    fn a_rewritten_chain_is_noticed() {
        let (state, _) = chain_of(2);
        let mut other = chain_of(2).1;
        other[1].body.reason = Some("another".into());
        let first = other[0].head("s3://evidence/1".into());
        other[1] = Record::seal(&first, Timestamp::UNIX_EPOCH, other[1].body.clone());
        let problem = chain_problem(&state, &other).unwrap();
        assert!(problem.contains("record 2"), "{problem}");
    }

    #[test]
    fn only_a_verified_change_ended_as_it_should() {
        let result = |change: Option<&Change>| ending(change, "binding").result;
        assert_eq!(result(Some(&ended(End::Verified))), CheckResult::Passed);
        let unverified = ended(End::Unverified {
            missing: vec!["a record".into()],
        });
        assert_eq!(result(Some(&unverified)), CheckResult::Failed);
        assert_eq!(result(Some(&change())), CheckResult::NotEvaluated);
        assert_eq!(result(None), CheckResult::NotEvaluated);
    }

    #[test]
    fn a_failed_test_is_unhealthy_unless_the_change_was_taken_back() {
        let test = Some(TestRecord {
            at: Timestamp::UNIX_EPOCH,
            on_draft: false,
            denial: None,
            passed: false,
            operations: Vec::new(),
            problem: Some("it timed out".into()),
        });
        let kept = Change {
            test: test.clone(),
            ..ended(End::Verified)
        };
        let row = tested(Some(&kept), "binding");
        assert_eq!(row.result, CheckResult::Failed);
        assert!(row.what.contains("it timed out"), "{}", row.what);
        let back = Change {
            test,
            ..ended(End::RolledBack {
                because: "it timed out".into(),
            })
        };
        assert_eq!(
            tested(Some(&back), "binding").result,
            CheckResult::NotEvaluated
        );
        assert_eq!(
            tested(Some(&change()), "binding").result,
            CheckResult::NotEvaluated
        );
    }
}
