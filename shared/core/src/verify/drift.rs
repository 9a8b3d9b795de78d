//! Whether a change still holds: observe and plan again, expecting no steps.

use lockstep_domain::change::{BindingState, Change, DesiredId, Phase};
use lockstep_domain::compliance::{Resources, drift_rows, is_remainder, refusal_rows, role_drift};
use lockstep_domain::credentials::{CredentialSet, CredentialStep, credential_set_of};
use lockstep_domain::finding::Finding;
use lockstep_domain::intent::Look;
use lockstep_domain::ledger::Row;
use lockstep_domain::manifest::{Action, Manifest};
use lockstep_domain::plan::Step;
use lockstep_domain::role::DesiredRole;

use crate::genesys::Session;
use crate::reconcile::action::{Drift, drift};
use crate::reconcile::credentials::{CredentialSetDrift, credential_set_drift};
use crate::reconcile::role::stack;
use crate::runtime::chain;
use crate::services::Binder;

/// What the observation found.
#[derive(Default)]
pub(super) struct ObservedDrift {
    /// What is not as it should be.
    pub(super) findings: Vec<Finding>,
    /// What could not be read.
    pub(super) incomplete: Vec<String>,
    pub(super) notices: Vec<String>,
}

impl ObservedDrift {
    fn found(&mut self, rows: Vec<Row>) {
        self.findings.extend(rows.iter().filter_map(Row::finding));
    }

    pub(super) async fn observe(
        &mut self,
        world: &Binder,
        session: &Session,
        manifest: &Manifest,
        state: &BindingState,
        change: &Change,
    ) {
        if let Some(set) = credential_set_of(manifest, &state.key) {
            self.observe_credential_set(world, session, manifest, &set, state, change)
                .await;
            return;
        }
        let Some(action) = manifest.action(&state.key) else {
            self.notices.push(
                "the manifest no longer has the binding, so Lockstep did not compare the role and \
                 the action with the bound state"
                    .into(),
            );
            return;
        };
        self.observe_action(world, session, manifest, action, state, change)
            .await;
        // Where the manifest has moved the action to another function, its grant is not this
        // change's business.
        if state.function.as_ref() == Some(&action.function) {
            self.observe_role(world, manifest, action).await;
        }
    }

    /// A remainder of an interrupted run is not drift: the next run removes it.
    async fn observe_credential_set(
        &mut self,
        world: &Binder,
        session: &Session,
        manifest: &Manifest,
        set: &CredentialSet<'_>,
        state: &BindingState,
        change: &Change,
    ) {
        match credential_set_drift(world, session, manifest, set, state).await {
            Ok(CredentialSetDrift::Plan { plan, id }) if id == change.id => {
                let moves: Vec<Step> = plan.moves.iter().map(CredentialStep::describe).collect();
                self.found(drift_rows(&moves));
                self.notices.extend(plan.notices);
            }
            Ok(CredentialSetDrift::Refused { refusal, id }) if id == change.id => {
                let resources = Resources::of(state, &state.key);
                self.found(refusal_rows(&refusal, &resources));
            }
            Ok(CredentialSetDrift::Plan { .. } | CredentialSetDrift::Refused { .. }) => self.notices.push(
                "the desired state has changed since, so Lockstep did not compare the credentials \
                 with the bound state"
                    .into(),
            ),
            Ok(CredentialSetDrift::SecretGone(because)) => self.notices.push(because),
            Err(error) => self.incomplete.push(format!(
                "Lockstep could not read the credentials again: {}",
                chain(&error)
            )),
        }
    }

    async fn observe_action(
        &mut self,
        world: &Binder,
        session: &Session,
        manifest: &Manifest,
        action: &Action,
        state: &BindingState,
        change: &Change,
    ) {
        // What an earlier verdict was about may be looked at for another reason.
        let look = match change.phase {
            Phase::Verifying { .. } => Look::Action,
            Phase::Applying | Phase::Testing | Phase::Ended { .. } => Look::Full,
        };
        match drift(world, session, manifest, action, state, look).await {
            Ok(Drift::Steps { steps, desired, .. }) => {
                if self.is_current(&desired, change) {
                    let (left, drift): (Vec<Row>, Vec<Row>) =
                        drift_rows(&steps).into_iter().partition(is_remainder);
                    self.found(drift);
                    self.notices.extend(left.into_iter().map(|one| one.what));
                }
            }
            Ok(Drift::Refused {
                refusal, desired, ..
            }) => {
                if self.is_current(&desired, change) {
                    let resources = Resources::of(state, &action.integration);
                    self.found(refusal_rows(&refusal, &resources));
                }
            }
            Ok(Drift::SecretGone(because)) => self.notices.push(because),
            Err(error) => self.incomplete.push(format!(
                "Lockstep could not read the action again: {}",
                chain(&error)
            )),
        }
    }

    /// Whether the change still is what should hold: differing from what should hold *now* is no
    /// violation of an earlier change.
    fn is_current(&mut self, desired: &DesiredId, change: &Change) -> bool {
        let current = change.reaches(desired);
        if !current {
            self.notices.push(
                "the desired state has changed since, so Lockstep did not compare the action with \
                 the bound state"
                    .into(),
            );
        }
        current
    }

    async fn observe_role(&mut self, world: &Binder, manifest: &Manifest, action: &Action) {
        let Some(integration) = manifest.integration_of(action) else {
            return;
        };
        let stack = stack(&world.config);
        let Some(desired) = DesiredRole::of(manifest, &integration.role, &stack) else {
            return;
        };
        match world.roles.observe(&integration.role).await {
            Ok(observed) => {
                self.found(role_drift(&desired, &observed, &action.function));
            }
            Err(error) => self.incomplete.push(format!(
                "Lockstep could not read the role {} again: {error}",
                integration.role
            )),
        }
    }
}
