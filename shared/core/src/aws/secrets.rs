//! Secrets Manager: metadata of every bound secret, and the value of one: our own OAuth client.

use std::fmt;

use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use lockstep_domain::arn::SecretArn;
use secrecy::SecretString;
use serde::Deserialize;

use super::{AwsError, refine};

/// The staging label of the version in force (Secrets Manager guide, "What's in a secret").
const CURRENT: &str = "AWSCURRENT";

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

/// The OAuth client that Lockstep signs in with.
#[derive(Clone)]
pub struct GenesysClient {
    /// Its id; not a secret.
    pub client_id: String,
    /// Its secret.
    pub client_secret: SecretString,
}

impl fmt::Debug for GenesysClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GenesysClient")
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
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
        "{secret} {problem}; it should be JSON: {{\"client_id\": ..., \"client_secret\": ...}}"
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
        let described = self
            .client
            .describe_secret()
            .secret_id(secret.to_string())
            .send()
            .await
            .map_err(refine("secretsmanager:DescribeSecret", secret.to_string()));
        let described = match described {
            Ok(described) => described,
            Err(error) if error.is_not_found() => return Ok(SecretSeen::Missing),
            Err(error) => return Err(error),
        };
        if described.deleted_date().is_some() {
            return Ok(SecretSeen::Deleted);
        }
        let current = described
            .version_ids_to_stages()
            .into_iter()
            .flatten()
            .find(|(_, stages)| stages.iter().any(|stage| stage == CURRENT));
        Ok(match current {
            Some((version_id, _)) => SecretSeen::Current {
                version_id: version_id.clone(),
                kms_key: described.kms_key_id().map(str::to_owned),
            },
            None => SecretSeen::NoCurrent,
        })
    }

    /// Reads the OAuth client at its version in force: JSON with `client_id` and `client_secret`.
    /// Other members are let be.
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
}

#[derive(Deserialize)]
struct Wire {
    client_id: String,
    client_secret: SecretString,
}

/// serde's own messages quote what they stumble over, so they are not passed on.
fn parse(text: Option<&str>) -> Result<GenesysClient, &'static str> {
    let text = text.ok_or("is binary, not text")?;
    let Wire {
        client_id,
        client_secret,
    } = serde_json::from_str(text)
        .map_err(|_| "is not JSON with the texts client_id and client_secret")?;
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if client_id.is_empty() || !client_id.chars().all(fits) {
        // A secret pasted into the wrong place must not travel on as an id.
        return Err("has a client_id that is not the id of an OAuth client");
    }
    Ok(GenesysClient {
        client_id,
        client_secret,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

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
            r#"{"s3cr3t": 1, "client_id": {}, "client_secret": "s3cr3t"}"#,
        ] {
            let problem = parse(Some(text)).unwrap_err();
            assert!(!problem.contains("s3cr3t"), "{problem}");
        }
    }
}
