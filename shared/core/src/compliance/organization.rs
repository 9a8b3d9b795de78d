//! The sweep of one organization.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use lockstep_domain::arn::RoleName;
use lockstep_domain::audit::Interval;
use lockstep_domain::change::{BindingState, Phase};
use lockstep_domain::compliance::{
    Check, Checked, Report, Standing, SweepState, role_checks, turn,
};
use lockstep_domain::event::EventType;
use lockstep_domain::finding::{Finding, Status};
use lockstep_domain::ids::{Key, OrganizationId};
use lockstep_domain::manifest::{Action, Manifest, Mode};
use lockstep_domain::role::{DesiredRole, Keep};
use lockstep_domain::verdict::{Case, Judgement, Verdict, judge};

use super::binding::{Binding, is_overdue, resource};
use crate::genesys::{Session, sign_in};
use crate::runtime::{Deadline, Failure, chain};
use crate::selection::Selected;
use crate::store::{StoreError, Versioned};
use crate::verify::{Trail, after, conclude, deadline_of, entities, judge_change, stack, trail};
use crate::world::World;

/// Bindings that are looked at at the same time; the platform's rate limit is per minute.
pub(super) const AT_ONCE: usize = 4;

/// What is looked at of a role.
const OF_ROLE: [Check; 5] = [
    Check::RoleTrust,
    Check::RolePolicy,
    Check::RoleBoundary,
    Check::RoleForeign,
    Check::RoleLabels,
];

/// What is looked at in the audit log.
const OF_AUDIT: [Check; 3] = [Check::Principal, Check::WriteFailed, Check::Unplanned];

/// What the sweep of one organization came to.
pub(super) struct Swept {
    pub(super) organization: OrganizationId,
    pub(super) mode: Mode,
    pub(super) report: Report,
    pub(super) compliance_audit: Vec<String>,
    /// What the next sweep starts from; none where this one saw only a part.
    remembered: Option<Versioned<SweepState>>,
    /// When it began, if the audit log was read to its end.
    audited: Option<Timestamp>,
    /// To which binding a finding belongs, where it belongs to one.
    pub(super) keys: BTreeMap<Standing, Key>,
}

/// One sweep of one organization under way.
pub(super) struct Sweep<'a> {
    pub(super) world: &'a World,
    pub(super) manifest: &'a Manifest,
    pub(super) actions: &'a [&'a Action],
    pub(super) began: Timestamp,
    pub(super) swept: Swept,
}

fn object(organization: &OrganizationId) -> String {
    format!("compliance/{organization}.json")
}

/// Checks the selected bindings of one manifest. In mode `apply`, changes left open past their
/// deadline are ended on the way.
pub(super) async fn sweep(
    world: &World,
    selected: &Selected<'_>,
    mode: Mode,
    narrowed: bool,
    began: Timestamp,
    deadline: Deadline,
) -> Result<Swept, Failure> {
    let manifest = selected.manifest;
    let organization = manifest.organization.id.clone();
    let before = world
        .store
        .read_json::<SweepState>(&object(&organization))
        .await?
        .unwrap_or_else(|| Versioned::absent(SweepState::new(organization.clone())));
    let last_run = before.value.last_run;
    let mut sweep = Sweep {
        world,
        manifest,
        actions: &selected.actions,
        began,
        swept: Swept {
            organization,
            mode,
            report: Report::default(),
            compliance_audit: Vec::new(),
            remembered: (!narrowed).then_some(before),
            audited: None,
            keys: BTreeMap::new(),
        },
    };
    let mut states = sweep.states().await;
    if mode == Mode::Apply {
        sweep.end_overdue(&mut states, deadline).await;
    }
    let session = sign_in(world, manifest, deadline).await;
    let session = match &session {
        Ok(session) => {
            sweep.count(None, Checked::new(Check::SignIn, Vec::new()));
            Ok(session)
        }
        Err(error) => {
            let because = chain(error);
            let of = format!("genesys:organization/{}", sweep.swept.organization);
            let finding = if error.is_transient() {
                Check::SignIn.not_evaluated(of, because.clone())
            } else {
                Check::SignIn.failed(of, because.clone())
            };
            sweep.count(None, Checked::new(Check::SignIn, vec![finding]));
            Err(because)
        }
    };
    let session = session.as_ref().copied().map_err(String::as_str);
    sweep.roles(&states).await;
    sweep.bindings(session, &states).await;
    sweep.units(session, &selected.units, deadline).await;
    sweep.secrets(narrowed).await;
    sweep.leftovers(&states).await?;
    sweep.audit(session, &states, last_run).await;
    Ok(sweep.swept)
}

pub(super) type States = BTreeMap<Key, Result<Versioned<BindingState>, StoreError>>;

