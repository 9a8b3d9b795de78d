//! KMS: what kind of key encrypts a secret, and whether it is rotated. Metadata only.

use aws_sdk_kms::Client;
use aws_sdk_kms::error::ProvideErrorMetadata as _;
use aws_sdk_kms::types::{KeyManagerType, KeySpec, KeyState, OriginType};
use lockstep_domain::compliance::{ObservedKey, Rotates};

use super::{AwsError, Connection, Service, garbled, refine};

/// KMS.
#[derive(Clone, Debug)]
pub struct Keys {
    client: Client,
}

fn client(aws: &Connection) -> Client {
    let mut config = aws_sdk_kms::config::Builder::from(&aws.sdk);
    config.set_retry_partition(aws.budget(Service::Kms));
    Client::from_conf(config.build())
}

impl Keys {
    /// On the shared configuration.
    #[must_use]
    pub fn new(aws: &Connection) -> Self {
        Self {
            client: client(aws),
        }
    }

    /// Reads a key's metadata, by id, ARN or alias.
    ///
    /// # Errors
    /// The key could not be described. That its rotation could not be read is an answer.
    pub async fn describe(&self, key: &str) -> Result<ObservedKey, AwsError> {
        let described = self
            .client
            .describe_key()
            .key_id(key)
            .send()
            .await
            .map_err(refine("kms:DescribeKey", key))?;
        let metadata = described
            .key_metadata()
            .filter(|metadata| !metadata.key_id().is_empty())
            .ok_or_else(|| {
                garbled(
                    "kms:DescribeKey",
                    key,
                    "the response does not describe the key",
                )
            })?;
        let is_customers = metadata.key_manager() == Some(&KeyManagerType::Customer);
        let may_rotate = metadata.key_spec() == Some(&KeySpec::SymmetricDefault)
            && metadata.origin() == Some(&OriginType::AwsKms);
        let rotates = match (is_customers, may_rotate) {
            // AWS rotates its own keys each year, and says nothing about it.
            (false, _) => Rotates::Yes,
            (true, false) => Rotates::Never,
            (true, true) => self.rotates(key).await,
        };
        Ok(ObservedKey {
            is_customers,
            is_enabled: metadata.key_state() == Some(&KeyState::Enabled),
            rotates,
        })
    }

    async fn rotates(&self, key: &str) -> Rotates {
        let status = self
            .client
            .get_key_rotation_status()
            .key_id(key)
            .send()
            .await;
        match status {
            Ok(status) if status.key_rotation_enabled() => Rotates::Yes,
            // To the SDK an answer without the member is a "no" (KMS API reference,
            // `GetKeyRotationStatus`: these two come with it).
            Ok(status)
                if status.key_id().is_none() && status.rotation_period_in_days().is_none() =>
            {
                Rotates::Unread {
                    because: "KMS did not return whether it rotates the key".to_owned(),
                }
            }
            Ok(_) => Rotates::No,
            Err(error) if error.code() == Some("UnsupportedOperationException") => Rotates::Never,
            Err(error) => {
                let error: AwsError = refine("kms:GetKeyRotationStatus", key)(error);
                Rotates::Unread {
                    because: error.to_string(),
                }
            }
        }
    }
}
