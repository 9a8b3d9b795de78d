//! Binding one Data Action.
//!
//! **Order of reads.** The action (and its version) is read before its secrets, and changed under
//! that version: the other order could write a stale secret version over a newer one.

mod action_config;
mod apply;
mod conclude;
mod drift;
mod integration;
mod lease;
mod live_test;
mod observe;
mod opening;

use jiff::Timestamp;
use lockstep_domain::binding::{DesiredAction, DesiredIntegration};
use lockstep_domain::change::{AfterFailure, BindingState, Change, DesiredId, Earlier};
use lockstep_domain::event::BindingIds;
use lockstep_domain::ids::Key;
use lockstep_domain::manifest::{Action, Integration, Manifest};
use lockstep_domain::plan::{Plan as _, Step};
use lockstep_domain::rebind::{
    self, Found, Observed, RebindPlan, RebindStep, remembered_integration,
};

pub use self::drift::{Drift, current_versions, drift};
use self::integration::Made;
use self::lease::Lease;
use super::kind::{Admission, Applied, Done, EventAbout, Kind, Recorded, Stop};
use super::progress::Taken;
use super::run::Run;
use super::versions::works;
use super::{RebindError, Report};
use crate::config::Config;
use crate::services::Rebind;

/// One run over one action.
type ActionRun<'r, 'k> = Run<'r, DataAction<'k>>;

/// A Data Action with its function, its role and its secrets.
pub(super) struct DataAction<'a> {
    action: &'a Action,
    integration: DesiredIntegration,
    /// What is recorded of the integration; none where the state says all that is needed.
    lease: Option<Lease>,
    /// When this run, or the one before it that was cut off, last changed what Genesys Cloud needs
    /// to assume the role.
    role_touched_at: Option<Timestamp>,
}

impl<'a> DataAction<'a> {
    /// An action of the manifest.
    ///
    /// # Errors
    /// It is of another manifest.
    pub(super) fn of(
        config: &Config,
        manifest: &Manifest,
        action: &'a Action,
    ) -> Result<Self, RebindError> {
        Ok(Self {
            integration: desired_integration(config, integration_of(manifest, action)?),
            action,
            lease: None,
            role_touched_at: None,
        })
    }
}

/// What was observed of an action and its integration, and what should hold as of then.
pub(super) struct Observation {
    observed: Observed,
    desired: DesiredAction,
    id: DesiredId,
}

impl Observation {
    /// The action with its version.
    fn action(&self) -> Option<&rebind::ActionSeen> {
        match &self.observed.action {
            Found::One(seen) => Some(seen),
            Found::Nothing | Found::Several(_) | Found::Gone(_) => None,
        }
    }

    /// The integration that the action lives in.
    fn integration(&self) -> Option<&rebind::IntegrationSeen> {
        match &self.observed.integration {
            Found::One(seen) => Some(seen),
            Found::Nothing | Found::Several(_) | Found::Gone(_) => None,
        }
    }
}

