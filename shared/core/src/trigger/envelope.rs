//! Events as EventBridge delivers them.
//!
//! AWS may add fields to its events at any time, so only what is needed is read, and everything
//! else is let be.

use lockstep_domain::event::{EventType, SOURCE};
use lockstep_domain::ids::{Key, OrganizationId};
use lockstep_domain::intent::{Intent, SecretHint};
use serde_json::Value;

use super::{Foreign, Look, Trigger, scheduled};
use crate::config::Config;
use crate::store::{UPLOADS, is_upload};

/// The label of the version in force (Secrets Manager user guide, "Secret Label Updated event").
const CURRENT: &str = "AWSCURRENT";

/// The source of Genesys Cloud's events (official blueprint `oauth-client-audit`, its sample event).
const PARTNER: &str = "aws.partner/genesys.com/";

/// Calls after which a secret may have another version in force, or none (Secrets Manager user
/// guide, "CloudTrail entries").
const SECRET_CALLS: [&str; 7] = [
    "PutSecretValue",
    "UpdateSecret",
    "UpdateSecretVersionStage",
    "DeleteSecret",
    "RestoreSecret",
    "RotateSecret",
    "CancelRotateSecret",
];

/// An event's outer part (EventBridge reference, "Event structure").
pub(super) struct Envelope<'e> {
    detail_type: &'e str,
    source: &'e str,
    resources: &'e Value,
    detail: &'e Value,
}

impl<'e> Envelope<'e> {
    /// The envelope, if that is what this is.
    pub(super) fn of(body: &'e Value) -> Option<Self> {
        Some(Self {
            detail_type: body.get("detail-type")?.as_str()?,
            source: body.get("source")?.as_str()?,
            resources: body.get("resources").unwrap_or(&Value::Null),
            detail: body.get("detail").filter(|detail| detail.is_object())?,
        })
    }

    pub(super) fn is_schedule(&self) -> bool {
        self.detail_type == "Scheduled Event"
            && matches!(self.source, "aws.events" | "aws.scheduler")
    }

    pub(super) fn unexpected<T>(&self) -> Trigger<T> {
        Trigger::ignored(format!(
            "this function does not handle {:?} from {:?}",
            self.detail_type, self.source
        ))
    }

    pub(super) fn intent(&self, config: &Config) -> Trigger<Intent> {
        match (self.source, self.detail_type) {
            ("aws.secretsmanager", "Secret Label Updated") => self.label_updated(),
            ("aws.secretsmanager", "AWS API Call via CloudTrail") => self.api_call(),
            ("aws.secretsmanager", "AWS Service Event via CloudTrail") => self.service_event(),
            ("aws.s3", "Object Created") => self.object_created(config),
            (SOURCE, kind) if kind == EventType::ChangeVerified.as_str() => self.change_verified(),
            _ if self.is_schedule() => Trigger::Wanted(Intent::Asked(scheduled())),
            _ => self.unexpected(),
        }
    }

    pub(super) fn look(&self) -> Trigger<Look> {
        if !self.source.starts_with(PARTNER) {
            return self.unexpected();
        }
        match self.foreign() {
            Some(foreign) => Trigger::Wanted(Look::Foreign(foreign)),
            None => Trigger::ignored("the audit event has no organization, record or entity"),
        }
    }

    fn text(&self, pointer: &str) -> Option<&'e str> {
        self.detail.pointer(pointer)?.as_str()
    }

    /// Secrets Manager user guide, "Secret Label Updated event".
    fn label_updated(&self) -> Trigger<Intent> {
        match self.text("/labelUpdated") {
            Some(CURRENT) => {}
            label => {
                let label = label.unwrap_or("none");
                return Trigger::ignored(format!("the label that moved is {label}, not {CURRENT}"));
            }
        }
        let arn = self.resources.get(0).and_then(Value::as_str);
        moved(arn.or_else(|| self.text("/name")))
    }

    /// CloudTrail user guide, "CloudTrail record contents". The ARN's key has two spellings
    /// (Secrets Manager user guide, "Match events with Amazon EventBridge").
    fn api_call(&self) -> Trigger<Intent> {
        let Some(name) = self.secret_event_name() else {
            return self.unexpected();
        };
        if !SECRET_CALLS.contains(&name) {
            return Trigger::ignored(format!("{name} does not change the current version"));
        }
        if let Some(error) = self.text("/errorCode") {
            return Trigger::ignored(format!("{name} failed with {error}"));
        }
        moved(
            self.text("/responseElements/arn")
                .or_else(|| self.text("/responseElements/aRN"))
                .or_else(|| self.text("/requestParameters/secretId")),
        )
    }

    /// Secrets Manager user guide, "CloudTrail entries": a rotation that ended well.
    fn service_event(&self) -> Trigger<Intent> {
        match self.secret_event_name() {
            Some("RotationSucceeded") => moved(
                self.text("/additionalEventData/SecretId")
                    .or_else(|| self.text("/additionalEventData/secretId")),
            ),
            Some(name) => Trigger::ignored(format!("{name} does not change the current version")),
            None => self.unexpected(),
        }
    }

    fn secret_event_name(&self) -> Option<&'e str> {
        let of_secrets = self.text("/eventSource") == Some("secretsmanager.amazonaws.com");
        self.text("/eventName").filter(|_| of_secrets)
    }

    /// S3 user guide, "EventBridge event message structure".
    fn object_created(&self, config: &Config) -> Trigger<Intent> {
        let bucket = self.text("/bucket/name").unwrap_or_default();
        if bucket != config.manifest_bucket {
            return Trigger::ignored(format!("{bucket:?} is not the bucket for manifests"));
        }
        let object = self.text("/object/key").unwrap_or_default();
        if !is_upload(object) {
            return Trigger::ignored(format!(
                "{object:?} is not a manifest: those are {UPLOADS}*.yaml"
            ));
        }
        Trigger::Wanted(Intent::ManifestUploaded {
            object: object.to_owned(),
        })
    }

    fn change_verified(&self) -> Trigger<Intent> {
        let organization = self.text("/organization_id");
        let organization = organization.and_then(|id| id.parse::<OrganizationId>().ok());
        let key = self.text("/key").and_then(|key| key.parse::<Key>().ok());
        match (organization, key) {
            (Some(organization), Some(key)) => {
                Trigger::Wanted(Intent::Retire { organization, key })
            }
            (_, _) => Trigger::ignored(
                "the event of the verified change has no organization or no \
                                        key",
            ),
        }
    }

    /// The source is `aws.partner/genesys.com/cloud/<organization>/<suffix>`; the body is the
    /// audit record as official Python SDK 269.0.0 has it in `AuditTopicAuditLogMessage`.
    fn foreign(&self) -> Option<Foreign> {
        let (_, rest) = self.source.strip_prefix(PARTNER)?.split_once('/')?;
        let organization = rest.split('/').next()?.parse().ok()?;
        let id = |pointer: &str| self.text(pointer).filter(|id| !id.is_empty());
        Some(Foreign {
            organization,
            audit_id: id("/eventBody/id")?.to_owned(),
            entity_type: id("/eventBody/entityType")?.to_owned(),
            entity_id: id("/eventBody/entity/id")?.to_owned(),
        })
    }
}

fn moved(secret: Option<&str>) -> Trigger<Intent> {
    match secret {
        Some(secret) => Trigger::Wanted(Intent::SecretMoved {
            secret: SecretHint(secret.to_owned()),
        }),
        None => Trigger::ignored("the event names no secret"),
    }
}
