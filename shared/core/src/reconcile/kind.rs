//! What differs between the kinds of bindings: an action, and the credentials of one secret.

use lockstep_domain::change::{Before, BindingState, Change, DesiredId, SecretVersion};
use lockstep_domain::event::{BindingIds, Header};
use lockstep_domain::ids::Key;
use lockstep_domain::manifest::Manifest;
use lockstep_domain::plan::{Plan, Step};

use super::run::Run;
use super::{RebindError, Report};
use crate::services::Rebind;

/// One kind of binding.
pub(super) trait Kind: Sized {
    /// What was observed, and what should hold as of then.
    type Observation;
    /// What closes the difference.
    type Plan: Plan;
    /// One typed step of it.
    type Step;
    /// What the steps so far have created: later steps refer to it.
    type Made;

    /// Where the binding's state lies.
    fn key(&self) -> &Key;

    /// Identifies what should hold as of an observation.
    fn desired(observation: &Self::Observation) -> &DesiredId;

    /// What the events of a run that records no change are about.
    fn events(&self, world: &Rebind, manifest: &Manifest, state: &BindingState) -> Vec<EventAbout>;

    /// What the events about a change are about.
    fn events_of(
        &self,
        world: &Rebind,
        manifest: &Manifest,
        state: &BindingState,
        change: &Change,
    ) -> Vec<EventAbout>;

    /// Adds to an event's ids what only a run that is signed in knows.
    fn complete(&self, _ids: &mut BindingIds) {}

    /// The version of the bound action.
    fn action_version(_bound: &Self::Observation) -> Option<i64> {
        None
    }

    /// Reads what else is needed before the first observation.
    async fn open(_run: &mut Run<'_, Self>) -> Result<(), RebindError> {
        Ok(())
    }

    /// Gives back what the run held.
    async fn close(_run: &mut Run<'_, Self>) {}

    /// Reads the thing to be written first, then the secrets: the other order could write a stale
    /// secret version over a newer one.
    async fn observe(run: &Run<'_, Self>) -> Result<Self::Observation, RebindError>;

    /// Continues with something other than a plan: a rollback that was interrupted.
    async fn resume(
        _run: &mut Run<'_, Self>,
        _desired: &DesiredId,
    ) -> Result<Option<Report>, RebindError> {
        Ok(None)
    }

    /// Plans; may add to the observation what only a plan that writes needs.
    async fn plan(
        run: &Run<'_, Self>,
        observation: &mut Self::Observation,
    ) -> Result<Self::Plan, RebindError>;

    /// Remembers what the plan says is ours. Before the recorded steps, which may be all that says
    /// why, are replaced.
    fn identify(_run: &mut Run<'_, Self>, _observation: &Self::Observation) {}

    /// Whether what held a desired state back is over.
    async fn is_hold_over(_run: &Run<'_, Self>, _desired: &DesiredId) -> Result<bool, RebindError> {
        Ok(false)
    }

    /// What must hold before the first write.
    async fn admit(
        _run: &mut Run<'_, Self>,
        _observation: &Self::Observation,
        _plan: &Self::Plan,
    ) -> Result<Admission, RebindError> {
        Ok(Admission::Now)
    }

    /// What a new change records beside its plan.
    async fn opening(
        run: &Run<'_, Self>,
        observation: &Self::Observation,
    ) -> Result<Recorded, RebindError>;

    /// Forgets what the manifest no longer names, as a change begins.
    fn begun(_run: &mut Run<'_, Self>) {}

    /// The id of what a recorded step without an answer has created or changed.
    fn made_by(
        run: &Run<'_, Self>,
        observation: &Self::Observation,
        plan: &Self::Plan,
        step: &Step,
    ) -> Option<String>;

    /// A step as it is recorded.
    fn describe(step: &Self::Step) -> Step;

    /// Carries a plan out.
    async fn apply(
        run: &mut Run<'_, Self>,
        observation: &Self::Observation,
        plan: &Self::Plan,
    ) -> Result<Applied, RebindError>;

    /// Carries one step out.
    async fn carry_out(
        run: &mut Run<'_, Self>,
        step: &Self::Step,
        observation: &Self::Observation,
        made: &mut Self::Made,
    ) -> Result<Done, Stop>;

    /// Observes again what a plan was carried out on that wrote.
    async fn read_back(
        run: &Run<'_, Self>,
        _before: &Self::Observation,
        _plan: &Self::Plan,
    ) -> Result<Self::Observation, RebindError> {
        Self::observe(run).await
    }

    /// Remembers what was read where nothing is to be done; answers whether that is to be saved.
    fn marked(
        _run: &mut Run<'_, Self>,
        _observation: &Self::Observation,
    ) -> Result<bool, RebindError> {
        Ok(false)
    }

    /// Whether an observation shows everything as it should be.
    fn is_bound(run: &Run<'_, Self>, observation: &Self::Observation) -> Result<bool, RebindError>;

    /// Remembers what is bound now.
    fn remember(run: &mut Run<'_, Self>, bound: &Self::Observation) -> Result<(), RebindError>;

    /// Tests what was not tested while the plan was applied.
    async fn test(_run: &mut Run<'_, Self>, _bound: &Self::Observation) -> Result<(), RebindError> {
        Ok(())
    }

    /// A live test failed while the plan was applied.
    async fn rejected(run: &mut Run<'_, Self>, because: String) -> Result<Report, RebindError>;

    /// A change under way cannot be completed.
    async fn failed(run: &mut Run<'_, Self>, error: &RebindError) -> Result<Report, RebindError>;
}

/// What one event is about; what happened is added by whoever emits it.
#[derive(Clone, Debug)]
pub(crate) struct EventAbout {
    /// The key of the action or credential.
    pub(crate) key: Key,
    /// The event's header, with the key.
    pub(crate) header: Header,
    /// The ids of the action or credential.
    pub(crate) ids: BindingIds,
}

/// What a new change records beside its plan.
pub(super) struct Recorded {
    /// The versions that it binds.
    pub(super) secrets: Vec<SecretVersion>,
    /// What it would return to.
    pub(super) before: Before,
    /// Notes for the reader.
    pub(super) notices: Vec<String>,
}

/// Whether a plan may be recorded and applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// It may.
    Now,
    /// Only after another observation: the lease was taken, and others may have written before.
    ObserveAgain,
}

/// The result of applying a plan.
#[derive(Debug)]
pub(super) enum Applied {
    /// All of it was carried out, as far as it can be.
    All,
    /// Remote state changed in the meantime, or a response was lost: observe again.
    RemoteChanged,
    /// A live test failed.
    Rejected {
        /// The reason that the test gave.
        because: String,
    },
}

/// How a step came to be done; each has the id of its object.
#[derive(Debug)]
pub(super) enum Done {
    /// It was done now.
    Now(String),
    /// It was found done.
    Already(String),
}

/// Why carrying out a step stops.
pub(super) enum Stop {
    /// The live test failed.
    TestFailed {
        /// The reason that the test gave.
        because: String,
    },
    /// Something else.
    Error(RebindError),
}

impl<E: Into<RebindError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}
