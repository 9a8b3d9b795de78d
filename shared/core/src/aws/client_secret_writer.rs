//! Secrets Manager: the writes of a rotation of an OAuth client's secret.

use aws_sdk_secretsmanager::Client;
use lockstep_domain::arn::SecretArn;
use lockstep_domain::rotation::{CURRENT, PENDING};
use secrecy::{ExposeSecret as _, SecretString};

use super::kms_denial::name_key;
use super::secrets::client;
use super::{AwsError, Connection, refine, required};

const MOVE_LABEL: &str = "secretsmanager:UpdateSecretVersionStage";

/// Stores versions of secrets with OAuth clients, and moves their labels.
#[derive(Clone, Debug)]
pub struct ClientSecretWriter {
    client: Client,
}

impl ClientSecretWriter {
    /// On the shared configuration.
    #[must_use]
    pub fn new(aws: &Connection) -> Self {
        Self {
            client: client(aws),
        }
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
        const OPERATION: &str = "secretsmanager:PutSecretValue";
        let put = self
            .client
            .put_secret_value()
            .secret_id(secret.to_string())
            .client_request_token(token)
            .secret_string(value.expose_secret())
            .version_stages(PENDING)
            .set_rotation_token(rotation_token.map(|token| token.expose_secret().to_owned()))
            .send()
            .await
            .map_err(refine(OPERATION, secret.to_string()));
        let of = secret.to_string();
        match put {
            Ok(answer) => required(OPERATION, &of, "VersionId", answer.version_id()).map(drop),
            Err(error) => Err(name_key(&self.client, &of, error).await),
        }
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
        let answer = self
            .client
            .update_secret_version_stage()
            .secret_id(secret.to_string())
            .version_stage(CURRENT)
            .remove_from_version_id(from)
            .move_to_version_id(to)
            .send()
            .await
            .map_err(refine(MOVE_LABEL, secret.to_string()))?;
        required(MOVE_LABEL, &secret.to_string(), "ARN", answer.arn())?;
        Ok(())
    }

    /// Takes AWSPENDING off a version, so that another rotation can begin.
    ///
    /// # Errors
    /// It was not taken off, as far as is known.
    pub async fn remove_pending(&self, secret: &SecretArn, from: &str) -> Result<(), AwsError> {
        let answer = self
            .client
            .update_secret_version_stage()
            .secret_id(secret.to_string())
            .version_stage(PENDING)
            .remove_from_version_id(from)
            .send()
            .await
            .map_err(refine(MOVE_LABEL, secret.to_string()))?;
        required(MOVE_LABEL, &secret.to_string(), "ARN", answer.arn())?;
        Ok(())
    }
}
