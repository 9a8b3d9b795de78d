//! The typed steps of the Genesys side, and how each is shown.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::binding::ActionConfig;
use crate::ids::{ActionId, CredentialId, IntegrationId, Key};
use crate::manifest::{Contract, LiveTest};
use crate::plan::{Step, System, Verb};
use crate::redacted::redacted_config;
use crate::verdict::Expected;

/// The `kind` of steps on a published action.
pub const ACTION: &str = "action";
/// The `kind` of steps on a draft.
pub const DRAFT: &str = "draft";
/// The `kind` of steps on an integration.
pub const INTEGRATION: &str = "integration";
/// The `kind` of steps on an integration's config.
pub const INTEGRATION_CONFIG: &str = "integration_config";
/// The `kind` of steps on a credential.
pub const CREDENTIAL: &str = "credential";

/// What of an action can be changed in place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionView {
    /// Its name.
    pub name: String,
    /// Its category.
    pub category: String,
    /// Its complete config.
    pub config: ActionConfig,
}

impl ActionView {
    /// As a plan and the records show it: what other people may keep secret as digests.
    fn shown(&self) -> Value {
        json!({
            "name": self.name,
            "category": self.category,
            "config": redacted_config(&json!(self.config)),
        })
    }
}

/// One step on the Genesys side. Ids that are not known yet are those of what an earlier step of
/// the same plan makes.
#[derive(Clone, Debug, PartialEq)]
pub enum RebindStep {
    /// Make the integration.
    CreateIntegration {
        /// The integration's manifest key.
        key: Key,
        /// Its name.
        name: String,
    },
    /// Make the credential that carries the role.
    CreateCredential {
        /// The integration's manifest key.
        key: Key,
        /// Its deterministic name.
        name: String,
        /// The role.
        role_arn: String,
    },
    /// Write the role into a credential of ours that shows another one.
    RewriteCredential {
        /// The integration's manifest key.
        key: Key,
        /// The credential.
        id: CredentialId,
        /// Its deterministic name.
        name: String,
        /// What it showed.
        old_role_arn: Option<String>,
        /// The role.
        role_arn: String,
    },
    /// Point the integration's config at the credential, under the config's version.
    PointConfig {
        /// The integration's manifest key.
        key: Key,
        /// The integration; the one just made where absent.
        id: Option<IntegrationId>,
        /// What it points at now.
        old: Option<CredentialId>,
        /// What it is to point at; the credential just made where absent.
        new: Option<CredentialId>,
    },
    /// Delete a credential of ours that nothing uses.
    DeleteCredential {
        /// The integration's manifest key.
        key: Key,
        /// The credential.
        id: CredentialId,
        /// Its name.
        name: String,
    },
    /// Enable the integration and wait until Genesys reports it active.
    EnableIntegration {
        /// The integration's manifest key.
        key: Key,
        /// The integration; the one just made where absent.
        id: Option<IntegrationId>,
    },
    /// Make the action, published at once. Nobody can call it yet, so nothing can break.
    CreateAction {
        /// The action's manifest key.
        key: Key,
        /// What it is to be.
        action: ActionView,
        /// Whether its data is hidden from flows that are not secure.
        secure: bool,
        /// Its contract, fixed from here on.
        contract: Contract,
    },
    /// Change the published action under its version.
    UpdateAction {
        /// The action's manifest key.
        key: Key,
        /// The action.
        id: ActionId,
        /// The version that was read.
        version: i64,
        /// As it was read.
        old: ActionView,
        /// As it is to be.
        new: ActionView,
        /// Why.
        reason: String,
    },
    /// Open a draft of the published action.
    OpenDraft {
        /// The action's manifest key.
        key: Key,
        /// The action.
        id: ActionId,
    },
    /// Change the draft under its version.
    UpdateDraft {
        /// The action's manifest key.
        key: Key,
        /// The action.
        id: ActionId,
        /// The published action as it was read.
        old: ActionView,
        /// As it is to be.
        new: ActionView,
        /// Why.
        reason: String,
    },
    /// Have Genesys validate the draft.
    ValidateDraft {
        /// The action's manifest key.
        key: Key,
        /// The action.
        id: ActionId,
    },
    /// Run the live test on the draft: what is tested is not live yet.
    TestDraft {
        /// The action's manifest key.
        key: Key,
        /// The action.
        id: ActionId,
        /// The test.
        test: LiveTest,
    },
    /// Make the draft live under its version.
    PublishDraft {
        /// The action's manifest key.
        key: Key,
        /// The action.
        id: ActionId,
    },
    /// Throw away a draft of ours.
    DiscardDraft {
        /// The action's manifest key.
        key: Key,
        /// The action.
        id: ActionId,
        /// Why.
        reason: String,
    },
}

