//! One run over one binding: observe, plan, record, apply, confirm, test, conclude.
//!
//! **Order of writes.** The change is recorded before the first write, and announced before it is
//! recorded as announced: a crash anywhere leads, at redelivery, to continuing from there, never to
//! silence. Events may therefore come twice.

use lockstep_domain::change::{Continuation, Decision, DesiredId, Opening, decide};
use lockstep_domain::manifest::{Manifest, Mode};
use lockstep_domain::plan::{Plan, Step};
use tokio::join;
use tracing::info;

use super::kind::{Admission, Applied, Kind, Recorded};
use super::run::{MAX_ROUNDS, Run, awaits_create};
use super::{Ask, RebindError, Report, conclude};
use crate::runtime::chain;
use crate::services::Rebind;

/// Signs in, reads the state, and runs.
///
/// # Errors
/// Only what a redelivery can repair.
pub(super) async fn run<K: Kind>(
    world: &Rebind,
    manifest: &Manifest,
    kind: K,
    ask: &Ask,
) -> Result<Report, RebindError> {
    // Nothing is written then: no event, and no end of a change that is under way.
    let planning = ask.mode.stricter(manifest.organization.mode) == Mode::Plan;
    let (state, session) = join!(
        world.states.load(&manifest.organization.id, kind.key()),
        world.sign_in(manifest, ask.deadline),
    );
    let state = state?;
    let in_doubt = awaits_create(&state.value, world.now())?;
    let session = match session {
        Ok(session) => session,
        Err(error) if error.is_transient() => return Err(error.into()),
        Err(error) if planning => return Ok(planned_nothing(&error)),
        Err(error) => {
            let events = kind.events(world, manifest, &state.value);
            return conclude::announce_failure(world, events, ask, &error.into()).await;
        }
    };
    let mut run = Run {
        world,
        session: &session,
        manifest,
        ask,
        kind,
        state,
        in_doubt,
    };
    K::open(&mut run).await?;
    let reconciled = run.reconcile().await;
    K::close(&mut run).await;
    match reconciled {
        Err(error) if planning && !error.is_transient() => Ok(planned_nothing(&error)),
        Err(error) if !error.is_transient() => run.fail(&error).await,
        outcome => outcome,
    }
}

