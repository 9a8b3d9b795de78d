//! The canary: flows call the bound actions, and whoever reads the pair's secret signs in, all the time.
//!
//! Each call is made right after a write of a function, when something may have become wrong, and now
//! and then. An action is watched once a call of it has succeeded.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;

use crate::house::{House, WEB_LOOKUP};
use crate::judge::Problem;
use crate::stand::Simulation;

/// Between two calls where nothing is written.
const EVERY: Duration = Duration::from_secs(600);

/// What is watched, and what was seen.
#[derive(Debug, Default)]
pub(crate) struct Canary {
    /// The names of the actions that the manifest holds now.
    named: RefCell<BTreeSet<String>>,
    /// Of those, the ones of which a call has succeeded.
    called_before: RefCell<BTreeSet<String>>,
    /// Whether somebody else changed what is managed: a call may fail because of that.
    excused: Cell<bool>,
    /// Whether a credential was tried that the web service rejects.
    rejected: Cell<bool>,
    pair: Cell<bool>,
    problems: RefCell<BTreeSet<Problem>>,
}

impl Canary {
    /// Watches what the manifest of a house names.
    pub(crate) fn watch(&self, house: &House) {
        let named = house.actions.iter().map(crate::house::Action::name);
        let of_the_web = house.credential.then(|| WEB_LOOKUP.to_owned());
        *self.named.borrow_mut() = named.chain(of_the_web).collect();
        let named = self.named.borrow();
        self.called_before
            .borrow_mut()
            .retain(|name| named.contains(name));
        self.pair.set(house.pair);
        self.excused.set(self.excused.get() || house.tampered);
        if house.credential_broken {
            self.rejected.set(true);
        }
    }

    /// Calls that failed because of Lockstep.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        self.problems.borrow().iter().cloned().collect()
    }

    /// Calls after each write, until it is dropped; with `now_and_then` also where nothing is written.
    pub(crate) async fn keep_calling(&self, simulation: &Simulation, now_and_then: bool) {
        let mut written = simulation.faults.written();
        loop {
            let pause = async {
                match now_and_then {
                    true => tokio::time::sleep(EVERY).await,
                    false => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                _ = written.changed() => {}
                () = pause => {}
            }
            self.call(simulation).await;
        }
    }

    async fn call(&self, simulation: &Simulation) {
        let caller = simulation.person();
        for (id, name) in simulation.genesys.published_actions() {
            if !self.named.borrow().contains(&name) {
                continue;
            }
            let called = caller.execute_action(&id, &json!({})).await;
            match called {
                Ok(_) => {
                    self.called_before.borrow_mut().insert(name);
                }
                Err(_) if !self.called_before.borrow().contains(&name) || self.excused.get() => {}
                Err(_) if name == WEB_LOOKUP && self.rejected.get() => {}
                Err(error) => {
                    let at = simulation.clock.now();
                    self.add(format!("a call of {name:?} failed at {at}: {error}"));
                }
            }
        }
        if self.pair.get() {
            let reader = simulation.signed_in(simulation.holder_of_the_pair());
            if let Err(error) = reader.sign_in().await {
                let at = simulation.clock.now();
                self.add(format!(
                    "AWSCURRENT of the pair can't sign in at {at}: {error}"
                ));
            }
        }
    }

    fn add(&self, problem: String) {
        self.problems.borrow_mut().insert(Problem(problem));
    }
}
