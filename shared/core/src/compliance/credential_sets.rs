//! The checks of integration credentials: one set for each secret whose values they carry.
//!
//! Drift is found by where configs point and by `modifiedDate`. What neither shows, a live test
//! does: it is run at each sweep, through the actions that the manifest names for it.

use lockstep_domain::change::{BindingState, Phase};
use lockstep_domain::compliance::{
    Check, Resources, drift_rows, of_check, passed_unless, refusal_rows,
};
use lockstep_domain::credentials::CredentialSet;
use lockstep_domain::ids::Key;
use lockstep_domain::ledger::Row;
use lockstep_domain::manifest::Mode;
use lockstep_domain::plan::Plan as _;

use super::state_checks::{StateChecks, resource, unread};
use super::states::{Loaded, States};
use super::sweep::{Seen, Sweep, of_binding};
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

fn unread_at_genesys(resource: &str, because: &str) -> Vec<Row> {
    AT_GENESYS
        .map(|check| Row::not_evaluated(check, resource, because))
        .into()
}

impl Sweep<'_> {
    /// Every check of the selected credential sets, by the key of the first credential, one after the
    /// other: there are few.
    pub(super) async fn credential_sets(
        &self,
        session: Result<&Session, &str>,
        states: &mut States,
    ) -> Vec<(Key, Seen)> {
        let organization = &self.manifest.organization.id;
        let mut all = Vec::new();
        for set in self.credential_sets {
            let key = set.first_key();
            // Read again: it may have moved since the sweep began.
            let state = self.world.states.load(organization, &set.key).await;
            let mut seen = self.credential_set(session, set, &state).await;
            seen.rows = of_binding(seen.rows, key);
            all.push((key.clone(), seen));
            states.credential_sets.insert(key.clone(), state);
        }
        all
    }

    async fn credential_set(
        &self,
        session: Result<&Session, &str>,
        set: &CredentialSet<'_>,
        state: &Loaded,
    ) -> Seen {
        let resource = resource(self.manifest, set.first_key());
        let state = match state {
            Ok(state) => &state.value,
            Err(error) => {
                let because = error.to_string();
                let mut rows = unread(&resource, &because);
                rows.extend(unread_at_genesys(&resource, &because));
                return Seen {
                    rows,
                    ..Seen::default()
                };
            }
        };
        let remembered = StateChecks {
            world: self.world,
            state,
            resource: &resource,
            now: self.began,
        };
        let mut rows = self
            .credential_set_at_genesys(session, set, state, &resource)
            .await;
        rows.extend(remembered.rows());
        rows.extend(self.credential_set_tested(session, set, &remembered).await);
        let (evidence, records) = remembered.evidence().await;
        rows.push(evidence);
        Seen {
            rows,
            records,
            current: Vec::new(),
        }
    }

    async fn credential_set_at_genesys(
        &self,
        session: Result<&Session, &str>,
        set: &CredentialSet<'_>,
        state: &BindingState,
        resource: &str,
    ) -> Vec<Row> {
        let unseen = |because: &str| unread_at_genesys(resource, because);
        let session = match session {
            Ok(session) => session,
            Err(because) => return unseen(because),
        };
        let (found, id) = match credential_set_drift(self.world, session, self.manifest, set, state)
            .await
        {
            Ok(CredentialSetDrift::Plan { plan, id }) => (drift_rows(&plan.describe(false)), id),
            Ok(CredentialSetDrift::Refused { refusal, id }) => {
                // A credential set has no integration or action of its own.
                let resources = Resources {
                    integration: resource.to_owned(),
                    action: resource.to_owned(),
                };
                (refusal_rows(&refusal, &resources), id)
            }
            Ok(CredentialSetDrift::SecretGone(because)) => {
                let mut rows = unseen(&because);
                rows[0] = Row::failed(Check::SecretDeleted, resource, because);
                return rows;
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
        let of = |check: Check| {
            let mine = of_check(&found, check);
            match explained.filter(|_| !mine.is_empty()) {
                Some(because) => vec![Row::not_evaluated(check, resource, because)],
                None => passed_unless(check, resource, mine),
            }
        };
        let secret = set.secret.to_string();
        let stale = if moved_on {
            let what = "its credentials do not have the values of the current version";
            Row::failed(Check::SecretStale, secret, what)
        } else {
            Row::passed(Check::SecretStale, secret)
        };
        let mut rows = vec![Row::passed(Check::SecretDeleted, resource), stale];
        rows.extend(of(Check::Credential));
        rows.extend(of(Check::CredentialLeft));
        rows
    }

    /// The live test of now, or, where none is run, what the last one said.
    async fn credential_set_tested(
        &self,
        session: Result<&Session, &str>,
        set: &CredentialSet<'_>,
        remembered: &StateChecks<'_>,
    ) -> Vec<Row> {
        let change = remembered.state.change.as_ref();
        let settled = change.is_some_and(|change| {
            matches!(change.phase, Phase::Verifying { .. } | Phase::Ended { .. })
        });
        if self.mode == Mode::Plan || !settled {
            return vec![remembered.tested()];
        }
        let of = remembered.resource;
        let session = match session {
            Ok(session) => session,
            Err(because) => return vec![Row::not_evaluated(Check::Unhealthy, of, because)],
        };
        match test_credential_set(session, self.manifest, set).await {
            Ok(problems) => {
                let failed = problems.into_iter().map(|(key, problem)| {
                    let what = format!("the live test of {} failed: {problem}", self.began);
                    Row::failed(Check::Unhealthy, resource(self.manifest, &key), what)
                });
                passed_unless(Check::Unhealthy, of, failed.collect())
            }
            Err(error) => vec![Row::not_evaluated(Check::Unhealthy, of, chain(&error))],
        }
    }
}
