//! One world: the deployed stack, and what a story asks of it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use genesys_simulator::Client;
use jiff::SignedDuration;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::manifest::ManifestText;
use super::{Does, Error, Options, Stage};
use crate::canary::succeeded;

/// A running world.
#[derive(Debug)]
pub struct World<S> {
    /// What it runs on.
    pub stack: S,
}

impl<S: Stage> World<S> {
    /// A world of its own.
    ///
    /// # Errors
    /// Where it does not start.
    pub async fn start() -> Result<Self, Error> {
        Self::with(Options::default()).await
    }

    /// A world of its own, with options.
    ///
    /// # Errors
    /// Where it does not start.
    pub async fn with(options: Options) -> Result<Self, Error> {
        Ok(Self {
            stack: S::open(options).await?,
        })
    }

    /// A manifest of the world's organization, with the integration `prod` and no actions yet.
    pub fn manifest(&self) -> ManifestText {
        let places = self.stack.places();
        ManifestText(json!({
            "version": 1,
            "organization": {
                "id": places.organization,
                "api_url": places.api_url,
                "login_url": places.login_url,
                "client_secret": places.client_secret,
            },
            "integrations": [
                {"key": "prod", "name": "AWS Lambda production", "role": "GenesysActions"},
            ],
            "actions": [],
        }))
    }

    /// The function that answers with the event it got.
    pub fn echo(&self) -> String {
        self.stack.places().echo.clone()
    }

    /// Uploads a manifest and answers where the events began that come of it.
    ///
    /// # Errors
    /// Where the upload fails.
    pub async fn upload(&self, manifest: &ManifestText) -> Result<usize, Error> {
        let from = self.stack.now().await?;
        self.stack.put_manifest("main", &manifest.text()).await?;
        Ok(from)
    }

    /// Uploads a manifest and waits until each of its actions is bound and proved.
    ///
    /// # Errors
    /// Where that does not come.
    pub async fn settle(&self, manifest: &ManifestText) -> Result<(), Error> {
        let from = self.upload(manifest).await?;
        for action in manifest.0["actions"].as_array().into_iter().flatten() {
            let key = action["key"].as_str().unwrap_or_default();
            self.expect("Change Verified", key, from).await?;
        }
        Ok(())
    }

    /// Waits for an event about a binding, heard since `from`; answers its detail.
    ///
    /// # Errors
    /// Where it does not come; with what came instead.
    pub async fn expect(&self, event: &str, key: &str, from: usize) -> Result<Value, Error> {
        let heard = self
            .stack
            .wait_for_event(event, from, |detail| detail["key"] == key)
            .await?;
        Ok(heard.detail)
    }

    /// Waits for an event that is not about a binding.
    ///
    /// # Errors
    /// Where it does not come; with what came instead.
    pub async fn expect_any(&self, event: &str, from: usize) -> Result<Value, Error> {
        let heard = self.stack.wait_for_event(event, from, |_| true).await?;
        Ok(heard.detail)
    }

    /// The detail types emitted about a binding since `from`, in order.
    ///
    /// # Errors
    /// Where they can't be heard.
    pub async fn story_of(&self, key: &str, from: usize) -> Result<Vec<String>, Error> {
        let heard = self.stack.heard().await?;
        let emitted = heard
            .into_iter()
            .skip(from)
            .filter(|event| event.source == "lockstep" && event.detail["key"] == key)
            .map(|event| event.detail_type);
        Ok(emitted.collect())
    }

    /// Calls to Genesys Cloud that changed something, as `METHOD route`.
    pub fn writes(&self) -> Vec<String> {
        self.stack
            .organization()
            .calls()
            .into_iter()
            .filter(|call| matches!(call.method.as_str(), "PUT" | "PATCH" | "DELETE" | "POST"))
            .map(|call| format!("{} {}", call.method, call.route.unwrap_or(call.path)))
            .filter(|call| !READS.iter().any(|read| call.ends_with(read)))
            .collect()
    }

    /// What `rebind-action`, `provision-role` or another function answers to a manual event.
    ///
    /// # Errors
    /// Where it can't be invoked, or fails.
    pub async fn ask(&self, function: &str, event: Value) -> Result<Value, Error> {
        let answer = self.stack.invoke(function, &event).await?;
        if answer.failed {
            return Err(format!("{function} failed: {}", answer.payload).into());
        }
        Ok(answer.payload)
    }

    /// What Lockstep remembers of a binding.
    ///
    /// # Errors
    /// Where it can't be read, or there is nothing.
    pub async fn state(&self, key: &str) -> Result<Value, Error> {
        let organization = &self.stack.places().organization;
        let object = format!("state/{organization}/{key}.json");
        let state = self.stack.state_object(&object).await?;
        state.ok_or_else(|| format!("there is no {object}").into())
    }

