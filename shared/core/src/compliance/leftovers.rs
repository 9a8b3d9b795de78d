//! What interrupted runs have not completed, and queueing it again.
//!
//! The sweep writes nothing at Genesys Cloud itself: bindings have one writer each, so what is left
//! is handed on to `rebind-action`, whose plan finishes it. In mode `plan` the report says what
//! would be handed on.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_domain::arn::RoleName;
use lockstep_domain::change::Phase;
use lockstep_domain::compliance::{Check, Checked, Standing, is_left_over};
use lockstep_domain::digest::Digest;
use lockstep_domain::finding::Status;
use lockstep_domain::ids::Key;
use lockstep_domain::intent::RebindMessage;
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
    /// Whether a role that is there was ever bound: the message that should have led to it may be
    /// lost. Notes the bindings that wait for it.
    pub(super) async fn role_unbound(
        &mut self,
        desired: &DesiredRole,
        observed: &ObservedRole,
        states: &States,
    ) -> Checked {
        let arn = desired.arn.to_string();
        let ObservedRole::Present(_) = observed else {
            return Checked::new(Check::RoleUnbound, Vec::new());
        };
        let served = self.served_by(&desired.name);
        let known: Result<Vec<bool>, &StoreError> = served
            .iter()
            .filter_map(|key| states.actions.get(key))
            .map(|state| Ok(state.as_ref()?.value.change.is_some()))
            .collect();
        let changed = self.world.role_marks.changed_at(&desired.name).await;
        match (known, changed) {
            (Err(error), _) => Checked::not_evaluated(Check::RoleUnbound, &arn, &error.to_string()),
            (_, Err(error)) => Checked::not_evaluated(Check::RoleUnbound, &arn, &error.to_string()),
            (Ok(bound), Ok(changed)) => {
                let patience = self.world.config.verify_deadline;
                let is_young = changed.is_some_and(|at| after(at, patience) > self.began);
                let never = !bound.is_empty() && !bound.contains(&true) && !is_young;
                if !never {
                    return Checked::new(Check::RoleUnbound, Vec::new());
                }
                let keys: Vec<&str> = served.iter().map(Key::as_str).collect();
                let what = format!("none of its actions was ever bound: {}", keys.join(", "));
                self.unbound.extend(served);
                Checked::new(
                    Check::RoleUnbound,
                    vec![Check::RoleUnbound.failed(arn, what)],
                )
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

    /// Queues the bindings with unfinished work, and lists them in the report.
    ///
    /// # Errors
    /// The queue did not take a message.
    pub(super) async fn leftovers(&mut self, states: &States) -> Result<(), Failure> {
        for (key, reasons) in self.left(states) {
            let reason = Vec::from_iter(reasons).join("; ");
            let mut step = Step::new(ObjectKind::Binding, Verb::Resume, &key, reason);
            if let Some(held) = states.held(&key) {
                step.outcome = Some(Outcome::skipped(format!("held: {held}")));
            } else if self.swept.mode == Mode::Apply {
                self.hand_on(&key, &step.reason).await?;
                step.outcome = Some(Outcome::Applied);
            }
            self.swept.report.steps.push(step);
        }
        Ok(())
    }

    /// The bindings to take up again, each with why.
    fn left(&self, states: &States) -> BTreeMap<Key, BTreeSet<String>> {
        let mut left: BTreeMap<Key, BTreeSet<String>> = BTreeMap::new();
        let findings = self.swept.report.findings.iter();
        for finding in findings.filter(|one| one.status == Status::Failed) {
            let standing = Standing::of(finding);
            if let (true, Some(key)) = (is_left_over(finding), self.swept.keys.get(&standing)) {
                let why = format!("{}: {}", finding.id, finding.what);
                left.entry(key.clone()).or_default().insert(why);
            }
        }
        for key in &self.unbound {
            let why = format!(
                "{}: the role was created but never bound",
                Check::RoleUnbound.id()
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
        };
        let group = message_group(organization, &binding);
        let once = Digest::of(&(organization, key, self.began));
        let queue = &self.world.rebind_queue;
        Ok(queue.send(&message, &group, once.as_str()).await?)
    }
}
