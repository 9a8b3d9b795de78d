//! Moving the credentials that carry one secret's values: observe, plan, record, apply, test,
//! retire, read back, announce. All of them move, or all of them move back.
//!
//! **Order of reads.** Integrations and credentials first, then which version of the secret is
//! current, and its value last, by that version's id: value and version belong together. The value
//! is read only where something may have to be pushed.
//!
//! **Order of writes.** The change is recorded before the first write to the world, and so is that
//! it is being taken back. A crash anywhere leads, at redelivery, to going on in the direction that
//! stands there.

mod apply;
mod conclude;
mod error;
mod events;
mod live_test;
mod observe;
mod rollback;
mod values;

use lockstep_domain::change::{BindingState, Change, ChangeId, Turn, turn};
use lockstep_domain::credentials::{
    self as domain, CredentialStep, DesiredUnit, ObservedUnit, Target, Unit, UnitPlan, expected,
};
use lockstep_domain::ids::{CredentialId, Key};
use lockstep_domain::live_test::limits;
use lockstep_domain::manifest::{Manifest, Mode};
use lockstep_domain::plan::{Outcome, Step};
use lockstep_domain::rebind::{INTEGRATION_CONFIG, Refusal};
use tokio::join;
use tracing::info;

use self::apply::Applied;
pub use self::error::UnitError;
pub(crate) use self::events::details;
pub use self::live_test::try_unit;
use self::values::Values;
use crate::aws::SecretSeen;
use crate::genesys::Session;
use crate::reconcile::action::{
    AWAITS_VERDICT, Ask, RebindError, Report, awaits_create, held_notice, idle,
};
use crate::runtime::chain;
use crate::store::Versioned;
use crate::world::World;

/// How often a plan is made anew because the world moved under it.
const MAX_ROUNDS: u32 = 6;

/// Moves the credentials of one secret of a manifest in force.
///
/// # Errors
/// Only what a redelivery can mend; everything permanent is recorded, announced for each credential
/// and answered as a report.
pub async fn rebind_unit(
    world: &World,
    manifest: &Manifest,
    unit: &Unit<'_>,
    ask: &Ask,
) -> Result<Report, UnitError> {
    let planning = ask.mode.stricter(manifest.organization.mode) == Mode::Plan;
    let (state, session) = join!(
        world.store.load(&manifest.organization.id, &unit.key),
        world.sign_in(manifest, ask.deadline),
    );
    let state = state?;
    let in_doubt = awaits_create(&state.value, world.now())?;
    let session = match session {
        Ok(session) => session,
        Err(error) if error.is_transient() => return Err(error.into()),
        Err(error) if planning => return Ok(planned_nothing(&error)),
        Err(error) => {
            let actor = world.actor();
            let nothing = events::NoChange {
                manifest,
                unit,
                ask,
                actor,
            };
            return nothing.announce(world, &state.value, &error.into()).await;
        }
    };
    let mut work = Work {
        world,
        session: &session,
        manifest,
        unit,
        ask,
        in_doubt,
        state,
    };
    match work.reconcile().await {
        Err(error) if planning && !error.is_transient() => Ok(planned_nothing(&error)),
        Err(error) if !error.is_transient() => work.fail(&error).await,
        outcome => outcome,
    }
}

