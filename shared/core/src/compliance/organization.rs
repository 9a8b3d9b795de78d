//! The sweep of one organization.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use jiff::Timestamp;
use lockstep_domain::arn::RoleName;
use lockstep_domain::compliance::{Check, Checked, Report, Standing, compare_sweeps, role_checks};
use lockstep_domain::event::ComplianceFinding;
use lockstep_domain::finding::{Finding, Status};
use lockstep_domain::ids::Key;
use lockstep_domain::manifest::Mode;
use lockstep_domain::role::DesiredRole;

use super::binding::{Binding, unread_binding};
use super::state_checks::resource;
use super::states::States;
use super::sweep::{AT_ONCE, Sweep, Swept};
use crate::genesys::Session;
use crate::reconcile::role::stack;
use crate::runtime::{Deadline, Failure, chain};
use crate::secret_arns;
use crate::selection::Selected;
use crate::services::Compliance;
use crate::store::{StoreError, sweep_object};

/// What is looked at of a role.
const OF_ROLE: [Check; 5] = [
    Check::RoleTrust,
    Check::RolePolicy,
    Check::RoleBoundary,
    Check::RoleForeign,
    Check::RoleLabels,
];

/// Checks the selected bindings of one manifest. In mode `apply`, changes left open past their
/// deadline are ended on the way.
pub(super) async fn sweep(
    world: &Compliance,
    selected: &Selected<'_>,
    mode: Mode,
    narrowed: bool,
    began: Timestamp,
    deadline: Deadline,
) -> Result<Swept, Failure> {
    let manifest = selected.manifest;
    let organization = manifest.organization.id.clone();
    let before = match world.sweeps.load(&organization).await {
        Ok(found) => Ok(found),
        Err(error) if error.is_transient() => return Err(error.into()),
        Err(error) => Err(error),
    };
    let last_run = before
        .as_ref()
        .ok()
        .and_then(|before| before.value.last_run);
    let mut sweep = Sweep {
        world,
        manifest,
        actions: &selected.actions,
        credential_sets: &selected.credential_sets,
        began,
        swept: Swept {
            organization,
            mode,
            report: Report::default(),
            compliance_audit: Vec::new(),
            remembered: None,
            audited: None,
            keys: BTreeMap::new(),
        },
        unbound: BTreeSet::new(),
    };
    match before {
        Ok(before) if !narrowed => sweep.swept.remembered = Some(before),
        Ok(_) => {}
        Err(error) => sweep.forgot(&error).await?,
    }
    let mut states = sweep.states().await;
    if mode == Mode::Apply {
        sweep.end_overdue(&mut states, deadline).await;
    }
    let session = world.sign_in(manifest, deadline).await;
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
    sweep.credential_sets(session, &mut states).await;
    sweep.secrets(narrowed).await;
    if !narrowed {
        sweep.secret_arns().await;
    }
    sweep.leftovers(&states).await?;
    sweep.audit(session, &states, last_run).await;
    Ok(sweep.swept)
}

impl Sweep<'_> {
    /// What is remembered of the last sweep can't be read: everything is checked all the same, and
    /// nothing is taken for new or resolved, nor remembered over it.
    async fn forgot(&mut self, error: &StoreError) -> Result<(), Failure> {
        if self.swept.mode == Mode::Apply
            && let Some(object) = error.unreadable()
        {
            self.world.announce_unreadable(&object).await?;
        }
        let of = sweep_object(&self.swept.organization);
        let finding = Check::Sweep.failed(of, error.to_string());
        self.count(None, Checked::new(Check::Sweep, vec![finding]));
        Ok(())
    }

    /// A manifest that an earlier release accepted may name a secret by a part of its ARN.
    async fn secret_arns(&mut self) {
        let checked = match secret_arns::incomplete(self.world, self.manifest).await {
            Ok(problems) => {
                let found = problems.into_iter().map(|problem| Finding {
                    fix: problem.fix,
                    ..Check::SecretArn.failed(problem.at, problem.problem)
                });
                Checked::new(Check::SecretArn, found.collect())
            }
            Err(failure) => {
                let of = format!("genesys:organization/{}", self.swept.organization);
                Checked::not_evaluated(Check::SecretArn, &of, &failure.to_string())
            }
        };
        self.count(None, checked);
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
                    let mut checked = role_checks(&desired, &observed, &states.in_use());
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
                let checks = match states.actions.get(&action.key) {
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
                    Some(Err(error)) => {
                        let resource = resource(self.manifest, &action.key);
                        unread_binding(&resource, &error.to_string())
                    }
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
}

/// Emits what is new and what is resolved since the last sweep, then records the current findings.
/// A partial sweep, or one in mode `plan`, emits and records nothing.
pub(super) async fn remember(
    world: &Compliance,
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
    // A sweep that is interrupted and repeated emits the same event.
    let occurrence = remembered.value.occurrence();
    let changes = compare_sweeps(&remembered.value.standing, findings, |standing| {
        unseen.contains(&standing.id)
    });
    for finding in &changes.new {
        let key = swept.keys.get(&Standing::of(finding));
        emit_finding(
            world,
            swept,
            key,
            Some(finding),
            finding.what.clone(),
            evidence,
            &occurrence,
        )
        .await?;
    }
    for standing in &changes.resolved {
        let said = format!("resolved: {} on {}", standing.id, standing.resource);
        emit_finding(world, swept, None, None, said, evidence, &occurrence).await?;
    }
    remembered.value.remember(changes.standing, swept.audited);
    world.sweeps.save(&mut remembered).await?;
    Ok(())
}

async fn emit_finding(
    world: &Compliance,
    swept: &Swept,
    key: Option<&Key>,
    finding: Option<&Finding>,
    reason: String,
    evidence: Option<&str>,
    occurrence: &str,
) -> Result<(), Failure> {
    let mut header = world.header();
    header.occurrence = Some(occurrence.to_owned());
    header.organization_id = Some(swept.organization.clone());
    header.key = key.cloned();
    let body = ComplianceFinding {
        findings: finding.into_iter().cloned().collect(),
        reason: Some(reason),
        evidence: evidence.map(str::to_owned),
        ..ComplianceFinding::default()
    };
    world.emit(header, body).await?;
    Ok(())
}
