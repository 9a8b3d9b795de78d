//! Binding one Data Action: observe, plan, record, apply, read back, test, announce.
//!
//! **Order of reads.** The action (and its version) is read before its secrets, and changed under
//! that version: the other order could write a stale secret version over a newer one.
//!
//! **Order of writes.** The change is recorded before the first write to the world, and announced
//! before it is recorded as announced: a crash anywhere leads, at redelivery, to going on from
//! there, never to silence. Events may therefore come twice.

mod apply;
mod before;
mod conclude;
mod drift;
mod error;
mod lease;
mod live_test;
mod observe;

use jiff::Timestamp;
use lockstep_domain::binding::DesiredAction;
use lockstep_domain::change::{BindingState, Change, ChangeId, DesiredId, Turn, turn};
use lockstep_domain::manifest::{Action, Integration, Manifest, Mode};
use lockstep_domain::plan::{Outcome, Step};
use lockstep_domain::rebind::{
    self, CREDENTIAL, DesiredIntegration, Found, INTEGRATION, INTEGRATION_CONFIG, Observed,
    RebindPlan, RebindStep, expected, in_doubt_for, remembered_integration,
};
use tokio::join;
use tracing::info;

use self::apply::Applied;
use self::before::{previous, untested};
pub use self::drift::{Drift, current_versions, drift};
pub use self::error::RebindError;
use self::lease::Lease;
use crate::config::Config;
use crate::genesys::Session;
use crate::runtime::{Deadline, chain};
use crate::store::Versioned;
use crate::world::World;

/// How often a plan is made anew because the world moved under it.
const MAX_ROUNDS: u32 = 5;

/// What is asked for, beside which binding.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The stricter of this and the manifest's mode wins.
    pub mode: Mode,
    /// Clears a hold.
    pub retry: bool,
    /// Why, for the record.
    pub reason: Option<String>,
    /// What woke us, equal in redeliveries: two triggers that fail for one reason are two events.
    pub trigger_id: String,
    /// The invocation: another one in each redelivery.
    pub run_id: String,
    /// When the invocation has to be done.
    pub deadline: Deadline,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The change, where one was recorded or would be.
    pub change_id: Option<ChangeId>,
    /// The plan, with outcomes where it was applied.
    pub steps: Vec<Step>,
    /// What a reader should know.
    pub notices: Vec<String>,
}

/// Binds one action of a manifest in force.
///
/// # Errors
/// Only what a redelivery can mend; everything permanent is recorded, announced as *Rebind Failed*
/// and answered as a report.
pub async fn rebind(
    world: &World,
    manifest: &Manifest,
    action: &Action,
    ask: &Ask,
) -> Result<Report, RebindError> {
    // Nothing is written then: no event, and no end of a change that is under way.
    let planning = ask.mode.stricter(manifest.organization.mode) == Mode::Plan;
    let (state, session) = join!(
        world.store.load(&manifest.organization.id, &action.key),
        world.sign_in(manifest, ask.deadline),
    );
    let state = state?;
    let in_doubt = awaits_create(&state.value, world.now())?;
    let session = match session {
        Ok(session) => session,
        Err(error) if error.is_transient() => return Err(error.into()),
        Err(error) if planning => return Ok(planned_nothing(&error)),
        Err(error) => {
            return conclude::no_session(world, manifest, action, ask, &state.value, &error.into())
                .await;
        }
    };
    let integration = desired_integration(&world.config, integration_of(manifest, action)?);
    let is_new =
        integration.id.is_none() && remembered_integration(&integration, &state.value).is_none();
    let lease = match is_new {
        // Another binding may have created it a moment ago, and no listing shows it yet.
        true => Some(Lease::read(world, manifest, &integration).await?),
        false => None,
    };
    let mut binding = Binding {
        integration,
        session: &session,
        world,
        manifest,
        action,
        ask,
        role_touched_at: role_touched_at(&state.value),
        in_doubt,
        lease,
        state,
    };
    let reconciled = binding.reconcile().await;
    binding.release_lease().await;
    match reconciled {
        Err(error) if planning && !error.is_transient() => Ok(planned_nothing(&error)),
        Err(error) if !error.is_transient() => binding.fail(&error).await,
        outcome => outcome,
    }
}

/// Whether a create of the latest change was sent and its answer never came. By now it shows, or
/// never will.
///
/// # Errors
/// [`RebindError::CreateInDoubt`] where it may still take effect.
pub(super) fn awaits_create(state: &BindingState, now: Timestamp) -> Result<bool, RebindError> {
    let sent_at = state.change.as_ref().and_then(Change::in_doubt_since);
    match sent_at.and_then(|sent_at| in_doubt_for(sent_at, now)) {
        Some(after) => Err(RebindError::CreateInDoubt { after }),
        None => Ok(sent_at.is_some()),
    }
}