fn planned_nothing(error: &(dyn std::error::Error + 'static)) -> Report {
    Report {
        notices: vec![chain(error)],
        ..Report::default()
    }
}

/// What differs between the credentials of a unit and what should hold for them.
#[derive(Clone, Debug, PartialEq)]
pub enum UnitDrift {
    /// What would mend it. Values are not read for this: a version that is not the bound one
    /// counts as a difference.
    Plan {
        /// Its moves are drift; its retirements are what an earlier run left.
        plan: UnitPlan,
        /// The change that reaches what should hold now.
        id: ChangeId,
    },
    /// It can't be mended by us.
    Refused {
        /// Why.
        refusal: Refusal,
        /// The change that would reach what should hold now.
        id: ChangeId,
    },
    /// The secret is deleted or has no current version.
    SecretGone(String),
}

/// Looks at a unit without writing anything, and without reading any value.
///
/// # Errors
/// Where something could not be read: no drift may be concluded from that.
pub async fn unit_drift(
    world: &World,
    session: &Session,
    manifest: &Manifest,
    unit: &Unit<'_>,
    state: &BindingState,
) -> Result<UnitDrift, UnitError> {
    let observed = observe::observe(&session.genesys, manifest, unit, state).await?;
    let desired = match desired(world, manifest, unit).await? {
        Ok(desired) => desired,
        Err(because) => return Ok(UnitDrift::SecretGone(because)),
    };
    let id = desired.change_id(&manifest.organization.id);
    Ok(match domain::plan(&desired, &observed, state, &id) {
        Ok(plan) => UnitDrift::Plan { plan, id },
        Err(refusal) => UnitDrift::Refused { refusal, id },
    })
}

/// What should hold as of now, or why the secret has no current version.
async fn desired(
    world: &World,
    manifest: &Manifest,
    unit: &Unit<'_>,
) -> Result<Result<DesiredUnit, String>, UnitError> {
    let secret = unit.secret;
    Ok(match world.secrets.current(secret).await? {
        SecretSeen::Current { version_id, .. } => {
            Ok(DesiredUnit::new(manifest, unit, version_id.into()))
        }
        SecretSeen::NoCurrent => Err(format!("the secret {secret} has no AWSCURRENT version")),
        SecretSeen::Deleted => Err(format!("the secret {secret} is scheduled for deletion")),
        SecretSeen::Missing => Err(format!("the secret {secret} does not exist")),
    })
}

/// One run over one unit.
struct Work<'a> {
    world: &'a World,
    session: &'a Session,
    manifest: &'a Manifest,
    unit: &'a Unit<'a>,
    ask: &'a Ask,
    /// Whether an earlier run sent a create whose answer was lost.
    in_doubt: bool,
    state: Versioned<BindingState>,
}

/// One look at the world, and what should hold as of that look. No `Debug`: it holds values.
struct Look {
    observed: ObservedUnit,
    desired: DesiredUnit,
    id: ChangeId,
    /// Empty unless something may have to be pushed.
    values: Values,
}

