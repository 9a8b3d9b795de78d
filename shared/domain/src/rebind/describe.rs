//! How each step on a Data Action and its integration is shown and recorded.

use serde_json::{Value, json};

use super::{ActionView, INTEGRATION_TYPE, RebindStep};
use crate::binding::ActionConfig;
use crate::ids::{ActionId, CredentialId, IntegrationId, Key};
use crate::plan::{ObjectKind, Step, Verb};
use crate::redacted::{redacted_config, redacted_text};
use crate::template::Template;

impl ActionView {
    /// As a plan and the records show it: what other people may keep secret as digests.
    fn shown(&self) -> Value {
        json!({
            "name": self.name,
            "category": self.category,
            "config": shown(&self.config),
        })
    }
}

/// A template that was not read is shown as it would be if it had been.
fn shown(config: &ActionConfig) -> Value {
    let mut shown = redacted_config(&json!(config));
    for (name, template) in [
        ("request_template", &config.request_template),
        ("success_template", &config.success_template),
    ] {
        if let Template::Unread(digest) = template {
            shown[name] = redacted_text(digest);
        }
    }
    shown
}

impl RebindStep {
    /// Whether the step changes anything at Genesys Cloud.
    pub fn writes(&self) -> bool {
        self.what().1.writes()
    }

    /// The step as it is shown and recorded.
    pub fn describe(&self) -> Step {
        let (object, verb) = self.what();
        let (old, new) = self.values();
        Step {
            id: self.id().map(str::to_owned),
            old,
            new,
            ..Step::new(object, verb, self.key(), self.reason())
        }
    }

    /// What is done to which kind of object.
    fn what(&self) -> (ObjectKind, Verb) {
        match self {
            Self::CreateIntegration { .. } => (ObjectKind::Integration, Verb::Create),
            Self::CreateCredential { .. } => (ObjectKind::Credential, Verb::Create),
            Self::RewriteCredential { .. } => (ObjectKind::Credential, Verb::Update),
            Self::PointConfig { .. } => (ObjectKind::IntegrationConfig, Verb::Update),
            Self::DeleteCredential { .. } => (ObjectKind::Credential, Verb::Revoke),
            Self::EnableIntegration { .. } => (ObjectKind::Integration, Verb::Enable),
            Self::CreateAction { .. } => (ObjectKind::Action, Verb::Create),
            Self::UpdateAction { .. } => (ObjectKind::Action, Verb::Update),
            Self::OpenDraft { .. } => (ObjectKind::Draft, Verb::Create),
            Self::UpdateDraft { .. } => (ObjectKind::Draft, Verb::Update),
            Self::ValidateDraft { .. } => (ObjectKind::Draft, Verb::Validate),
            Self::TestDraft { .. } => (ObjectKind::Draft, Verb::Test),
            Self::PublishDraft { .. } => (ObjectKind::Draft, Verb::Publish),
            Self::DiscardDraft { .. } => (ObjectKind::Draft, Verb::Discard),
        }
    }

    fn key(&self) -> &Key {
        match self {
            Self::CreateIntegration { key, .. }
            | Self::CreateCredential { key, .. }
            | Self::RewriteCredential { key, .. }
            | Self::PointConfig { key, .. }
            | Self::DeleteCredential { key, .. }
            | Self::EnableIntegration { key, .. }
            | Self::CreateAction { key, .. }
            | Self::UpdateAction { key, .. }
            | Self::OpenDraft { key, .. }
            | Self::UpdateDraft { key, .. }
            | Self::ValidateDraft { key, .. }
            | Self::TestDraft { key, .. }
            | Self::PublishDraft { key, .. }
            | Self::DiscardDraft { key, .. } => key,
        }
    }

    /// The id of the object, where it is known when the step is planned.
    fn id(&self) -> Option<&str> {
        match self {
            Self::CreateIntegration { .. }
            | Self::CreateCredential { .. }
            | Self::CreateAction { .. } => None,
            Self::RewriteCredential { id, .. } | Self::DeleteCredential { id, .. } => {
                Some(id.as_str())
            }
            Self::PointConfig { id, .. } | Self::EnableIntegration { id, .. } => {
                id.as_ref().map(IntegrationId::as_str)
            }
            Self::UpdateAction { id, .. }
            | Self::OpenDraft { id, .. }
            | Self::UpdateDraft { id, .. }
            | Self::ValidateDraft { id, .. }
            | Self::TestDraft { id, .. }
            | Self::PublishDraft { id, .. }
            | Self::DiscardDraft { id, .. } => Some(ActionId::as_str(id)),
        }
    }

    /// The values before and after.
    fn values(&self) -> (Value, Value) {
        match self {
            Self::CreateIntegration { name, .. } => {
                (Value::Null, json!({"name": name, "type": INTEGRATION_TYPE}))
            }
            Self::CreateCredential { name, role_arn, .. } => {
                (Value::Null, json!({"name": name, "role": role_arn}))
            }
            Self::RewriteCredential {
                old_role_arn,
                role_arn,
                ..
            } => (json!({"role": old_role_arn}), json!({"role": role_arn})),
            Self::PointConfig { old, new, .. } => {
                let new = new.as_ref();
                let new = new.map_or("the new credential", CredentialId::as_str);
                (json!({"credential": old}), json!({"credential": new}))
            }
            Self::DeleteCredential { name, .. } => (json!({"name": name}), Value::Null),
            Self::EnableIntegration { .. } => (Value::Null, json!("ENABLED")),
            Self::CreateAction {
                action,
                secure,
                contract,
                ..
            } => {
                let new = json!({
                    "name": action.name, "category": action.category,
                    "config": shown(&action.config),
                    "secure": secure, "contract": contract,
                });
                (Value::Null, new)
            }
            Self::UpdateAction { old, new, .. } | Self::UpdateDraft { old, new, .. } => {
                (old.shown(), new.shown())
            }
            Self::OpenDraft { .. }
            | Self::ValidateDraft { .. }
            | Self::TestDraft { .. }
            | Self::PublishDraft { .. }
            | Self::DiscardDraft { .. } => (Value::Null, Value::Null),
        }
    }

    fn reason(&self) -> String {
        match self {
            Self::CreateIntegration { .. } => "no integration has this name".into(),
            Self::CreateCredential { .. } => {
                "Genesys Cloud needs the role's ARN to assume it".into()
            }
            Self::RewriteCredential { .. } => "it names another role".into(),
            Self::PointConfig { .. } => "the manifest names this role for the integration".into(),
            Self::DeleteCredential { name, .. } => {
                format!("an earlier run of Lockstep created {name:?}, and no integration uses it")
            }
            Self::EnableIntegration { .. } => {
                "actions of an inactive integration cannot be called".into()
            }
            Self::CreateAction { .. } => "no action of this name exists in the integration".into(),
            Self::UpdateAction { reason, .. }
            | Self::UpdateDraft { reason, .. }
            | Self::DiscardDraft { reason, .. } => reason.clone(),
            Self::OpenDraft { .. } => {
                "the change must pass its live test before it goes live".into()
            }
            Self::ValidateDraft { .. } => "Genesys Cloud validates the draft before it runs".into(),
            Self::TestDraft { .. } => "the manifest's live test".into(),
            Self::PublishDraft { .. } => "the draft goes live after its test".into(),
        }
    }
}
