//! The typed steps on integration credentials, and how each is shown.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::change::SecretVersion;
use crate::ids::{ActionId, CredentialId, IntegrationId, Key};
use crate::manifest::{FieldPath, LiveTest};
use crate::plan::{ObjectKind, Step, Verb};

/// One step on one credential of a set. It names values by where they are and holds none.
#[derive(Clone, Debug, PartialEq)]
pub enum CredentialStep {
    /// Make the credential with the values of the secret's version.
    Create {
        /// The credential's manifest key.
        key: Key,
        /// Its deterministic name.
        name: String,
        /// Its type.
        credential_type: String,
        /// Where each field is.
        fields: BTreeMap<String, FieldPath>,
        /// In which secret, at which version.
        secret: SecretVersion,
        /// Why.
        reason: String,
    },
    /// Point a slot of the integration's config at another credential, under the config's version.
    Point {
        /// The credential's manifest key.
        key: Key,
        /// The integration.
        integration: IntegrationId,
        /// The slot.
        slot: String,
        /// What it points at now.
        old: Option<CredentialId>,
        /// What it is to point at.
        new: Target,
        /// Why.
        reason: String,
    },
    /// Run an action that uses the credential.
    Test {
        /// The credential's manifest key.
        key: Key,
        /// The action's manifest key.
        action_key: Key,
        /// The action.
        action: ActionId,
        /// The test.
        test: LiveTest,
    },
    /// Delete a credential of ours that nothing uses, and confirm the deletion.
    Delete {
        /// The manifest key it was made for.
        key: Key,
        /// The credential.
        id: CredentialId,
        /// Its name.
        name: String,
        /// Why.
        reason: String,
    },
}

/// What a slot is to point at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// This one.
    Credential(CredentialId),
    /// The one that an earlier step of the plan makes for the same manifest key.
    JustMade,
    /// Nothing, as before.
    Nothing,
}

impl CredentialStep {
    /// The manifest key of the credential it is about.
    pub fn key(&self) -> &Key {
        match self {
            Self::Create { key, .. }
            | Self::Point { key, .. }
            | Self::Test { key, .. }
            | Self::Delete { key, .. } => key,
        }
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
    pub(super) fn what(&self) -> (ObjectKind, Verb) {
        match self {
            Self::Create { .. } => (ObjectKind::Credential, Verb::Create),
            Self::Point { .. } => (ObjectKind::IntegrationConfig, Verb::Update),
            Self::Test { .. } => (ObjectKind::Action, Verb::Test),
            Self::Delete { .. } => (ObjectKind::Credential, Verb::Revoke),
        }
    }

    fn id(&self) -> Option<&str> {
        match self {
            Self::Create { .. } => None,
            Self::Point { integration, .. } => Some(integration.as_str()),
            Self::Test { action, .. } => Some(action.as_str()),
            Self::Delete { id, .. } => Some(id.as_str()),
        }
    }

    /// The values before and after.
    fn values(&self) -> (Value, Value) {
        match self {
            Self::Create {
                name,
                credential_type,
                fields,
                secret,
                ..
            } => {
                let new = json!({
                    "name": name, "type": credential_type, "fields": fields,
                    "secret": secret.arn, "version_id": secret.version_id,
                });
                (Value::Null, new)
            }
            Self::Point { slot, old, new, .. } => {
                let new = match new {
                    Target::Credential(id) => json!(id),
                    Target::JustMade => json!("the new credential"),
                    Target::Nothing => Value::Null,
                };
                let at = |credential: Value| json!({"slot": slot, "credential": credential});
                (at(json!(old)), at(new))
            }
            Self::Test { .. } => (Value::Null, Value::Null),
            Self::Delete { name, .. } => (json!({"name": name}), Value::Null),
        }
    }

    fn reason(&self) -> String {
        match self {
            Self::Create { reason, .. }
            | Self::Point { reason, .. }
            | Self::Delete { reason, .. } => reason.clone(),
            Self::Test { action_key, .. } => format!("the live test of {action_key}"),
        }
    }
}
