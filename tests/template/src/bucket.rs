//! Buckets and their policies.

use policy_evaluator::ResourcePolicy;
use serde::Deserialize;
use serde_json::Value;

use crate::properties::{Flag, Ignored, Number};
use crate::{Document, Template, TemplateError};

/// A bucket.
#[derive(Clone, Debug, PartialEq)]
pub struct Bucket {
    /// Its logical id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Whether it keeps versions.
    pub versioned: bool,
    /// Whether it sends its events to the default event bus.
    pub events: bool,
    /// What expires.
    pub lifecycle: Vec<LifecycleRule>,
    /// How long new objects are locked, where they are.
    pub lock: Option<ObjectLock>,
    /// Who may do what, or never.
    pub policy: Option<Document<ResourcePolicy>>,
}

/// What expires of objects with a prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LifecycleRule {
    /// Its name.
    pub id: String,
    /// The beginning of keys; all where it is empty.
    pub prefix: String,
    /// After how many days a current version expires.
    pub expiration_days: Option<u32>,
    /// After how many days a version expires that is not current any more.
    pub noncurrent_days: Option<u32>,
    /// Whether a delete marker goes that is the last version.
    pub expired_delete_markers: bool,
}

/// The default retention of new objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectLock {
    /// `GOVERNANCE` or `COMPLIANCE`.
    pub mode: String,
    /// For how many days.
    pub days: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct BucketProperties {
    #[serde(rename = "BucketEncryption")]
    _encryption: Ignored,
    #[serde(rename = "PublicAccessBlockConfiguration")]
    _public_access: Ignored,
    #[serde(rename = "OwnershipControls")]
    _ownership: Ignored,
    versioning_configuration: Option<Versioning>,
    notification_configuration: Option<Notification>,
    lifecycle_configuration: Option<Lifecycle>,
    object_lock_enabled: Option<Flag>,
    object_lock_configuration: Option<Lock>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Versioning {
    status: Status,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
enum Status {
    Enabled,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Notification {
    #[serde(rename = "EventBridgeConfiguration")]
    event_bridge: EventBridge,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EventBridge {
    #[serde(rename = "EventBridgeEnabled")]
    enabled: Flag,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Lifecycle {
    rules: Vec<LifecycleProperties>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct LifecycleProperties {
    id: String,
    #[serde(rename = "Status")]
    _status: Status,
    #[serde(default)]
    prefix: String,
    expiration_in_days: Option<Number>,
    noncurrent_version_expiration: Option<Noncurrent>,
    expired_object_delete_marker: Option<Flag>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Noncurrent {
    noncurrent_days: Number,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Lock {
    #[serde(rename = "ObjectLockEnabled")]
    _enabled: Status,
    rule: LockRule,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct LockRule {
    default_retention: Retention,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Retention {
    mode: String,
    days: Number,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct BucketPolicyProperties {
    bucket: String,
    policy_document: Value,
}

impl Bucket {
    pub(crate) fn of(template: &Template, id: &str) -> Result<Self, TemplateError> {
        let read: BucketProperties = template.read(id)?;
        let name = template.name(id)?;
        let locked = read.object_lock_enabled.unwrap_or_default().0;
        let lock = read.object_lock_configuration.map(|lock| ObjectLock {
            mode: lock.rule.default_retention.mode,
            days: lock.rule.default_retention.days.0,
        });
        if locked != lock.is_some() {
            return Err(TemplateError::new(
                id,
                "object lock without a retention, or the reverse",
            ));
        }
        let rules = read
            .lifecycle_configuration
            .map(|lifecycle| lifecycle.rules);
        Ok(Self {
            id: id.to_owned(),
            arn: template.arn(id)?,
            versioned: read
                .versioning_configuration
                .is_some_and(|versioning| versioning.status == Status::Enabled),
            events: read
                .notification_configuration
                .is_some_and(|notification| notification.event_bridge.enabled.0),
            lifecycle: rules
                .into_iter()
                .flatten()
                .map(LifecycleProperties::rule)
                .collect(),
            lock,
            policy: policy_of(template, &name)?,
            name,
        })
    }
}

impl LifecycleProperties {
    fn rule(self) -> LifecycleRule {
        LifecycleRule {
            id: self.id,
            prefix: self.prefix,
            expiration_days: self.expiration_in_days.map(|days| days.0),
            noncurrent_days: self
                .noncurrent_version_expiration
                .map(|expiration| expiration.noncurrent_days.0),
            expired_delete_markers: self.expired_object_delete_marker.unwrap_or_default().0,
        }
    }
}

fn policy_of(
    template: &Template,
    name: &str,
) -> Result<Option<Document<ResourcePolicy>>, TemplateError> {
    let mut found = None;
    for id in template.of_type("AWS::S3::BucketPolicy")? {
        let read: BucketPolicyProperties = template.read(id)?;
        if read.bucket != name {
            continue;
        }
        if found.is_some() {
            return Err(TemplateError::new(id, format!("a second policy of {name}")));
        }
        found = Some(Document::resource(id, read.policy_document)?);
    }
    Ok(found)
}