fn planned_nothing(error: &(dyn std::error::Error + 'static)) -> Report {
    Report {
        notices: vec![chain(error)],
        ..Report::default()
    }
}

impl<K: Kind> Run<'_, K> {
    async fn reconcile(&mut self) -> Result<Report, RebindError> {
        for round in 1..=MAX_ROUNDS {
            let mut observation = K::observe(self).await?;
            if self.mode() == Mode::Apply
                && let Some(report) = K::resume(self, K::desired(&observation)).await?
            {
                return Ok(report);
            }
            let plan = K::plan(self, &mut observation).await?;
            if self.mode() == Mode::Plan {
                return Ok(planned(K::desired(&observation), &plan));
            }
            K::identify(self, &observation);
            let begins = match self.decide(&observation, &plan).await? {
                Decision::Begin { attempt } => Some(attempt),
                Decision::Continue => None,
                Decision::Idle => return self.idle(&observation, None).await,
                Decision::AwaitVerdict => {
                    return self.idle(&observation, Some(AWAITS_VERDICT.into())).await;
                }
                Decision::Held { because } => {
                    return self.idle(&observation, Some(held_notice(&because))).await;
                }
            };
            match K::admit(self, &observation, &plan).await? {
                Admission::Now => {}
                Admission::ObserveAgain => continue,
            }
            match begins {
                Some(attempt) => self.begin(attempt, &observation, &plan).await?,
                None => self.go_on(&observation, &plan).await?,
            }
            if self.in_doubt && plan.creates() && !self.is_unchanged(&observation, &plan).await? {
                continue;
            }
            match K::apply(self, &observation, &plan).await? {
                Applied::All => {
                    if let Some(bound) = self.confirmed(observation, &plan).await? {
                        return self.conclude(&bound).await;
                    }
                }
                Applied::RemoteChanged => {}
                Applied::Rejected { because } => return K::rejected(self, because).await,
            }
            info!(round, "remote state changed: observing again");
        }
        Err(RebindError::Unsettled { rounds: MAX_ROUNDS })
    }

    async fn decide(
        &self,
        observation: &K::Observation,
        plan: &K::Plan,
    ) -> Result<Decision, RebindError> {
        let desired = K::desired(observation);
        let retry = self.ask.retry || K::is_hold_over(self, desired).await?;
        Ok(decide(&self.state.value, desired, plan.writes(), retry))
    }

    /// Nothing is to be done. What the previous release recorded is stored as this one does, and
    /// what was read may be remembered.
    async fn idle(
        &mut self,
        observation: &K::Observation,
        notice: Option<String>,
    ) -> Result<Report, RebindError> {
        let desired = K::desired(observation);
        let recognized = self.state.value.recognize(desired);
        if K::marked(self, observation)? || recognized {
            self.save().await?;
        }
        let recorded = self.state.value.change.as_ref();
        let recorded = recorded.filter(|change| change.reaches(desired));
        let id = recorded.map_or(&desired.current, |change| &change.id);
        Ok(Report {
            change_id: Some(id.clone()),
            steps: Vec::new(),
            notices: notice.into_iter().collect(),
        })
    }

    /// Records a new change before its first write.
    async fn begin(
        &mut self,
        attempt: u32,
        observation: &K::Observation,
        plan: &K::Plan,
    ) -> Result<(), RebindError> {
        let Recorded {
            secrets,
            before,
            notices,
        } = K::opening(self, observation).await?;
        let opening = Opening {
            id: K::desired(observation).current.clone(),
            attempt,
            reason: self.ask.reason.clone(),
            secrets,
            before,
            steps: plan.describe(true),
            notices: plan.notices().iter().cloned().chain(notices).collect(),
        };
        let writer = self.writer();
        self.state.value.begin(opening, writer);
        K::begun(self);
        self.save().await
    }

    /// Continues the change under way with another plan.
    async fn go_on(
        &mut self,
        observation: &K::Observation,
        plan: &K::Plan,
    ) -> Result<(), RebindError> {
        let replaces_tested = plan.replaces_tested();
        let with_tests = replaces_tested || self.change()?.test.is_none();
        let recorded = self.change()?.steps.iter();
        // Found before the state is written to.
        let made: Vec<(Step, String)> = recorded
            .filter_map(|step| {
                let id = K::made_by(self, observation, plan, step)?;
                Some((step.clone(), id))
            })
            .collect();
        let continuation = Continuation {
            desired: K::desired(observation),
            steps: plan.describe(with_tests),
            notices: plan.notices(),
            replaces_tested,
            made: &|step| {
                let found = made.iter().find(|(one, _)| one == step);
                found.map(|(_, id)| id.clone())
            },
        };
        let writer = self.writer();
        self.state.value.go_on(continuation, writer)?;
        self.save().await
    }

    /// Observes again just before a create is repeated that may have taken effect in an earlier
    /// run. Answers whether the plan is still the same.
    async fn is_unchanged(
        &self,
        observation: &K::Observation,
        plan: &K::Plan,
    ) -> Result<bool, RebindError> {
        let mut again = K::observe(self).await?;
        let planned = K::plan(self, &mut again).await?;
        Ok(K::desired(&again) == K::desired(observation) && planned == *plan)
    }

    /// An observation that shows everything as it should be; none where it does not. What nothing
    /// was written to is not observed again.
    async fn confirmed(
        &self,
        before: K::Observation,
        plan: &K::Plan,
    ) -> Result<Option<K::Observation>, RebindError> {
        if !plan.writes() {
            return Ok(Some(before));
        }
        let after = K::read_back(self, &before, plan).await?;
        let same = K::desired(&after) == K::desired(&before);
        Ok((same && K::is_bound(self, &after)?).then_some(after))
    }
}

/// What a plan that is only to be shown answers.
fn planned<P: Plan>(desired: &DesiredId, plan: &P) -> Report {
    Report {
        change_id: Some(desired.current.clone()),
        steps: plan.describe(plan.replaces_tested()),
        notices: plan.notices().to_vec(),
    }
}

const AWAITS_VERDICT: &str = "the binding differs from the manifest, and the verdict on its latest \
                              change is pending; the verdict names the difference, and the next \
                              run repairs it";

fn held_notice(because: &str) -> String {
    format!(
        "held: this state was tried and rejected ({because}); Lockstep tries again after a newer \
         secret version, a changed manifest, or a request with `retry: true`"
    )
}
