//! Secrets Manager: the values that integration credentials carry. Read by `rebind-action` alone.

use aws_sdk_secretsmanager::Client;
use lockstep_domain::arn::SecretArn;
use secrecy::SecretString;

use super::error::Kind;
use super::kms_denial::name_key;
use super::{AwsError, Connection, Service, refine};

const OPERATION: &str = "secretsmanager:GetSecretValue";

/// The secrets whose values are pushed.
#[derive(Clone, Debug)]
pub struct CredentialSecrets {
    client: Client,
}

fn client(aws: &Connection) -> Client {
    let mut config = aws_sdk_secretsmanager::config::Builder::from(&aws.sdk);
    config.set_retry_partition(aws.budget(Service::SecretsManager));
    Client::from_conf(config.build())
}

impl CredentialSecrets {
    /// On the shared configuration.
    #[must_use]
    pub fn new(aws: &Connection) -> Self {
        Self {
            client: client(aws),
        }
    }

    /// The value of exactly this version: by its id, so that value and version belong together
    /// whatever moves a label meanwhile.
    ///
    /// # Errors
    /// AWS's, or that the value is binary. No error quotes any of it.
    pub async fn value(
        &self,
        secret: &SecretArn,
        version_id: &str,
    ) -> Result<SecretString, AwsError> {
        let request = self.client.get_secret_value().version_id(version_id);
        let secret = secret.to_string();
        match read(request.secret_id(&secret), &secret).await {
            Err(error) => Err(name_key(&self.client, &secret, error).await),
            value => value,
        }
    }

    /// The current value of a secret of the stack itself, by its ARN.
    ///
    /// # Errors
    /// As for [`Self::value`].
    pub async fn current(&self, secret: &str) -> Result<SecretString, AwsError> {
        read(self.client.get_secret_value().secret_id(secret), secret).await
    }
}

async fn read(
    request: aws_sdk_secretsmanager::operation::get_secret_value::builders::GetSecretValueFluentBuilder,
    secret: &str,
) -> Result<SecretString, AwsError> {
    let answer = request.send().await.map_err(refine(OPERATION, secret))?;
    let text = answer.secret_string.map(SecretString::from);
    text.ok_or_else(|| AwsError {
        operation: OPERATION,
        resource: secret.to_owned(),
        kind: Kind::Other,
        code: None,
        message: "the value is binary, not text".to_owned(),
    })
}