impl Work<'_> {
    async fn reconcile(&mut self) -> Result<Report, UnitError> {
        for round in 1..=MAX_ROUNDS {
            let mut look = self.look().await?;
            if self.mode() == Mode::Apply && self.is_going_back(&look.id) {
                return self.go_back().await;
            }
            let plan = self.plan(&mut look).await?;
            if self.mode() == Mode::Plan {
                return Ok(Report {
                    steps: described(&plan.steps(!plan.moves.is_empty())),
                    change_id: Some(look.id),
                    notices: plan.notices,
                });
            }
            let retry = self.ask.retry && round == 1;
            match turn(
                &self.state.value,
                &look.id.clone().into(),
                plan.writes(),
                retry,
            ) {
                Turn::Begin { attempt } => self.begin(attempt, &look, &plan).await?,
                Turn::GoOn => self.go_on(&look, &plan).await?,
                Turn::Idle => return self.idle(look.id, None).await,
                Turn::AwaitVerdict => {
                    return self.idle(look.id, Some(AWAITS_VERDICT.into())).await;
                }
                Turn::Held { because } => {
                    return self.idle(look.id, Some(held_notice(&because))).await;
                }
            }
            if self.in_doubt && plan.creates() && !self.is_unchanged(&look, &plan).await? {
                continue;
            }
            match self.apply(&look, &plan).await? {
                Applied::Done => {
                    let after = self.look().await?;
                    if after.id == look.id && self.is_bound(&after)? {
                        return self.conclude(&after).await;
                    }
                }
                Applied::WorldMoved => {}
                Applied::Rejected => return self.rejected().await,
            }
            info!(round, "the world moved under the plan: reading again");
        }
        Err(RebindError::Unsettled { rounds: MAX_ROUNDS }.into())
    }

    /// Observes again just before a create is repeated that may have taken effect in an earlier run.
    /// Answers whether the plan is still the same.
    async fn is_unchanged(&self, look: &Look, plan: &UnitPlan) -> Result<bool, UnitError> {
        let mut again = self.look().await?;
        let planned = self.plan(&mut again).await?;
        Ok(again.id == look.id && planned == *plan)
    }

    fn mode(&self) -> Mode {
        self.ask.mode.stricter(self.manifest.organization.mode)
    }

    /// Nothing is to be done. What the previous release recorded is stored as this one does.
    async fn idle(&mut self, id: ChangeId, notice: Option<String>) -> Result<Report, UnitError> {
        if self.state.value.recognize(&id.clone().into()) {
            self.save().await?;
        }
        Ok(idle(id, notice))
    }

    /// Whether the change under way is being taken back. A newer version, or another manifest, is
    /// another change: that one goes forward.
    fn is_going_back(&self, id: &ChangeId) -> bool {
        let change = self.state.value.change.as_ref();
        change.is_some_and(|change| change.id == *id && change.is_under_way() && change.going_back)
    }

    async fn look(&self) -> Result<Look, UnitError> {
        let observed = self.observe().await?;
        let desired = desired(self.world, self.manifest, self.unit)
            .await?
            .map_err(|because| UnitError::SecretGone { because })?;
        Ok(Look {
            id: desired.change_id(&self.manifest.organization.id),
            values: Values::default(),
            observed,
            desired,
        })
    }

    async fn observe(&self) -> Result<ObservedUnit, UnitError> {
        let genesys = &self.session.genesys;
        observe::observe(genesys, self.manifest, self.unit, &self.state.value).await
    }

    /// Plans; where something would have to be moved, with the values: they may be the same as
    /// before.
    async fn plan(&self, look: &mut Look) -> Result<UnitPlan, UnitError> {
        let state = &self.state.value;
        let plan = domain::plan(&look.desired, &look.observed, state, &look.id)
            .map_err(UnitError::refused)?;
        if plan.moves.is_empty() {
            return Ok(plan);
        }
        look.values = values::read(self.world, &mut look.desired).await?;
        domain::plan(&look.desired, &look.observed, state, &look.id).map_err(UnitError::refused)
    }

    /// Verify is observe and plan again: nothing is left to be moved. What could not be deleted is
    /// said; the next look tries again.
    fn is_bound(&self, look: &Look) -> Result<bool, UnitError> {
        let mut desired = look.desired.clone();
        // What was found to be the same in this run is so still: the version is the same.
        for credential in &mut desired.credentials {
            let bound = self.state.value.credentials.get(&credential.key);
            credential.fingerprint = bound.and_then(|bound| bound.fingerprint.clone());
        }
        let plan = domain::plan(&desired, &look.observed, &self.state.value, &look.id)
            .map_err(UnitError::refused)?;
        Ok(plan.moves.is_empty())
    }

    /// Records a change before its first write: what is needed to go back, and where the audit
    /// window begins, stands here or nowhere.
    async fn begin(&mut self, attempt: u32, look: &Look, plan: &UnitPlan) -> Result<(), UnitError> {
        let previous = domain::previous(&look.desired, &look.observed, &self.state.value);
        let before = self.state.value.change.take();
        let mut change = Change::begin_set(
            look.id.clone(),
            attempt,
            vec![look.desired.secret.clone()],
            before.as_ref(),
            self.world.now(),
        );
        change.reason.clone_from(&self.ask.reason);
        change.steps = described(&plan.steps(true));
        change.notices.clone_from(&plan.notices);
        change.notices.extend(untested(&look.desired));
        change.previous_credentials = previous;
        change.written_through(&self.session.client_id, self.world.now());
        self.state.value.change = Some(change);
        self.state.value.held = None;
        // What the manifest names no more is no longer managed.
        let named = |key: &Key| self.unit.credentials.iter().any(|one| one.key == *key);
        self.state.value.credentials.retain(|key, _| named(key));
        self.save().await
    }

    /// Keeps what was done, and puts what is left to do in place of what was left to do.
    ///
    /// A write that was about to be made when we were cut off, or whose answer was lost, and that
    /// the new plan no longer needs, was made: its audit record is expected like any other's.
    async fn go_on(&mut self, look: &Look, plan: &UnitPlan) -> Result<(), UnitError> {
        let (client, now) = (self.session.client_id.clone(), self.world.now());
        self.state.value.recognize(&look.id.clone().into());
        let change = self.change()?;
        change.written_through(&client, now);
        if !plan.moves.is_empty() {
            // What was tested is not what will be there.
            change.test = None;
            change.troubles.clear();
        }
        let with_tests = change.test.is_none();
        let fresh = plan.steps(with_tests);
        let shown = described(&fresh);
        let mut done = Vec::new();
        for mut step in std::mem::take(&mut change.steps) {
            let again = shown
                .iter()
                .any(|one| one.kind == step.kind && one.verb == step.verb && one.key == step.key);
            let was_recorded =
                matches!(step.outcome, Some(Outcome::Applied | Outcome::AlreadyDone));
            // The platform may audit the refusal of a stale version: the verdict has to know of it.
            if was_recorded || step.lost_race() {
                done.push(step);
            } else if step.writes() && step.may_have_been_done() && !again {
                step.id = step.id.take().or_else(|| adopted(&fresh, look, &step));
                step.outcome = Some(Outcome::AlreadyDone);
                let record = step.id.as_ref().and_then(|id| expected(&step, id));
                change.expected.extend(record);
                done.push(step);
            }
        }
        done.extend(shown);
        change.steps = done;
        for notice in &plan.notices {
            if !change.notices.contains(notice) {
                change.notices.push(notice.clone());
            }
        }
        self.save().await
    }

    fn change(&mut self) -> Result<&mut Change, UnitError> {
        let change = self.state.value.change.as_mut();
        Ok(change.ok_or(RebindError::NoChange)?)
    }

    async fn save(&mut self) -> Result<(), UnitError> {
        self.world.store.save(&mut self.state).await?;
        Ok(())
    }
}

