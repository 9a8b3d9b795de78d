//! What the audit log says since the last sweep: did only authorized principals change anything?

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use lockstep_domain::audit::Interval;
use lockstep_domain::change::BindingState;
use lockstep_domain::compliance::{Check, of_check, passed_unless};
use lockstep_domain::credentials::CredentialSet;
use lockstep_domain::ids::Key;
use lockstep_domain::ledger::Row;
use lockstep_domain::verdict::{Case, Judgement, OurClients};

use super::state_checks::resource;
use super::states::States;
use super::sweep::{Audited, Sweep, of_binding};
use crate::genesys::Session;
use crate::verify::{AuditLog, after, entities, judge_of, read_audit_log};

/// What is looked at in the audit log.
const OF_AUDIT: [Check; 3] = [Check::Principal, Check::WriteFailed, Check::Unplanned];

impl Sweep<'_> {
    pub(super) async fn audit(
        &self,
        session: Result<&Session, &str>,
        states: &States,
        last_run: Option<Timestamp>,
    ) -> Audited {
        let session = match session {
            Ok(session) => session,
            Err(because) => return self.unaudited(because),
        };
        let Some(interval) = self.interval(states, last_run) else {
            // Nothing was ever bound, so nobody can have changed it.
            return Audited {
                rows: Vec::new(),
                lines: Vec::new(),
                until: Some(self.began),
            };
        };
        let audit_log = read_audit_log(
            self.world,
            self.manifest,
            session,
            interval,
            None,
            self.began,
        )
        .await;
        if !audit_log.incomplete.is_empty() {
            return self.unaudited(&audit_log.incomplete.join("; "));
        }
        let our_clients = our_clients(session, states);
        let mut rows = Vec::new();
        let mut lines = Vec::new();
        let mut all_read = true;
        for key in self.audited() {
            let of_action = || states.actions.get(&key);
            match states.credential_sets.get(&key).or_else(of_action) {
                Some(Ok(state)) => {
                    let state = &state.value;
                    if let Some(judgement) =
                        self.judgement(&our_clients, state, &audit_log, interval)
                    {
                        rows.extend(self.of_judgement(&key, &judgement));
                        lines.extend(judgement.compliance_audit);
                    }
                }
                Some(Err(error)) => {
                    all_read = false;
                    rows.extend(self.unaudited_key(&key, &error.to_string()));
                }
                None => {}
            }
        }
        let mut known = BTreeSet::new();
        lines.retain(|line| known.insert(line.clone()));
        Audited {
            rows,
            lines,
            // What was not read is looked for from the same moment again.
            until: all_read.then_some(self.began),
        }
    }

    fn unaudited(&self, because: &str) -> Audited {
        let keys = self.audited().into_iter();
        Audited {
            rows: keys
                .flat_map(|key| self.unaudited_key(&key, because))
                .collect(),
            lines: Vec::new(),
            until: None,
        }
    }

    fn unaudited_key(&self, key: &Key, because: &str) -> Vec<Row> {
        let resource = resource(self.manifest, key);
        let unseen = |check| Row::not_evaluated(check, &resource, because).of(key);
        OF_AUDIT.map(unseen).into()
    }

    /// Each record that should not exist; a check without one passed on the binding.
    fn of_judgement(&self, key: &Key, judgement: &Judgement) -> Vec<Row> {
        let resource = resource(self.manifest, key);
        let rows = OF_AUDIT.into_iter().flat_map(|check| {
            passed_unless(check, &resource, of_check(&judgement.occurrences, check))
        });
        of_binding(rows.collect(), key)
    }

    /// The selected actions and credential sets.
    fn audited(&self) -> Vec<Key> {
        let actions = self.actions.iter().map(|action| &action.key);
        let credential_sets = self.credential_sets.iter().map(CredentialSet::first_key);
        actions.chain(credential_sets).cloned().collect()
    }

    /// From the last sweep, and as much earlier as a record may come late, until now. The first
    /// sweep begins with the oldest change that is remembered.
    fn interval(&self, states: &States, last_run: Option<Timestamp>) -> Option<Interval> {
        let oldest = states
            .read()
            .filter_map(|(_, state)| state.change.as_ref())
            .map(|change| change.window_from)
            .min()?;
        let late = SignedDuration::try_from(self.world.config.verify_deadline);
        let from = match (last_run, late) {
            (Some(last), Ok(late)) => last.checked_sub(late).unwrap_or(last),
            (Some(last), Err(_)) => last,
            (None, _) => oldest,
        };
        let to = after(self.began, std::time::Duration::from_secs(2));
        Some(Interval::new(from.min(self.began), to))
    }

    /// None for a binding that was never bound.
    fn judgement(
        &self,
        our_clients: &OurClients,
        state: &BindingState,
        audit_log: &AuditLog,
        interval: Interval,
    ) -> Option<Judgement> {
        let change = state.change.as_ref()?;
        // What happened to an action before it was first bound is none of our business.
        let is_first = state.chain.length <= u64::from(change.is_ended());
        let window = if is_first {
            let from = interval.from().max(change.window_from);
            Interval::new(from.min(interval.to()), interval.to())
        } else {
            interval
        };
        let case = Case {
            // What the latest change deleted was planned; that its records are there is the
            // verdict's to say.
            expected: &change.expected,
            records: &audit_log.records,
            entities: &entities(state, change),
            window,
            mapping: &audit_log.mapping,
            our_clients,
            authorized: &audit_log.authorized,
            drift: &[],
            incomplete: &[],
        };
        Some(judge_of(change, case))
    }
}

/// Those of every binding: actions share an integration, which each of them may have written to.
fn our_clients(session: &Session, states: &States) -> OurClients {
    states
        .read()
        .filter_map(|(_, state)| state.change.as_ref())
        .fold(
            OurClients::now(session.own_clients.clone()),
            |ours, change| ours.and(&change.clients),
        )
}
