//! The typed steps on integration credentials, and how each is shown.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::change::SecretVersion;
use crate::ids::{ActionId, CredentialId, IntegrationId, Key};
use crate::manifest::{FieldPath, LiveTest};
use crate::plan::{Step, System, Verb};
use crate::rebind::{ACTION, CREDENTIAL, INTEGRATION_CONFIG};
use crate::verdict::Expected;

/// One step on one credential of a unit. It names values by where they stand and holds none.
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
        /// Where each field stands.
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
    /// Delete a credential of ours that nothing uses, and see that it is gone.
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
        match self {
            Self::Create {
                key,
                name,
                credential_type,
                fields,
                secret,
                reason,
            } => Step {
                new: json!({
                    "name": name, "type": credential_type, "fields": fields,
                    "secret": secret.arn, "version_id": secret.version_id,
                }),
                ..step(key, CREDENTIAL, Verb::Create, None, reason)
            },
            Self::Point {
                key,
                integration,
                slot,
                old,
                new,
                reason,
            } => Step {
                old: json!({"slot": slot, "credential": old}),
                new: json!({"slot": slot, "credential": match new {
                    Target::Credential(id) => json!(id),
                    Target::JustMade => json!("the one just made"),
                    Target::Nothing => Value::Null,
                }}),
                ..step(
                    key,
                    INTEGRATION_CONFIG,
                    Verb::Update,
                    Some(integration.as_str()),
                    reason,
                )
            },
            Self::Test {
                key,
                action_key,
                action,
                ..
            } => step(
                key,
                ACTION,
                Verb::Test,
                Some(action.as_str()),
                &format!("the live test of {action_key}"),
            ),
            Self::Delete {
                key,
                id,
                name,
                reason,
            } => Step {
                old: json!({"name": name}),
                ..step(key, CREDENTIAL, Verb::Revoke, Some(id.as_str()), reason)
            },
        }
    }
}

fn step(key: &Key, kind: &str, verb: Verb, id: Option<&str>, reason: &str) -> Step {
    Step {
        system: System::Genesys,
        kind: kind.to_owned(),
        id: id.map(str::to_owned),
        key: key.clone(),
        verb,
        old: Value::Null,
        new: Value::Null,
        reason: reason.to_owned(),
        sent_at: None,
        outcome: None,
    }
}

/// The audit record that a write, once it took effect on `id`, must leave. That credentials are
/// audited at all is not proved: where the service mapping does not list them, the verdict says
/// that they are not evaluable.
pub fn expected(step: &Step, id: &str) -> Option<Expected> {
    let any_of: &[(&str, &str)] = match (step.kind.as_str(), step.verb) {
        (INTEGRATION_CONFIG, Verb::Update) => &[("Integration", "Update"), ("Integration", "Edit")],
        (CREDENTIAL, Verb::Create) => &[("Credential", "Create")],
        (CREDENTIAL, Verb::Revoke) => &[
            ("Credential", "Delete"),
            ("Credential", "SoftDelete"),
            ("Credential", "HardDelete"),
            ("Credential", "Remove"),
        ],
        (_, _) => return None,
    };
    Some(Expected::of(id, any_of))
}