impl Kind for DataAction<'_> {
    type Observation = Observation;
    type Plan = RebindPlan;
    type Step = RebindStep;
    type Made = Made;

    fn key(&self) -> &Key {
        &self.action.key
    }

    fn desired(observation: &Observation) -> &DesiredId {
        &observation.id
    }

    fn events(&self, world: &Rebind, manifest: &Manifest, state: &BindingState) -> Vec<EventAbout> {
        vec![self.event(world, manifest, state)]
    }

    fn events_of(
        &self,
        world: &Rebind,
        manifest: &Manifest,
        state: &BindingState,
        _change: &Change,
    ) -> Vec<EventAbout> {
        vec![self.event(world, manifest, state)]
    }

    fn complete(&self, ids: &mut BindingIds) {
        if let BindingIds::Action(action) = ids {
            action.role_arn = Some(self.integration.role_arn.clone());
        }
    }

    fn action_version(bound: &Observation) -> Option<i64> {
        bound.action().map(|action| action.version)
    }

    async fn open(run: &mut Run<'_, Self>) -> Result<(), RebindError> {
        let state = &run.state.value;
        run.kind.role_touched_at = state.change.as_ref().and_then(Change::role_touched_at);
        let integration = &run.kind.integration;
        if integration.id.is_none() && remembered_integration(integration, state).is_none() {
            // Another binding may have created it a moment ago, and no listing shows it yet.
            let lease = Lease::read(run.world, run.manifest, integration).await?;
            run.kind.lease = Some(lease);
        }
        Ok(())
    }

    async fn close(run: &mut Run<'_, Self>) {
        run.release_lease().await;
    }

    async fn observe(run: &Run<'_, Self>) -> Result<Observation, RebindError> {
        let DataAction {
            action,
            integration,
            ..
        } = &run.kind;
        let state = &run.state.value;
        let observed = observe::observe(run.session, integration, action, state, run.record());
        let observed = observed.await?;
        let secrets = current_versions(run.world, action)
            .await?
            .map_err(|because| RebindError::SecretGone { because })?;
        let desired = DesiredAction::new(action, secrets);
        let id = desired.desired_id(&run.manifest.organization.id, integration);
        let observation = Observation {
            observed,
            desired,
            id,
        };
        run.is_up_to_date(&observation)?;
        Ok(observation)
    }

    async fn plan(
        run: &Run<'_, Self>,
        observation: &mut Observation,
    ) -> Result<RebindPlan, RebindError> {
        run.planned(observation)
    }

    fn identify(run: &mut Run<'_, Self>, observation: &Observation) {
        if let Some(seen) = observation.action() {
            run.state.value.action_id = Some(seen.id.clone());
        }
    }

    async fn is_hold_over(run: &Run<'_, Self>, desired: &DesiredId) -> Result<bool, RebindError> {
        run.is_denial_over(desired).await
    }

    async fn admit(
        run: &mut Run<'_, Self>,
        observation: &Observation,
        plan: &RebindPlan,
    ) -> Result<Admission, RebindError> {
        if plan.changes_integration() && !run.holds_lease() {
            run.take_lease().await?;
            return Ok(Admission::ObserveAgain);
        }
        run.may_go_live(observation, plan).await?;
        Ok(Admission::Now)
    }

    async fn opening(
        run: &Run<'_, Self>,
        observation: &Observation,
    ) -> Result<Recorded, RebindError> {
        Ok(run.recorded(observation).await)
    }

    fn made_by(
        run: &Run<'_, Self>,
        observation: &Observation,
        _plan: &RebindPlan,
        step: &Step,
    ) -> Option<String> {
        run.id_of_made(observation, step)
    }

    fn describe(step: &RebindStep) -> Step {
        step.describe()
    }

    async fn apply(
        run: &mut Run<'_, Self>,
        observation: &Observation,
        plan: &RebindPlan,
    ) -> Result<Applied, RebindError> {
        let mut made = Made::of(observation);
        let integration = &run.kind.integration.key;
        let found = made.integration.clone();
        run.state.value.lives_in(found, integration);
        for (index, step) in plan.steps.iter().enumerate() {
            let mut rest = plan.steps[index..].iter();
            if !rest.any(RebindStep::changes_integration) {
                run.release_lease().await;
            }
            match run.take(step, observation, &mut made).await? {
                Taken::Done => {}
                Taken::RemoteChanged => return Ok(Applied::RemoteChanged),
                Taken::TestFailed { because } => {
                    match run.after_failed_draft(observation).await? {
                        AfterFailure::GoBack => return Ok(Applied::Rejected { because }),
                        // The new binding at least has the current version.
                        AfterFailure::Keep { .. } => {}
                    }
                }
            }
        }
        Ok(Applied::All)
    }

    async fn carry_out(
        run: &mut Run<'_, Self>,
        step: &RebindStep,
        _observation: &Observation,
        made: &mut Made,
    ) -> Result<Done, Stop> {
        let id = run.carry_out(step, made).await?;
        if step.binds() {
            run.state.value.bound = run.change()?.secrets.clone();
            run.state.value.function = Some(run.kind.action.function.clone());
        }
        Ok(Done::Now(id))
    }

    fn is_bound(run: &Run<'_, Self>, observation: &Observation) -> Result<bool, RebindError> {
        Ok(!run.planned(observation)?.writes())
    }

    fn remember(run: &mut Run<'_, Self>, bound: &Observation) -> Result<(), RebindError> {
        if bound.action().is_none() {
            return Err(RebindError::incomplete("the action that was just bound"));
        }
        // Also where nothing had to be written: an adopted action that was right already.
        run.state.value.function = Some(run.kind.action.function.clone());
        run.state.value.bound.clone_from(&bound.desired.secrets);
        Ok(())
    }

    async fn test(run: &mut Run<'_, Self>, bound: &Observation) -> Result<(), RebindError> {
        run.test_published(bound).await
    }

    async fn rejected(run: &mut Run<'_, Self>, because: String) -> Result<Report, RebindError> {
        run.roll_back(because).await
    }

    async fn failed(run: &mut Run<'_, Self>, error: &RebindError) -> Result<Report, RebindError> {
        run.end_failed(error).await
    }
}

impl ActionRun<'_, '_> {
    fn planned(&self, observation: &Observation) -> Result<RebindPlan, RebindError> {
        let Observation {
            observed, desired, ..
        } = observation;
        let state = &self.state.value;
        rebind::plan(&self.kind.integration, desired, observed, state).map_err(RebindError::Refused)
    }

    /// What the failed live test of the draft leads to.
    ///
    /// # Errors
    /// A secret could not be read.
    async fn after_failed_draft(
        &self,
        observation: &Observation,
    ) -> Result<AfterFailure, RebindError> {
        let earlier = Earlier::action(self.change()?, &observation.desired);
        let works = works(self.world, &earlier).await?;
        Ok(AfterFailure::of_draft(works))
    }
}

/// What should hold for an integration, its role in the stack's account.
pub(crate) fn desired_integration(
    config: &Config,
    integration: &Integration,
) -> DesiredIntegration {
    DesiredIntegration::new(integration, &config.partition, &config.account)
}

/// An action's integration.
///
/// # Errors
/// The action is of another manifest.
fn integration_of<'m>(
    manifest: &'m Manifest,
    action: &Action,
) -> Result<&'m Integration, RebindError> {
    let integration = manifest.integration_of(action);
    integration.ok_or(RebindError::NotOfThisManifest)
}
