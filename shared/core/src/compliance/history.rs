//! What a ledger says of each binding besides its rows: what it consists of, and what happened to it.

use jiff::{SignedDuration, Timestamp};
use lockstep_domain::arn::RoleArn;
use lockstep_domain::change::BindingState;
use lockstep_domain::ids::Key;
use lockstep_domain::ledger::{BindingChain, Moment};

use super::states::States;
use super::sweep::{Seen, Sweep};

/// How far back the timeline reaches.
const TIMELINE: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Timeline and chains of a ledger.
#[derive(Default)]
pub(super) struct History {
    pub(super) timeline: Vec<Moment>,
    pub(super) chains: Vec<BindingChain>,
}

impl Sweep<'_> {
    pub(super) fn history(&self, states: &States, seen: &[(Key, Seen)]) -> History {
        let mut history = History::default();
        let from = self.began.checked_sub(TIMELINE);
        let from = from.unwrap_or(Timestamp::MIN);
        for (key, seen) in seen {
            if let Some(state) = states.of(key) {
                history
                    .timeline
                    .extend(self.moments(key, state, seen, from));
                history.chains.extend(self.chains(key, state, seen));
            }
        }
        history.timeline.sort();
        history.chains.sort_by(|one, other| one.key.cmp(&other.key));
        history
    }

    fn moments(
        &self,
        key: &Key,
        state: &BindingState,
        seen: &Seen,
        from: Timestamp,
    ) -> Vec<Moment> {
        let evidence = &self.world.evidence;
        let place = |sequence| evidence.place(&state.organization, &state.key, sequence);
        Moment::of(key, state, &seen.records, from, place)
    }

    /// One of an action; of a credential set, one of each credential.
    fn chains(&self, key: &Key, state: &BindingState, seen: &Seen) -> Vec<BindingChain> {
        let latest = seen.records.last();
        let chain = |key: &Key, role| BindingChain::of(key, state, latest, role, &seen.current);
        if let Some(action) = self.manifest.action(key) {
            let config = &self.world.config;
            let role = self.manifest.integration_of(action).map(|integration| {
                let role = integration.role.clone();
                RoleArn::new(&config.partition, &config.account, role).to_string()
            });
            return vec![chain(key, role)];
        }
        let set = self
            .credential_sets
            .iter()
            .find(|set| set.first_key() == key);
        let credentials = set.map(|set| set.credentials.iter());
        let credentials = credentials.into_iter().flatten();
        credentials.map(|one| chain(&one.key, None)).collect()
    }
}
