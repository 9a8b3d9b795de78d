//! Secrets Manager: metadata of every bound secret, and the values of some: OAuth clients.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use jiff::Timestamp;
use lockstep_domain::arn::SecretArn;
use lockstep_domain::rotation::{CURRENT, Labels, PENDING};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{AwsError, refine};

/// Secrets Manager.
#[derive(Clone, Debug)]
pub struct Secrets {
    client: Client,
}

/// What a look at a secret's metadata shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSeen {
    /// A version is in force.
    Current {
        /// Its id.
        version_id: String,
        /// The customer key that encrypts it; `None` for the account's own key.
        kms_key: Option<String>,
    },
    /// The secret is there, and no version is in force.
    NoCurrent,
    /// Deleted, or scheduled for deletion.
    Deleted,
    /// There is no such secret.
    Missing,
}

/// A secret's metadata, as far as rotating it goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecretLook {
    /// Its labels, and whether it is rotated.
    pub labels: Labels,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// The key that encrypts it; none is the account's own, `aws/secretsmanager`.
    pub key: Option<String>,
}

/// An OAuth client, as a secret holds it.
#[derive(Clone)]
pub struct GenesysClient {
    /// Its id; not a secret.
    pub client_id: String,
    /// Its secret.
    pub client_secret: SecretString,
    /// The id of the other client of its pair, if there is one.
    pub alternate_client_id: Option<String>,
}

/// A version's value: the client in it, and the whole of it.
#[derive(Clone)]
pub struct StoredClient {
    /// The client.
    pub client: GenesysClient,
    /// When the version was made.
    pub made_at: Option<Timestamp>,
    text: SecretString,
}

impl fmt::Debug for GenesysClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GenesysClient")
            .field("client_id", &self.client_id)
            .field("alternate_client_id", &self.alternate_client_id)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for StoredClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.client.fmt(f)
    }
}

impl StoredClient {
    /// The same value with another client in it; every other member stays.
    #[must_use]
    pub fn with(&self, client: &GenesysClient) -> SecretString {
        let text = self.text.expose_secret();
        // It was read as an object before.
        let mut members: Map<String, Value> = serde_json::from_str(text).unwrap_or_default();
        let secret = client.client_secret.expose_secret();
        members.insert("client_id".to_owned(), client.client_id.as_str().into());
        members.insert("client_secret".to_owned(), secret.into());
        if let Some(alternate) = &client.alternate_client_id {
            members.insert("alternate_client_id".to_owned(), alternate.as_str().into());
        }
        Value::Object(members).to_string().into()
    }
}

/// Our own client could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// AWS did not answer with it.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// It is not what it should be. Says what is wrong, and quotes nothing.
    #[error(
        "{secret} {problem}; it should be JSON: {{\"client_id\": ..., \"client_secret\": ..., \"alternate_client_id\": ...}}, where the last may be left out"
    )]
    Shape {
        /// Which secret.
        secret: String,
        /// What is wrong.
        problem: &'static str,
    },
}

impl SecretError {
    /// Whether asking again later can help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Aws(error) => error.is_transient(),
            Self::Shape { .. } => false,
        }
    }
}

impl Secrets {
    /// On the shared configuration.
    #[must_use]
    pub fn new(sdk: &SdkConfig) -> Self {
        Self {
            client: Client::new(sdk),
        }
    }

    /// Which version is in force. Reads metadata only (`DescribeSecret`), never a value.
    ///
    /// # Errors
    /// Anything but the secret's absence, which is an answer.
    pub async fn current(&self, secret: &SecretArn) -> Result<SecretSeen, AwsError> {
        let Some(described) = self.describe(secret).await? else {
            return Ok(SecretSeen::Missing);
        };
        if described.deleted_date().is_some() {
            return Ok(SecretSeen::Deleted);
        }
        Ok(match labels(&described).current() {
            Some(version_id) => SecretSeen::Current {
                version_id: version_id.to_owned(),
                kms_key: described.kms_key_id().map(str::to_owned),
            },
            None => SecretSeen::NoCurrent,
        })
    }

    /// Labels, tags, and whether it is rotated; `None` where it is deleted or was never there.
    /// Reads metadata only.
    ///
    /// # Errors
    /// Anything but the secret's absence.
    pub async fn look(&self, secret: &SecretArn) -> Result<Option<SecretLook>, AwsError> {
        let Some(described) = self.describe(secret).await? else {
            return Ok(None);
        };
        if described.deleted_date().is_some() {
            return Ok(None);
        }
        let tag = |tag: &aws_sdk_secretsmanager::types::Tag| {
            Some((tag.key()?.to_owned(), tag.value()?.to_owned()))
        };
        Ok(Some(SecretLook {
            labels: labels(&described),
            tags: described.tags().iter().filter_map(tag).collect(),
            key: described
                .kms_key_id()
                .filter(|key| !key.ends_with("alias/aws/secretsmanager"))
                .map(str::to_owned),
        }))
    }

