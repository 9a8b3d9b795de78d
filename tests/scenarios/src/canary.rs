//! Callers that never pause: whether a change is ever felt.

use aws_sdk_secretsmanager::Client as Secrets;
use genesys_simulator::RateLimitSettings;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::rotation::value;
use crate::world::{Error, World};

/// Calls round after round, from when it is made until it is stopped.
#[derive(Debug)]
pub struct Canary {
    rounds: watch::Receiver<usize>,
    stop: watch::Sender<bool>,
    task: JoinHandle<Vec<String>>,
}

impl World {
    /// Sets a canary on actions, which signs in with AWSCURRENT of Lockstep's own client.
    ///
    /// # Errors
    /// See [`Self::sign_in_canary`].
    pub fn canary(&self, actions: &[String]) -> Result<Canary, Error> {
        let own = &self.stack.aws_endpoints().client_secret_arn;
        self.sign_in_canary(own, actions)
    }

    /// Sets a canary on a client's secret and actions: a round reads AWSCURRENT, signs in with it
    /// and executes each of the actions.
    ///
    /// # Errors
    /// Where the limits can't be raised.
    pub fn sign_in_canary(&self, secret: &str, actions: &[String]) -> Result<Canary, Error> {
        self.stack.genesys.set_rate_limit(&RateLimitSettings {
            allowed: Some(1_000_000),
            window_seconds: None,
            tokens_allowed: Some(1_000_000),
        })?;
        let api = self.stack.genesys.api_url();
        let url = |id: &String| format!("{api}/api/v2/integrations/actions/{id}/execute");
        Ok(Canary::start(Caller {
            secrets: self.stack.aws.secrets.clone(),
            secret: secret.to_owned(),
            http: reqwest::Client::new(),
            login: format!("{}/oauth/token", self.stack.genesys.login_url()),
            executes: actions.iter().map(url).collect(),
        }))
    }
}

impl Canary {
    fn start(caller: Caller) -> Self {
        let (made, rounds) = watch::channel(0);
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(async move {
            let mut failures = Vec::new();
            while !*stopped.borrow() {
                failures.extend(caller.round().await);
                made.send_modify(|rounds| *rounds += 1);
            }
            failures
        });
        Self { rounds, stop, task }
    }

    /// How many rounds it has made.
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

struct Caller {
    secrets: Secrets,
    secret: String,
    http: reqwest::Client,
    login: String,
    executes: Vec<String>,
}

impl Caller {
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
        let request = self
            .http
            .post(&self.login)
            .basic_auth(text("client_id"), Some(text("client_secret")))
            .form(&[("grant_type", "client_credentials")]);
        let token = succeeded(&self.login, request).await?;
        let token = token["access_token"].as_str();
        Ok(token.ok_or("signing in gave no token")?.to_owned())
    }

    async fn execute(&self, url: &str, token: &str) -> Result<(), Error> {
        let request = self.http.post(url).bearer_auth(token);
        let request = request.json(&json!({"order_id": "canary"}));
        succeeded(url, request).await.map(drop)
    }
}

async fn succeeded(url: &str, request: reqwest::RequestBuilder) -> Result<Value, Error> {
    let answer = request.send().await?;
    let status = answer.status();
    let text = answer.text().await?;
    if !status.is_success() {
        return Err(format!("{url}: {status}: {text}").into());
    }
    Ok(serde_json::from_str(&text)?)
}
