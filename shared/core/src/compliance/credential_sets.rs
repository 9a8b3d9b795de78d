//! The checks of integration credentials: one set for each secret whose values they carry.
//!
//! Drift is found by where configs point and by `modifiedDate`. What neither shows, a live test
//! does: it is run at each sweep, through the actions that the manifest names for it.

use lockstep_domain::change::{BindingState, Phase};
use lockstep_domain::compliance::{Check, Checked, drift_findings, refusal_findings};
use lockstep_domain::credentials::CredentialSet;
use lockstep_domain::finding::Finding;
use lockstep_domain::manifest::Mode;
use lockstep_domain::plan::Plan as _;

use super::state_checks::{StateChecks, resource, unread};
use super::states::{Loaded, States};
use super::sweep::Sweep;
use crate::genesys::Session;
use crate::reconcile::credentials::{
    CredentialSetDrift, credential_set_drift, test_credential_set,
};
use crate::runtime::chain;

/// What is looked at of a credential set at Genesys Cloud.
const AT_GENESYS: [Check; 4] = [
    Check::SecretDeleted,
    Check::SecretStale,
    Check::Credential,
    Check::CredentialLeft,
];

fn unread_at_genesys(resource: &str, because: &str) -> Vec<Checked> {
    AT_GENESYS
        .map(|check| Checked::not_evaluated(check, resource, because))
        .into()
}

impl Sweep<'_> {
    /// Every check of the selected credential sets, one after the other: there are few.
    pub(super) async fn credential_sets(
        &mut self,
        session: Result<&Session, &str>,
        states: &mut States,
    ) {
        let organization = &self.manifest.organization.id;
        for set in self.credential_sets {
            let key = set.first_key();
            // Read again: it may have moved since the sweep began.
            let state = self.world.states.load(organization, &set.key).await;
            for checked in self.credential_set(session, set, &state).await {
                self.count(Some(key), checked);
            }
            states.credential_sets.insert(key.clone(), state);
        }
    }

    async fn credential_set(
        &self,
        session: Result<&Session, &str>,
        set: &CredentialSet<'_>,
        state: &Loaded,
    ) -> Vec<Checked> {
        let resource = resource(self.manifest, set.first_key());
        let state = match state {
            Ok(state) => &state.value,
            Err(error) => {
                let because = error.to_string();
                let mut checks = unread(&resource, &because);
                checks.extend(unread_at_genesys(&resource, &because));
                return checks;
            }
        };
        let remembered = StateChecks {
            world: self.world,
            state,
            resource: &resource,
            now: self.began,
        };
        let mut checks = self
            .credential_set_at_genesys(session, set, state, &resource)
            .await;
        checks.extend(remembered.checks());
        checks.push(self.credential_set_tested(session, set, &remembered).await);
        checks.push(remembered.evidence().await);
        checks
    }

    async fn credential_set_at_genesys(
        &self,
        session: Result<&Session, &str>,
        set: &CredentialSet<'_>,
        state: &BindingState,
        resource: &str,
    ) -> Vec<Checked> {
        let unseen = |because: &str| unread_at_genesys(resource, because);
        let session = match session {
            Ok(session) => session,
            Err(because) => return unseen(because),
        };
        let (findings, id) =
            match credential_set_drift(self.world, session, self.manifest, set, state).await {
                Ok(CredentialSetDrift::Plan { plan, id }) => {
                    (drift_findings(&plan.describe(false)), id)
                }
                Ok(CredentialSetDrift::Refused { refusal, id }) => {
                    (refusal_findings(&refusal.problems), id)
                }
                Ok(CredentialSetDrift::SecretGone(because)) => {
                    let gone = Check::SecretDeleted.failed(resource, because.clone());
                    let mut checks = unseen(&because);
                    checks[0] = Checked::new(Check::SecretDeleted, vec![gone]);
                    return checks;
                }
                Err(error) => return unseen(&chain(&error)),
            };
        let change = state.change.as_ref();
        let moved_on = change.is_some_and(|change| change.id != id);
        let under_way = change.is_some_and(|change| change.is_under_way());
        // A newer version, or a change that is being applied, explains every difference.
        let explained = if moved_on {
            Some("the desired state has changed")
        } else if under_way {
            Some("a change is being applied")
        } else {
            None
        };
        let checked = |check: Check| {
            let mine = findings.iter().filter(|finding| finding.id == check.id());
            let mine: Vec<Finding> = mine.cloned().collect();
            match explained.filter(|_| !mine.is_empty()) {
                Some(because) => Checked::not_evaluated(check, resource, because),
                None => Checked::new(check, mine),
            }
        };
        let stale = moved_on.then(|| {
            let what = "its credentials do not have the values of the current version";
            Check::SecretStale.failed(set.secret.to_string(), what)
        });
        vec![
            Checked::new(Check::SecretDeleted, Vec::new()),
            Checked::new(Check::SecretStale, stale.into_iter().collect()),
            checked(Check::Credential),
            checked(Check::CredentialLeft),
        ]
    }

    /// The live test of now, or, where none is run, what the last one said.
    async fn credential_set_tested(
        &self,
        session: Result<&Session, &str>,
        set: &CredentialSet<'_>,
        remembered: &StateChecks<'_>,
    ) -> Checked {
        let change = remembered.state.change.as_ref();
        let settled = change.is_some_and(|change| {
            matches!(change.phase, Phase::Verifying { .. } | Phase::Ended { .. })
        });
        if self.swept.mode == Mode::Plan || !settled {
            return remembered.tested();
        }
        let of = remembered.resource;
        let session = match session {
            Ok(session) => session,
            Err(because) => return Checked::not_evaluated(Check::Unhealthy, of, because),
        };
        match test_credential_set(session, self.manifest, set).await {
            Ok(problems) => {
                let failed = problems.into_iter().map(|(key, problem)| {
                    let what = format!("the live test of {} failed: {problem}", self.began);
                    Check::Unhealthy.failed(resource(self.manifest, &key), what)
                });
                Checked::new(Check::Unhealthy, failed.collect())
            }
            Err(error) => Checked::not_evaluated(Check::Unhealthy, of, &chain(&error)),
        }
    }
}
