//! What interrupted runs have not completed, and queueing it again.
//!
//! The sweep writes nothing at Genesys Cloud itself: bindings have one writer each, so what is left
//! is handed on to `rebind-action`, whose plan finishes it. In mode `plan` the report says what
//! would be handed on.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_domain::arn::RoleName;
use lockstep_domain::change::Phase;
use lockstep_domain::compliance::{Check, is_remainder};
use lockstep_domain::digest::Digest;
use lockstep_domain::ids::Key;
use lockstep_domain::intent::{Look, RebindMessage};
use lockstep_domain::ledger::{CheckResult, Row};
use lockstep_domain::manifest::Mode;
use lockstep_domain::plan::{ObjectKind, Outcome, Step, Verb};
use lockstep_domain::role::{DesiredRole, ObservedRole};

use super::state_checks::is_overdue;
use super::states::States;
use super::sweep::Sweep;
use crate::aws::message_group;
use crate::runtime::Failure;
use crate::store::StoreError;
use crate::verify::after;

impl Sweep<'_> {
    /// Whether a role that exists was ever bound: the message that should have led to it may be lost.
    /// Answers the bindings that wait for it, too.
    pub(super) async fn role_unbound(
        &self,
        desired: &DesiredRole,
        observed: &ObservedRole,
        states: &States,
    ) -> (Row, Vec<Key>) {
        const CHECK: Check = Check::RoleUnbound;
        let arn = desired.arn.to_string();
        let unseen = |because: &str| (Row::not_evaluated(CHECK, &arn, because), Vec::new());
        let ObservedRole::Present(_) = observed else {
            return unseen("the role does not exist");
        };
        let served = self.served_by(&desired.name);
        let known: Result<Vec<bool>, &StoreError> = served
            .iter()
            .filter_map(|key| states.actions.get(key))
            .map(|state| Ok(state.as_ref()?.value.change.is_some()))
            .collect();
        let changed = self.world.role_marks.changed_at(&desired.name).await;
        match (known, changed) {
            (Err(error), _) => unseen(&error.to_string()),
            (_, Err(error)) => unseen(&error.to_string()),
            (Ok(bound), Ok(changed)) => {
                let patience = self.world.config.verify_deadline;
                let is_young = changed.is_some_and(|at| after(at, patience) > self.began);
                let never = !bound.is_empty() && !bound.contains(&true) && !is_young;
                if !never {
                    return (Row::passed(CHECK, arn), Vec::new());
                }
                let keys: Vec<&str> = served.iter().map(Key::as_str).collect();
                let what = format!("none of its actions was ever bound: {}", keys.join(", "));
                (Row::failed(CHECK, arn, what), served)
            }
        }
    }

    /// The selected actions that a role serves.
    fn served_by(&self, role: &RoleName) -> Vec<Key> {
        let serves = |key: &Key| {
            let action = self.manifest.action(key)?;
            Some(&self.manifest.integration_of(action)?.role == role)
        };
        let keys = self.actions.iter().map(|action| &action.key);
        keys.filter(|key| serves(key) == Some(true))
            .cloned()
            .collect()
    }

    /// Queues what earlier runs left unfinished; answers what was queued, or would be.
    ///
    /// # Errors
    /// The queue did not take a message.
    pub(super) async fn leftovers(
        &self,
        rows: &[Row],
        unbound: &BTreeSet<Key>,
        states: &States,
    ) -> Result<Vec<Step>, Failure> {
        let mut steps = Vec::new();
        for (key, reasons) in self.unfinished(rows, unbound, states) {
            let reason = Vec::from_iter(reasons).join("; ");
            let mut step = Step::new(ObjectKind::Binding, Verb::Resume, &key, reason);
            if let Some(held) = states.held(&key) {
                step.outcome = Some(Outcome::skipped(format!("held: {held}")));
            } else if self.mode == Mode::Apply {
                self.hand_on(&key, &step.reason).await?;
                step.outcome = Some(Outcome::Applied);
            }
            steps.push(step);
        }
        Ok(steps)
    }

    /// The bindings to continue, each with why.
    fn unfinished(
        &self,
        rows: &[Row],
        unbound: &BTreeSet<Key>,
        states: &States,
    ) -> BTreeMap<Key, BTreeSet<String>> {
        let mut left: BTreeMap<Key, BTreeSet<String>> = BTreeMap::new();
        // Of what several bindings share, the first one is continued.
        let mut known = BTreeSet::new();
        let failed = rows.iter().filter(|row| row.result == CheckResult::Failed);
        for row in failed.filter(|row| is_remainder(row)) {
            if let (true, Some(key)) = (known.insert(row.id()), &row.key) {
                let why = format!("{}: {}", row.check, row.what);
                left.entry(key.clone()).or_default().insert(why);
            }
        }
        for key in unbound {
            let why = format!(
                "{}: the role was created but never bound",
                Check::RoleUnbound
            );
            left.entry(key.clone()).or_default().insert(why);
        }
        for (key, state) in states.read() {
            let cut_off = state.change.as_ref().filter(|change| {
                matches!(change.phase, Phase::Applying | Phase::Testing)
                    && is_overdue(self.world, change, self.began)
            });
            if let Some(change) = cut_off {
                let why = format!("change {} was interrupted", change.id);
                left.entry(key.clone()).or_default().insert(why);
            }
        }
        left
    }

    async fn hand_on(&self, key: &Key, reason: &str) -> Result<(), Failure> {
        let organization = &self.manifest.organization.id;
        // An action, or the credentials of one secret.
        let action = self.manifest.action(key).map(|action| action.key.clone());
        let set = || Some(Key::of_secret(&self.manifest.credential(key)?.secret));
        let Some(binding) = action.or_else(set) else {
            return Ok(());
        };
        let message = RebindMessage {
            organization: organization.clone(),
            key: key.clone(),
            retry: false,
            reason: Some(reason.to_owned()),
            look: Look::Full,
        };
        let group = message_group(organization, &binding);
        let once = Digest::of(&(organization, key, self.began));
        let queue = &self.world.rebind_queue;
        Ok(queue.send(&message, &group, once.as_str()).await?)
    }
}
