//! Records of writes that lost a race: someone else wrote in between, so Lockstep read and wrote
//! again. Where the platform audits the refusal of a stale version, such a record is no failed
//! write of the change: the change itself remembers that the step was refused, and how it went on.

use lockstep_domain::audit::{AuditRecord, Interval, RecordStatus, distinct};
use lockstep_domain::change::Change;
use lockstep_domain::plan::Step;
use lockstep_domain::verdict::{Case, Judgement, judge};

use super::SKEW;

/// Judges what the records say of a binding whose latest change is this one, but for the races that
/// that change lost; those become notices. What it published over somebody else's change is a
/// violation, whoever may change the action.
pub(crate) fn judge_of(change: &Change, case: Case<'_>) -> Judgement {
    let judgement = but_for_lost_races(change, case);
    match change.overwritten() {
        Some((action, overwrote)) => judgement.of_overwritten(&case, action, overwrote),
        None => judgement,
    }
}

fn but_for_lost_races(change: &Change, case: Case<'_>) -> Judgement {
    if !change.steps.iter().any(Step::lost_race) {
        return judge(&case);
    }
    let mut records = distinct(case.records.iter().cloned());
    let is_ours = |record: &AuditRecord| case.our_clients.did(record);
    let races = LostRaces::taken(&mut records, change, case.window, is_ours);
    let mut judgement = judge(&Case {
        records: &records,
        ..case
    });
    races.add_to(&mut judgement);
    judgement
}

/// Records that refused steps of the change explain, each step one.
#[derive(Debug)]
struct LostRaces(Vec<AuditRecord>);

impl LostRaces {
    /// Takes them out of the records that are judged: failed writes of ours, of the very things
    /// that the refused steps were about.
    fn taken(
        records: &mut Vec<AuditRecord>,
        change: &Change,
        window: Interval,
        is_ours: impl Fn(&AuditRecord) -> bool,
    ) -> Self {
        // Clocks differ.
        let began = change.window_from.checked_sub(SKEW);
        let began = began.unwrap_or(change.window_from);
        let mut taken = Vec::new();
        for step in change.steps.iter().filter(|step| step.lost_race()) {
            let found = records.iter().position(|record| {
                record.status == RecordStatus::Failure
                    && Some(&record.entity_id) == step.id.as_ref()
                    && is_ours(record)
                    && window.holds(record)
                    && record.at.is_none_or(|at| at >= began)
            });
            if let Some(at) = found {
                taken.push(records.remove(at));
            }
        }
        Self(taken)
    }

    /// Adds them to the judgement that was made without them.
    fn add_to(self, judgement: &mut Judgement) {
        for record in self.0 {
            judgement.notices.push(format!(
                "someone else wrote at the same time, and Lockstep wrote again: {}",
                record.line()
            ));
            judgement.compliance_audit.push(record.line());
            judgement.records.push(record.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use lockstep_domain::audit::Level;
    use lockstep_domain::change::ChangeId;
    use lockstep_domain::plan::{ObjectKind, Outcome, Step, Verb};
    use lockstep_domain::verdict::Verdict;

    use super::*;

    const ACTION: &str = "custom_-_1";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn step(kind: &str) -> Step {
        let key = "orders".parse().unwrap();
        Step {
            id: Some(ACTION.into()),
            outcome: Some(Outcome::failed(kind, "no")),
            ..Step::new(ObjectKind::Action, Verb::Update, &key, "a new version")
        }
    }

    fn change(steps: Vec<Step>) -> Change {
        let id = ChangeId::of(&"org".parse().unwrap(), &"orders".parse().unwrap(), &"it");
        let opened = at("2026-01-02T03:00:00Z");
        let mut change = Change::begin(id, 1, Vec::new(), None, opened);
        change.steps = steps;
        change
    }

    fn record(id: &str) -> AuditRecord {
        AuditRecord {
            id: id.into(),
            at: Some(at("2026-01-02T03:00:05Z")),
            service: "Integrations".into(),
            level: Level::User,
            action: "Update".into(),
            entity_type: "Action".into(),
            entity_id: ACTION.into(),
            entity_name: None,
            status: RecordStatus::Failure,
            user: None,
            client: Some("ours".into()),
        }
    }

    /// The ids of the records that are left to be judged.
    fn left(steps: Vec<Step>, mut records: Vec<AuditRecord>) -> Vec<String> {
        let window = Interval::new(at("2026-01-02T03:00:00Z"), at("2026-01-02T03:01:00Z"));
        let is_ours = |record: &AuditRecord| record.client.as_deref() == Some("ours");
        LostRaces::taken(&mut records, &change(steps), window, is_ours);
        records.into_iter().map(|record| record.id).collect()
    }

    #[test]
    fn a_refused_step_explains_one_failed_write_of_ours_and_no_second() {
        let records = || vec![record("one"), record("two")];
        assert_eq!(left(vec![step("conflict")], records()), ["two"]);
        let both = vec![step("conflict"), step("conflict")];
        assert!(left(both, records()).is_empty());
    }

    #[test]
    fn nothing_else_is_explained_by_it() {
        let foreign = AuditRecord {
            client: Some("another".into()),
            ..record("foreign")
        };
        let elsewhere = AuditRecord {
            entity_id: "custom_-_2".into(),
            ..record("elsewhere")
        };
        let written = AuditRecord {
            status: RecordStatus::Success,
            ..record("written")
        };
        let before = AuditRecord {
            at: Some(at("2026-01-02T02:00:00Z")),
            ..record("before")
        };
        let records = vec![foreign, elsewhere, written, before];
        let kept = left(vec![step("conflict"); 4], records);
        assert_eq!(kept, ["foreign", "elsewhere", "written", "before"]);
        assert_eq!(
            left(vec![step("denied")], vec![record("denied")]),
            ["denied"]
        );
    }

    #[test]
    fn an_explained_conflict_is_reported_as_a_notice() {
        let mut judgement = Judgement {
            verdict: Verdict::Verified,
            records: Vec::new(),
            principals: Vec::new(),
            compliance_audit: Vec::new(),
            notices: Vec::new(),
            occurrences: Vec::new(),
        };
        LostRaces(vec![record("one")]).add_to(&mut judgement);
        assert_eq!(judgement.records, ["one"]);
        assert!(judgement.compliance_audit[0].contains("FAILURE"));
        assert!(judgement.notices[0].contains("wrote at the same time"));
    }
}
