//! Secrets Manager: the OAuth clients that secrets hold.

use aws_sdk_secretsmanager::Client;
use lockstep_domain::arn::SecretArn;

use super::client_value::{GenesysClient, StoredClient, parse};
use super::kms_denial::name_key;
use super::secrets::{client, timestamp};
use super::{AwsError, Connection, refine, required};

const GET_VALUE: &str = "secretsmanager:GetSecretValue";

/// Reads OAuth clients.
#[derive(Clone, Debug)]
pub struct ClientSecrets {
    client: Client,
}

/// Our own client could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// AWS did not answer with it.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// It is not what it should be. Says what is wrong, and quotes nothing.
    #[error(
        "the value of {secret} {problem}; store JSON of the form {{\"client_id\": ..., \
         \"client_secret\": ..., \"alternate_client_id\": ...}}, where alternate_client_id is \
         optional"
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

impl ClientSecrets {
    /// On the shared configuration.
    #[must_use]
    pub fn new(aws: &Connection) -> Self {
        Self {
            client: client(aws),
        }
    }

    /// Reads the OAuth client at its current version: JSON with `client_id`, `client_secret` and,
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
            .map_err(refine(GET_VALUE, secret.to_string()));
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                return Err(name_key(&self.client, &secret.to_string(), error)
                    .await
                    .into());
            }
        };
        required(GET_VALUE, &secret.to_string(), "ARN", answer.arn())?;
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
            .map_err(refine(GET_VALUE, secret.to_string()));
        let answer = match answer {
            Ok(answer) => answer,
            // The version is among the secret's labels: what is not there is its value.
            Err(error) if error.is_not_found() => return Ok(None),
            Err(error) => {
                return Err(name_key(&self.client, &secret.to_string(), error)
                    .await
                    .into());
            }
        };
        required(GET_VALUE, &secret.to_string(), "ARN", answer.arn())?;
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
}
