//! Callers that never pause: whether a change is ever felt.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use genesys_simulator::RateLimitSettings;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::world::{Error, World};

/// Executes actions one after the other, over and over, from when it is made until it is stopped.
#[derive(Debug)]
pub struct Canary {
    actions: usize,
    stop: Arc<AtomicBool>,
    calls: Arc<AtomicUsize>,
    task: JoinHandle<Vec<String>>,
}

impl World {
    /// Sets a canary on actions.
    ///
    /// # Errors
    /// Where it gets no token.
    pub async fn canary(&self, actions: &[String]) -> Result<Canary, Error> {
        self.stack.genesys.set_rate_limit(&RateLimitSettings {
            allowed: Some(1_000_000),
            window_seconds: None,
            tokens_allowed: None,
        })?;
        let client = self.stack.genesys.other_client();
        let http = reqwest::Client::new();
        let token: Value = http
            .post(format!("{}/oauth/token", self.stack.genesys.login_url()))
            .basic_auth(&client.id, Some(client.secret.expose_secret()))
            .form(&[("grant_type", "client_credentials")])
            .send()
            .await?
            .error_for_status()?
            .json()
            .await?;
        let token = token["access_token"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let api = self.stack.genesys.api_url();
        let urls: Vec<String> = actions
            .iter()
            .map(|id| format!("{api}/api/v2/integrations/actions/{id}/execute"))
            .collect();
        let stop = Arc::new(AtomicBool::new(false));
        let calls = Arc::new(AtomicUsize::new(0));
        let (stopped, made) = (Arc::clone(&stop), Arc::clone(&calls));
        let task = tokio::spawn(async move {
            let mut failures = Vec::new();
            while !stopped.load(Ordering::Relaxed) {
                for url in &urls {
                    if let Err(failure) = execute(&http, &token, url).await {
                        failures.push(failure);
                    }
                    made.fetch_add(1, Ordering::Relaxed);
                }
            }
            failures
        });
        Ok(Canary {
            actions: actions.len(),
            stop,
            calls,
            task,
        })
    }
}

async fn execute(http: &reqwest::Client, token: &str, url: &str) -> Result<(), String> {
    let answer = http
        .post(url)
        .bearer_auth(token)
        .json(&json!({"order_id": "canary"}))
        .send()
        .await
        .map_err(|error| format!("{url}: {error}"))?;
    let status = answer.status();
    let text = answer.text().await.unwrap_or_default();
    if status.is_success() {
        Ok(())
    } else {
        Err(format!("{url}: {status}: {text}"))
    }
}

impl Canary {
    /// How many calls it has made.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    /// Waits for two more whole rounds, so that every action was called after now.
    pub async fn once_more(&self) {
        let enough = self.calls() + 2 * self.actions;
        while self.calls() < enough && !self.task.is_finished() {
            tokio::task::yield_now().await;
        }
    }

    /// Stops it and answers every failure it saw.
    ///
    /// # Errors
    /// Where it broke.
    pub async fn stop(self) -> Result<Vec<String>, Error> {
        self.stop.store(true, Ordering::Relaxed);
        Ok(self.task.await?)
    }
}
