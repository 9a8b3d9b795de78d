//! The sweep of one organization.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use lockstep_domain::arn::RoleName;
use lockstep_domain::compliance::{
    Check, ExceptionDates, OF_ROLE, SweepChanges, SweepState, except, merged, passed_unless,
    role_checks,
};
use lockstep_domain::ids::{Key, OrganizationId};
use lockstep_domain::ledger::{PreviousSweep, Row};
use lockstep_domain::manifest::Mode;
use lockstep_domain::plan::Step;
use lockstep_domain::role::DesiredRole;

use super::binding::{Binding, unread_binding};
use super::history::History;
use super::pace::pace;
use super::state_checks::resource;
use super::states::States;
use super::sweep::{AT_ONCE, Audited, RolesSeen, Seen, Sweep, of_binding};
use crate::genesys::Session;
use crate::reconcile::role::stack;
use crate::runtime::{Deadline, Failure, chain};
use crate::secret_arns;
use crate::selection::Selected;
use crate::services::Compliance;
use crate::store::{StoreError, Versioned, sweep_object};

/// The result of the sweep of one organization.
pub(super) struct Swept {
    pub(super) organization: OrganizationId,
    pub(super) mode: Mode,
    /// One per check and resource, sorted.
    pub(super) rows: Vec<Row>,
    /// What is done about what earlier runs left unfinished.
    pub(super) steps: Vec<Step>,
    /// Records of the audit log as lines for a compliance log.
    pub(super) compliance_audit: Vec<String>,
    pub(super) history: History,
    /// The sweep before.
    pub(super) previous: Option<PreviousSweep>,
    /// What differs from the sweep before, and what the next one starts from; none where this one saw
    /// only a part, or where what is remembered can't be read.
    pub(super) remembered: Option<(Versioned<SweepState>, SweepChanges)>,
    /// When it began, if the audit log was read to its end.
    pub(super) audited: Option<Timestamp>,
    /// When its last check was made.
    pub(super) finished: Timestamp,
}

/// Checks the selected bindings of one manifest. In mode `apply`, changes that are open past their
/// deadline are ended on the way.
pub(super) async fn sweep(
    world: &Compliance,
    selected: &Selected<'_>,
    mode: Mode,
    narrowed: bool,
    accepted_at: Timestamp,
    began: Timestamp,
    deadline: Deadline,
) -> Result<Swept, Failure> {
    let manifest = selected.manifest;
    let sweep = Sweep {
        world,
        manifest,
        actions: &selected.actions,
        credential_sets: &selected.credential_sets,
        mode,
        began,
    };
    let (before, mut rows) = sweep.before().await?;
    let last_run = before.as_ref().and_then(|before| before.value.last_run);
    let mut states = sweep.states().await;
    if mode == Mode::Apply {
        sweep.end_overdue(&mut states, deadline).await;
    }
    let session = world.sign_in(manifest, deadline).await;
    let session = match &session {
        Ok(session) => Ok(session),
        Err(error) => Err((chain(error), error.is_transient())),
    };
    rows.push(sweep.signed_in(session.as_ref().err()));
    let session = match &session {
        Ok(session) => Ok(*session),
        Err((because, _)) => Err(because.as_str()),
    };
    let RolesSeen {
        rows: roles,
        unbound,
    } = sweep.roles(&states).await;
    rows.extend(roles);
    rows.extend(sweep.functions().await);
    let mut seen = sweep.bindings(session, &states).await;
    seen.extend(sweep.credential_sets(session, &mut states).await);
    rows.extend(seen.iter().flat_map(|(_, seen)| seen.rows.iter().cloned()));
    rows.extend(sweep.secrets(narrowed).await);
    if !narrowed {
        rows.extend(sweep.unmanaged(session, &states).await);
        rows.extend(sweep.secret_arns().await);
    }
    let steps = sweep.leftovers(&rows, &unbound, &states).await?;
    let Audited {
        rows: audit,
        lines,
        until,
    } = sweep.audit(session, &states, last_run).await;
    rows.extend(audit);
    let mut rows = merged(rows);
    if !narrowed {
        let judged = except(
            &mut rows,
            &manifest.exceptions,
            &world.config.exceptions,
            ExceptionDates {
                accepted_at,
                now: began,
            },
        );
        rows.extend(judged);
        rows.sort();
    }
    let remembered = before.filter(|_| !narrowed).map(|before| {
        let changes = before.value.compare(&mut rows, began, reminder(world));
        (before, changes)
    });
    let before = remembered.as_ref().map(|(before, _)| &before.value);
    Ok(Swept {
        organization: manifest.organization.id.clone(),
        mode,
        steps,
        compliance_audit: lines,
        history: sweep.history(&states, &seen),
        previous: before.and_then(|before| before.previous.clone()),
        rows,
        remembered,
        audited: until,
        finished: world.now(),
    })
}