    /// Calls the API of Genesys Cloud as a client of the organization.
    ///
    /// # Errors
    /// Where it does not answer with success.
    pub async fn genesys(
        &self,
        client: &Client,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, Error> {
        let token = self.token(client).await?;
        let url = format!("{}{path}", self.stack.organization().api_url());
        let request = http::Request::builder()
            .method(method)
            .uri(url)
            .header("authorization", format!("Bearer {token}"));
        let request = match body {
            Some(body) => request
                .header("content-type", "application/json")
                .body(body.to_string().into_bytes()),
            None => request.body(Vec::new()),
        };
        succeeded(&self.stack.http(), request?).await
    }

    /// A token of a client of the organization.
    ///
    /// # Errors
    /// Where the client can't sign in.
    pub async fn token(&self, client: &Client) -> Result<String, Error> {
        let login = format!("{}/oauth/token", self.stack.organization().login_url());
        let by = basic(&client.id, client.secret.expose_secret());
        let answer = succeeded(&self.stack.http(), form(&login, &by)?).await?;
        let token = answer["access_token"].as_str();
        Ok(token.ok_or("the answer has no token")?.to_owned())
    }

    /// Makes a function that answers with the event it got; its name must begin with `Target`.
    ///
    /// # Errors
    /// Where it can't be made.
    pub async fn make_target(&self, name: &str) -> Result<String, Error> {
        self.stack.make_function(name, Does::Echo).await
    }

    /// An action as Genesys Cloud has it, with its request template beside it as `template`.
    ///
    /// # Errors
    /// Where it can't be read.
    pub async fn action(&self, id: &str) -> Result<Value, Error> {
        let path = format!("/api/v2/integrations/actions/{id}");
        let client = self.stack.organization().other_client();
        let query = "?expand=contract&includeConfig=true";
        let mut action = self
            .genesys(client, "GET", &format!("{path}{query}"), None)
            .await?;
        action["template"] = self
            .genesys(
                client,
                "GET",
                &format!("{path}/templates/requesttemplate.vm"),
                None,
            )
            .await?;
        Ok(action)
    }

    /// All pages of a listing of Genesys Cloud, by its path without `/api/v2`.
    ///
    /// # Errors
    /// Where one can't be read.
    pub async fn list(&self, path: &str) -> Result<Vec<Value>, Error> {
        let client = self.stack.organization().other_client();
        let mut listed = Vec::new();
        for number in 1_u64.. {
            let path = format!("/api/v2{path}?pageSize=100&pageNumber={number}");
            let page = self.genesys(client, "GET", &path, None).await?;
            listed.extend(entities(&page)?);
            if page["pageCount"]
                .as_u64()
                .is_none_or(|pages| number >= pages)
            {
                break;
            }
        }
        Ok(listed)
    }

    /// The audit records about one thing within the last hour.
    ///
    /// # Errors
    /// Where they can't be read.
    pub async fn audits_of(&self, entity: &str) -> Result<Vec<Value>, Error> {
        let now = self.stack.time();
        let (from, to) = (now - HOUR, now + HOUR);
        let query = json!({
            "interval": format!("{from:.3}/{to:.3}"),
            "serviceName": "Integrations",
            "filters": [{"property": "EntityId", "value": entity}],
        });
        let client = self.stack.organization().other_client();
        let path = "/api/v2/audits/query/realtime";
        let page = self.genesys(client, "POST", path, Some(query)).await?;
        entities(&page)
    }

    /// The id of a binding's action.
    ///
    /// # Errors
    /// Where nothing is remembered of it.
    pub async fn action_id(&self, key: &str) -> Result<String, Error> {
        let state = self.state(key).await?;
        let id = state["action_id"].as_str().map(str::to_owned);
        id.ok_or_else(|| format!("{key} has no action: {state:#}").into())
    }

    /// The version of its first secret that a binding's action sends, as Genesys Cloud has it.
    ///
    /// # Errors
    /// Where it sends none.
    pub async fn bound_version(&self, key: &str) -> Result<String, Error> {
        let action = self.action(&self.action_id(key).await?).await?;
        let template = action["template"].as_str().unwrap_or_default();
        let (_, rest) = template
            .split_once("\"version_id\":")
            .ok_or_else(|| format!("{key} sends no version: {template}"))?;
        let version = rest.split('"').nth(1).unwrap_or_default();
        Ok(version.to_owned())
    }
}

/// The header of somebody who signs in.
pub(crate) fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

/// A request for a token.
pub(crate) fn form(login: &str, by: &str) -> Result<http::Request<Vec<u8>>, http::Error> {
    http::Request::post(login)
        .header("authorization", by)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(b"grant_type=client_credentials".to_vec())
}

fn entities(page: &Value) -> Result<Vec<Value>, Error> {
    let entities = page["entities"].as_array().cloned();
    entities.ok_or_else(|| format!("no page: {page}").into())
}

/// How far around now audit records are asked for.
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// POSTs that read or try out.
const READS: [&str; 6] = [
    "/oauth/token",
    "/audits/query",
    "/audits/query/realtime",
    "/audits/query/realtime/related",
    "/test",
    "/execute",
];
