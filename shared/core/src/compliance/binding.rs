//! The checks of one binding.

use jiff::Timestamp;
use lockstep_domain::change::{BindingState, Phase};
use lockstep_domain::compliance::{
    Check, Checked, drift_findings, refusal_findings, stale_secrets,
};
use lockstep_domain::finding::Finding;
use lockstep_domain::manifest::{Action, Manifest};

use super::state_checks::{StateChecks, resource, unread};
use crate::genesys::Session;
use crate::reconcile::action::{Drift, current_versions, drift};
use crate::runtime::chain;
use crate::services::Compliance;

/// What is looked at of an action and its integration.
const AT_GENESYS: [Check; 7] = [
    Check::IntegrationMissing,
    Check::IntegrationDisabled,
    Check::Credential,
    Check::ActionMissing,
    Check::ActionDrift,
    Check::CredentialLeft,
    Check::DraftLeft,
];

/// One binding, and what is needed to look at it.
pub(super) struct Binding<'a> {
    pub(super) world: &'a Compliance,
    pub(super) manifest: &'a Manifest,
    pub(super) action: &'a Action,
    pub(super) session: Result<&'a Session, &'a str>,
    pub(super) state: &'a BindingState,
    pub(super) now: Timestamp,
}

/// Every check of a binding whose state could not be read.
pub(super) fn unread_binding(resource: &str, because: &str) -> Vec<Checked> {
    let secrets = [Check::SecretDeleted, Check::SecretStale];
    let looks = secrets.into_iter().chain(AT_GENESYS);
    let mut checks = unread(resource, because);
    checks.extend(looks.map(|check| Checked::not_evaluated(check, resource, because)));
    checks
}

impl Binding<'_> {
    /// Every check of this binding but those of its role and of the audit log.
    pub(super) async fn checks(&self) -> Vec<Checked> {
        let (secrets, stale) = self.secrets().await;
        let mut checks = self.at_genesys(stale).await;
        checks.extend(secrets);
        let remembered = StateChecks {
            world: self.world,
            state: self.state,
            resource: &self.resource(),
            now: self.now,
        };
        checks.extend(remembered.checks());
        checks.push(remembered.tested());
        checks.push(remembered.evidence().await);
        checks
    }

    fn resource(&self) -> String {
        resource(self.manifest, &self.action.key)
    }

    async fn secrets(&self) -> (Vec<Checked>, bool) {
        let not_evaluated = |because: &str| {
            vec![
                Checked::not_evaluated(Check::SecretDeleted, &self.resource(), because),
                Checked::not_evaluated(Check::SecretStale, &self.resource(), because),
            ]
        };
        match current_versions(self.world, self.action).await {
            Err(error) => (not_evaluated(&chain(&error)), false),
            Ok(Err(gone)) => {
                let deleted = Check::SecretDeleted.failed(self.resource(), gone.clone());
                let stale = Checked::not_evaluated(Check::SecretStale, &self.resource(), &gone);
                (
                    vec![Checked::new(Check::SecretDeleted, vec![deleted]), stale],
                    false,
                )
            }
            Ok(Ok(current)) => {
                let bound = self
                    .state
                    .change
                    .as_ref()
                    .map(|change| change.secrets.as_slice());
                let stale = stale_secrets(bound.unwrap_or_default(), &current);
                let is_stale = !stale.is_empty();
                let checks = vec![
                    Checked::new(Check::SecretDeleted, Vec::new()),
                    Checked::new(Check::SecretStale, stale),
                ];
                (checks, is_stale)
            }
        }
    }

    async fn at_genesys(&self, stale: bool) -> Vec<Checked> {
        let session = match self.session {
            Ok(session) => session,
            Err(because) => return self.unseen(because),
        };
        match drift(self.world, session, self.manifest, self.action, self.state).await {
            Ok(Drift::Steps { steps, .. }) => self.sorted(drift_findings(&steps), stale),
            Ok(Drift::Refused { refusal, .. }) => {
                self.sorted(refusal_findings(&refusal.problems), stale)
            }
            Ok(Drift::SecretGone(because)) => self.unseen(&because),
            Err(error) => self.unseen(&chain(&error)),
        }
    }

    fn unseen(&self, because: &str) -> Vec<Checked> {
        AT_GENESYS
            .map(|check| Checked::not_evaluated(check, &self.resource(), because))
            .into()
    }

    /// Each finding under its check. A difference that a newer secret version or a change under
    /// way explains says nothing about drift.
    fn sorted(&self, findings: Vec<Finding>, stale: bool) -> Vec<Checked> {
        let under_way = self
            .state
            .change
            .as_ref()
            .is_some_and(|change| matches!(change.phase, Phase::Applying | Phase::Testing));
        AT_GENESYS
            .map(|check| {
                let mine: Vec<Finding> = findings
                    .iter()
                    .filter(|finding| finding.id == check.id())
                    .cloned()
                    .collect();
                let of_change = matches!(
                    check,
                    Check::ActionDrift | Check::CredentialLeft | Check::DraftLeft
                );
                let explained = if mine.is_empty() {
                    None
                } else if stale && check == Check::ActionDrift {
                    Some("its secret has a newer version")
                } else if under_way && of_change {
                    Some("a change is being applied")
                } else {
                    None
                };
                match explained {
                    Some(because) => Checked::not_evaluated(check, &self.resource(), because),
                    None => Checked::new(check, mine),
                }
            })
            .into()
    }
}
