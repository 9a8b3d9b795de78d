//! A version of an action that was published over somebody else's.

use super::{Case, Judgement, Verdict, describe, relevant};
use crate::audit::{AuditRecord, Deed, RecordStatus};
use crate::change::Overwrote;
use crate::compliance::Check;
use crate::finding::Finding;

impl Judgement {
    /// The judgement of a change that has published the action `action` over a version that it had
    /// not read: a violation that names the other writer's record, whoever that is. While records of
    /// Lockstep's own are missing, that one may be missing too.
    #[must_use]
    pub fn of_overwritten(mut self, case: &Case<'_>, action: &str, overwrote: Overwrote) -> Self {
        let Overwrote { read, published } = overwrote;
        let records = relevant(case);
        let is_theirs = |record: &&AuditRecord| {
            record.entity_id == action
                && record.deed() != Deed::Use
                && record.status == RecordStatus::Success
                && !case.our_clients.did(record)
        };
        let theirs: Vec<String> = records.iter().filter(is_theirs).map(describe).collect();
        let said = format!(
            "Lockstep read version {read} of the action {action} and published version {published}: \
             publishing replaced what another writer had changed in between"
        );
        if theirs.is_empty()
            && let Verdict::Pending { missing } = &mut self.verdict
        {
            missing.push(format!(
                "{said}, and the record of that change is not there yet"
            ));
            return self;
        }
        let by = match theirs.is_empty() {
            true => "no audit record says whose".to_owned(),
            false => theirs.join("; "),
        };
        let resource = format!("genesys:action/{action}");
        let what = format!("{said}: {by}");
        let finding = Finding::failed(Check::ActionDrift, resource, what);
        let mut findings = match self.verdict {
            Verdict::Violated { findings } => findings,
            Verdict::Verified | Verdict::Pending { .. } => Vec::new(),
        };
        findings.push(finding);
        self.verdict = Verdict::Violated { findings };
        self
    }
}