    async fn describe(&self, secret: &SecretArn) -> Result<Option<DescribeSecretOutput>, AwsError> {
        let described = self
            .client
            .describe_secret()
            .secret_id(secret.to_string())
            .send()
            .await
            .map_err(refine("secretsmanager:DescribeSecret", secret.to_string()));
        match described {
            Ok(described) => Ok(Some(described)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// When each version that carries a label was made.
    ///
    /// # Errors
    /// AWS did not answer with all of them.
    pub async fn made(&self, secret: &SecretArn) -> Result<BTreeMap<String, Timestamp>, AwsError> {
        let mut pages = self
            .client
            .list_secret_version_ids()
            .secret_id(secret.to_string())
            .into_paginator()
            .send();
        let mut made = BTreeMap::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(refine(
                "secretsmanager:ListSecretVersionIds",
                secret.to_string(),
            ))?;
            for version in page.versions() {
                let at = version.created_date().and_then(timestamp);
                if let (Some(id), Some(at)) = (version.version_id(), at) {
                    made.insert(id.to_owned(), at);
                }
            }
        }
        Ok(made)
    }

    /// Reads the OAuth client at its version in force: JSON with `client_id`, `client_secret` and,
    /// for a pair, `alternate_client_id`. Other members are let be.
    ///
    /// # Errors
    /// AWS's, or that the value is not of that shape. No error quotes any of it.
    pub async fn genesys_client(&self, secret: &SecretArn) -> Result<GenesysClient, SecretError> {
        let answer = self
            .client
            .get_secret_value()
            .secret_id(secret.to_string())
            .send()
            .await
            .map_err(refine("secretsmanager:GetSecretValue", secret.to_string()))?;
        parse(answer.secret_string()).map_err(|problem| SecretError::Shape {
            secret: secret.to_string(),
            problem,
        })
    }

    /// Reads the OAuth client at one version; `None` where the version has no value yet, which is
    /// how Secrets Manager begins a rotation.
    ///
    /// # Errors
    /// AWS's, or that the value is not of that shape. No error quotes any of it.
    pub async fn client_of_version(
        &self,
        secret: &SecretArn,
        version_id: &str,
    ) -> Result<Option<StoredClient>, SecretError> {
        let answer = self
            .client
            .get_secret_value()
            .secret_id(secret.to_string())
            .version_id(version_id)
            .send()
            .await
            .map_err(refine("secretsmanager:GetSecretValue", secret.to_string()));
        let answer = match answer {
            Ok(answer) => answer,
            // The version is among the secret's labels: what is not there is its value.
            Err(error) if error.is_not_found() => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if answer.secret_string().is_none() && answer.secret_binary().is_none() {
            return Ok(None);
        }
        let text = answer.secret_string();
        let client = parse(text).map_err(|problem| SecretError::Shape {
            secret: format!("version {version_id} of {secret}"),
            problem,
        })?;
        Ok(Some(StoredClient {
            client,
            made_at: answer.created_date().and_then(timestamp),
            text: text.unwrap_or_default().into(),
        }))
    }

    /// Stores a value as the version `token`, under AWSPENDING. Storing the same value again changes
    /// nothing; another value for the same version is refused by Secrets Manager.
    ///
    /// # Errors
    /// It was not stored, as far as is known.
    pub async fn put_pending(
        &self,
        secret: &SecretArn,
        token: &str,
        value: &SecretString,
        rotation_token: Option<&SecretString>,
    ) -> Result<(), AwsError> {
        self.client
            .put_secret_value()
            .secret_id(secret.to_string())
            .client_request_token(token)
            .secret_string(value.expose_secret())
            .version_stages(PENDING)
            .set_rotation_token(rotation_token.map(|token| token.expose_secret().to_owned()))
            .send()
            .await
            .map_err(refine("secretsmanager:PutSecretValue", secret.to_string()))?;
        Ok(())
    }

    /// Moves AWSCURRENT from one version to another in one call, which is how a rotation ends
    /// (Secrets Manager user guide, "Lambda rotation functions").
    ///
    /// # Errors
    /// It was not moved, as far as is known.
    pub async fn move_current(
        &self,
        secret: &SecretArn,
        from: &str,
        to: &str,
    ) -> Result<(), AwsError> {
        self.client
            .update_secret_version_stage()
            .secret_id(secret.to_string())
            .version_stage(CURRENT)
            .remove_from_version_id(from)
            .move_to_version_id(to)
            .send()
            .await
            .map_err(refine(
                "secretsmanager:UpdateSecretVersionStage",
                secret.to_string(),
            ))?;
        Ok(())
    }

    /// Takes AWSPENDING off a version, so that another rotation can begin.
    ///
    /// # Errors
    /// It was not taken off, as far as is known.
    pub async fn remove_pending(&self, secret: &SecretArn, from: &str) -> Result<(), AwsError> {
        self.client
            .update_secret_version_stage()
            .secret_id(secret.to_string())
            .version_stage(PENDING)
            .remove_from_version_id(from)
            .send()
            .await
            .map_err(refine(
                "secretsmanager:UpdateSecretVersionStage",
                secret.to_string(),
            ))?;
        Ok(())
    }
}

fn labels(described: &DescribeSecretOutput) -> Labels {
    let versions = described.version_ids_to_stages().into_iter().flatten();
    Labels {
        rotation_enabled: described.rotation_enabled().unwrap_or_default(),
        versions: versions
            .map(|(version, stages)| {
                let stages: BTreeSet<String> = stages.iter().cloned().collect();
                (version.clone(), stages)
            })
            .collect(),
    }
}

fn timestamp(at: &aws_sdk_secretsmanager::primitives::DateTime) -> Option<Timestamp> {
    Timestamp::from_millisecond(at.to_millis().ok()?).ok()
}

#[derive(Deserialize)]
struct Wire {
    client_id: String,
    client_secret: SecretString,
    alternate_client_id: Option<String>,
}

/// serde's own messages quote what they stumble over, so they are not passed on.
fn parse(text: Option<&str>) -> Result<GenesysClient, &'static str> {
    let text = text.ok_or("is binary, not text")?;
    let Wire {
        client_id,
        client_secret,
        alternate_client_id,
    } = serde_json::from_str(text)
        .map_err(|_| "is not JSON with the texts client_id and client_secret")?;
    // A secret pasted into the wrong place must not travel on as an id.
    if !is_id(&client_id) {
        return Err("has a client_id that is not the id of an OAuth client");
    }
    if alternate_client_id.as_deref().is_some_and(|id| !is_id(id)) {
        return Err("has an alternate_client_id that is not the id of an OAuth client");
    }
    Ok(GenesysClient {
        client_id,
        client_secret,
        alternate_client_id,
    })
}

fn is_id(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    !text.is_empty() && text.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reads_the_client_and_lets_other_members_be() {
        let text = r#"{"client_id": "abc-1", "client_secret": "s3cr3t", "note": "x"}"#;
        let client = parse(Some(text)).unwrap();
        assert_eq!(client.client_id, "abc-1");
        assert_eq!(client.client_secret.expose_secret(), "s3cr3t");
        assert!(!format!("{client:?}").contains("s3cr3t"));
    }

    #[test]
    fn no_error_quotes_the_value() {
        for text in [
            "s3cr3t",
            r#""s3cr3t""#,
            r#"{"client_id": "s3cr3t"}"#,
            r#"{"client_id": "x", "client_secret": ["s3cr3t"]}"#,
            r#"{"client_id": "s3cr3t!", "client_secret": "x"}"#,
            r#"{"client_id": "a", "client_secret": "x", "alternate_client_id": "s3cr3t!"}"#,
            r#"{"client_id": "a", "client_secret": "x", "alternate_client_id": ["s3cr3t"]}"#,
            r#"{"s3cr3t": 1, "client_id": {}, "client_secret": "s3cr3t"}"#,
        ] {
            let problem = parse(Some(text)).unwrap_err();
            assert!(!problem.contains("s3cr3t"), "{problem}");
        }
    }

    #[test]
    fn a_pair_changes_places_and_every_other_member_stays() {
        let text = r#"{"client_id": "a", "client_secret": "s3cr3t", "alternate_client_id": "b", "note": [1]}"#;
        let stored = StoredClient {
            client: parse(Some(text)).unwrap(),
            made_at: None,
            text: text.into(),
        };
        assert!(!format!("{stored:?}").contains("s3cr3t"));
        let swapped = stored.with(&GenesysClient {
            client_id: "b".into(),
            client_secret: "fresh".into(),
            alternate_client_id: Some("a".into()),
        });
        let swapped: Value = serde_json::from_str(swapped.expose_secret()).unwrap();
        let expected = json!({
            "client_id": "b", "client_secret": "fresh", "alternate_client_id": "a", "note": [1],
        });
        assert_eq!(swapped, expected);
    }
}
