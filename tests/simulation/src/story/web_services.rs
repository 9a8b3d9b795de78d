//! Web services behind Genesys Cloud: the integrations and actions through which they are called, and
//! the credentials that those use.

use serde_json::{Value, json};

use super::manifest::ManifestText;
use super::world::World;
use super::{Error, Stage};

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

impl<S: Stage> World<S> {
    /// Calls the API as somebody who may: with the client that every manifest authorizes, so that no
    /// verdict is about what a story made ready.
    async fn administrator(
        &self,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, Error> {
        let client = self.stack.organization().client();
        let path = format!("/api/v2/integrations{path}");
        self.genesys(client, method, &path, body).await
    }

    /// Makes an integration with an action that calls the service at a URL, as an administrator
    /// would: without a credential.
    ///
    /// # Errors
    /// Where Genesys Cloud refuses.
    pub async fn called(
        &self,
        key: &str,
        service: &(impl AsRef<str> + ?Sized),
    ) -> Result<Called, Error> {
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
                    "requestUrlTemplate": format!("{}/orders/${{input.order_id}}", service.as_ref()),
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
        let made = async || {
            let made = self.administrator("POST", "/actions", Some(action.clone()));
            match made.await {
                Ok(made) => Ok(Some(made)),
                // A fresh integration may refuse actions for a while.
                Err(error) if error.to_string().contains("not ready for actions") => Ok(None),
                Err(error) => Err(error),
            }
        };
        let action = id_of(
            &self
                .stack
                .until("an integration with actions", made)
                .await?,
        )?;
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
#[must_use]
pub fn login(user: &str, password: &str) -> String {
    json!({"username": user, "password": password}).to_string()
}

fn id_of(thing: &Value) -> Result<String, Error> {
    let id = thing["id"].as_str().map(str::to_owned);
    id.ok_or_else(|| format!("no id: {thing:#}").into())
}
