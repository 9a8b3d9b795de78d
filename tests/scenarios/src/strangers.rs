//! What people do beside Lockstep: with another OAuth client, with secrets, with functions.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::world::{Error, PATIENCE, World};

/// Between two reads of what nobody announces.
const BETWEEN_READS: Duration = Duration::from_millis(10);

/// A version id that begins like this belongs to a value that does not work; see [`World::picky`].
const BAD: &str = "bad00000-0000-4000-8000-";

impl World {
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
        let client = self.stack.genesys.other_client();
        let path = format!("/api/v2/integrations{path}");
        self.genesys(client, method, &path, body).await
    }

    /// The id of that client.
    pub fn stranger_id(&self) -> &str {
        &self.stack.genesys.other_client().id
    }

    /// Waits until an integration that was enabled reports that it is active: until then its actions
    /// refuse every call.
    ///
    /// # Errors
    /// Where it does not become active; with its last state.
    pub async fn active(&self, integration: &str) -> Result<(), Error> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let path = format!("/{integration}");
            let read = self.stranger("GET", &path, None).await?;
            let reported = &read["reportedState"]["code"];
            if reported == "ACTIVE" {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(format!("{integration} never becomes active: {reported}").into());
            }
            // Genesys Cloud does not announce the end of an activation.
            sleep(BETWEEN_READS).await;
        }
    }

    /// Changes how long an action may take, as the stranger.
    ///
    /// # Errors
    /// Where Genesys Cloud refuses.
    pub async fn edit_timeout(&self, action: &str, seconds: u32) -> Result<(), Error> {
        let path = format!("/actions/{action}");
        let query = format!("{path}?includeConfig=true");
        let seen = self.stranger("GET", &query, None).await?;
        let mut config = seen["config"].clone();
        config["timeoutSeconds"] = json!(seconds);
        config["request"]["requestTemplate"] = self.action(action).await?["template"].take();
        let template = format!("{path}/templates/successtemplate.vm");
        config["response"]["successTemplate"] = self.stranger("GET", &template, None).await?;
        for part in ["request", "response"] {
            if let Some(members) = config[part].as_object_mut() {
                members.retain(|name, _| !name.ends_with("Uri"));
            }
        }
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
        let code = "def handler(event, context):\n    \
                    version = event['secrets']['SECRET_0']['version_id']\n    \
                    return {'ok': not version.startswith('bad')}\n";
        Ok(self.stack.make_target("TargetPicky", code).await?)
    }

    /// Gives a secret a new current value that the picky function can't work with. `number` tells
    /// several of them apart.
    ///
    /// # Errors
    /// Where it can't be done.
    pub async fn rotate_badly(&self, secret: &str, number: u32) -> Result<String, Error> {
        let version = format!("{BAD}{number:012}");
        self.stack
            .aws
            .secrets
            .put_secret_value()
            .secret_id(secret)
            .client_request_token(&version)
            .secret_string("does not work")
            .send()
            .await?;
        Ok(version)
    }

    /// Takes a function's queue away from it, as a mistake in an account would.
    ///
    /// # Errors
    /// Where it has none.
    pub async fn cut_off(&self, function: &str) -> Result<(), Error> {
        let lambda = &self.stack.aws.lambda;
        let name = self.stack.function_name(function)?;
        let listed = lambda
            .list_event_source_mappings()
            .function_name(name)
            .send()
            .await?;
        let id = listed
            .event_source_mappings()
            .iter()
            .find_map(|mapping| mapping.uuid())
            .ok_or_else(|| format!("{function} has no queue"))?;
        lambda.delete_event_source_mapping().uuid(id).send().await?;
        Ok(())
    }

    /// Everything in the buckets of state and evidence, as `bucket/key` and text.
    ///
    /// # Errors
    /// Where it can't be read.
    pub async fn stored(&self) -> Result<Vec<(String, String)>, Error> {
        let endpoints = self.stack.aws_endpoints();
        let s3 = &self.stack.aws.s3;
        let mut stored = Vec::new();
        for bucket in [&endpoints.state_bucket, &endpoints.evidence_bucket] {
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
