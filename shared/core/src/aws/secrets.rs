//! Secrets Manager: metadata of every bound secret, and the values of some: OAuth clients.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use jiff::Timestamp;
use lockstep_domain::arn::SecretArn;
use lockstep_domain::ids::VersionId;
use lockstep_domain::rotation::{CURRENT, Labels, PENDING, PREVIOUS};
use secrecy::{ExposeSecret as _, SecretString};

use super::client_value::{GenesysClient, StoredClient, parse};
use super::error::Kind;
use super::kms_denial::name_key;
use super::{AwsError, Connection, Pages, Service, refine, required};

const GET_VALUE: &str = "secretsmanager:GetSecretValue";
const MOVE_LABEL: &str = "secretsmanager:UpdateSecretVersionStage";

/// Secrets Manager.
#[derive(Clone, Debug)]
pub struct Secrets {
    client: Client,
}

/// What a look at a secret's metadata shows.
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

fn client(aws: &Connection) -> Client {
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

    /// When each version that carries a label was made.
    ///
    /// # Errors
    /// AWS did not answer with all of them.
    pub async fn made(&self, secret: &SecretArn) -> Result<BTreeMap<String, Timestamp>, AwsError> {
        const OPERATION: &str = "secretsmanager:ListSecretVersionIds";
        let of = secret.to_string();
        let mut pages = Pages::of(OPERATION, &of);
        let mut made = BTreeMap::new();
        let mut token = None;
        loop {
            let request = self.client.list_secret_version_ids().secret_id(&of);
            let page = request.set_next_token(token).send().await;
            let page = page.map_err(refine(OPERATION, of.as_str()))?;
            required(OPERATION, &of, "ARN", page.arn())?;
            for version in page.versions() {
                let at = version.created_date().and_then(timestamp);
                if let (Some(id), Some(at)) = (version.version_id(), at) {
                    made.insert(id.to_owned(), at);
                }
            }
            token = pages.next(page.next_token.is_some(), page.next_token)?;
            if token.is_none() {
                break;
            }
        }
        Ok(made)
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
            Err(error) => return Err(self.explained(secret, error).await.into()),
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
            Err(error) => return Err(self.explained(secret, error).await.into()),
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
            Err(error) => Err(self.explained(secret, error).await),
        }
    }

    /// A failure with the secret's KMS key named, where that is the reason.
    async fn explained(&self, secret: &SecretArn, error: AwsError) -> AwsError {
        name_key(&self.client, &secret.to_string(), error).await
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

fn timestamp(at: &aws_sdk_secretsmanager::primitives::DateTime) -> Option<Timestamp> {
    Timestamp::from_millisecond(at.to_millis().ok()?).ok()
}