fn planned_nothing(error: &(dyn std::error::Error + 'static)) -> Report {
    Report {
        notices: vec![chain(error)],
        ..Report::default()
    }
}

/// When the change under way last wrote something that Genesys Cloud needs to assume the role: an
/// earlier delivery may have done so, and been cut off while it settled.
fn role_touched_at(state: &BindingState) -> Option<Timestamp> {
    let change = state.change.as_ref().filter(|change| !change.is_ended())?;
    let of_role = |step: &Step| {
        matches!(
            step.kind.as_str(),
            CREDENTIAL | INTEGRATION | INTEGRATION_CONFIG
        ) && step.outcome == Some(Outcome::Applied)
    };
    change
        .applied_at
        .filter(|_| change.steps.iter().any(of_role))
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

fn described(plan: &RebindPlan) -> Vec<Step> {
    plan.steps.iter().map(RebindStep::describe).collect()
}

/// One run over one binding.
struct Binding<'a> {
    world: &'a World,
    session: &'a Session,
    manifest: &'a Manifest,
    integration: DesiredIntegration,
    action: &'a Action,
    ask: &'a Ask,
    state: Versioned<BindingState>,
    /// When this run last changed what Genesys Cloud needs to assume the role.
    role_touched_at: Option<Timestamp>,
    /// Whether an earlier run sent a create whose answer was lost.
    in_doubt: bool,
    /// What is recorded of the integration; none where the state says all that is needed.
    lease: Option<Lease>,
}

/// One look at the world, and what should hold as of that look.
struct Look {
    observed: Observed,
    desired: DesiredAction,
    id: DesiredId,
}

impl Binding<'_> {
    async fn reconcile(&mut self) -> Result<Report, RebindError> {
        for round in 1..=MAX_ROUNDS {
            let look = self.look().await?;
            let plan = self.plan(&look)?;
            if self.mode() == Mode::Plan {
                return Ok(Report {
                    change_id: Some(look.id.current),
                    steps: described(&plan),
                    notices: plan.notices,
                });
            }
            if let Found::One(seen) = &look.observed.action {
                // The plan says that it is ours to act on. Remembered before the recorded steps,
                // which may be all that says why, are replaced.
                self.state.value.action_id = Some(seen.id.clone());
            }
            let retry = self.ask.retry || self.is_denial_over(&look.id).await?;
            let turn = turn(&self.state.value, &look.id, plan.writes(), retry);
            let begins = match turn {
                Turn::Begin { attempt } => Some(attempt),
                Turn::GoOn => None,
                Turn::Idle => return self.idle(look.id, None).await,
                Turn::AwaitVerdict => {
                    return self.idle(look.id, Some(AWAITS_VERDICT.into())).await;
                }
                Turn::Held { because } => {
                    return self.idle(look.id, Some(held_notice(&because))).await;
                }
            };
            if plan.changes_integration() && !self.holds_lease() {
                self.take_lease().await?;
                continue;
            }
            self.may_go_live(&look, &plan).await?;
            match begins {
                Some(attempt) => self.begin(attempt, &look, &plan).await?,
                None => self.go_on(&look, &plan).await?,
            }
            if self.in_doubt && plan.creates() && !self.is_unchanged(&look, &plan).await? {
                continue;
            }
            match self.apply(&look, &plan).await? {
                Applied::Done if !plan.writes() => return self.conclude(&look).await,
                Applied::Done => {
                    let bound = self.look().await?;
                    // Verify is observe and plan again, expecting nothing.
                    if !self.plan(&bound)?.writes() && bound.id == look.id {
                        return self.conclude(&bound).await;
                    }
                }
                Applied::WorldMoved => {}
                Applied::Rejected { because } => return self.roll_back(because).await,
            }
            info!(round, "the world moved under the plan: reading again");
        }
        Err(RebindError::Unsettled { rounds: MAX_ROUNDS })
    }

    /// Observes again just before a create is repeated that may have taken effect in an earlier run.
    /// Answers whether the plan is still the same.
    async fn is_unchanged(&self, look: &Look, plan: &RebindPlan) -> Result<bool, RebindError> {
        let again = self.look().await?;
        Ok(again.id == look.id && self.plan(&again)? == *plan)
    }

    fn mode(&self) -> Mode {
        self.ask.mode.stricter(self.manifest.organization.mode)
    }

    /// Nothing is to be done. What the previous release recorded is stored as this one does.
    async fn idle(
        &mut self,
        desired: DesiredId,
        notice: Option<String>,
    ) -> Result<Report, RebindError> {
        if self.state.value.recognize(&desired) {
            self.save().await?;
        }
        let recorded = self.state.value.change.as_ref();
        let recorded = recorded.filter(|change| change.reaches(&desired));
        let id = recorded.map_or(desired.current, |change| change.id.clone());
        Ok(idle(id, notice))
    }

    /// The thing to be written first, then the secrets.
    async fn look(&self) -> Result<Look, RebindError> {
        let observed = observe::observe(
            self.session,
            &self.integration,
            self.action,
            &self.state.value,
            self.record(),
        )
        .await?;
        let secrets = current_versions(self.world, self.action)
            .await?
            .map_err(|because| RebindError::SecretGone { because })?;
        let desired = DesiredAction::new(self.action, secrets);
        let id = desired.desired_id(&self.manifest.organization.id, &self.integration);
        let look = Look {
            observed,
            desired,
            id,
        };
        self.is_up_to_date(&look)?;
        Ok(look)
    }

    fn plan(&self, look: &Look) -> Result<RebindPlan, RebindError> {
        rebind::plan(
            &self.integration,
            &look.desired,
            &look.observed,
            &self.state.value,
        )
        .map_err(RebindError::Refused)
    }

    /// Records a change before its first write: Genesys keeps no old config, so what is needed to
    /// go back, and where the audit window begins, stands here or nowhere.
    async fn begin(
        &mut self,
        attempt: u32,
        look: &Look,
        plan: &RebindPlan,
    ) -> Result<(), RebindError> {
        let before = self.state.value.change.take();
        let mut change = Change::begin(
            look.id.current.clone(),
            attempt,
            look.desired.secrets.clone(),
            before.as_ref(),
            self.world.now(),
        );
        change.reason.clone_from(&self.ask.reason);
        change.steps = described(plan);
        change.notices.clone_from(&plan.notices);
        change.notices.extend(self.unreadable_secrets().await);
        change.notices.extend(untested(self.action));
        change.previous = previous(look, &self.state.value.bound);
        change.written_through(&self.session.client_id, self.world.now());
        self.state.value.change = Some(change);
        self.state.value.held = None;
        self.save().await
    }

    /// Keeps what was done, and puts what is left to do in place of what was left to do.
    ///
    /// A write that was about to be made when we were cut off, or whose answer was lost, and that
    /// the new plan no longer needs, was made: its audit record is expected like any other's.
    async fn go_on(&mut self, look: &Look, plan: &RebindPlan) -> Result<(), RebindError> {
        let fresh = described(plan);
        let action = self.state.value.action_id.as_ref().map(ToString::to_string);
        let integration = match &look.observed.integration {
            Found::One(seen) => Some(seen.id.to_string()),
            Found::Nothing | Found::Several(_) | Found::Gone(_) => None,
        };
        let now = self.world.now();
        let client = self.session.client_id.clone();
        self.state.value.recognize(&look.id);
        let change = self.change()?;
        change.written_through(&client, now);
        let mut done = Vec::new();
        for mut step in std::mem::take(&mut change.steps) {
            let again = fresh
                .iter()
                .any(|one| one.kind == step.kind && one.verb == step.verb);
            let was_recorded =
                matches!(step.outcome, Some(Outcome::Applied | Outcome::AlreadyDone));
            // The platform may audit the refusal of a stale version: the verdict has to know of it.
            if was_recorded || step.lost_race() {
                done.push(step);
            } else if step.writes() && step.may_have_been_done() && !again {
                let made = match step.kind.as_str() {
                    INTEGRATION | INTEGRATION_CONFIG => &integration,
                    _ => &action,
                };
                step.id = step.id.take().or_else(|| made.clone());
                step.outcome = Some(Outcome::AlreadyDone);
                let record = step.id.as_ref().and_then(|id| expected(&step, id));
                change.expected.extend(record);
                change.applied_at = Some(now);
                done.push(step);
            }
        }
        done.extend(fresh);
        change.steps = done;
        self.save().await
    }

    fn change(&mut self) -> Result<&mut Change, RebindError> {
        self.state
            .value
            .change
            .as_mut()
            .ok_or(RebindError::NoChange)
    }

    async fn save(&mut self) -> Result<(), RebindError> {
        self.world.store.save(&mut self.state).await?;
        Ok(())
    }
}

pub(super) const AWAITS_VERDICT: &str = "it differs from what should hold while a verdict is awaited; the \
                              verdict will name the difference, and the next look mends it";

pub(super) fn held_notice(because: &str) -> String {
    format!(
        "held: this state was tried and rejected ({because}); a newer secret version, a changed \
         manifest, or an invocation with `retry: true` tries again"
    )
}

pub(super) fn idle(change_id: ChangeId, notice: Option<String>) -> Report {
    Report {
        change_id: Some(change_id),
        steps: Vec::new(),
        notices: notice.into_iter().collect(),
    }
}
