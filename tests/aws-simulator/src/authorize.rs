//! Who may do what: the question, and the trait that answers it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use crate::{Principal, State};

/// Names of condition keys that the services here give.
///
/// Global keys: IAM user guide, "AWS global condition context keys". The others: Service
/// Authorization Reference, the page of each service.
pub mod context {
    /// The principal's ARN; a session counts as its role.
    pub const PRINCIPAL_ARN: &str = "aws:PrincipalArn";
    /// The principal's account.
    pub const PRINCIPAL_ACCOUNT: &str = "aws:PrincipalAccount";
    /// The ARN on whose behalf a service acts.
    pub const SOURCE_ARN: &str = "aws:SourceArn";
    /// The account on whose behalf a service acts.
    pub const SOURCE_ACCOUNT: &str = "aws:SourceAccount";
    /// `true`: everything here is https.
    pub const SECURE_TRANSPORT: &str = "aws:SecureTransport";
    /// The moment, as ISO 8601.
    pub const CURRENT_TIME: &str = "aws:CurrentTime";
    /// The region that is called.
    pub const REQUESTED_REGION: &str = "aws:RequestedRegion";
    /// The account that the resource belongs to.
    pub const RESOURCE_ACCOUNT: &str = "aws:ResourceAccount";
    /// The keys of tags in the request; several values.
    pub const TAG_KEYS: &str = "aws:TagKeys";
    /// Before the key of a tag in the request: its value.
    pub const REQUEST_TAG: &str = "aws:RequestTag/";
    /// Before the key of a tag of the resource: its value.
    pub const RESOURCE_TAG: &str = "aws:ResourceTag/";
    /// The prefix of a listing (`s3:ListBucket`, `s3:ListBucketVersions`).
    pub const S3_PREFIX: &str = "s3:prefix";
    /// The most keys of a page of a listing.
    pub const S3_MAX_KEYS: &str = "s3:max-keys";
    /// The version that is read or deleted.
    pub const S3_VERSION_ID: &str = "s3:VersionId";
    /// `If-Match` of a conditional write (Service Authorization Reference, Amazon S3).
    pub const S3_IF_MATCH: &str = "s3:if-match";
    /// `If-None-Match` of a conditional write.
    pub const S3_IF_NONE_MATCH: &str = "s3:if-none-match";
    /// The secret, as the request names it.
    pub const SECRET_ID: &str = "secretsmanager:SecretId";
    /// The version that is read.
    pub const SECRET_VERSION_ID: &str = "secretsmanager:VersionId";
    /// The label that is read or moved.
    pub const SECRET_VERSION_STAGE: &str = "secretsmanager:VersionStage";
    /// The ARN of the function that rotates the secret.
    pub const SECRET_ROTATION_LAMBDA: &str = "secretsmanager:resource/AllowRotationLambdaArn";
    /// Before the key of a tag of the secret: its value.
    pub const SECRET_RESOURCE_TAG: &str = "secretsmanager:ResourceTag/";
    /// The function that `RotateSecret` names.
    pub const ROTATION_LAMBDA: &str = "secretsmanager:RotationLambdaARN";
    /// The service through which a key is used.
    pub const KMS_VIA_SERVICE: &str = "kms:ViaService";
    /// Before the key of an encryption context: its value.
    pub const KMS_ENCRYPTION_CONTEXT: &str = "kms:EncryptionContext:";
    /// The account that calls for the use of a key.
    pub const KMS_CALLER_ACCOUNT: &str = "kms:CallerAccount";
    /// The boundary of the role that is changed, or that a new one gets.
    pub const IAM_PERMISSIONS_BOUNDARY: &str = "iam:PermissionsBoundary";
    /// The external id of `AssumeRole`.
    pub const STS_EXTERNAL_ID: &str = "sts:ExternalId";
    /// The function that is invoked.
    pub const LAMBDA_FUNCTION_ARN: &str = "lambda:FunctionArn";
    /// The `source` of an event.
    pub const EVENTS_SOURCE: &str = "events:source";
    /// The `detail-type` of an event.
    pub const EVENTS_DETAIL_TYPE: &str = "events:detail-type";
}

/// Condition keys and their values. A key that is not here is absent from the request's context,
/// which is not the same as empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context(BTreeMap<String, Vec<String>>);

impl Context {
    /// None.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With a key of one value.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.insert(key.into(), vec![value.into()]);
        self
    }

    /// With a key of one value, where there is one.
    #[must_use]
    pub fn with_some(self, key: &str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// With a key of several values; of none, the key stays absent.
    #[must_use]
    pub fn with_all(mut self, key: &str, values: Vec<String>) -> Self {
        if !values.is_empty() {
            self.0.insert(key.to_owned(), values);
        }
        self
    }

    /// The keys of `other` too; where both have one, that of `other`.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// A key's values. Names of keys are not case-sensitive (IAM user guide, "Condition").
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&[String]> {
        let mut found = self
            .0
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case(key));
        found.next().map(|(_, values)| values.as_slice())
    }

    /// All keys with their values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.0
            .iter()
            .map(|(key, values)| (key.as_str(), values.as_slice()))
    }
}

/// One action on one resource. A request may need several.
#[derive(Clone, Debug)]
pub struct Access<'a> {
    /// When.
    pub at: Timestamp,
    /// Who asks.
    pub principal: &'a Principal,
    /// The action, such as `s3:PutObject`.
    pub action: &'a str,
    /// The resource's ARN, or `*` where the action knows no resource.
    pub resource: &'a str,
    /// Condition keys.
    pub context: &'a Context,
    /// The policy of the resource itself, where it has one.
    pub resource_policy: Option<&'a Value>,
}

/// What the policies say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is allowed.
    Allow,
    /// It is not.
    Deny {
        /// The end of the message that AWS gives: `because no identity-based policy allows the …
        /// action` (IAM user guide, "Troubleshoot access denied error messages").
        because: String,
    },
}

/// Decides on each action of each request. `state` has the roles and their policies.
pub trait Authorizer: Send + Sync {
    /// What the policies say.
    fn decide(&self, state: &State, access: &Access<'_>) -> Decision;
}

/// Allows everything: for tests that are not about permissions.
#[derive(Clone, Copy, Debug, Default)]
pub struct AllowAll;

impl Authorizer for AllowAll {
    fn decide(&self, _: &State, _: &Access<'_>) -> Decision {
        Decision::Allow
    }
}
