//! What is remembered of everything that the manifest binds, read once at the beginning.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use lockstep_domain::change::{BindingState, Phase};
use lockstep_domain::ids::Key;
use lockstep_domain::role::Keep;

use super::state_checks::is_overdue;
use super::sweep::{AT_ONCE, Sweep};
use crate::runtime::{Deadline, Failure};
use crate::store::{StoreError, Versioned};
use crate::verify::{conclude, deadline_of, judge_change};

/// A state, or why it could not be read.
pub(super) type Loaded = Result<Versioned<BindingState>, StoreError>;

/// States by the key that messages and findings speak of.
pub(super) struct States {
    /// Of all actions: a role serves those too that were not asked about.
    pub(super) actions: BTreeMap<Key, Loaded>,
    /// Of the selected credential sets, each by its first credential.
    pub(super) credential_sets: BTreeMap<Key, Loaded>,
}

impl States {
    /// All that could be read.
    pub(super) fn read(&self) -> impl Iterator<Item = (&Key, &BindingState)> {
        let all = self.actions.iter().chain(&self.credential_sets);
        all.filter_map(|(key, state)| Some((key, &state.as_ref().ok()?.value)))
    }

    /// The state of an action, or of a credential set by its first credential.
    pub(super) fn of(&self, key: &Key) -> Option<&BindingState> {
        let state = self.credential_sets.get(key);
        let state = state.or_else(|| self.actions.get(key))?;
        state.as_ref().ok().map(|state| &state.value)
    }

    /// Why a binding or credential set is held, if it is.
    pub(super) fn held(&self, key: &Key) -> Option<&str> {
        let mut all = self.read();
        let (_, state) = all.find(|(known, _)| *known == key)?;
        state.held.as_ref().map(|held| held.because.as_str())
    }

    /// The functions that actions call by what was last applied. Where a state could not be read,
    /// whatever is granted may be in use.
    pub(super) fn in_use(&self) -> Keep {
        let read: Result<Vec<BindingState>, &StoreError> = self
            .actions
            .values()
            .map(|state| state.as_ref().map(|state| state.value.clone()))
            .collect();
        read.map_or(Keep::Granted, |states| Keep::used_by(&states))
    }
}

impl Sweep<'_> {
    pub(super) async fn states(&self) -> States {
        let actions = self.manifest.actions.iter();
        let actions = actions.map(|action| (&action.key, &action.key)).collect();
        let credential_sets = self.credential_sets.iter();
        let credential_sets = credential_sets
            .map(|set| (set.first_key(), &set.key))
            .collect();
        States {
            actions: self.load(actions).await,
            credential_sets: self.load(credential_sets).await,
        }
    }

    /// Loads states. Each is named by the first key, and stored under the second.
    async fn load(&self, keys: Vec<(&Key, &Key)>) -> BTreeMap<Key, Loaded> {
        let mut states = BTreeMap::new();
        for some in keys.chunks(AT_ONCE) {
            let loads = some.iter().map(async |&(name, key)| {
                let organization = &self.manifest.organization.id;
                let state = self.world.states.load(organization, key).await;
                (name.clone(), state)
            });
            states.extend(join_all(loads).await);
        }
        states
    }

    /// Ends what was applied and has no verdict: the message that asks for one was lost.
    pub(super) async fn end_overdue(&self, states: &mut States, deadline: Deadline) {
        let actions = self.actions.iter().map(|action| &action.key);
        for key in actions {
            if let Some(Ok(state)) = states.actions.get_mut(key) {
                self.end_or_warn(key, state, deadline).await;
            }
        }
        for (key, state) in &mut states.credential_sets {
            if let Ok(state) = state {
                self.end_or_warn(key, state, deadline).await;
            }
        }
    }

    async fn end_or_warn(
        &self,
        key: &Key,
        state: &mut Versioned<BindingState>,
        deadline: Deadline,
    ) {
        if let Err(failure) = self.end(state, deadline).await {
            tracing::warn!(%key, error = %failure, "an overdue change could not be ended");
        }
    }

    async fn end(
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
}
