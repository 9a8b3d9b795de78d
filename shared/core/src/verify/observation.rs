//! What the messages of one delivery have in common, read once for all of them: the manifests, the
//! sign-in, and the audit log of each organization over all their windows.
//!
//! A message is judged from it only where it covers the message's own window; else, and where nothing
//! could be observed, it is read for that message alone. So one change's failure does not touch the
//! others.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use futures_util::StreamExt as _;
use futures_util::stream;
use jiff::Timestamp;
use lockstep_domain::audit::Interval;
use lockstep_domain::change::{BindingState, Change, Phase};
use lockstep_domain::ids::{ActionId, OrganizationId};
use lockstep_domain::intent::{ReportedChange, VerifyIntent, VerifyMessage};
use lockstep_domain::manifest::Manifest;

use super::change::{is_meant, window_from};
use super::foreign::{is_bound_to, read_back_from};
use super::{AuditLog, SKEW, after, read_audit_log};
use crate::genesys::{Session, SessionError};
use crate::manifest_upload;
use crate::runtime::{Deadline, Failure};
use crate::services::Binder;
use crate::store::Manifests;

/// How many states are read at once.
const AT_ONCE: usize = 8;

/// The part of an invocation's time that is kept for the verdicts: evidence, event and state of each.
const KEPT_FOR_VERDICTS: u32 = 3;

/// What was observed for the messages of a delivery.
#[derive(Default)]
pub struct Observations {
    /// None where no message needs any.
    manifests: Option<Result<Manifests, Failure>>,
    organizations: BTreeMap<OrganizationId, Observation>,
}

/// What was observed of one organization.
pub(super) struct Observation {
    /// Who we are signed in as.
    pub(super) session: Session,
    /// The audit log over `interval`.
    pub(super) audit_log: AuditLog,
    /// What the audit log was asked about.
    pub(super) interval: Interval,
    /// The states of its bindings, where something was reported as changed.
    states: Option<Vec<BindingState>>,
}

/// What the messages of a delivery are about, in one organization.
#[derive(Default)]
struct Wanted {
    /// Changes that wait for their verdict.
    changes: Vec<(BindingState, Change)>,
    reports: Vec<ReportedChange>,
}

impl Observations {
    /// Observes what these messages need. Reads only; what can't be read is missing.
    pub async fn of(world: &Binder, intents: &[VerifyIntent], deadline: Deadline) -> Self {
        let wanted = wanted(world, intents).await;
        if wanted.is_empty() {
            return Self::default();
        }
        let manifests = Box::pin(manifest_upload::current(world)).await;
        let mut organizations = BTreeMap::new();
        if let Ok(manifests) = &manifests {
            let deadline = deadline.earlier_by(deadline.remaining() / KEPT_FOR_VERDICTS);
            for (organization, wanted) in wanted {
                let Some(accepted) = manifests.of(&organization) else {
                    continue;
                };
                let observed = observe(world, &accepted.manifest, &wanted, deadline).await;
                match observed {
                    Ok(Some(observation)) => {
                        organizations.insert(organization, observation);
                    }
                    Ok(None) => {}
                    // Each message finds out for itself, and says so.
                    Err(error) => tracing::warn!(
                        %organization,
                        error = %crate::runtime::chain(&error),
                        "nothing could be observed for the whole delivery"
                    ),
                }
            }
        }
        Self {
            manifests: Some(manifests),
            organizations,
        }
    }

