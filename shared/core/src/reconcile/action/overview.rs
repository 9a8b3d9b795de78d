//! A look at all actions of an organization at once: which of them need a look of their own.
//!
//! A resync finds nothing to do for nearly every binding. So it lists the actions, and reads each
//! integration once instead of once for each of its actions. What this shows to be as it was when all of
//! the binding was read, and as it should be, needs no look of its own; everything else gets one, a
//! binding whose state can't be read included.
//!
//! **Order of reads.** The actions before their secrets, as everywhere. Nothing is written here.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{join_all, try_join_all};
use genesys_cloud as api;
use genesys_cloud::Genesys;
use jiff::Timestamp;
use lockstep_domain::binding::{DesiredAction, DesiredIntegration};
use lockstep_domain::change::{BindingState, Decision, decide};
use lockstep_domain::ids::{ActionId, IntegrationId, Key};
use lockstep_domain::manifest::{Action, Manifest};
use lockstep_domain::rebind::{self, IntegrationSeen, Mark};
use tokio::try_join;

use super::glance::{remembered, usable_mark};
use super::{RebindError, current_versions, desired_integration, integration_of, observe};
use crate::deadline::Deadline;
use crate::services::Binder;

/// Up to this many actions are asked for by their ids, 50 in a call; more are listed with all others, 100
/// in a call.
const BY_IDS: usize = 100;

/// How many secrets are read at the same time.
const AT_ONCE: usize = 16;

/// Those of some actions that need a look of their own.
///
/// # Errors
/// Something could not be read that all of them need: nothing is known of any of them.
pub async fn need_a_look<'m>(
    world: &Binder,
    manifest: &'m Manifest,
    actions: &[&'m Action],
    deadline: Deadline,
) -> Result<Vec<&'m Action>, RebindError> {
    let session = world.sign_in(manifest, deadline).await?;
    let states = world.states.each_state(&manifest.organization.id).await?;
    let states = states.into_iter().filter_map(Result::ok);
    let states: BTreeMap<Key, BindingState> =
        states.map(|state| (state.key.clone(), state)).collect();
    let now = world.now();
    let mut known = Vec::new();
    for &action in actions {
        let integration = desired_integration(&world.config, integration_of(manifest, action)?);
        if let Some(state) = states.get(&action.key) {
            known.extend(Known::of(state, action, integration, now));
        }
    }
    let seen = Seen::of(&session.genesys, session.role_slot().await?, &known).await?;
    let mut settled: BTreeSet<Key> = BTreeSet::new();
    for some in known.chunks(AT_ONCE) {
        let looks = some
            .iter()
            .map(|one| one.is_settled(world, manifest, &seen));
        let keys = some.iter().map(|one| one.action.key.clone());
        let looks = join_all(looks).await;
        settled.extend(
            keys.zip(looks)
                .filter_map(|(key, settled)| settled.then_some(key)),
        );
    }
    let all = actions.iter().copied();
    Ok(all
        .filter(|action| !settled.contains(&action.key))
        .collect())
}

/// A binding of which everything was read within a day.
struct Known<'a> {
    action: &'a Action,
    integration: DesiredIntegration,
    state: &'a BindingState,
    mark: &'a Mark,
}

impl<'a> Known<'a> {
    fn of(
        state: &'a BindingState,
        action: &'a Action,
        integration: DesiredIntegration,
        now: Timestamp,
    ) -> Option<Self> {
        let mark = usable_mark(state, action, &integration, now)?;
        Some(Self {
            action,
            integration,
            state,
            mark,
        })
    }

    /// Whether action and integration are as they were and as they should be, and that is recorded.
    /// What can't be read of its secrets is for its own look to say.
    async fn is_settled(&self, world: &Binder, manifest: &Manifest, seen: &Seen) -> bool {
        let Some(found) = seen.actions.get(&self.mark.action) else {
            return false;
        };
        if found.version != Some(self.mark.version) || !seen.has(self) {
            return false;
        }
        let Ok(Ok(secrets)) = current_versions(world, self.action).await else {
            return false;
        };
        let desired = DesiredAction::new(self.action, secrets);
        let id = desired.desired_id(&manifest.organization.id, &self.integration);
        if decide(self.state, &id, false, false) != Decision::Idle {
            return false;
        }
        let bound = &self.state.bound;
        let Ok(Some(observed)) = remembered(self.mark, found.clone(), self.action, bound, &desired)
        else {
            return false;
        };
        let plan = rebind::plan(&self.integration, &desired, &observed, self.state);
        plan.is_ok_and(|plan| plan.steps.is_empty())
    }
}

/// What the organization showed.
struct Seen {
    actions: BTreeMap<ActionId, api::Action>,
    /// As far as they are remembered.
    integrations: BTreeMap<IntegrationId, IntegrationSeen>,
    /// Every credential, with its name.
    credentials: Vec<(String, String)>,
}

impl Seen {
    async fn of(
        genesys: &Genesys,
        slot: &crate::genesys::RoleSlot,
        known: &[Known<'_>],
    ) -> Result<Self, RebindError> {
        let integrations: BTreeMap<&IntegrationId, &IntegrationSeen> = known
            .iter()
            .map(|one| (&one.mark.integration.id, &one.mark.integration))
            .collect();
        let (actions, credentials) =
            try_join!(actions(genesys, known), genesys.list_credentials())?;
        let integrations = try_join_all(integrations.into_values().map(async |remembered| {
            observe::integration_again(genesys, slot, remembered, &credentials).await
        }));
        let integrations = integrations.await?.into_iter().flatten();
        let credentials = credentials.into_iter();
        Ok(Self {
            actions,
            integrations: integrations.map(|seen| (seen.id.clone(), seen)).collect(),
            credentials: credentials
                .map(|one| (one.id, one.name.unwrap_or_default()))
                .collect(),
        })
    }

    /// Whether a binding's integration is as it is remembered, and no credential of ours is there that
    /// it does not use.
    fn has(&self, known: &Known<'_>) -> bool {
        let remembered = &known.mark.integration;
        let current = remembered.credential.as_ref().map(|one| one.id.as_str());
        let prefix = known.integration.credential_prefix();
        let is_left = |(id, name): &(String, String)| {
            name.starts_with(&prefix) && current != Some(id.as_str())
        };
        self.integrations.get(&remembered.id) == Some(remembered)
            && !self.credentials.iter().any(is_left)
    }
}

async fn actions(
    genesys: &Genesys,
    known: &[Known<'_>],
) -> Result<BTreeMap<ActionId, api::Action>, api::Error> {
    if known.is_empty() {
        return Ok(BTreeMap::new());
    }
    let ids = known.iter().map(|one| one.mark.action.to_string());
    let filter = api::ActionFilter {
        include_config: true,
        ids: if known.len() <= BY_IDS {
            ids.collect()
        } else {
            Vec::new()
        },
        ..Default::default()
    };
    let listed = genesys.list_actions(&filter).await?;
    let listed = listed.into_iter();
    Ok(listed
        .filter_map(|action| Some((action.id.parse().ok()?, action)))
        .collect())
}
