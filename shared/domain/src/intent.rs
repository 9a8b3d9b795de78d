//! What a trigger asks of a function: one closed enum for each function. That of `rotate-client` is
//! with its parser, in the core: it carries a token that no type of this crate may hold.
//!
//! A trigger only says *look here*. Nothing in an intent is believed: versions, plans and verdicts
//! come from what is read afterwards.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::arn::SecretArn;
use crate::ids::{Key, OrganizationId};
use crate::request::{Request, TutorialRequest, VerifyRequest};

/// What `provision-role` is asked to achieve.
#[derive(Clone, Debug, PartialEq)]
pub enum ProvisionIntent {
    /// A secret's AWSCURRENT label moved, or the secret was changed or deleted.
    SecretMoved {
        /// As the trigger spelled it: an ARN, a partial ARN or a name.
        secret: SecretHint,
    },
    /// A manifest was uploaded.
    ManifestUploaded {
        /// The S3 object key.
        object: String,
    },
    /// A person or the scheduler asks.
    Asked(Request),
    /// A change ended well: functions that no action calls any more can be revoked.
    Retire {
        /// The organization of the verified change.
        organization: OrganizationId,
        /// The binding of the verified change.
        key: Key,
    },
}

/// What `rebind-action` is asked to bind.
#[derive(Clone, Debug, PartialEq)]
pub enum RebindIntent {
    /// One binding, from the queue.
    Binding(RebindMessage),
    /// A look at many actions at once, from the queue.
    Overview(OverviewMessage),
    /// A person or the scheduler asks.
    Asked(Request),
    /// A person asks in the form that tutorials use.
    Tutorial(TutorialRequest),
}

/// What `verify-change` is asked to verify.
#[derive(Clone, Debug, PartialEq)]
pub enum VerifyIntent {
    /// A change of ours.
    Change(VerifyMessage),
    /// A window, by hand.
    Window(VerifyRequest),
    /// Something that Genesys Cloud reports as changed.
    Reported(ReportedChange),
}

/// What `check-compliance` is asked to check.
#[derive(Clone, Debug, PartialEq)]
pub enum ComplianceIntent {
    /// Everything that the request means.
    Sweep(Request),
}

/// An audit event of Genesys Cloud. Only a reason to look: what it says is read again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportedChange {
    /// The organization, from the event's source, which AWS vouches for.
    pub organization: OrganizationId,
    /// The audit record's id.
    pub audit_id: String,
    /// What kind of thing was changed, such as `Action`.
    pub entity_type: String,
    /// Its id.
    pub entity_id: String,
    /// When, where the event says it readably.
    pub at: Option<Timestamp>,
}

/// A secret as a trigger names it. CloudTrail shapes carry a name, a partial or a full ARN,
/// depending on what the caller of the API wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretHint(pub String);

impl SecretHint {
    /// Whether the hint can mean this secret. Too wide a match costs one read; too narrow a match
    /// loses a rotation.
    pub fn may_mean(&self, arn: &SecretArn) -> bool {
        let hint = self.0.as_str();
        let full = arn.to_string();
        hint == full
            || hint == arn.name()
            || full.strip_suffix(&full[full.len() - 7..]) == Some(hint)
    }
}

/// The message that hands one binding on. Identifiers only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RebindMessage {
    /// The organization.
    pub organization: OrganizationId,
    /// The binding.
    pub key: Key,
    /// Clears a hold.
    #[serde(default)]
    pub retry: bool,
    /// Why, for the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How much of the binding is read.
    #[serde(default, skip_serializing_if = "Look::is_full")]
    pub look: Look,
}

/// The message that asks for one look at many actions, and a look of its own at each that this shows to
/// need one. Identifiers only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OverviewMessage {
    /// The organization.
    pub organization: OrganizationId,
    /// The actions.
    pub keys: Vec<Key>,
    /// Why, for the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// How much of a binding is read before it is decided what to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Look {
    /// Everything.
    #[default]
    Full,
    /// The action alone, where everything else was read within a day and nothing but versions of
    /// secrets can differ since.
    Action,
}

impl Look {
    fn is_full(&self) -> bool {
        *self == Self::Full
    }
}

/// The message that asks `verify-change` for a verdict. Identifiers only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyMessage {
    /// The organization.
    pub organization: OrganizationId,
    /// The binding.
    pub key: Key,
    /// The change to judge; a message about a change that is no longer the latest is dropped.
    pub change_id: crate::change::ChangeId,
    /// Which attempt of that change.
    pub attempt: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trigger_may_name_a_secret_in_three_ways() {
        let arn: SecretArn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-AbCdEf"
            .parse()
            .unwrap();
        for hint in [
            "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-AbCdEf",
            "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db",
            "prod/db",
        ] {
            assert!(SecretHint(hint.into()).may_mean(&arn), "{hint}");
        }
        for hint in [
            "prod",
            "prod/db2",
            "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod",
        ] {
            assert!(!SecretHint(hint.into()).may_mean(&arn), "{hint}");
        }
    }
}