    /// Every accepted manifest.
    ///
    /// # Errors
    /// They could not be read.
    pub(super) async fn manifests(&self, world: &Binder) -> Result<Cow<'_, Manifests>, Failure> {
        match &self.manifests {
            Some(Ok(manifests)) => Ok(Cow::Borrowed(manifests)),
            Some(Err(failure)) => Err(failure.clone()),
            None => Box::pin(manifest_upload::current(world))
                .await
                .map(Cow::Owned),
        }
    }

    /// What was observed of an organization, where its audit log was read back to this moment.
    pub(super) fn since(
        &self,
        organization: &OrganizationId,
        from: Timestamp,
    ) -> Option<&Observation> {
        let observation = self.organizations.get(organization)?;
        let asked = Interval::new(from, observation.interval.to());
        (observation.interval.from() <= asked.from()).then_some(observation)
    }

    /// The states of an organization's bindings.
    ///
    /// # Errors
    /// They could not be read.
    pub(super) async fn states(
        &self,
        world: &Binder,
        organization: &OrganizationId,
    ) -> Result<Cow<'_, [BindingState]>, Failure> {
        let observation = self.organizations.get(organization);
        if let Some(states) = observation.and_then(|one| one.states.as_deref()) {
            return Ok(Cow::Borrowed(states));
        }
        // Of a state that can't be read there is an event; the next sweep looks at its binding.
        let (states, _) = manifest_upload::states(world, organization).await?;
        Ok(Cow::Owned(states))
    }
}

async fn wanted(world: &Binder, intents: &[VerifyIntent]) -> BTreeMap<OrganizationId, Wanted> {
    let mut wanted: BTreeMap<OrganizationId, Wanted> = BTreeMap::new();
    let mut messages = Vec::new();
    for intent in intents {
        match intent {
            VerifyIntent::Change(message) => messages.push(message),
            VerifyIntent::Reported(reported) => {
                let of = wanted.entry(reported.organization.clone()).or_default();
                of.reports.push(reported.clone());
            }
            VerifyIntent::Window(_) => {}
        }
    }
    let loads = messages.into_iter().map(|message| waiting(world, message));
    let mut loads = stream::iter(loads).buffered(AT_ONCE);
    while let Some(loaded) = loads.next().await {
        if let Some((state, change)) = loaded {
            let of = wanted.entry(state.organization.clone()).or_default();
            of.changes.push((state, change));
        }
    }
    wanted
}

/// The change that a message is about, where it waits for its verdict.
async fn waiting(world: &Binder, message: &VerifyMessage) -> Option<(BindingState, Change)> {
    let state = world.states.load(&message.organization, &message.key).await;
    let state = state.ok()?.value;
    let change = state.change.clone()?;
    let waits = is_meant(&change, message) && matches!(change.phase, Phase::Verifying { .. });
    waits.then_some((state, change))
}

/// None where nothing that was asked for is to be looked up.
async fn observe(
    world: &Binder,
    manifest: &Manifest,
    wanted: &Wanted,
    deadline: Deadline,
) -> Result<Option<Observation>, SessionError> {
    let organization = &manifest.organization.id;
    let states = match wanted.reports.is_empty() {
        true => None,
        false => {
            let read = manifest_upload::states(world, organization).await;
            read.ok().map(|(states, _)| states)
        }
    };
    let now = world.now();
    let changes = wanted.changes.iter();
    let since = changes.map(|(_, change)| window_from(change));
    let bound = wanted.reports.iter().filter(|reported| {
        let states = states.as_deref().unwrap_or_default();
        states.iter().any(|state| is_bound_to(state, reported))
    });
    let Some(from) = since
        .chain(bound.map(|reported| read_back_from(reported, now)))
        .min()
    else {
        return Ok(None);
    };
    let session = world.sign_in(manifest, deadline).await?;
    let interval = Interval::new(from, after(now, SKEW.unsigned_abs()));
    let audit_log = read_audit_log(world, manifest, &session, interval, None, now).await;
    Ok(Some(Observation {
        session: listing(session, wanted).await,
        audit_log,
        interval,
        states,
    }))
}

/// The session, with the actions of the changes read all at once where that saves requests: a look at
/// an action suffices where its binding remembers the rest.
async fn listing(session: Session, wanted: &Wanted) -> Session {
    let changes = wanted.changes.iter();
    let marked = changes.filter_map(|(state, _)| Some(state.mark.as_ref()?.action.clone()));
    let marked: BTreeSet<ActionId> = marked.collect();
    if marked.len() < 2 {
        return session;
    }
    match session.with_actions(marked).await {
        Ok(session) => session,
        Err(error) => {
            let error = crate::runtime::chain(&error);
            tracing::warn!(
                error,
                "the actions are read one by one, since they could not be listed"
            );
            session
        }
    }
}
