//! Secrets Manager: the resource policies of secrets.

use aws_sdk_secretsmanager::Client;
use lockstep_domain::arn::SecretArn;
use lockstep_domain::policy;
use serde_json::Value;

use super::secrets::client;
use super::{AwsError, Connection, refine, required};

/// Reads the resource policies of secrets.
#[derive(Clone, Debug)]
pub struct SecretPolicies {
    client: Client,
}

impl SecretPolicies {
    /// On the shared configuration.
    #[must_use]
    pub fn new(aws: &Connection) -> Self {
        Self {
            client: client(aws),
        }
    }

    /// The resource policy of a secret that exists; none where it has none.
    ///
    /// # Errors
    /// Secrets Manager refused to say, or did not answer.
    pub async fn read(&self, secret: &SecretArn) -> Result<Option<Value>, AwsError> {
        const OPERATION: &str = "secretsmanager:GetResourcePolicy";
        let of = secret.to_string();
        let request = self.client.get_resource_policy().secret_id(&of);
        let answer = request.send().await;
        let answer = answer.map_err(refine(OPERATION, of.as_str()))?;
        required(OPERATION, &of, "ARN", answer.arn())?;
        Ok(answer.resource_policy().map(policy::decode))
    }
}
