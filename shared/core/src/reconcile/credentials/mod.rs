//! Moving the credentials that carry one secret's values. All of them move, or all of them move
//! back.
//!
//! **Order of reads.** Integrations and credentials first, then which version of the secret is
//! current, and its value last, by that version's id: value and version belong together. The value
//! is read only where something may have to be pushed.
//!
//! **Order of writes.** That a change is being taken back is recorded before the first slot is
//! pointed back, as the change itself is before the first is pointed forward. A crash anywhere
//! leads, at redelivery, to continuing in the direction that the record says.

mod apply;
mod delete;
mod drift;
mod events;
mod live_test;
mod observe;
mod rollback;
mod values;

use lockstep_domain::change::{Before, BindingState, Change, DesiredId};
use lockstep_domain::credentials::{
    self as domain, CredentialSet, CredentialSetPlan, CredentialStep, DesiredCredentialSet,
    ObservedCredentialSet,
};
use lockstep_domain::ids::Key;
use lockstep_domain::live_test::limits;
use lockstep_domain::manifest::Manifest;
use lockstep_domain::plan::Step;

use self::apply::Made;
use self::drift::desired;
pub use self::drift::{CredentialSetDrift, credential_set_drift};
pub(crate) use self::events::events;
pub use self::live_test::test_credential_set;
use self::values::Values;
use super::kind::{Applied, Done, EventAbout, Kind, Recorded, Stop};
use super::run::Run;
use super::{RebindError, Report};
use crate::services::Rebind;

/// One run over one credential set.
type SetRun<'r, 'k> = Run<'r, Credentials<'k>>;

/// All integration credentials that carry values of one secret.
pub(super) struct Credentials<'a> {
    pub(super) set: &'a CredentialSet<'a>,
}

/// What was observed of a credential set, and what should hold as of then. No `Debug`: it holds
/// values.
pub(super) struct Observation {
    observed: ObservedCredentialSet,
    desired: DesiredCredentialSet,
    id: DesiredId,
    /// Empty unless something may have to be pushed.
    values: Values,
}

