//! Binding one Data Action.
//!
//! **Order of reads.** The action (and its version) is read before its secrets, and changed under
//! that version: the other order could write a stale secret version over a newer one.

mod action_config;
mod apply;
mod conclude;
mod drift;
mod glance;
mod integration;
mod lease;
mod live_test;
mod observe;
mod opening;
mod overview;

use genesys_cloud as api;
use jiff::Timestamp;
use lockstep_domain::binding::{DesiredAction, DesiredIntegration};
use lockstep_domain::change::{AfterFailure, BindingState, Change, DesiredId, Earlier};
use lockstep_domain::event::BindingIds;
use lockstep_domain::ids::Key;
use lockstep_domain::manifest::{Action, Integration, Manifest};
use lockstep_domain::plan::{Plan as _, Step};
use lockstep_domain::rebind::{
    self, Found, Mark, Observed, RebindPlan, RebindStep, remembered_integration,
};
use lockstep_domain::template::Template;

pub use self::drift::{Drift, current_versions, drift};
use self::integration::Made;
use self::lease::Lease;
pub use self::overview::need_a_look;
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
    /// The version of the action that the latest write of this run was answered with.
    written: Option<i64>,
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
            written: None,
        })
    }
}

/// What was observed of an action and its integration, and what should hold as of then.
pub(super) struct Observation {
    observed: Observed,
    desired: DesiredAction,
    id: DesiredId,
    read: Read,
}

/// How much was read of a binding.
#[derive(Clone, Debug)]
enum Read {
    /// Everything, from this moment on.
    Everything {
        /// The moment.
        at: Timestamp,
    },
    /// The action; the rest is remembered so.
    Action(Box<Mark>),
}

impl Observation {
    /// The action with its version.
    fn action(&self) -> Option<&rebind::ActionSeen> {
        match &self.observed.action {
            Found::One(seen) => Some(seen),
            Found::Nothing | Found::Several(_) | Found::Gone(_) => None,
        }
    }

    /// Completes the action with the text of a template.
    fn fill_in(&mut self, which: api::Template, text: Template) {
        if let Found::One(seen) = &mut self.observed.action {
            match which {
                api::Template::Request => seen.config.request_template = text,
                api::Template::Success => seen.config.success_template = text,
            }
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
        match run.glanced().await? {
            Some(observation) => Ok(observation),
            None => run.observed_in_full().await,
        }
    }

    async fn plan(
        run: &Run<'_, Self>,
        observation: &mut Observation,
    ) -> Result<RebindPlan, RebindError> {
        let plan = run.planned(observation)?;
        if run.complete(observation, &plan).await? {
            return run.planned(observation);
        }
        Ok(plan)
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
        run.kind.written = None;
        if let Some(seen) = observation.action() {
            let publishes = plan.publishes();
            run.change_mut()?.planned_on(seen.version, publishes);
        }
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
        observation: &Observation,
        made: &mut Made,
    ) -> Result<Done, Stop> {
        let id = run.carry_out(step, made).await?;
        if let Some(written) = run.kind.written
            && observation.action().map(|seen| seen.version) == Some(written)
        {
            run.state.value.versions_stay = true;
        }
        if step.binds() {
            run.state.value.bound = run.change()?.secrets.clone();
            run.state.value.function = Some(run.kind.action.function.clone());
        }
        Ok(Done::Now(id))
    }

    async fn read_back(
        run: &Run<'_, Self>,
        before: &Observation,
        plan: &RebindPlan,
    ) -> Result<Observation, RebindError> {
        match run.read_template_back(before, plan).await? {
            Some(observation) => Ok(observation),
            None => run.observed_in_full().await,
        }
    }

    fn marked(run: &mut Run<'_, Self>, observation: &Observation) -> Result<bool, RebindError> {
        if !run.planned(observation)?.steps.is_empty() {
            return Ok(false);
        }
        let mark = run.mark_of(observation);
        let state = &mut run.state.value;
        let is_new = match &mark {
            Some(mark) => mark.renews(state.mark.as_ref()),
            None => state.mark.is_some(),
        };
        if is_new {
            state.mark = mark;
        }
        Ok(is_new)
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
        run.state.value.mark = run.mark_of(bound);
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
    /// Everything that there is to read.
    async fn observed_in_full(&self) -> Result<Observation, RebindError> {
        let at = self.world.now();
        let DataAction {
            action,
            integration,
            ..
        } = &self.kind;
        let state = &self.state.value;
        let observed = observe::observe(self.session, integration, action, state, self.record());
        let observed = observed.await?;
        let desired = self.desired().await?;
        let observation = self.observation(observed, desired, Read::Everything { at });
        self.is_up_to_date(&observation)?;
        Ok(observation)
    }

    /// What should hold as of now. After the action was read.
    async fn desired(&self) -> Result<DesiredAction, RebindError> {
        let action = self.kind.action;
        let secrets = current_versions(self.world, action)
            .await?
            .map_err(|because| RebindError::SecretGone { because })?;
        Ok(DesiredAction::new(action, secrets))
    }

    fn observation(&self, observed: Observed, desired: DesiredAction, read: Read) -> Observation {
        let organization = &self.manifest.organization.id;
        let id = desired.desired_id(organization, &self.kind.integration);
        Observation {
            observed,
            desired,
            id,
            read,
        }
    }

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
