//! Rotations of OAuth clients: what a story asks of the secrets.

use aws_sdk_secretsmanager::Client as Secrets;
use genesys_simulator::{PlantedUse, UsageSettings};
use jiff::{SignedDuration, Timestamp};
use lockstep_domain::ids::Key;
use serde_json::{Value, json};

use super::stage::{Error, Stage};
use super::world::World;

/// The call that resets a client.
pub const RESET: &str = "/oauth/clients/{clientId}/secret";

impl<S: Stage> World<S> {
    /// The JSON in a client's secret, under a label.
    ///
    /// # Errors
    /// Where there is none.
    pub async fn client_value(&self, secret: &str, label: &str) -> Result<Value, Error> {
        value(&self.stack.aws().secrets, secret, label).await
    }

    /// The client secret in force, which nobody may ever read anywhere else.
    ///
    /// # Errors
    /// Where there is none.
    pub async fn client_secret(&self, secret: &str) -> Result<String, Error> {
        let value = self.client_value(secret, "AWSCURRENT").await?;
        let client_secret = value["client_secret"].as_str().map(str::to_owned);
        client_secret.ok_or_else(|| format!("{secret} names no client secret").into())
    }

    /// Sets or takes off a tag of a secret.
    ///
    /// # Errors
    /// Where it can't be done.
    pub async fn tag(&self, secret: &str, key: &str, value: Option<&str>) -> Result<(), Error> {
        let secrets = &self.stack.aws().secrets;
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
        let maker = self.stack.organization().other_client();
        let like = &self.stack.organization().client().id;
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

    /// Lets so many days pass that whoever was left can take its next turn: what the platform counted, and since when a
    /// client of this secret is left, move into the past, and Lockstep itself called yesterday. Whoever still calls with
    /// the client that was left has to be done with it.
    ///
    /// # Errors
    /// Where the simulator or the state bucket refuses.
    pub async fn days_pass(&self, secret: &str) -> Result<(), Error> {
        const DAYS: u32 = 10;
        let own = &self.stack.places().client_secret;
        let own = self.client_value(own, "AWSCURRENT").await?;
        let planted = PlantedUse {
            client_id: own["client_id"].as_str().unwrap_or_default().to_owned(),
            days_ago: 1,
            method: "GET".to_owned(),
            template: "/api/v2/organizations/me".to_owned(),
            requests: 1,
        };
        self.stack.organization().set_usage(&UsageSettings {
            age_days: Some(DAYS),
            planted: vec![planted],
            ..UsageSettings::default()
        })?;
        let (object, state) = self.rotations_of(secret).await?;
        let Some(mut state) = state else {
            return Ok(());
        };
        if let Some(since) = state["left"]["since"].as_str() {
            let since: Timestamp = since.parse()?;
            let earlier = since - SignedDuration::from_hours(24 * i64::from(DAYS));
            state["left"]["since"] = json!(earlier.to_string());
            self.write_state(&object, &state).await?;
        }
        Ok(())
    }

    /// What is remembered of a secret's rotations, and under which key.
    async fn rotations_of(&self, secret: &str) -> Result<(String, Option<Value>), Error> {
        let organization = &self.stack.places().organization;
        let key = Key::of_client(&secret.parse()?);
        let object = format!("rotations/{organization}/{key}.json");
        let state = self.stack.state_object(&object).await?;
        Ok((object, state))
    }

    async fn write_state(&self, object: &str, state: &Value) -> Result<(), Error> {
        self.stack
            .aws()
            .s3
            .put_object()
            .bucket(&self.stack.places().states)
            .key(object)
            .body(state.to_string().into_bytes().into())
            .send()
            .await?;
        Ok(())
    }

    /// Makes what is remembered of a secret's rotations look as if the latest run had died after the label moved.
    ///
    /// # Errors
    /// Where nothing is remembered, or it can't be written.
    pub async fn forget_that_it_was_told(&self, secret: &str) -> Result<(), Error> {
        let (object, state) = self.rotations_of(secret).await?;
        let mut state = state.ok_or_else(|| format!("there is no {object}"))?;
        state["rotation"]["announced"] = json!(false);
        self.write_state(&object, &state).await
    }

    /// How often any client was reset.
    pub fn resets(&self) -> usize {
        self.calls_of("POST", RESET).len()
    }
}

/// The JSON in a secret, under a label.
pub(crate) async fn value(secrets: &Secrets, secret: &str, label: &str) -> Result<Value, Error> {
    let got = secrets
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
