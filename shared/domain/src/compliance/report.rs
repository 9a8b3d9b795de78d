//! What a sweep answers, and how it differs from the one before.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::finding::{Finding, Status};
use crate::ids::OrganizationId;
use crate::plan::Step;

/// What a sweep answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// How many checks were looked at: passed, failed and not evaluated.
    pub checked: u32,
    /// How many hold.
    pub passed: u32,
    /// How many do not.
    pub failed: u32,
    /// How many could not be evaluated.
    pub not_evaluated: u32,
    /// What does not hold or could not be evaluated.
    pub findings: Vec<Finding>,
    /// What is done about interrupted runs; in mode `plan`, what would be done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// Where the evidence is (S3 URI); none where nothing was written.
    pub evidence: Option<String>,
}

impl Report {
    /// Counts one check on one binding: it holds where nothing was found.
    pub fn count(&mut self, findings: Vec<Finding>) {
        self.checked += 1;
        if findings.iter().any(|one| one.status == Status::Failed) {
            self.failed += 1;
        } else if findings.is_empty() {
            self.passed += 1;
        } else {
            self.not_evaluated += 1;
        }
        self.findings.extend(findings);
    }

    /// Adds another report's numbers and findings. Its evidence is left out.
    pub fn add(&mut self, other: Self) {
        let Self {
            checked,
            passed,
            failed,
            not_evaluated,
            findings,
            steps,
            evidence: _,
        } = other;
        self.checked += checked;
        self.passed += passed;
        self.failed += failed;
        self.not_evaluated += not_evaluated;
        self.findings.extend(findings);
        self.steps.extend(steps);
    }

    /// The most urgent first; equal findings of things that several bindings share once.
    pub fn sort(&mut self) {
        self.findings.sort_by(|a, b| {
            (b.severity, a.status, &a.id, &a.resource, &a.what).cmp(&(
                a.severity,
                b.status,
                &b.id,
                &b.resource,
                &b.what,
            ))
        });
        self.findings.dedup();
    }
}

/// What is remembered of an organization between sweeps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SweepState {
    /// The layout of this object.
    pub schema: u32,
    /// The organization.
    pub organization: OrganizationId,
    /// When the last complete sweep began: the next one asks the audit log from here on.
    pub last_run: Option<Timestamp>,
    /// The findings that stood at its end.
    pub standing: BTreeSet<Standing>,
    /// How many sweeps have been remembered.
    #[serde(default)]
    pub sweeps: u64,
}

impl SweepState {
    /// Of an organization that was never swept.
    pub fn new(organization: OrganizationId) -> Self {
        Self {
            schema: 1,
            organization,
            last_run: None,
            standing: BTreeSet::new(),
            sweeps: 0,
        }
    }

    /// Distinguishes the events of the sweep that starts from this from those of every other sweep. A sweep that
    /// is cut off and repeated has the same one.
    #[must_use]
    pub fn occurrence(&self) -> String {
        Digest::of(self).as_str().to_owned()
    }

    /// Records a sweep: the findings at its end, and when it began if it read the whole audit log.
    pub fn remember(&mut self, standing: BTreeSet<Standing>, audited: Option<Timestamp>) {
        self.standing = standing;
        self.last_run = audited.or(self.last_run);
        self.sweeps += 1;
    }
}

/// A finding as it is recognised again: the same check on the same resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Standing {
    /// The finding's id.
    pub id: String,
    /// What it is about.
    pub resource: String,
}

impl Standing {
    /// Of a finding.
    pub fn of(finding: &Finding) -> Self {
        Self {
            id: finding.id.clone(),
            resource: finding.resource.clone(),
        }
    }
}

/// How a sweep differs from the previous one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SweepChanges {
    /// Failed now, and not before.
    pub new: Vec<Finding>,
    /// Failed before, and evaluated and not failed now.
    pub resolved: Vec<Standing>,
    /// Failed now, or failed before and not evaluated since.
    pub standing: BTreeSet<Standing>,
}

