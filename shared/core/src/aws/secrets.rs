//! Secrets Manager: the metadata of secrets, never a value.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use jiff::Timestamp;
use lockstep_domain::arn::SecretArn;
use lockstep_domain::ids::VersionId;
use lockstep_domain::rotation::{Labels, PREVIOUS};

use super::error::Kind;
use super::{AwsError, Connection, Service, refine, required};

/// Reads the metadata of secrets.
#[derive(Clone, Debug)]
pub struct Secrets {
    client: Client,
}

/// The metadata of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSeen {
    /// It has a current version.
    Current {
        /// Its id.
        version_id: VersionId,
        /// The id of the version before it, where one carries AWSPREVIOUS.
        previous_id: Option<String>,
        /// The customer key that encrypts it; `None` for the account's own key.
        kms_key: Option<String>,
    },
    /// The secret exists, but has no current version.
    NoCurrent,
    /// Deleted, or scheduled for deletion.
    Deleted,
    /// There is no such secret.
    Missing,
}

/// A secret's metadata, as far as rotating it goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecretMetadata {
    /// Its labels, and whether it is rotated.
    pub labels: Labels,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// The key that encrypts it; none is the account's own, `aws/secretsmanager`.
    pub key: Option<String>,
    /// By when Secrets Manager rotates it next.
    pub next_rotation: Option<Timestamp>,
}

pub(super) fn client(aws: &Connection) -> Client {
    let mut config = aws_sdk_secretsmanager::config::Builder::from(&aws.sdk);
    config.set_retry_partition(aws.budget(Service::SecretsManager));
    Client::from_conf(config.build())
}

impl Secrets {
    /// On the shared configuration.
    #[must_use]
    pub fn new(aws: &Connection) -> Self {
        Self {
            client: client(aws),
        }
    }

    /// Which version is current. Reads metadata only (`DescribeSecret`), never a value.
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
        let labels = labels(&described);
        Ok(match labels.current() {
            Some(version_id) => SecretSeen::Current {
                version_id: version(secret, version_id)?,
                previous_id: labels.holder(PREVIOUS).map(str::to_owned),
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
    pub async fn metadata(&self, secret: &SecretArn) -> Result<Option<SecretMetadata>, AwsError> {
        let Some(described) = self.describe(secret).await? else {
            return Ok(None);
        };
        if described.deleted_date().is_some() {
            return Ok(None);
        }
        let tag = |tag: &aws_sdk_secretsmanager::types::Tag| {
            Some((tag.key()?.to_owned(), tag.value()?.to_owned()))
        };
        Ok(Some(SecretMetadata {
            labels: labels(&described),
            tags: described.tags().iter().filter_map(tag).collect(),
            key: described
                .kms_key_id()
                .filter(|key| !key.ends_with("alias/aws/secretsmanager"))
                .map(str::to_owned),
            next_rotation: described.next_rotation_date().and_then(timestamp),
        }))
    }

    /// The full ARN of the secret of this name or ARN; none where there is none. Reads metadata only.
    ///
    /// # Errors
    /// Anything but the secret's absence.
    pub async fn arn_of(&self, name_or_arn: &str) -> Result<Option<SecretArn>, AwsError> {
        let described = self.described(name_or_arn).await?;
        let arn = described.and_then(|described| described.arn);
        Ok(arn.and_then(|arn| arn.parse().ok()))
    }

    async fn describe(&self, secret: &SecretArn) -> Result<Option<DescribeSecretOutput>, AwsError> {
        self.described(&secret.to_string()).await
    }

    async fn described(&self, name_or_arn: &str) -> Result<Option<DescribeSecretOutput>, AwsError> {
        let described = self
            .client
            .describe_secret()
            .secret_id(name_or_arn)
            .send()
            .await
            .map_err(refine("secretsmanager:DescribeSecret", name_or_arn));
        match described {
            Ok(described) => {
                let operation = "secretsmanager:DescribeSecret";
                required(operation, name_or_arn, "ARN", described.arn())?;
                Ok(Some(described))
            }
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Whoever stores a version chooses its id, and it is written into templates and names.
fn version(secret: &SecretArn, id: &str) -> Result<VersionId, AwsError> {
    id.parse().map_err(|problem| AwsError {
        operation: "secretsmanager:DescribeSecret",
        resource: secret.to_string(),
        kind: Kind::Other,
        code: None,
        message: format!(
            "the id of its AWSCURRENT version {problem}; store the value again with a different \
             ClientRequestToken"
        ),
    })
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

pub(super) fn timestamp(at: &aws_sdk_secretsmanager::primitives::DateTime) -> Option<Timestamp> {
    Timestamp::from_millisecond(at.to_millis().ok()?).ok()
}