impl Kind for Credentials<'_> {
    type Observation = Observation;
    type Plan = CredentialSetPlan;
    type Step = CredentialStep;
    type Made = Made;

    fn key(&self) -> &Key {
        &self.set.key
    }

    fn desired(observation: &Observation) -> &DesiredId {
        &observation.id
    }

    fn events(
        &self,
        world: &Rebind,
        _manifest: &Manifest,
        state: &BindingState,
    ) -> Vec<EventAbout> {
        let keys = self.set.credentials.iter().map(|one| &one.key);
        keys.map(|key| events::of_key(world, state, key)).collect()
    }

    fn events_of(
        &self,
        world: &Rebind,
        _manifest: &Manifest,
        state: &BindingState,
        change: &Change,
    ) -> Vec<EventAbout> {
        events(world, state, change)
    }

    async fn observe(run: &Run<'_, Self>) -> Result<Observation, RebindError> {
        let observed = run.observe_set().await?;
        let desired = desired(run.world, run.manifest, run.kind.set)
            .await?
            .map_err(|because| RebindError::SecretGone { because })?;
        Ok(Observation {
            id: desired.change_id(&run.manifest.organization.id).into(),
            values: Values::default(),
            observed,
            desired,
        })
    }

    async fn resume(
        run: &mut Run<'_, Self>,
        desired: &DesiredId,
    ) -> Result<Option<Report>, RebindError> {
        // A newer version, or another manifest, is another change: that one goes forward.
        let change = run.state.value.change.as_ref();
        let is_going_back = change.is_some_and(|change| {
            change.reaches(desired) && change.is_under_way() && change.going_back
        });
        match is_going_back {
            true => run.go_back().await.map(Some),
            false => Ok(None),
        }
    }

    /// Where something would have to be moved, with the values: they may be the same as before.
    async fn plan(
        run: &Run<'_, Self>,
        observation: &mut Observation,
    ) -> Result<CredentialSetPlan, RebindError> {
        let state = &run.state.value;
        let plan = planned(&observation.desired, observation, state)?;
        if plan.moves.is_empty() {
            return Ok(plan);
        }
        observation.values = values::read(run.world, &mut observation.desired).await?;
        planned(&observation.desired, observation, state)
    }

    async fn opening(
        run: &Run<'_, Self>,
        observation: &Observation,
    ) -> Result<Recorded, RebindError> {
        let Observation {
            observed, desired, ..
        } = observation;
        let before = domain::previous(desired, observed, &run.state.value);
        Ok(Recorded {
            secrets: vec![desired.secret.clone()],
            before: Before::CredentialSet(before),
            notices: untested(desired),
        })
    }

    fn begun(run: &mut Run<'_, Self>) {
        let named = |key: &Key| run.kind.set.credentials.iter().any(|one| one.key == *key);
        run.state.value.credentials.retain(|key, _| named(key));
    }

    fn made_by(
        _run: &Run<'_, Self>,
        observation: &Observation,
        plan: &CredentialSetPlan,
        step: &Step,
    ) -> Option<String> {
        domain::made_by(plan, &observation.observed, step)
    }

    fn describe(step: &CredentialStep) -> Step {
        step.describe()
    }

    async fn apply(
        run: &mut Run<'_, Self>,
        observation: &Observation,
        plan: &CredentialSetPlan,
    ) -> Result<Applied, RebindError> {
        run.apply_plan(observation, plan).await
    }

    async fn carry_out(
        run: &mut Run<'_, Self>,
        step: &CredentialStep,
        observation: &Observation,
        made: &mut Made,
    ) -> Result<Done, Stop> {
        Ok(run.carry_out(step, observation, made).await?)
    }

    /// Nothing remains to be moved. A failed delete is a notice; the next run retries it.
    fn is_bound(run: &Run<'_, Self>, observation: &Observation) -> Result<bool, RebindError> {
        let state = &run.state.value;
        let mut desired = observation.desired.clone();
        // What was found to be the same in this run is so still: the version is the same.
        for credential in &mut desired.credentials {
            let bound = state.credentials.get(&credential.key);
            credential.fingerprint = bound.and_then(|bound| bound.fingerprint.clone());
        }
        Ok(planned(&desired, observation, state)?.moves.is_empty())
    }

    /// What is in the slots now carries the values of the current version, and was written last by
    /// us.
    fn remember(run: &mut Run<'_, Self>, bound: &Observation) -> Result<(), RebindError> {
        let state = &mut run.state.value;
        for desired in &bound.desired.credentials {
            let Some(known) = state.credentials.get_mut(&desired.key) else {
                continue;
            };
            known
                .version_id
                .clone_from(&bound.desired.secret.version_id);
            known.recipe = desired.recipe();
            if known.modified_date.is_none() {
                let mut ours = bound.observed.ours.iter();
                let own = ours.find(|own| own.id == known.credential_id);
                known.modified_date = own.and_then(|own| own.modified_date);
            }
        }
        state.bound = vec![bound.desired.secret.clone()];
        Ok(())
    }

    async fn rejected(run: &mut Run<'_, Self>, _because: String) -> Result<Report, RebindError> {
        run.after_failed_test().await
    }

    async fn failed(run: &mut Run<'_, Self>, error: &RebindError) -> Result<Report, RebindError> {
        run.after_failed_step(error).await
    }
}

impl SetRun<'_, '_> {
    async fn observe_set(&self) -> Result<ObservedCredentialSet, RebindError> {
        let (session, state) = (self.session, &self.state.value);
        observe::observe(session, self.manifest, self.kind.set, state).await
    }
}

fn planned(
    desired: &DesiredCredentialSet,
    observation: &Observation,
    state: &BindingState,
) -> Result<CredentialSetPlan, RebindError> {
    let id = &observation.id.current;
    domain::plan(desired, &observation.observed, state, id).map_err(RebindError::Refused)
}

fn untested(desired: &DesiredCredentialSet) -> Vec<String> {
    let mut notices = Vec::new();
    for credential in &desired.credentials {
        if credential.tests.is_empty() {
            notices.push(format!(
                "{} names no action as `test`, so Lockstep cannot show that it works",
                credential.key
            ));
        }
        for tried in &credential.tests {
            let key = &tried.key;
            notices.extend(limits(&tried.test).map(|what| format!("{key}: {what}")));
        }
    }
    notices
}
