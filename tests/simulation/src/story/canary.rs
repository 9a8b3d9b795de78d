//! Callers that never stop: whether a change is ever felt.

use aws_sdk_secretsmanager::Client as Secrets;
use genesys_simulator::RateLimitSettings;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use super::rotation::value;
use super::world::{World, basic, form};
use super::{Error, Http, Stage};

/// When a canary begins a round.
#[derive(Clone, Debug)]
pub enum Pace {
    /// When the round before is over.
    RoundAfterRound,
    /// When something has changed that a caller may notice, whether the round before is over or not.
    AtEachChange(watch::Receiver<u64>),
}

/// Calls round after round, from when it is made until it is stopped.
#[derive(Debug)]
pub struct Canary {
    begun: watch::Receiver<usize>,
    made: watch::Receiver<usize>,
    ask: watch::Sender<()>,
    stop: watch::Sender<bool>,
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
    /// and executes each of the actions.
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
        let api = genesys.api_url();
        let url = |id: &String| format!("{api}/api/v2/integrations/actions/{id}/execute");
        let caller = Caller {
            secrets: self.stack.aws().secrets.clone(),
            secret: secret.to_owned(),
            http: self.stack.http(),
            login: format!("{}/oauth/token", genesys.login_url()),
            executes: actions.iter().map(url).collect(),
        };
        Ok(Canary::start(caller, self.stack.pace()))
    }
}

impl Canary {
    fn start<H: Http>(caller: Caller<H>, mut pace: Pace) -> Self {
        let (begin, begun) = watch::channel(0);
        let (end, made) = watch::channel(0);
        let (ask, mut asked) = watch::channel(());
        let (stop, mut stopped) = watch::channel(false);
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
                match &mut pace {
                    Pace::RoundAfterRound => failures.extend(next(&mut rounds).await),
                    // Who asks and who changes have ended where the channel is closed.
                    Pace::AtEachChange(changes) => tokio::select! {
                        _ = changes.changed() => {}
                        _ = asked.changed() => {}
                        _ = stopped.changed() => {}
                    },
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

#[derive(Clone)]
struct Caller<H> {
    secrets: Secrets,
    secret: String,
    http: H,
    login: String,
    executes: Vec<String>,
}

impl<H: Http> Caller<H> {
    /// One round; answers what failed.
    async fn round(&self) -> Vec<String> {
        let token = match self.sign_in().await {
            Ok(token) => token,
            Err(failure) => return vec![failure.to_string()],
        };
        let mut failures = Vec::new();
        for url in &self.executes {
            if let Err(failure) = self.execute(url, &token).await {
                failures.push(failure.to_string());
            }
        }
        failures
    }

    async fn sign_in(&self) -> Result<String, Error> {
        let client = value(&self.secrets, &self.secret, "AWSCURRENT").await?;
        let text = |name: &str| client[name].as_str().unwrap_or_default();
        let by = basic(text("client_id"), text("client_secret"));
        let token = succeeded(&self.http, form(&self.login, &by)?).await?;
        let token = token["access_token"].as_str();
        Ok(token.ok_or("signing in gave no token")?.to_owned())
    }

    async fn execute(&self, url: &str, token: &str) -> Result<(), Error> {
        let request = http::Request::post(url)
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .body(json!({"order_id": "canary"}).to_string().into_bytes())?;
        succeeded(&self.http, request).await.map(drop)
    }
}

/// The body of a request's answer, where that is a success.
pub(super) async fn succeeded<H: Http>(
    http: &H,
    request: http::Request<Vec<u8>>,
) -> Result<Value, Error> {
    let what = format!("{} {}", request.method(), request.uri().path());
    let answer = http.exchange(request).await?;
    let text = String::from_utf8_lossy(answer.body()).into_owned();
    let status = answer.status();
    if !status.is_success() {
        return Err(format!("{what}: {status}: {text}").into());
    }
    // Templates come as text.
    Ok(serde_json::from_str(&text).unwrap_or(Value::String(text)))
}
