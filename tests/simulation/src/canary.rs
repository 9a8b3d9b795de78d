//! The canary: flows call the bound actions, and whoever reads the secret of a client signs in, all the
//! time. Nobody may ever notice a change: each call succeeds, and each function receives what it must.

mod call;
mod vault;
mod watch;

use std::collections::BTreeSet;
use std::time::Duration;

use genesys_simulator::RateLimitSettings;
use tokio::sync::watch::{Receiver, Sender, channel};
use tokio::task::{JoinHandle, JoinSet};

pub(crate) use self::call::succeeded;
use self::call::{Caller, Target, Watched};
use self::vault::Vault;
pub(crate) use self::watch::Watch;
use crate::house::House;
use crate::judge::Problem;
use crate::stand::Simulation;
use crate::story::{Error, Http, InProcess, Stage, World};

/// When a canary begins a round.
#[derive(Clone, Debug)]
pub enum Pace {
    /// When the round before is over.
    RoundAfterRound,
    /// When something has changed that a caller may notice, whether the round before is over or not.
    AtEachChange(Receiver<u64>),
    /// When the round before is over and something has changed that a caller may notice, or so much time
    /// has passed, where that is given.
    AfterChanges(Receiver<u64>, Option<Duration>),
}

/// Calls round after round, from when it is made until it is stopped.
#[derive(Debug)]
pub struct Canary {
    begun: Receiver<usize>,
    made: Receiver<usize>,
    ask: Sender<()>,
    stop: Sender<bool>,
    task: JoinHandle<Vec<String>>,
}

impl<S: Stage> World<S> {
    /// Sets a canary on actions, which signs in with AWSCURRENT of Lockstep's own client.
    ///
    /// # Errors
    /// See [`Self::sign_in_canary`].
    pub fn canary(&self, actions: &[String]) -> Result<Canary, Error> {
        self.sign_in_canary(&self.stack.places().client_secret, actions)
    }

    /// Sets a canary on a client's secret and actions: a round reads AWSCURRENT, signs in with it
    /// and executes each of the actions, whose functions receive the same each time.
    ///
    /// # Errors
    /// Where the limits can't be raised.
    pub fn sign_in_canary(&self, secret: &str, actions: &[String]) -> Result<Canary, Error> {
        let genesys = self.stack.organization();
        genesys.set_rate_limit(&RateLimitSettings {
            allowed: Some(1_000_000),
            window_seconds: None,
            tokens_allowed: Some(1_000_000),
        })?;
        let watched = Watched {
            clients: vec![secret.to_owned()],
            actions: actions.iter().map(|id| Target::bound(id)).collect(),
            is_at_rest: false,
        };
        let caller = Caller::new(
            self.stack.aws().secrets.clone(),
            self.stack.http(),
            genesys,
            move || watched.clone(),
        );
        Ok(Canary::start(caller, self.stack.pace()))
    }
}

impl Simulation {
    /// Sets a canary on what a house names, as long as it names it: it calls after each change, and every
    /// so often where nothing changes.
    pub(crate) fn canary(&self, house: &House, every: Option<Duration>) -> (Canary, Watch) {
        let watch = Watch::new(self.genesys.wire());
        watch.names(house);
        let watching = watch.clone();
        let caller = Caller::new(
            self.account.clone(),
            InProcess(self.genesys.wire()),
            &self.genesys,
            move || watching.now(),
        );
        let pace = Pace::AfterChanges(self.faults.written(), every);
        (Canary::start(caller, pace), watch)
    }
}

impl Canary {
    fn start<V: Vault, H: Http>(caller: Caller<V, H>, mut pace: Pace) -> Self {
        let (begin, begun) = channel(0);
        let (end, made) = channel(0);
        let (ask, mut asked) = channel(());
        let (stop, mut stopped) = channel(false);
        let task = tokio::spawn(async move {
            let mut rounds = JoinSet::new();
            let mut failures = Vec::new();
            while !*stopped.borrow() {
                begin.send_modify(|rounds| *rounds += 1);
                let (caller, end) = (caller.clone(), end.clone());
                rounds.spawn(async move {
                    let failures = caller.round().await;
                    end.send_modify(|rounds| *rounds += 1);
                    failures
                });
                // Who asks and who changes have ended where a channel is closed.
                match &mut pace {
                    Pace::RoundAfterRound => failures.extend(next(&mut rounds).await),
                    Pace::AtEachChange(changes) => tokio::select! {
                        _ = changes.changed() => {}
                        _ = asked.changed() => {}
                        _ = stopped.changed() => {}
                    },
                    Pace::AfterChanges(changes, every) => {
                        failures.extend(next(&mut rounds).await);
                        let pause = async {
                            match every {
                                Some(every) => tokio::time::sleep(*every).await,
                                None => std::future::pending().await,
                            }
                        };
                        tokio::select! {
                            biased;
                            _ = changes.changed() => {}
                            _ = asked.changed() => {}
                            _ = stopped.changed() => {}
                            () = pause => {}
                        }
                    }
                }
            }
            while !rounds.is_empty() {
                failures.extend(next(&mut rounds).await);
            }
            failures
        });
        Self {
            begun,
            made,
            ask,
            stop,
            task,
        }
    }

    /// How many rounds it has made.
    #[must_use]
    pub fn rounds(&self) -> usize {
        *self.made.borrow()
    }

    /// Waits until one whole round was made after now.
    pub async fn once_more(&self) {
        let enough = *self.begun.borrow() + 1;
        self.ask.send_replace(());
        let mut made = self.made.clone();
        // Where the task broke, `stop` says so.
        let _ = made.wait_for(|made| *made >= enough).await;
    }

    /// Calls once more, now that everything has come to rest, and stops. Answers every failure it saw,
    /// each once.
    pub(crate) async fn ends(self, watch: &Watch, house: &House) -> BTreeSet<Problem> {
        watch.rests(house);
        self.once_more().await;
        let failures = self.stop().await.expect("a canary does not panic");
        failures.into_iter().map(Problem).collect()
    }

    /// Stops it and answers every failure it saw.
    ///
    /// # Errors
    /// Where it broke.
    pub async fn stop(self) -> Result<Vec<String>, Error> {
        self.stop.send_replace(true);
        Ok(self.task.await?)
    }
}

/// The failures of the round that ends next.
async fn next(rounds: &mut JoinSet<Vec<String>>) -> Vec<String> {
    match rounds.join_next().await {
        Some(Ok(failures)) => failures,
        Some(Err(broken)) => vec![broken.to_string()],
        None => Vec::new(),
    }
}
