//! Carrying a trigger out: guards, roles, hand-over, answer.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::join_all;
use lockstep::radius::{Radius, radius};
use lockstep::reconcile::role::{self, End, Report};
use lockstep::response::{Answer, Refused, Response};
use lockstep::runtime::Failure;
use lockstep::services::Provision;
use lockstep::store::StoreError;
use lockstep::telemetry;
use lockstep_domain::arn::RoleName;
use lockstep_domain::change::ChangeId;
use lockstep_domain::event::PlanRefused;
use lockstep_domain::ids::Key;
use lockstep_domain::manifest::Mode;
use lockstep_domain::problem::Problem;
use lockstep_domain::role::{DesiredRole, Keep};

use crate::done::Done;
use crate::enqueue;
use crate::scope::{Concern, Scope};

/// Between two looks at the first binding of a rotation.
const STAGING: Duration = Duration::from_secs(15);

/// One trigger being carried out, in one round or, where manifests change meanwhile, in several.
pub struct Run<'a> {
    world: &'a Provision,
    trigger_id: &'a str,
    /// Whether the trigger's message was delivered before: what that delivery has done is not done
    /// again.
    again: bool,
    /// What a reader of the answer should know.
    pub notices: Vec<String>,
    done: Vec<Report>,
    wrote: bool,
    change: Option<ChangeId>,
    /// What kept organizations from being carried out; the others were.
    failures: Vec<Failure>,
    /// Why organizations were refused.
    refused: Vec<Problem>,
    /// How many bindings wait for the first of a rotation.
    waiting: usize,
}

impl<'a> Run<'a> {
    /// A run that has done nothing yet.
    pub fn new(
        world: &'a Provision,
        trigger_id: &'a str,
        again: bool,
        notices: Vec<String>,
    ) -> Self {
        Self {
            world,
            trigger_id,
            again,
            notices,
            done: Vec::new(),
            wrote: false,
            change: None,
            failures: Vec::new(),
            refused: Vec::new(),
            waiting: 0,
        }
    }

    /// Manifests that can't be read: whether the trigger concerns them is not known.
    pub fn not_known(&mut self, unreadable: Vec<StoreError>) {
        self.failures
            .extend(unreadable.into_iter().map(Failure::from));
    }

    /// Whether the last round wrote to a role.
    pub fn wrote(&self) -> bool {
        self.wrote
    }

    /// Guards, roles, hand-over. Organizations are independent: one that a guard refuses is
    /// reported under its own id, nothing of it is written, and the others go on.
    ///
    /// # Errors
    /// What a redelivery can help, and broken storage.
    pub async fn round(&mut self, concern: &Concern<'_>, by_hand: bool) -> Result<(), Failure> {
        self.wrote = false;
        self.refused.clear();
        self.waiting = 0;
        let mut radii = Vec::new();
        for scope in &concern.scopes {
            let (actions, credential_sets) = (scope.actions(), &scope.credential_sets);
            let radius = radius(self.world, scope.manifest, &actions, credential_sets).await;
            self.notices.extend(radius.unread());
            match by_hand.then(|| radius.check_request()) {
                Some(Err(failure)) => self.failures.push(failure),
                Some(Ok(Err(problem))) => self.refuse(scope, vec![problem]).await?,
                Some(Ok(Ok(()))) | None => radii.push((scope, radius)),
            }
        }
        let changes = radii.iter().flat_map(|(_, radius)| radius.changes.values());
        self.change = the_only(changes).cloned();
        if let Some(change) = &self.change {
            telemetry::record_change(change);
        }
        // Organizations are independent: what keeps one does not keep the others.
        for (scope, radius) in &radii {
            if let Err(failure) = self.scope(concern, scope, radius).await {
                self.failures.push(failure);
            }
        }
        Ok(())
    }

    async fn refuse(&mut self, scope: &Scope<'_>, problems: Vec<Problem>) -> Result<(), Failure> {
        let organization = scope.manifest.organization.id.clone();
        self.world
            .refuse(
                PlanRefused::of,
                Some(organization),
                problems.clone(),
                self.trigger_id,
            )
            .await?;
        self.refused.extend(problems);
        Ok(())
    }

