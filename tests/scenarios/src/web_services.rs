//! A web service behind Genesys Cloud, with users whose passwords change, and the integrations and
//! actions through which it is called.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::manifest::ManifestText;
use crate::world::{Error, World};

type Users = Arc<Mutex<BTreeMap<String, String>>>;

/// A web service that lets in who comes with the name and password of one of its users, on a free
/// port of loopback.
#[derive(Debug)]
pub struct WebService {
    url: String,
    users: Users,
    task: JoinHandle<()>,
}

impl WebService {
    /// A service without users.
    ///
    /// # Errors
    /// Where there is no free port.
    pub async fn start() -> Result<Self, Error> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let users = Users::default();
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&users));
        let task = tokio::spawn(async move {
            // Ends with the task.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { url, users, task })
    }

    /// Gives a user a password; the one before lets nobody in any more.
    pub fn lets_in(&self, user: &str, password: &str) {
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        users.insert(user.to_owned(), password.to_owned());
    }
}

impl Drop for WebService {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(State(users): State<Users>, request: Request) -> (StatusCode, &'static str) {
    let header = request.headers().get("authorization");
    let pair = header
        .and_then(|value| value.to_str().ok()?.strip_prefix("Basic "))
        .and_then(|encoded| String::from_utf8(STANDARD.decode(encoded).ok()?).ok());
    let users = users.lock().unwrap_or_else(PoisonError::into_inner);
    let known = pair.as_deref().and_then(|pair| pair.split_once(':'));
    match known {
        Some((user, password)) if users.get(user).map(String::as_str) == Some(password) => {
            (StatusCode::OK, r#"{"status": "found"}"#)
        }
        Some(_) | None => (StatusCode::UNAUTHORIZED, r#"{"error": "who are you"}"#),
    }
}

/// An integration that calls a web service, as an administrator made it.
#[derive(Debug, Clone)]
pub struct Called {
    /// Its manifest key; its name is `Service <key>`.
    pub key: String,
    /// Its id.
    pub integration: String,
    /// The id of its one action, `Look up <key>`.
    pub action: String,
}

impl World {
    /// Calls the API as somebody who may: with the client that every manifest authorizes, so that no
    /// verdict is about what a story made ready.
    async fn administrator(
        &self,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, Error> {
        let client = self.stack.genesys.client();
        let path = format!("/api/v2/integrations{path}");
        self.genesys(client, method, &path, body).await
    }

    /// Makes an integration with an action that calls the service, as an administrator would:
    /// without a credential.
    ///
    /// # Errors
    /// Where Genesys Cloud refuses.
    pub async fn called(&self, key: &str, service: &WebService) -> Result<Called, Error> {
        let made = json!({
            "name": format!("Service {key}"),
            "integrationType": {"id": "custom-rest-actions"},
        });
        let integration = id_of(&self.administrator("POST", "", Some(made)).await?)?;
        let enabled = json!({"intendedState": "ENABLED"});
        self.administrator("PATCH", &format!("/{integration}"), Some(enabled))
            .await?;
        self.active(&integration).await?;
        let action = json!({
            "name": format!("Look up {key}"),
            "category": "Services",
            "integrationId": integration,
            "contract": {
                "input": {"inputSchema": {"type": "object", "properties": {"order_id": {"type": "string"}}}},
                "output": {"successSchema": {"type": "object", "additionalProperties": true}},
            },
            "config": {
                "request": {
                    "requestUrlTemplate": format!("{}/orders/${{input.order_id}}", service.url),
                    "requestType": "GET",
                    "requestTemplate": "${input.rawRequest}",
                    "headers": {},
                },
                "response": {
                    "translationMap": {},
                    "translationMapDefaults": {},
                    "successTemplate": "${rawResult}",
                },
            },
        });
        let action = id_of(&self.administrator("POST", "/actions", Some(action)).await?)?;
        Ok(Called {
            key: key.to_owned(),
            integration,
            action,
        })
    }

    /// Makes a credential and points an integration at it, as an administrator would; answers its
    /// id.
    ///
    /// # Errors
    /// Where Genesys Cloud refuses.
    pub async fn person_sets(
        &self,
        called: &Called,
        user: &str,
        password: &str,
    ) -> Result<String, Error> {
        let made = json!({
            "name": "Made by hand",
            "type": {"name": "basicAuth"},
            "credentialFields": {"userName": user, "password": password},
        });
        let credential = id_of(
            &self
                .administrator("POST", "/credentials", Some(made))
                .await?,
        )?;
        let path = format!("/{}/config/current", called.integration);
        let mut config = self.administrator("GET", &path, None).await?;
        config["credentials"] = json!({"basicAuth": {"id": credential}});
        self.administrator("PUT", &path, Some(config)).await?;
        Ok(credential)
    }

    /// Points an integration at a credential, as somebody would who may not.
    ///
    /// # Errors
    /// Where Genesys Cloud refuses.
    pub async fn person_points(&self, called: &Called, credential: &str) -> Result<(), Error> {
        let path = format!("/{}/config/current", called.integration);
        let mut config = self.stranger("GET", &path, None).await?;
        config["credentials"] = json!({"basicAuth": {"id": credential}});
        self.stranger("PUT", &path, Some(config)).await?;
        Ok(())
    }

    /// The integration's config as Genesys Cloud has it.
    ///
    /// # Errors
    /// Where it can't be read.
    pub async fn config_of(&self, called: &Called) -> Result<Value, Error> {
        let path = format!("/{}/config/current", called.integration);
        self.stranger("GET", &path, None).await
    }

    /// The id of the credential that an integration uses.
    ///
    /// # Errors
    /// Where it uses none.
    pub async fn credential_in(&self, called: &Called) -> Result<String, Error> {
        let config = self.config_of(called).await?;
        id_of(&config["credentials"]["basicAuth"])
    }
}

impl ManifestText {
    /// The same with another name for a credential's entry.
    #[must_use]
    pub fn credential_called(mut self, key: &str, other: &str) -> Self {
        for entry in self.0["credentials"].as_array_mut().into_iter().flatten() {
            if entry["key"] == key {
                entry["key"] = json!(other);
            }
        }
        self
    }

    /// The same with a credential for each integration, under the key `<integration>-login`, all
    /// with the values of one secret, tried by the integration's action `<integration>-lookup`.
    #[must_use]
    pub fn credentials(mut self, secret: &str, overlap: &str, called: &[&Called]) -> Self {
        for one in called {
            let key = &one.key;
            let add = |list: &mut Value, entry: Value| match list.as_array_mut() {
                Some(entries) => entries.push(entry),
                None => *list = json!([entry]),
            };
            add(
                &mut self.0["integrations"],
                json!({"key": key, "name": format!("Service {key}"), "type": "custom-rest-actions"}),
            );
            add(
                &mut self.0["actions"],
                json!({
                    "key": format!("{key}-lookup"),
                    "name": format!("Look up {key}"),
                    "integration": key,
                    "test": {"input": {"order_id": "A-100"}, "expect": {"status": "found"}, "safe": true},
                }),
            );
            add(
                &mut self.0["credentials"],
                json!({
                    "key": format!("{key}-login"),
                    "integration": key,
                    "slot": "basicAuth",
                    "type": "basicAuth",
                    "secret": secret,
                    "overlap": overlap,
                    "fields": {"userName": "$.username", "password": "$.password"},
                    "test": [format!("{key}-lookup")],
                }),
            );
        }
        self
    }
}

/// A secret's value with a user's name and password.
pub fn login(user: &str, password: &str) -> String {
    json!({"username": user, "password": password}).to_string()
}

fn id_of(thing: &Value) -> Result<String, Error> {
    let id = thing["id"].as_str().map(str::to_owned);
    id.ok_or_else(|| format!("no id: {thing:#}").into())
}