impl Sweep<'_> {
    pub(super) fn count(&mut self, key: Option<&Key>, checked: Checked) {
        if let Some(key) = key {
            for finding in &checked.findings {
                let standing = Standing::of(finding);
                self.swept
                    .keys
                    .entry(standing)
                    .or_insert_with(|| key.clone());
            }
        }
        self.swept.report.count(checked.findings);
    }

    /// The states of all bindings of the manifest: a role serves those too that were not asked
    /// about.
    async fn states(&self) -> States {
        let mut states = States::new();
        for some in self.manifest.actions.chunks(AT_ONCE) {
            let loads = some.iter().map(async |action| {
                let organization = &self.manifest.organization.id;
                let state = self.world.store.load(organization, &action.key).await;
                (action.key.clone(), state)
            });
            states.extend(join_all(loads).await);
        }
        states
    }

    /// Ends what was bound and has no verdict: the message that asks for one was lost.
    async fn end_overdue(&self, states: &mut States, deadline: Deadline) {
        for action in self.actions {
            let Some(Ok(state)) = states.get_mut(&action.key) else {
                continue;
            };
            if let Err(failure) = self.end(state, deadline).await {
                tracing::warn!(key = %action.key, error = %failure, "an overdue change could not be ended");
            }
        }
    }

    pub(super) async fn end(
        &self,
        state: &mut Versioned<BindingState>,
        deadline: Deadline,
    ) -> Result<(), Failure> {
        let now = self.world.now();
        let overdue = state
            .value
            .change
            .clone()
            .filter(|change| matches!(change.phase, Phase::Verifying { .. }))
            .filter(|change| is_overdue(self.world, change, now));
        let Some(change) = overdue else {
            return Ok(());
        };
        let manifest = Some(self.manifest);
        let judged = judge_change(self.world, manifest, &state.value, &change, now, deadline).await;
        let verdict = &judged.judgement.verdict;
        let Some(end) = verdict.end(now, deadline_of(&change, &self.world.config)) else {
            return Ok(());
        };
        conclude(self.world, state, manifest, change, end, &judged).await?;
        Ok(())
    }

    async fn roles(&mut self, states: &States) {
        let names: BTreeSet<&RoleName> = self
            .actions
            .iter()
            .filter_map(|action| self.manifest.integration_of(action))
            .map(|integration| &integration.role)
            .collect();
        for name in names {
            let stack = stack(&self.world.config);
            let Some(desired) = DesiredRole::of(self.manifest, name, &stack) else {
                continue;
            };
            let checked = match self.world.roles.observe(name).await {
                Ok(observed) => {
                    let mut checked = role_checks(&desired, &observed, &in_use(states));
                    checked.push(self.role_unbound(&desired, &observed, states).await);
                    checked
                }
                Err(error) => {
                    let arn = desired.arn.to_string();
                    OF_ROLE
                        .map(|check| Checked::not_evaluated(check, &arn, &error.to_string()))
                        .into()
                }
            };
            for one in checked {
                self.count(None, one);
            }
        }
    }

    async fn bindings(&mut self, session: Result<&Session, &str>, states: &States) {
        for some in self.actions.chunks(AT_ONCE) {
            let looks = some.iter().map(async |action| {
                let checks = match states.get(&action.key) {
                    Some(Ok(state)) => {
                        let binding = Binding {
                            world: self.world,
                            manifest: self.manifest,
                            action,
                            session,
                            state: &state.value,
                            now: self.began,
                        };
                        binding.checks().await
                    }
                    Some(Err(error)) => vec![Checked::not_evaluated(
                        Check::ChangeEnd,
                        &resource(self.manifest, action),
                        &error.to_string(),
                    )],
                    None => Vec::new(),
                };
                (&action.key, checks)
            });
            for (key, checks) in join_all(looks).await {
                for one in checks {
                    self.count(Some(key), one);
                }
            }
        }
    }

    /// Did only authorized principals change anything since the last sweep?
    async fn audit(
        &mut self,
        session: Result<&Session, &str>,
        states: &States,
        last_run: Option<Timestamp>,
    ) {
        let session = match session {
            Ok(session) => session,
            Err(because) => return self.unaudited(because),
        };
        let Some(interval) = self.interval(states, last_run) else {
            // Nothing was ever bound, so nobody can have changed it.
            self.swept.audited = Some(self.began);
            return;
        };
        let trail = trail(session, interval, None, self.began).await;
        if !trail.incomplete.is_empty() {
            let because = trail.incomplete.join("; ");
            return self.unaudited(&because);
        }
        for action in self.actions {
            let Some(Ok(state)) = states.get(&action.key) else {
                continue;
            };
            let Some(judgement) = self.judge(session, &state.value, &trail, interval) else {
                continue;
            };
            self.take(&action.key, judgement);
        }
        self.swept.audited = Some(self.began);
    }

    fn unaudited(&mut self, because: &str) {
        for action in self.actions {
            let resource = resource(self.manifest, action);
            for check in OF_AUDIT {
                self.count(
                    Some(&action.key),
                    Checked::not_evaluated(check, &resource, because),
                );
            }
        }
    }

    /// From the last sweep, and as much earlier as a record may come late, until now. The first
    /// sweep begins with the oldest change that is remembered.
    fn interval(&self, states: &States, last_run: Option<Timestamp>) -> Option<Interval> {
        let oldest = states
            .values()
            .filter_map(|state| state.as_ref().ok()?.value.change.as_ref())
            .map(|change| change.window_from)
            .min()?;
        let late = SignedDuration::try_from(self.world.config.verify_deadline);
        let from = match (last_run, late) {
            (Some(last), Ok(late)) => last.checked_sub(late).unwrap_or(last),
            (Some(last), Err(_)) => last,
            (None, _) => oldest,
        };
        let to = after(self.began, std::time::Duration::from_secs(2));
        Some(Interval::new(from.min(self.began), to))
    }

    /// None for a binding that was never bound.
    fn judge(
        &self,
        session: &Session,
        state: &BindingState,
        trail: &Trail,
        interval: Interval,
    ) -> Option<Judgement> {
        let change = state.change.as_ref()?;
        // What happened to an action before it was first bound is none of our business.
        let is_first = state.chain.length <= u64::from(change.is_ended());
        let window = if is_first {
            let from = interval.from().max(change.window_from);
            Interval::new(from.min(interval.to()), interval.to())
        } else {
            interval
        };
        Some(judge(&Case {
            expected: &[],
            records: &trail.records,
            entities: &entities(state, change),
            window,
            mapping: &trail.mapping,
            our_clients: &session.own_clients,
            authorized: &self.manifest.organization.authorized,
            drift: &[],
            incomplete: &[],
        }))
    }

    fn take(&mut self, key: &Key, judgement: Judgement) {
        let findings = match judgement.verdict {
            Verdict::Violated { findings } => findings,
            Verdict::Verified | Verdict::Pending { .. } => Vec::new(),
        };
        for check in OF_AUDIT {
            let mine = findings
                .iter()
                .filter(|finding| finding.id == check.id())
                .cloned()
                .collect();
            self.count(Some(key), Checked::new(check, mine));
        }
        for line in judgement.compliance_audit {
            if !self.swept.compliance_audit.contains(&line) {
                self.swept.compliance_audit.push(line);
            }
        }
    }
}

