//! Callers that never stop: whether a change is ever felt.

use std::time::Duration;

use aws_sdk_secretsmanager::Client as Secrets;
use genesys_simulator::RateLimitSettings;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::rotation::value;
use super::stage::{Error, Http, Stage};
use super::world::{World, basic, form};

/// Calls round after round, from when it is made until it is stopped.
#[derive(Debug)]
pub struct Canary {
    rounds: watch::Receiver<usize>,
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
        Ok(Canary::start(caller, S::CANARY_PAUSE))
    }
}

impl Canary {
    fn start<H: Http>(caller: Caller<H>, pause: Duration) -> Self {
        let (made, rounds) = watch::channel(0);
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(async move {
            let mut failures = Vec::new();
            while !*stopped.borrow() {
                failures.extend(caller.round().await);
                made.send_modify(|rounds| *rounds += 1);
                if !pause.is_zero() {
                    tokio::time::sleep(pause).await;
                }
            }
            failures
        });
        Self { rounds, stop, task }
    }

    /// How many rounds it has made.
    #[must_use]
    pub fn rounds(&self) -> usize {
        *self.rounds.borrow()
    }

    /// Waits for two more rounds, so that one whole round was made after now.
    pub async fn once_more(&self) {
        let enough = self.rounds() + 2;
        let mut rounds = self.rounds.clone();
        // Where the task broke, `stop` says so.
        let _ = rounds.wait_for(|made| *made >= enough).await;
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