impl RebindStep {
    /// Whether the step changes anything at Genesys Cloud.
    pub fn writes(&self) -> bool {
        self.describe().writes()
    }

    /// Whether the step is about the integration or the credential of its role, which other
    /// bindings use too.
    pub fn changes_integration(&self) -> bool {
        match self {
            Self::CreateIntegration { .. }
            | Self::CreateCredential { .. }
            | Self::RewriteCredential { .. }
            | Self::PointConfig { .. }
            | Self::DeleteCredential { .. }
            | Self::EnableIntegration { .. } => true,
            Self::CreateAction { .. }
            | Self::UpdateAction { .. }
            | Self::OpenDraft { .. }
            | Self::UpdateDraft { .. }
            | Self::ValidateDraft { .. }
            | Self::TestDraft { .. }
            | Self::PublishDraft { .. }
            | Self::DiscardDraft { .. } => false,
        }
    }

    /// Whether calls use the new binding from here on.
    pub fn binds(&self) -> bool {
        match self {
            Self::CreateAction { .. } | Self::UpdateAction { .. } | Self::PublishDraft { .. } => {
                true
            }
            Self::CreateIntegration { .. }
            | Self::CreateCredential { .. }
            | Self::RewriteCredential { .. }
            | Self::PointConfig { .. }
            | Self::DeleteCredential { .. }
            | Self::EnableIntegration { .. }
            | Self::OpenDraft { .. }
            | Self::UpdateDraft { .. }
            | Self::ValidateDraft { .. }
            | Self::TestDraft { .. }
            | Self::DiscardDraft { .. } => false,
        }
    }

    /// The step as it is shown and recorded.
    pub fn describe(&self) -> Step {
        let reason = self.reason();
        match self {
            Self::CreateIntegration { key, name } => Step {
                new: json!({"name": name, "type": super::INTEGRATION_TYPE}),
                ..step(key, INTEGRATION, Verb::Create, None, reason)
            },
            Self::CreateCredential {
                key,
                name,
                role_arn,
            } => Step {
                new: json!({"name": name, "role": role_arn}),
                ..step(key, CREDENTIAL, Verb::Create, None, reason)
            },
            Self::RewriteCredential {
                key,
                id,
                old_role_arn,
                role_arn,
                ..
            } => Step {
                old: json!({"role": old_role_arn}),
                new: json!({"role": role_arn}),
                ..step(key, CREDENTIAL, Verb::Update, Some(id.as_str()), reason)
            },
            Self::PointConfig { key, id, old, new } => Step {
                old: json!({"credential": old}),
                new: json!({"credential": new.as_ref().map_or("the one just made", CredentialId::as_str)}),
                ..step(
                    key,
                    INTEGRATION_CONFIG,
                    Verb::Update,
                    id.as_ref().map(IntegrationId::as_str),
                    reason,
                )
            },
            Self::DeleteCredential { key, id, name } => Step {
                old: json!({"name": name}),
                ..step(key, CREDENTIAL, Verb::Revoke, Some(id.as_str()), reason)
            },
            Self::EnableIntegration { key, id } => Step {
                new: json!("ENABLED"),
                ..step(
                    key,
                    INTEGRATION,
                    Verb::Enable,
                    id.as_ref().map(IntegrationId::as_str),
                    reason,
                )
            },
            Self::CreateAction {
                key,
                action,
                secure,
                contract,
            } => Step {
                new: json!({
                    "name": action.name, "category": action.category,
                    "config": redacted_config(&json!(action.config)),
                    "secure": secure, "contract": contract,
                }),
                ..step(key, ACTION, Verb::Create, None, reason)
            },
            Self::UpdateAction {
                key, id, old, new, ..
            } => Step {
                old: old.shown(),
                new: new.shown(),
                ..step(key, ACTION, Verb::Update, Some(id.as_str()), reason)
            },
            Self::OpenDraft { key, id } => {
                step(key, DRAFT, Verb::Create, Some(id.as_str()), reason)
            }
            Self::UpdateDraft {
                key, id, old, new, ..
            } => Step {
                old: old.shown(),
                new: new.shown(),
                ..step(key, DRAFT, Verb::Update, Some(id.as_str()), reason)
            },
            Self::ValidateDraft { key, id } => {
                step(key, DRAFT, Verb::Validate, Some(id.as_str()), reason)
            }
            Self::TestDraft { key, id, .. } => {
                step(key, DRAFT, Verb::Test, Some(id.as_str()), reason)
            }
            Self::PublishDraft { key, id } => {
                step(key, DRAFT, Verb::Publish, Some(id.as_str()), reason)
            }
            Self::DiscardDraft { key, id, .. } => {
                step(key, DRAFT, Verb::Discard, Some(id.as_str()), reason)
            }
        }
    }