    /// One organization: its roles side by side, since they are independent, and the hand-over of
    /// its bindings, whatever came of their roles.
    async fn scope(
        &mut self,
        concern: &Concern<'_>,
        scope: &Scope<'_>,
        radius: &Radius<'_>,
    ) -> Result<(), Failure> {
        let keep = self.keep(scope).await?;
        let stack = role::stack(&self.world.config);
        let desired: Vec<DesiredRole> = scope
            .roles
            .iter()
            .filter_map(|name| DesiredRole::of(scope.manifest, name, &stack))
            .collect();
        let done = Done::of(scope, &desired, self.trigger_id);
        let done_before = self.again && done.is_recorded(self.world).await;
        let reports = desired.iter().map(async |desired| match done_before {
            true => Report::seen_right(desired),
            false => role::reconcile(self.world, desired, &keep, scope.mode).await,
        });
        let reports = join_all(reports).await;
        let names = desired.iter().map(|desired| desired.name.clone());
        let by_role: BTreeMap<RoleName, Report> = names.zip(reports).collect();
        if scope.mode == Mode::Apply && !scope.retire {
            let met = match done_before {
                true => radius.met(),
                false => BTreeSet::new(),
            };
            let waits = self.hand_on(concern, scope, radius, &by_role, &met).await?;
            if waits && !done_before && by_role.values().all(Report::is_right) {
                done.record(self.world).await;
            }
        }
        // What was done before was announced then.
        for desired in desired.iter().filter(|_| !done_before) {
            if let Some(report) = by_role.get(&desired.name)
                && self.worth_telling(scope, report)
            {
                let change = changes_of(scope, desired, radius);
                let (occasion, trigger_id) = (&concern.occasion, self.trigger_id);
                role::announce(self.world, desired, report, change, occasion, trigger_id).await?;
            }
        }
        self.wrote |= by_role.values().any(Report::wrote);
        self.done.extend(by_role.into_values());
        Ok(())
    }

    /// Hands on what can be, but for what is `met`; answers whether something waits.
    async fn hand_on(
        &mut self,
        concern: &Concern<'_>,
        scope: &Scope<'_>,
        radius: &Radius<'_>,
        by_role: &BTreeMap<RoleName, Report>,
        met: &BTreeSet<Key>,
    ) -> Result<bool, Failure> {
        let staged = radius.staged();
        let wanted = |key: &Key| !staged.holds_back(key) && !met.contains(key);
        // What differs in its desired state is looked at alone.
        let at_once: BTreeSet<Key> = match concern.at_once {
            true => {
                let met = radius.met();
                let keys = scope.keys.iter();
                let keys = keys.filter(|key| wanted(key) && met.contains(key));
                keys.cloned().collect()
            }
            false => BTreeSet::new(),
        };
        let (world, trigger_id) = (self.world, self.trigger_id);
        enqueue::enqueue(world, scope, wanted, &at_once, by_role, concern, trigger_id).await?;
        enqueue::enqueue_overview(world, scope, &at_once, concern, trigger_id).await?;
        self.waiting += staged.waiting.len();
        if !staged.problems.is_empty() {
            let organization = scope.manifest.organization.id.clone();
            let said = staged.problems.iter().map(ToString::to_string);
            self.notices.extend(said);
            // Once a trigger, however often its message comes back for what waits.
            let of = ("stopped", self.trigger_id, &organization, &staged.problems);
            let mut header = self.world.header();
            header.organization_id = Some(organization.clone());
            let refused = PlanRefused::of(staged.problems.clone());
            self.world.emit_once(&of, header, refused).await?;
        }
        Ok(!staged.waiting.is_empty())
    }

    /// What stays granted. Provisioning only adds; only a verdict revokes, and only with all
    /// states of the organization read.
    async fn keep(&self, scope: &Scope<'_>) -> Result<Keep, Failure> {
        if !scope.retire {
            return Ok(Keep::Granted);
        }
        let organization = &scope.manifest.organization.id;
        // What an entry uses that is dropped, or whose state can't be read, may be in use.
        if scope.keeps_all {
            return Ok(Keep::Granted);
        }
        let mut states = Vec::new();
        for state in self.world.states.each_state(organization).await? {
            match state {
                Ok(state) => states.push(state),
                Err(error) if error.is_transient() => return Err(error.into()),
                Err(error) => {
                    if let Some(object) = error.unreadable() {
                        self.world.announce_unreadable(&object).await?;
                    }
                    return Ok(Keep::Granted);
                }
            }
        }
        Ok(Keep::used_by(&states))
    }