fn reminder(world: &Compliance) -> SignedDuration {
    SignedDuration::try_from(world.config.reminder).unwrap_or(SignedDuration::MAX)
}

impl Sweep<'_> {
    /// What is remembered of the last sweep. Where it can't be read, everything is checked all the
    /// same, and nothing counts as new or resolved, nor is remembered over it.
    async fn before(&self) -> Result<(Option<Versioned<SweepState>>, Vec<Row>), Failure> {
        let organization = &self.manifest.organization.id;
        let of = sweep_object(organization);
        match self.world.sweeps.load(organization).await {
            Ok(found) => Ok((Some(found), vec![Row::passed(Check::Sweep, of)])),
            Err(error) if error.is_transient() => Err(error.into()),
            Err(error) => {
                self.announce(&error).await?;
                let row = Row::failed(Check::Sweep, of, error.to_string());
                Ok((None, vec![row]))
            }
        }
    }

    async fn announce(&self, error: &StoreError) -> Result<(), Failure> {
        if self.mode == Mode::Apply
            && let Some(object) = error.unreadable()
        {
            self.world.announce_unreadable(&object).await?;
        }
        Ok(())
    }

    /// Whether the organization let us sign in; if not, why, and whether that may pass.
    fn signed_in(&self, refused: Option<&(String, bool)>) -> Row {
        const CHECK: Check = Check::SignIn;
        let of = format!("genesys:organization/{}", self.manifest.organization.id);
        match refused {
            None => Row::passed(CHECK, of),
            Some((because, true)) => Row::not_evaluated(CHECK, of, because),
            Some((because, false)) => Row::failed(CHECK, of, because),
        }
    }

    /// A manifest that an earlier release accepted may name a secret by a part of its ARN.
    async fn secret_arns(&self) -> Vec<Row> {
        const CHECK: Check = Check::SecretArn;
        let of = format!("genesys:organization/{}", self.manifest.organization.id);
        match secret_arns::incomplete(self.world, self.manifest).await {
            Ok(problems) => {
                let found = problems.into_iter().map(|problem| {
                    Row::failed(CHECK, problem.at, problem.problem).advise(problem.fix)
                });
                passed_unless(CHECK, &of, found.collect())
            }
            Err(failure) => vec![Row::not_evaluated(CHECK, of, failure.to_string())],
        }
    }

    async fn roles(&self, states: &States) -> RolesSeen {
        let names: BTreeSet<&RoleName> = self
            .actions
            .iter()
            .filter_map(|action| self.manifest.integration_of(action))
            .map(|integration| &integration.role)
            .collect();
        let mut seen = RolesSeen::default();
        for name in names {
            let stack = stack(&self.world.config);
            let Some(desired) = DesiredRole::of(self.manifest, name, &stack) else {
                continue;
            };
            match self.world.roles.observe(name).await {
                Ok(observed) => {
                    let rows = role_checks(&desired, &observed, &states.in_use());
                    seen.rows.extend(rows);
                    let (row, waiting) = self.role_unbound(&desired, &observed, states).await;
                    seen.rows.push(row);
                    seen.unbound.extend(waiting);
                }
                Err(error) => {
                    let arn = desired.arn.to_string();
                    let unread = |check| Row::not_evaluated(check, &arn, error.to_string());
                    let whole = [Check::RoleMissing, Check::RoleUnbound];
                    seen.rows
                        .extend(whole.into_iter().chain(OF_ROLE).map(unread));
                }
            }
        }
        seen
    }

    async fn bindings(&self, session: Result<&Session, &str>, states: &States) -> Vec<(Key, Seen)> {
        let mut all = Vec::with_capacity(self.actions.len());
        for some in self.actions.chunks(AT_ONCE) {
            pace(self.world).await;
            let looks = some.iter().map(async |action| {
                let seen = match states.actions.get(&action.key) {
                    Some(Ok(state)) => {
                        let binding = Binding {
                            world: self.world,
                            manifest: self.manifest,
                            action,
                            session,
                            state: &state.value,
                            now: self.began,
                        };
                        binding.look().await
                    }
                    Some(Err(error)) => {
                        let resource = resource(self.manifest, &action.key);
                        let rows = unread_binding(&resource, &error.to_string());
                        Seen {
                            rows: of_binding(rows, &action.key),
                            ..Seen::default()
                        }
                    }
                    None => Seen::default(),
                };
                (action.key.clone(), seen)
            });
            all.extend(join_all(looks).await);
        }
        all
    }
}