    fn reason(&self) -> String {
        match self {
            Self::CreateIntegration { .. } => {
                "no integration of this name exists, and the complete listing says so".into()
            }
            Self::CreateCredential { .. } => {
                "Genesys Cloud needs the role's ARN to assume it".into()
            }
            Self::RewriteCredential { .. } => "it shows another role".into(),
            Self::PointConfig { .. } => "the integration is to assume the manifest's role".into(),
            Self::DeleteCredential { name, .. } => {
                format!("an earlier run of ours left {name:?}, and no integration uses it")
            }
            Self::EnableIntegration { .. } => {
                "actions of an integration that is not active can't be called".into()
            }
            Self::CreateAction { .. } => "no action of this name exists in the integration".into(),
            Self::UpdateAction { reason, .. }
            | Self::UpdateDraft { reason, .. }
            | Self::DiscardDraft { reason, .. } => reason.clone(),
            Self::OpenDraft { .. } => "what is tested should not be live yet".into(),
            Self::ValidateDraft { .. } => "Genesys judges the draft before it runs".into(),
            Self::TestDraft { .. } => "the manifest's live test".into(),
            Self::PublishDraft { .. } => "make what was tested live".into(),
        }
    }
}

/// The audit record that a write, once it took effect on `id`, must leave. Which action word the
/// platform writes is not documented, so any of the likely ones will do; pairs that its service
/// mapping does not list are not evaluable. Credentials have no proven audit entity.
pub fn expected(step: &Step, id: &str) -> Option<Expected> {
    let any_of: &[(&str, &str)] = match (step.kind.as_str(), step.verb) {
        (INTEGRATION, Verb::Create) => &[("Integration", "Create")],
        // Words for a change of state: official Python SDK 269.0.0, `AuditTopicAuditLogMessage`.
        (INTEGRATION, Verb::Enable) => &[
            ("Integration", "Update"),
            ("Integration", "Enable"),
            ("Integration", "Activate"),
            ("Integration", "Edit"),
        ],
        (INTEGRATION_CONFIG, Verb::Update) => &[("Integration", "Update"), ("Integration", "Edit")],
        (ACTION, Verb::Create) => &[("Action", "Create")],
        (ACTION, Verb::Update) => &[("Action", "Update"), ("Action", "Edit")],
        (DRAFT, Verb::Publish) => &[
            ("Action", "Publish"),
            ("Action", "Update"),
            ("ActionDraft", "Publish"),
        ],
        (DRAFT, Verb::Create | Verb::Update) => {
            &[("ActionDraft", "Create"), ("ActionDraft", "Update")]
        }
        (DRAFT, Verb::Discard) => &[
            ("ActionDraft", "Delete"),
            ("ActionDraft", "SoftDelete"),
            ("ActionDraft", "HardDelete"),
            ("ActionDraft", "Remove"),
        ],
        (_, _) => return None,
    };
    Some(Expected::of(id, any_of))
}

fn step(key: &Key, kind: &str, verb: Verb, id: Option<&str>, reason: String) -> Step {
    Step {
        system: System::Genesys,
        kind: kind.to_owned(),
        id: id.map(str::to_owned),
        key: key.clone(),
        verb,
        old: Value::Null,
        new: Value::Null,
        reason,
        sent_at: None,
        outcome: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pairs that a step of this kind and verb accepts.
    fn accepted(kind: &str, verb: Verb) -> Vec<(String, String)> {
        let key: Key = "orders".parse().unwrap();
        let expected = expected(&step(&key, kind, verb, None, String::new()), "id").unwrap();
        let pair = |entry: crate::verdict::Entry| (entry.entity_type, entry.action);
        expected.any_of.into_iter().map(pair).collect()
    }

    #[test]
    fn a_change_of_state_may_be_recorded_under_a_word_of_its_own() {
        let accepted = accepted(INTEGRATION, Verb::Enable);
        for action in ["Update", "Enable", "Activate", "Edit"] {
            assert!(
                accepted.contains(&("Integration".to_owned(), action.to_owned())),
                "{action}: {accepted:?}"
            );
        }
    }

    #[test]
    fn a_discarded_draft_may_be_recorded_as_any_kind_of_removal() {
        let accepted = accepted(DRAFT, Verb::Discard);
        for action in ["Delete", "SoftDelete", "HardDelete", "Remove"] {
            assert!(
                accepted.contains(&("ActionDraft".to_owned(), action.to_owned())),
                "{action}: {accepted:?}"
            );
        }
    }
}