/// Compares a sweep with the findings before it. What could not be evaluated is neither new nor
/// resolved: `unseen` says whether a finding could not be evaluated this time.
pub fn compare_sweeps(
    before: &BTreeSet<Standing>,
    findings: &[Finding],
    unseen: impl Fn(&Standing) -> bool,
) -> SweepChanges {
    let failed: BTreeMap<Standing, &Finding> = findings
        .iter()
        .filter(|finding| finding.status == Status::Failed)
        .map(|finding| (Standing::of(finding), finding))
        .collect();
    let mut changes = SweepChanges {
        new: failed
            .iter()
            .filter(|(standing, _)| !before.contains(standing))
            .map(|(_, finding)| (*finding).clone())
            .collect(),
        resolved: Vec::new(),
        standing: failed.keys().cloned().collect(),
    };
    for standing in before {
        if failed.contains_key(standing) {
            continue;
        }
        if unseen(standing) {
            changes.standing.insert(standing.clone());
        } else {
            changes.resolved.push(standing.clone());
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compliance::Check;

    #[test]
    fn a_finding_that_comes_back_is_another_occurrence() {
        let mut state = SweepState::new("org-1".parse().unwrap());
        let open = standing(&Check::RoleTrust.failed("role", "it is open"));
        let mut occurrences = BTreeSet::new();
        // The audit log can't be read, so nothing else distinguishes the sweeps.
        for found in [open.clone(), BTreeSet::new(), open.clone(), open] {
            assert_eq!(
                state.occurrence(),
                state.clone().occurrence(),
                "of a repeated sweep"
            );
            occurrences.insert(state.occurrence());
            state.remember(found, None);
        }
        assert_eq!(occurrences.len(), 4);
    }

    fn standing(finding: &Finding) -> BTreeSet<Standing> {
        BTreeSet::from([Standing::of(finding)])
    }

    #[test]
    fn a_check_without_findings_passed_and_one_that_could_not_be_made_did_not() {
        let mut report = Report::default();
        report.count(Vec::new());
        report.count(vec![Check::RoleTrust.failed("role", "it is open")]);
        report.count(vec![
            Check::ActionDrift.not_evaluated("action", "the read failed"),
        ]);
        assert_eq!(
            (
                report.checked,
                report.passed,
                report.failed,
                report.not_evaluated
            ),
            (3, 1, 1, 1)
        );
        assert_eq!(report.findings.len(), 2);
    }

    #[test]
    fn the_worst_comes_first() {
        let mut report = Report::default();
        report.count(vec![Check::RoleLabels.failed("role", "a tag is wrong")]);
        report.count(vec![Check::RoleTrust.failed("role", "it is open")]);
        report.sort();
        assert_eq!(report.findings[0].id, "LS-ROLE-TRUST");
    }

    #[test]
    fn a_finding_is_told_when_it_comes_and_when_it_goes_and_not_in_between() {
        let open = Check::RoleTrust.failed("role", "it is open");
        let first = compare_sweeps(&BTreeSet::new(), std::slice::from_ref(&open), |_| false);
        assert_eq!(first.new, std::slice::from_ref(&open));
        let second = compare_sweeps(&first.standing, std::slice::from_ref(&open), |_| false);
        assert!(second.new.is_empty() && second.resolved.is_empty());
        assert_eq!(second.standing, standing(&open));
        let third = compare_sweeps(&second.standing, &[], |_| false);
        assert_eq!(third.resolved, [Standing::of(&open)]);
        assert!(third.standing.is_empty());
    }

    #[test]
    fn what_is_out_of_sight_is_not_resolved() {
        let open = Check::RoleTrust.failed("role", "it is open");
        let unseen = Check::RoleTrust.not_evaluated("role", "the read was denied");
        let changes = compare_sweeps(&standing(&open), &[unseen], |_| true);
        assert!(changes.new.is_empty() && changes.resolved.is_empty());
        assert_eq!(changes.standing, standing(&open));
    }
}