    /// After a verdict there is nearly always nothing to revoke; saying so each time is noise.
    fn worth_telling(&self, scope: &Scope<'_>, report: &Report) -> bool {
        scope.mode == Mode::Apply && (!scope.retire || report.wrote() || !report.is_right())
    }

    /// The answer; for a message of the queue, an error where a redelivery can help.
    ///
    /// # Errors
    /// See above; a direct call, which names one organization, gets what kept that.
    pub fn answer(self, concern: &Concern<'_>, by_hand: bool) -> Result<Answer, Failure> {
        let Self {
            world: _,
            trigger_id: _,
            again: _,
            mut notices,
            done,
            wrote: _,
            change,
            failures,
            refused,
            waiting,
        } = self;
        if concern.scopes.is_empty() {
            notices.push(format!("{}: no binding is affected", concern.occasion));
        }
        if !by_hand && let Some(reason) = done.iter().find_map(may_pass) {
            return Err(Failure::retry("role", reason));
        }
        // What may pass comes first: it comes back sooner.
        let (pass, repair): (Vec<_>, Vec<_>) = failures
            .into_iter()
            .partition(|failure| matches!(failure, Failure::Retry { .. } | Failure::Later { .. }));
        if let Some(failure) = pass.into_iter().chain(repair).next() {
            return Err(failure);
        }
        if waiting > 0 && !by_hand {
            let because = format!(
                "bindings that wait until the first one has passed its live test: {waiting}"
            );
            return Err(Failure::later(STAGING, because));
        }
        if done.is_empty() && !refused.is_empty() {
            return Ok(Refused::new(refused).into());
        }
        if let Some(problems) = all_refused(&done) {
            return Ok(Refused::new(problems).into());
        }
        notices.extend(refused.iter().map(ToString::to_string));
        if waiting > 0 {
            notices.push(format!(
                "bindings that wait until the first one has passed its live test: {waiting}; \
                 invoke this function again then, or wait for the resync"
            ));
        }
        // The strictest: where one organization was planned only, the answer must not read as done.
        let mode = concern
            .scopes
            .iter()
            .fold(concern.mode, |mode, scope| mode.stricter(scope.mode));
        let mut steps = Vec::new();
        for report in done {
            notices.extend(report.notices);
            match report.end {
                End::Right | End::Planned => {}
                End::Refused(problems) => {
                    notices.extend(problems.iter().map(ToString::to_string));
                }
                End::Failed { reason, .. } => notices.push(format!("{}: {reason}", report.arn)),
            }
            steps.extend(report.steps);
        }
        Ok(Response::new(mode, change, steps, notices).into())
    }
}

/// The only change, where exactly one binding is concerned.
fn the_only<'c>(mut changes: impl Iterator<Item = &'c ChangeId>) -> Option<&'c ChangeId> {
    match (changes.next(), changes.next()) {
        (Some(only), None) => Some(only),
        (_, _) => None,
    }
}

/// The change that an event about a role belongs to, where it is exactly one.
fn changes_of(scope: &Scope<'_>, desired: &DesiredRole, radius: &Radius<'_>) -> Option<ChangeId> {
    let serves = |key| {
        scope
            .manifest
            .action(key)
            .and_then(|action| scope.manifest.integration_of(action))
            .is_some_and(|integration| integration.role == desired.name)
    };
    let changes = radius.changes.iter().filter(|(key, _)| serves(key));
    the_only(changes.map(|(_, change)| change)).cloned()
}

fn may_pass(report: &Report) -> Option<&str> {
    match &report.end {
        End::Failed {
            reason,
            transient: true,
        } => Some(reason),
        End::Right | End::Planned | End::Refused(_) | End::Failed { .. } => None,
    }
}

/// Every problem, where no role at all was ours to touch and so nothing was written.
fn all_refused(done: &[Report]) -> Option<Vec<Problem>> {
    let mut all = Vec::new();
    for report in done {
        match &report.end {
            End::Refused(problems) if !report.wrote() => all.extend(problems.iter().cloned()),
            End::Right | End::Planned | End::Refused(_) | End::Failed { .. } => return None,
        }
    }
    (!all.is_empty()).then_some(all)
}
