//! What a change binds: secrets at their versions, and the credentials that carry their values.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::arn::SecretArn;
use crate::digest::Digest;
use crate::ids::{CredentialId, IntegrationId};

/// A secret at the version that was AWSCURRENT when it was read. Never its value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct SecretVersion {
    /// The name the function knows it by.
    pub name: String,
    /// The secret.
    pub arn: SecretArn,
    /// The version that carried AWSCURRENT.
    pub version_id: String,
}

/// A keyed digest of the values of a credential's fields: shows whether two versions of a secret hold
/// the same values without showing what they are. Made where values may be held, which is not
/// here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(pub String);

/// An integration credential as Lockstep bound it last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoundCredential {
    /// The integration that uses it.
    pub integration_id: IntegrationId,
    /// The slot of the integration's config, as Genesys Cloud spells it.
    pub slot: String,
    /// The credential.
    pub credential_id: CredentialId,
    /// Its name.
    pub name: String,
    /// Its `modifiedDate` as first listed after it was bound: the only sign that somebody
    /// else wrote to it (official Python SDK 269.0.0, `CredentialInfo`).
    #[serde(default)]
    pub modified_date: Option<Timestamp>,
    /// The version of the secret whose values it carries, or would if they were pushed again.
    pub version_id: String,
    /// Of its type and of where in the secret its fields are.
    pub recipe: Digest,
    /// Of the values themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<Fingerprint>,
}

/// What an integration's slot pointed at before a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviousCredential {
    /// The integration.
    pub integration_id: IntegrationId,
    /// The slot, as Genesys Cloud spells it.
    pub slot: String,
    /// What it pointed at; none where it was empty.
    pub credential_id: Option<CredentialId>,
    /// What was remembered of it, where Lockstep had bound it.
    #[serde(default)]
    pub bound: Option<BoundCredential>,
}