/// The credential that a create of which no answer is known has made: the one that the plan now
/// points at, or that is in the slot already.
fn adopted(fresh: &[CredentialStep], look: &Look, step: &Step) -> Option<String> {
    if step.kind == INTEGRATION_CONFIG {
        return None;
    }
    let pointed = fresh.iter().find_map(|one| match one {
        CredentialStep::Point {
            key,
            new: Target::Credential(id),
            ..
        } if *key == step.key => Some(id),
        CredentialStep::Point { .. }
        | CredentialStep::Create { .. }
        | CredentialStep::Test { .. }
        | CredentialStep::Delete { .. } => None,
    });
    let name = step.new.get("name").and_then(serde_json::Value::as_str);
    let by_name = || {
        let mut ours = look.observed.ours.iter();
        ours.find(|own| Some(own.name.as_str()) == name)
            .map(|own| &own.id)
    };
    pointed.or_else(by_name).map(CredentialId::to_string)
}

fn described(steps: &[CredentialStep]) -> Vec<Step> {
    steps.iter().map(CredentialStep::describe).collect()
}

fn untested(desired: &DesiredUnit) -> Vec<String> {
    let mut notices = Vec::new();
    for credential in &desired.credentials {
        if credential.tests.is_empty() {
            notices.push(format!(
                "{} names no action as `test`: that it works is not shown by Lockstep",
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
