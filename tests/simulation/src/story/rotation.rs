//! Rotations of OAuth clients: what a story asks of the secrets.

use aws_sdk_secretsmanager::Client as Secrets;
use serde_json::{Value, json};

use super::world::World;
use super::{Error, Stage};

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

    /// The current client secret, which nobody may ever read anywhere else.
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
