//! What a sweep answers to whoever asked for it.

use std::cmp::Reverse;

use lockstep_domain::finding::Finding;
use lockstep_domain::ledger::{Counts, Row};
use lockstep_domain::plan::Step;
use serde::Serialize;

/// Counts and findings of all ledgers of a sweep.
#[derive(Debug, Serialize)]
pub(super) struct SweepAnswer {
    checked: usize,
    passed: usize,
    failed: usize,
    not_evaluated: usize,
    excepted: usize,
    /// What failed or could not be evaluated, the most urgent first.
    findings: Vec<Finding>,
    /// What is done about what earlier runs left unfinished; in mode `plan`, what would be.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    steps: Vec<Step>,
    /// Where the index of each ledger is (S3 URI); empty where nothing was written.
    ledgers: Vec<String>,
    /// Where the latest reports are (S3 URI); empty where nothing was written.
    reports: Vec<String>,
}

impl SweepAnswer {
    pub(super) fn new(
        rows: &[Row],
        steps: Vec<Step>,
        ledgers: Vec<String>,
        reports: Vec<String>,
    ) -> Self {
        let counts = Counts::of(rows);
        let Counts {
            passed,
            failed,
            not_evaluated,
            excepted,
        } = counts;
        let mut findings: Vec<Finding> = rows.iter().filter_map(Row::finding).collect();
        findings.sort_by_cached_key(|one| {
            (
                Reverse(one.severity),
                one.status,
                one.id.clone(),
                one.resource.clone(),
            )
        });
        Self {
            checked: counts.all(),
            passed,
            failed,
            not_evaluated,
            excepted,
            findings,
            steps,
            ledgers,
            reports,
        }
    }
}

#[cfg(test)]
mod tests {
    use lockstep_domain::compliance::Check;

    use super::*;

    #[test]
    fn the_most_urgent_comes_first_and_a_pass_is_only_counted() {
        let rows = [
            Row::failed(Check::RoleLabels, "role", "a tag is wrong"),
            Row::passed(Check::RolePolicy, "role"),
            Row::failed(Check::RoleTrust, "role", "it is open"),
            Row::not_evaluated(Check::ActionDrift, "action", "the read failed"),
        ];
        let answer = SweepAnswer::new(&rows, Vec::new(), Vec::new(), Vec::new());
        let ids: Vec<&str> = answer.findings.iter().map(|one| one.id.as_str()).collect();
        assert_eq!(ids, ["LS-ROLE-TRUST", "LS-ACTION-DRIFT", "LS-ROLE-LABELS"]);
        let counts = (answer.checked, answer.passed, answer.failed);
        assert_eq!((counts, answer.not_evaluated), ((4, 1, 2), 1));
    }
}
