//! What the canary of a history watches: what the manifest names, but for what somebody else broke.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use genesys_simulator::Wire;
use serde_json::{Value, json};

use super::call::{Receives, Target, Watched, input};
use crate::house::{Action, House, WEB_LOOKUP};

/// What is watched. Clones watch the same.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    wire: Wire,
    watching: Arc<Mutex<Watching>>,
}

#[derive(Debug, Default)]
struct Watching {
    /// What each action's function receives, by the action's name.
    named: BTreeMap<String, Receives>,
    /// The actions of which a call may fail: somebody else changed what it needs.
    excused: BTreeSet<String>,
    /// Whether that is so for every action.
    all_excused: bool,
    clients: Vec<String>,
    is_at_rest: bool,
}

impl Watch {
    pub(super) fn new(wire: Wire) -> Self {
        Self {
            wire,
            watching: Arc::default(),
        }
    }

    /// The manifest of a house is uploaded.
    pub(crate) fn names(&self, house: &House) {
        let actions = house.actions.iter();
        let actions = actions.map(|action| (action.name(), Receives::Exactly(received(action))));
        let of_the_web = (WEB_LOOKUP.to_owned(), Receives::AsAtFirst);
        let of_the_web = house.credential.then_some(of_the_web);
        let pair = house.pair.then(House::pair_secret);
        let mut watching = self.lock();
        watching.named = actions.chain(of_the_web).collect();
        watching.clients = [House::client_secret()].into_iter().chain(pair).collect();
    }

    /// Somebody else changes an action, or what it needs.
    pub(crate) fn excuse(&self, name: &str) {
        self.lock().excused.insert(name.to_owned());
    }

    /// Somebody else changes what all actions need.
    pub(crate) fn excuse_all(&self) {
        self.lock().all_excused = true;
    }

    /// Everything has come to rest. What a live test rejected is not bound to what is current.
    pub(crate) fn rests(&self, house: &House) {
        let broken = house.actions.iter().filter(|action| action.broken);
        let mut watching = self.lock();
        watching.excused.extend(broken.map(Action::name));
        watching.is_at_rest = true;
    }

    /// What is watched now.
    pub(super) fn now(&self) -> Watched {
        let published = self.wire.published_actions();
        let watching = self.lock();
        let actions = published.into_iter().filter_map(|(id, name)| {
            let receives = watching.named.get(&name)?.clone();
            let is_excused = watching.all_excused && name != WEB_LOOKUP;
            (!is_excused && !watching.excused.contains(&name)).then_some(Target {
                id,
                name,
                is_bound: false,
                receives,
            })
        });
        Watched {
            clients: watching.clients.clone(),
            actions: actions.collect(),
            is_at_rest: watching.is_at_rest,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Watching> {
        self.watching.lock().expect("no test panics in here")
    }
}

/// What the function of an action receives of a call, but for the versions of secrets: the caller's input,
/// and beside it the references of its secret where these travel with it.
fn received(action: &Action) -> Value {
    match action.delivered {
        true => json!({
            "input": input(),
            "secrets": {"DB": {"arn": action.secret(), "version_id": null}},
        }),
        false => input(),
    }
}
