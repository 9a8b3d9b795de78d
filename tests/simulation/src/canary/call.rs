//! One round of calls, and what each must show.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use genesys_simulator::Simulator;
use serde_json::{Value, json};

use super::vault::Vault;
use crate::story::{Error, Http, basic, form};

/// What a canary watches.
#[derive(Clone, Debug, Default)]
pub(super) struct Watched {
    /// The secrets of clients, each of whose current version must sign in. The first one calls.
    pub(super) clients: Vec<String>,
    /// What is called.
    pub(super) actions: Vec<Target>,
    /// Whether nothing follows a rotation any more: what is bound is current.
    pub(super) is_at_rest: bool,
}

/// An action that is called.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) id: String,
    /// What a failure calls it.
    pub(super) name: String,
    /// Whether its first call must succeed; another one is watched once a call of it has succeeded.
    pub(super) is_bound: bool,
    /// What its function receives and answers with.
    pub(super) receives: Receives,
}

impl Target {
    /// One that is bound already.
    pub(super) fn bound(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            name: id.to_owned(),
            is_bound: true,
            receives: Receives::AsAtFirst,
        }
    }
}

/// What a function receives of a call.
#[derive(Clone, Debug)]
pub(super) enum Receives {
    /// What it received of the first call, but for the versions of secrets.
    AsAtFirst,
    /// This, but for the versions of secrets: the function answers with it under `received`.
    Exactly(Value),
}

/// What a flow calls an action with.
pub(super) fn input() -> Value {
    json!({"order_id": "canary"})
}

/// Who calls.
pub(super) struct Caller<V, H> {
    vault: V,
    http: H,
    api: String,
    login: String,
    watched: Arc<dyn Fn() -> Watched + Send + Sync>,
    /// What the first call of each action answered, but for the versions of secrets.
    first: Arc<Mutex<BTreeMap<String, Value>>>,
}

impl<V: Clone, H: Clone> Clone for Caller<V, H> {
    fn clone(&self) -> Self {
        Self {
            vault: self.vault.clone(),
            http: self.http.clone(),
            api: self.api.clone(),
            login: self.login.clone(),
            watched: Arc::clone(&self.watched),
            first: Arc::clone(&self.first),
        }
    }
}

impl<V: Vault, H: Http> Caller<V, H> {
    pub(super) fn new(
        vault: V,
        http: H,
        genesys: &Simulator,
        watched: impl Fn() -> Watched + Send + Sync + 'static,
    ) -> Self {
        Self {
            vault,
            http,
            api: genesys.api_url(),
            login: format!("{}/oauth/token", genesys.login_url()),
            watched: Arc::new(watched),
            first: Arc::default(),
        }
    }

    /// One round; answers what failed.
    pub(super) async fn round(&self) -> Vec<String> {
        let watched = (self.watched)();
        let mut failures = Vec::new();
        let mut by = None;
        for secret in &watched.clients {
            match self.sign_in(secret).await {
                Ok(token) => by = by.or(Some(token)),
                Err(error) => {
                    failures.push(format!(
                        "the current version of {secret} can't sign in: {error}"
                    ));
                }
            }
        }
        let Some(token) = by else { return failures };
        for target in &watched.actions {
            if let Err(error) = self.call(target, watched.is_at_rest, &token).await
                && self.is_still_watched(target)
            {
                failures.push(format!("a call of {:?} failed: {error}", target.name));
            }
        }
        failures
    }

    /// Somebody may have interfered while the call was on its way.
    fn is_still_watched(&self, target: &Target) -> bool {
        let now = (self.watched)();
        now.actions.iter().any(|one| one.id == target.id)
    }

    async fn sign_in(&self, secret: &str) -> Result<String, Error> {
        let client = self.vault.current(secret).await?;
        let text = |name: &str| client[name].as_str().unwrap_or_default();
        let by = basic(text("client_id"), text("client_secret"));
        let token = succeeded(&self.http, form(&self.login, &by)?).await?;
        let token = token["access_token"].as_str();
        Ok(token.ok_or("signing in gave no token")?.to_owned())
    }

    async fn call(&self, target: &Target, is_at_rest: bool, token: &str) -> Result<(), Error> {
        let id = &target.id;
        let url = format!("{}/api/v2/integrations/actions/{id}/execute", self.api);
        let request = http::Request::post(url)
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .body(input().to_string().into_bytes())?;
        let answer = match succeeded(&self.http, request).await {
            Ok(answer) => answer,
            Err(_) if !target.is_bound && !self.was_called(id) => return Ok(()),
            Err(error) => return Err(error),
        };
        let (mut received, must) = match &target.receives {
            Receives::AsAtFirst => (answer, self.first(id).unwrap_or(Value::Null)),
            Receives::Exactly(must) => (answer["received"].clone(), must.clone()),
        };
        let versions = take_versions(&mut received);
        self.remember(id, &received);
        if !must.is_null() && received != must {
            return Err(format!("its function received {received}, not {must}").into());
        }
        if !received["input"].is_null() && received["input"] != input() {
            return Err(format!("its function received {received}").into());
        }
        for (secret, version) in versions {
            let is_right = match is_at_rest {
                true => self.vault.is_current(&secret, &version).await?,
                false => self.vault.may_be_in_use(&secret, &version).await?,
            };
            if !is_right {
                return Err(
                    format!("its function received the version {version:?} of {secret}").into(),
                );
            }
        }
        Ok(())
    }

    fn first(&self, id: &str) -> Option<Value> {
        let first = self.first.lock().expect("no test panics in here");
        first.get(id).cloned()
    }

    fn was_called(&self, id: &str) -> bool {
        self.first(id).is_some()
    }

    fn remember(&self, id: &str, received: &Value) {
        let mut first = self.first.lock().expect("no test panics in here");
        first
            .entry(id.to_owned())
            .or_insert_with(|| received.clone());
    }
}

/// Takes the versions of secrets out of what a function received, each with its secret.
fn take_versions(received: &mut Value) -> Vec<(String, String)> {
    let secrets = received.get_mut("secrets").and_then(Value::as_object_mut);
    let secrets = secrets.into_iter().flat_map(|secrets| secrets.values_mut());
    let versions = secrets.map(|reference| {
        let version = reference.get_mut("version_id").map(Value::take);
        let text = |value: Option<&Value>| -> String {
            value.and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        (text(reference.get("arn")), text(version.as_ref()))
    });
    versions.collect()
}

/// The body of a request's answer, where that is a success.
pub(crate) async fn succeeded<H: Http>(
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
