//! What a manifest says about a secret.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SecretName;
use crate::arn::SecretArn;

/// A secret that a function needs, by reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SecretReference {
    /// What the function calls it.
    pub name: SecretName,
    /// The secret.
    pub arn: SecretArn,
    /// Whether its old version still works after a rotation.
    pub overlap: Overlap,
    /// How it should be rotated and encrypted, if it matters.
    pub rotation: Option<RotationDirectives>,
}

/// How a secret should be rotated and encrypted. What does not hold is a finding; Lockstep
/// switches nothing on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RotationDirectives {
    /// The maximum age of the current version, in days.
    pub max_age_days: Option<u32>,
    /// Which key should encrypt it.
    pub kms: KmsDirective,
    /// Whether that key should be rotated by KMS each year.
    pub kms_rotation_required: bool,
}

/// Which key should encrypt a secret.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum KmsDirective {
    /// Any, the account's `aws/secretsmanager` included.
    #[default]
    Any,
    /// A key of the customer's own, whose policy says who may decrypt.
    CustomerManaged,
}

/// Whether KMS should rotate a key automatically.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum KmsRotation {
    /// It should.
    Required,
}

/// Whether the version before the current one still works.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Overlap {
    /// It does not: rotation changes the password of one user. Going back would be an outage.
    #[default]
    None,
    /// It does: rotation alternates between two users.
    Alternating,
}
