//! What people do beside Lockstep: with another OAuth client, with secrets, with functions.

use serde_json::{Value, json};

use super::world::World;
use super::{Does, Error, Stage};

/// A version id that begins like this belongs to a value that does not work; see [`World::picky`].
const BAD: &str = "bad00000-0000-4000-8000-";

impl<S: Stage> World<S> {
    /// Calls the API of Genesys Cloud as the client that no manifest authorizes.
    ///
    /// # Errors
    /// Where it does not answer with success.
    pub async fn stranger(
        &self,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, Error> {
        let client = self.stack.organization().other_client();
        let path = format!("/api/v2/integrations{path}");
        self.genesys(client, method, &path, body).await
    }

    /// The id of that client.
    pub fn stranger_id(&self) -> &str {
        &self.stack.organization().other_client().id
    }

    /// Waits until an integration that was enabled reports that it is active: until then its actions
    /// refuse every call.
    ///
    /// # Errors
    /// Where it does not become active; with its last state.
    pub async fn active(&self, integration: &str) -> Result<(), Error> {
        let path = format!("/{integration}");
        let is_active = async || {
            let read = self.stranger("GET", &path, None).await?;
            Ok((read["reportedState"]["code"] == "ACTIVE").then_some(()))
        };
        let what = format!("{integration} as active");
        self.stack.until(&what, is_active).await
    }

    /// Changes how long an action may take, as the stranger.
    ///
    /// # Errors
    /// Where Genesys Cloud refuses.
    pub async fn edit_timeout(&self, action: &str, seconds: u32) -> Result<(), Error> {
        let edit = |config: &mut Value| config["timeoutSeconds"] = json!(seconds);
        self.edit_config(action, edit).await
    }

    /// Changes what an action makes of an answer, as the stranger.
    ///
    /// # Errors
    /// Where Genesys Cloud refuses.
    pub async fn edit_success_template(&self, action: &str, template: &str) -> Result<(), Error> {
        let edit = |config: &mut Value| config["response"]["successTemplate"] = json!(template);
        self.edit_config(action, edit).await
    }

    async fn edit_config(&self, action: &str, edit: impl FnOnce(&mut Value)) -> Result<(), Error> {
        let path = format!("/actions/{action}");
        let query = format!("{path}?includeConfig=true");
        let seen = self.stranger("GET", &query, None).await?;
        let mut config = seen["config"].clone();
        config["request"]["requestTemplate"] = self.action(action).await?["template"].take();
        let template = format!("{path}/templates/successtemplate.vm");
        config["response"]["successTemplate"] = self.stranger("GET", &template, None).await?;
        for part in ["request", "response"] {
            if let Some(members) = config[part].as_object_mut() {
                members.retain(|name, _| !name.ends_with("Uri"));
            }
        }
        edit(&mut config);
        let body = json!({"version": seen["version"], "config": config});
        self.stranger("PATCH", &path, Some(body)).await?;
        Ok(())
    }

    /// A function that answers `{"ok": true}`, but `{"ok": false}` to a secret's version from
    /// [`Self::rotate_badly`].
    ///
    /// # Errors
    /// Where it can't be made.
    pub async fn picky(&self) -> Result<String, Error> {
        self.stack.make_function("TargetPicky", Does::Pick).await
    }

    /// Gives a secret a new current value that the picky function can't work with. `number` keeps
    /// several of them distinct.
    ///
    /// # Errors
    /// Where it can't be done.
    pub async fn rotate_badly(&self, secret: &str, number: u32) -> Result<String, Error> {
        let version = format!("{BAD}{number:012}");
        self.stack
            .aws()
            .secrets
            .put_secret_value()
            .secret_id(secret)
            .client_request_token(&version)
            .secret_string("does not work")
            .send()
            .await?;
        Ok(version)
    }

    /// Everything in the buckets of state and evidence, as `bucket/key` and text.
    ///
    /// # Errors
    /// Where it can't be read.
    pub async fn stored(&self) -> Result<Vec<(String, String)>, Error> {
        let places = self.stack.places();
        let s3 = &self.stack.aws().s3;
        let mut stored = Vec::new();
        for bucket in [&places.states, &places.evidence] {
            let mut pages = s3.list_objects_v2().bucket(bucket).into_paginator().send();
            while let Some(page) = pages.next().await {
                let page = page?;
                for key in page.contents().iter().filter_map(|object| object.key()) {
                    let object = s3.get_object().bucket(bucket).key(key).send().await?;
                    let bytes = object.body.collect().await?.into_bytes();
                    let text = String::from_utf8_lossy(&bytes).into_owned();
                    stored.push((format!("{bucket}/{key}"), text));
                }
            }
        }
        Ok(stored)
    }

    /// A piece of evidence that an event names.
    ///
    /// # Errors
    /// Where it names none, or there is none.
    pub async fn evidence_of(&self, event: &Value) -> Result<Value, Error> {
        let uri = event["evidence"]
            .as_str()
            .ok_or_else(|| format!("no evidence is named: {event:#}"))?;
        let found = self.stack.evidence(uri).await?;
        found.ok_or_else(|| format!("there is no {uri}").into())
    }
}
