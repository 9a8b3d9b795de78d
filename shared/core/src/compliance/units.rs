//! The checks of integration credentials: one unit for each secret whose values they carry.
//!
//! Drift is found by where configs point and by `modifiedDate`. What neither shows, a live test
//! does: it is run at each sweep, through the actions that the manifest names for it.

use lockstep_domain::change::{BindingState, Phase};
use lockstep_domain::compliance::{Check, Checked, drift_findings, refusal_findings};
use lockstep_domain::credentials::{CredentialStep, Unit};
use lockstep_domain::finding::Finding;
use lockstep_domain::manifest::Mode;
use lockstep_domain::plan::Step;

use super::binding::{chain_problem, ending, is_overdue, unhealthy};
use super::organization::Sweep;
use crate::genesys::Session;
use crate::reconcile::credentials::{UnitDrift, try_unit, unit_drift};
use crate::runtime::{Deadline, chain};

/// What is looked at of a unit at Genesys Cloud.
const AT_GENESYS: [Check; 4] = [
    Check::SecretDeleted,
    Check::SecretStale,
    Check::Credential,
    Check::CredentialLeft,
];

impl Sweep<'_> {
    /// Every check of these units, one after the other: there are few.
    pub(super) async fn units(
        &mut self,
        session: Result<&Session, &str>,
        units: &[Unit<'_>],
        deadline: Deadline,
    ) {
        for unit in units {
            let key = unit.first_key().clone();
            for checked in self.unit(session, unit, deadline).await {
                self.count(Some(&key), checked);
            }
        }
    }

    async fn unit(
        &self,
        session: Result<&Session, &str>,
        unit: &Unit<'_>,
        deadline: Deadline,
    ) -> Vec<Checked> {
        let organization = &self.manifest.organization.id;
        let resource = format!("lockstep:binding/{organization}/{}", unit.first_key());
        let mut state = match self.world.store.load(organization, &unit.key).await {
            Ok(state) => state,
            Err(error) => {
                let because = error.to_string();
                return vec![Checked::not_evaluated(
                    Check::ChangeEnd,
                    &resource,
                    &because,
                )];
            }
        };
        if self.swept.mode == Mode::Apply
            && let Err(failure) = self.end(&mut state, deadline).await
        {
            tracing::warn!(key = %unit.first_key(), error = %failure, "an overdue change could not be ended");
        }
        let state = state.value;
        let mut checks = self.unit_at_genesys(session, unit, &state, &resource).await;
        checks.extend(self.unit_remembered(&state, &resource));
        checks.push(self.unit_tested(session, unit, &state, &resource).await);
        checks.push(self.unit_evidence(&state, &resource).await);
        checks
    }

    async fn unit_at_genesys(
        &self,
        session: Result<&Session, &str>,
        unit: &Unit<'_>,
        state: &BindingState,
        resource: &str,
    ) -> Vec<Checked> {
        let unseen = |because: &str| -> Vec<Checked> {
            AT_GENESYS
                .map(|check| Checked::not_evaluated(check, resource, because))
                .into()
        };
        let session = match session {
            Ok(session) => session,
            Err(because) => return unseen(because),
        };
        let (findings, id) = match unit_drift(self.world, session, self.manifest, unit, state).await
        {
            Ok(UnitDrift::Plan { plan, id }) => {
                let steps = plan.steps(false);
                let steps: Vec<Step> = steps.iter().map(CredentialStep::describe).collect();
                (drift_findings(&steps), id)
            }
            Ok(UnitDrift::Refused { refusal, id }) => (refusal_findings(&refusal.problems), id),
            Ok(UnitDrift::SecretGone(because)) => {
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
        let of = |check: Check| -> Vec<Finding> {
            let mine = findings.iter().filter(|finding| finding.id == check.id());
            mine.cloned().collect()
        };
        // A newer version, or a change that is being applied, explains every difference.
        let drift = if moved_on || under_way {
            let because = if moved_on {
                "what should hold has moved on"
            } else {
                "a change is being applied"
            };
            Checked::not_evaluated(Check::Credential, resource, because)
        } else {
            Checked::new(Check::Credential, of(Check::Credential))
        };
        let stale = moved_on.then(|| {
            let what = "its credentials do not carry the values of the current version";
            Check::SecretStale.failed(unit.secret.to_string(), what)
        });
        vec![
            Checked::new(Check::SecretDeleted, Vec::new()),
            Checked::new(Check::SecretStale, stale.into_iter().collect()),
            drift,
            Checked::new(Check::CredentialLeft, of(Check::CredentialLeft)),
        ]
    }

    /// What the unit's state says by itself.
    fn unit_remembered(&self, state: &BindingState, resource: &str) -> Vec<Checked> {
        let held = state.held.as_ref().map(|held| {
            let what = format!("held since {}: {}", held.since, held.because);
            Check::Held.failed(resource, what)
        });
        let change = state.change.as_ref();
        let open = change
            .filter(|change| is_overdue(self.world, change, self.began))
            .map(|change| {
                let what = format!("change {} is open since {}", change.id, change.opened_at);
                Check::ChangeOpen.failed(resource, what)
            });
        vec![
            Checked::new(Check::Held, held.into_iter().collect()),
            Checked::new(Check::ChangeOpen, open.into_iter().collect()),
            Checked::new(
                Check::ChangeEnd,
                ending(change, resource).into_iter().collect(),
            ),
        ]
    }

    /// The live test of now, or, where none is run, what the last one said.
    async fn unit_tested(
        &self,
        session: Result<&Session, &str>,
        unit: &Unit<'_>,
        state: &BindingState,
        resource: &str,
    ) -> Checked {
        let change = state.change.as_ref();
        let settled = change.is_some_and(|change| {
            matches!(change.phase, Phase::Verifying { .. } | Phase::Ended { .. })
        });
        let remembered = || {
            let said = change.and_then(|change| unhealthy(change, resource));
            Checked::new(Check::Unhealthy, said.into_iter().collect())
        };
        if self.swept.mode == Mode::Plan || !settled {
            return remembered();
        }
        let session = match session {
            Ok(session) => session,
            Err(because) => return Checked::not_evaluated(Check::Unhealthy, resource, because),
        };
        match try_unit(session, self.manifest, unit).await {
            Ok(problems) => {
                let failed = problems.into_iter().map(|(key, problem)| {
                    let organization = &self.manifest.organization.id;
                    let of = format!("lockstep:binding/{organization}/{key}");
                    let what = format!("the live test of {} failed: {problem}", self.began);
                    Check::Unhealthy.failed(of, what)
                });
                Checked::new(Check::Unhealthy, failed.collect())
            }
            Err(error) => Checked::not_evaluated(Check::Unhealthy, resource, &chain(&error)),
        }
    }

    async fn unit_evidence(&self, state: &BindingState, resource: &str) -> Checked {
        match self
            .world
            .store
            .evidence(&state.organization, &state.key)
            .await
        {
            Ok(records) => {
                let broken = chain_problem(state, &records);
                let findings = broken.map(|problem| Check::Evidence.failed(resource, problem));
                Checked::new(Check::Evidence, findings.into_iter().collect())
            }
            Err(error) if error.kind() == "corrupt" => {
                let finding = Check::Evidence.failed(resource, error.to_string());
                Checked::new(Check::Evidence, vec![finding])
            }
            Err(error) => Checked::not_evaluated(Check::Evidence, resource, &error.to_string()),
        }
    }
}