/// The functions that actions call by what was last applied. Where a state could not be read,
/// whatever is granted may be in use.
fn in_use(states: &States) -> Keep {
    let read: Result<Vec<BindingState>, &StoreError> = states
        .values()
        .map(|state| state.as_ref().map(|state| state.value.clone()))
        .collect();
    read.map_or(Keep::Granted, |states| Keep::used_by(&states))
}

/// Tells what came and what went since the last sweep, then remembers what stands. A sweep of a
/// part, or in mode `plan`, tells and remembers nothing.
pub(super) async fn remember(
    world: &World,
    swept: &mut Swept,
    evidence: Option<&str>,
) -> Result<(), Failure> {
    if swept.mode == Mode::Plan {
        return Ok(());
    }
    let Some(mut remembered) = swept.remembered.take() else {
        return Ok(());
    };
    let findings = &swept.report.findings;
    let unseen: BTreeSet<&String> = findings
        .iter()
        .filter(|finding| finding.status == Status::NotEvaluated)
        .map(|finding| &finding.id)
        .collect();
    let turn = turn(&remembered.value.standing, findings, |standing| {
        unseen.contains(&standing.id)
    });
    for finding in &turn.new {
        let key = swept.keys.get(&Standing::of(finding));
        tell(
            world,
            swept,
            key,
            Some(finding),
            finding.what.clone(),
            evidence,
        )
        .await?;
    }
    for standing in &turn.resolved {
        let said = format!("resolved: {} on {}", standing.id, standing.resource);
        tell(world, swept, None, None, said, evidence).await?;
    }
    remembered.value.standing = turn.standing;
    remembered.value.last_run = swept.audited.or(remembered.value.last_run);
    let object = object(&swept.organization);
    world.store.write_json(&object, &mut remembered).await?;
    Ok(())
}

async fn tell(
    world: &World,
    swept: &Swept,
    key: Option<&Key>,
    finding: Option<&Finding>,
    reason: String,
    evidence: Option<&str>,
) -> Result<(), Failure> {
    let mut detail = world.detail();
    detail.organization_id = Some(swept.organization.clone());
    detail.key = key.cloned();
    detail.findings = finding.into_iter().cloned().collect();
    detail.reason = Some(reason);
    detail.evidence = evidence.map(str::to_owned);
    world.emit(EventType::ComplianceFinding, detail).await?;
    Ok(())
}
