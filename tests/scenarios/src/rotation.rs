//! Rotations of OAuth clients: what a story asks of the secrets, and a caller that lives on AWSCURRENT.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use genesys_simulator::RateLimitSettings;
use lockstep_domain::ids::Key;
use sandbox::aws::Aws;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::world::{Error, World};

/// The call that resets a client.
pub const RESET: &str = "/oauth/clients/{clientId}/secret";

/// Signs in with AWSCURRENT and executes a bound action, over and over, from when it is made until it is stopped.
#[derive(Debug)]
pub struct SignInCanary {
    stop: Arc<AtomicBool>,
    calls: Arc<AtomicUsize>,
    task: JoinHandle<Vec<String>>,
}

impl SignInCanary {
    /// How many rounds it has made.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    /// Waits for two more whole rounds.
    pub async fn once_more(&self) {
        let enough = self.calls() + 2;
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

impl World {
    /// Sets a canary on a client's secret and an action.
    ///
    /// # Errors
    /// Where the limits can't be raised.
    pub fn sign_in_canary(&self, secret: &str, action: &str) -> Result<SignInCanary, Error> {
        self.stack.genesys.set_rate_limit(&RateLimitSettings {
            allowed: Some(1_000_000),
            window_seconds: None,
            tokens_allowed: Some(1_000_000),
        })?;
        let caller = Caller {
            aws: self.stack.aws.clone(),
            http: reqwest::Client::new(),
            secret: secret.to_owned(),
            login: format!("{}/oauth/token", self.stack.genesys.login_url()),
            execute: format!(
                "{}/api/v2/integrations/actions/{action}/execute",
                self.stack.genesys.api_url()
            ),
        };
        let stop = Arc::new(AtomicBool::new(false));
        let calls = Arc::new(AtomicUsize::new(0));
        let (stopped, made) = (Arc::clone(&stop), Arc::clone(&calls));
        let task = tokio::spawn(async move {
            let mut failures = Vec::new();
            while !stopped.load(Ordering::Relaxed) {
                if let Err(failure) = caller.round().await {
                    failures.push(failure.to_string());
                }
                made.fetch_add(1, Ordering::Relaxed);
            }
            failures
        });
        Ok(SignInCanary { stop, calls, task })
    }

    /// The JSON in a client's secret, under a label.
    ///
    /// # Errors
    /// Where there is none.
    pub async fn client_value(&self, secret: &str, label: &str) -> Result<Value, Error> {
        value(&self.stack.aws, secret, label).await
    }

    /// Sets or takes off a tag of a secret.
    ///
    /// # Errors
    /// Where it can't be done.
    pub async fn tag(&self, secret: &str, key: &str, value: Option<&str>) -> Result<(), Error> {
        let secrets = &self.stack.aws.secrets;
        match value {
            Some(value) => {
                let tag = aws_sdk_secretsmanager::types::Tag::builder();
                let tag = tag.key(key).value(value).build();
                secrets
                    .tag_resource()
                    .secret_id(secret)
                    .tags(tag)
                    .send()
                    .await?;
            }
            None => {
                secrets
                    .untag_resource()
                    .secret_id(secret)
                    .tag_keys(key)
                    .send()
                    .await?;
            }
        }
        Ok(())
    }

    /// Makes an OAuth client with the roles of Lockstep's own, and answers its id and secret.
    ///
    /// # Errors
    /// Where it can't be made.
    pub async fn make_client(&self, name: &str) -> Result<(String, String), Error> {
        let maker = self.stack.genesys.other_client();
        let like = &self.stack.genesys.client().id;
        let path = format!("/api/v2/oauth/clients/{like}");
        let like = self.genesys(maker, "GET", &path, None).await?;
        let roles: Vec<Value> = like["roleDivisions"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|one| json!({"roleId": one["roleId"], "divisionId": one["divisionId"]}))
            .collect();
        let wanted = json!({
            "name": name,
            "authorizedGrantType": "CLIENT-CREDENTIALS",
            "roleDivisions": roles,
        });
        let made = self
            .genesys(maker, "POST", "/api/v2/oauth/clients", Some(wanted))
            .await?;
        let text = |name: &str| made[name].as_str().map(str::to_owned);
        match (text("id"), text("secret")) {
            (Some(id), Some(secret)) => Ok((id, secret)),
            (_, _) => Err(format!("the client has no id or secret: {name}").into()),
        }
    }

    /// Makes a secret of a new pair of clients; answers its ARN and the pair.
    ///
    /// # Errors
    /// Where something can't be made.
    pub async fn make_pair(&self, name: &str) -> Result<(String, [String; 2]), Error> {
        let (one, secret) = self.make_client(&format!("{name} one")).await?;
        let (other, _) = self.make_client(&format!("{name} other")).await?;
        let value = json!({
            "client_id": one, "client_secret": secret, "alternate_client_id": other,
            "note": "kept as it is",
        });
        let arn = self
            .stack
            .make_secret(&format!("genesys/{name}"), &value.to_string())
            .await?;
        Ok((arn, [one, other]))
    }

    /// Makes what is remembered of a secret's rotations look as if the latest run had died after the label moved.
    ///
    /// # Errors
    /// Where nothing is remembered, or it can't be written.
    pub async fn forget_that_it_was_told(&self, secret: &str) -> Result<(), Error> {
        let organization = &self.stack.endpoints().genesys.organization_id;
        let key = Key::of_client(&secret.parse()?);
        let object = format!("rotations/{organization}/{key}.json");
        let state = self.stack.state_object(&object).await?;
        let mut state = state.ok_or_else(|| format!("there is no {object}"))?;
        state["rotation"]["announced"] = json!(false);
        self.stack
            .aws
            .s3
            .put_object()
            .bucket(&self.stack.aws_endpoints().state_bucket)
            .key(object)
            .body(state.to_string().into_bytes().into())
            .send()
            .await?;
        Ok(())
    }

    /// How often any client was reset.
    pub fn resets(&self) -> usize {
        self.calls_of("POST", RESET).len()
    }
}

async fn value(aws: &Aws, secret: &str, label: &str) -> Result<Value, Error> {
    let got = aws
        .secrets
        .get_secret_value()
        .secret_id(secret)
        .version_stage(label)
        .send()
        .await?;
    let text = got
        .secret_string()
        .ok_or_else(|| format!("{label} of {secret} has no value"))?;
    Ok(serde_json::from_str(text)?)
}

struct Caller {
    aws: Aws,
    http: reqwest::Client,
    secret: String,
    login: String,
    execute: String,
}

impl Caller {
    async fn round(&self) -> Result<(), Error> {
        let client = value(&self.aws, &self.secret, "AWSCURRENT").await?;
        let text = |name: &str| client[name].as_str().unwrap_or_default().to_owned();
        let answer = self
            .http
            .post(&self.login)
            .basic_auth(text("client_id"), Some(text("client_secret")))
            .form(&[("grant_type", "client_credentials")])
            .send()
            .await?;
        let token: Value = succeeded("sign-in", answer).await?;
        let answer = self
            .http
            .post(&self.execute)
            .bearer_auth(token["access_token"].as_str().unwrap_or_default())
            .json(&json!({"order_id": "canary"}))
            .send()
            .await?;
        succeeded("execute", answer).await.map(drop)
    }
}

async fn succeeded(what: &str, answer: reqwest::Response) -> Result<Value, Error> {
    let status = answer.status();
    let text = answer.text().await?;
    if !status.is_success() {
        return Err(format!("{what}: {status}: {text}").into());
    }
    Ok(serde_json::from_str(&text)?)
}
