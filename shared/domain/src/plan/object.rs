//! What a step is about, where that is, and what is done to it.

use serde::{Deserialize, Serialize};

/// Where a step takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum System {
    /// AWS Identity and Access Management.
    Iam,
    /// Genesys Cloud.
    Genesys,
    /// Lockstep's own queues.
    Lockstep,
}

/// Every kind of object that a step is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObjectKind {
    /// A role.
    Role,
    /// A role's trust policy.
    RoleTrust,
    /// A role's inline policy.
    RolePolicy,
    /// A role's tags.
    RoleTags,
    /// A role's description.
    RoleDescription,
    /// An integration.
    Integration,
    /// An integration's config.
    IntegrationConfig,
    /// An integration credential.
    Credential,
    /// A published action.
    Action,
    /// The draft of an action.
    Draft,
    /// A binding, as work for another function.
    Binding,
}

impl ObjectKind {
    /// The system that holds it.
    pub fn system(self) -> System {
        match self {
            Self::Role
            | Self::RoleTrust
            | Self::RolePolicy
            | Self::RoleTags
            | Self::RoleDescription => System::Iam,
            Self::Integration
            | Self::IntegrationConfig
            | Self::Credential
            | Self::Action
            | Self::Draft => System::Genesys,
            Self::Binding => System::Lockstep,
        }
    }

    /// Its name in plans, records and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::RoleTrust => "role_trust",
            Self::RolePolicy => "role_policy",
            Self::RoleTags => "role_tags",
            Self::RoleDescription => "role_description",
            Self::Integration => "integration",
            Self::IntegrationConfig => "integration_config",
            Self::Credential => "credential",
            Self::Action => "action",
            Self::Draft => "draft",
            Self::Binding => "binding",
        }
    }
}

/// What a step does to its object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// Create what does not exist.
    Create,
    /// Change something in place.
    Update,
    /// Switch something on.
    Enable,
    /// Make a draft live.
    Publish,
    /// Delete an unpublished draft of ours.
    Discard,
    /// Remove what nothing needs any more.
    Revoke,
    /// Resume what an interrupted run has not completed.
    Resume,
    /// Run something to see that it works. Writes nothing.
    Test,
    /// Ask the platform whether it is valid. Writes nothing.
    Validate,
}

impl Verb {
    /// Whether the step changes something.
    pub fn writes(self) -> bool {
        match self {
            Self::Create
            | Self::Update
            | Self::Enable
            | Self::Publish
            | Self::Discard
            | Self::Revoke
            | Self::Resume => true,
            Self::Test | Self::Validate => false,
        }
    }

    /// Whether the step only removes what nothing uses: nothing has to settle after it.
    pub fn cleans_up(self) -> bool {
        match self {
            Self::Discard | Self::Revoke => true,
            Self::Create
            | Self::Update
            | Self::Enable
            | Self::Publish
            | Self::Resume
            | Self::Test
            | Self::Validate => false,
        }
    }

    /// Its name in plans, records and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Enable => "enable",
            Self::Publish => "publish",
            Self::Discard => "discard",
            Self::Revoke => "revoke",
            Self::Resume => "resume",
            Self::Test => "test",
            Self::Validate => "validate",
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The words that stored states, evidence and answers hold. A change here is a new layout.
    #[test]
    fn objects_and_verbs_are_stored_under_these_words_and_no_others() {
        for (object, word, system) in [
            (ObjectKind::Role, "role", System::Iam),
            (ObjectKind::RoleTrust, "role_trust", System::Iam),
            (ObjectKind::RolePolicy, "role_policy", System::Iam),
            (ObjectKind::RoleTags, "role_tags", System::Iam),
            (ObjectKind::RoleDescription, "role_description", System::Iam),
            (ObjectKind::Integration, "integration", System::Genesys),
            (
                ObjectKind::IntegrationConfig,
                "integration_config",
                System::Genesys,
            ),
            (ObjectKind::Credential, "credential", System::Genesys),
            (ObjectKind::Action, "action", System::Genesys),
            (ObjectKind::Draft, "draft", System::Genesys),
            (ObjectKind::Binding, "binding", System::Lockstep),
        ] {
            assert_eq!(json!(object), json!(word));
            assert_eq!(object.as_str(), word);
            assert_eq!(object.system(), system);
        }
        for verb in [
            Verb::Create,
            Verb::Update,
            Verb::Enable,
            Verb::Publish,
            Verb::Discard,
            Verb::Revoke,
            Verb::Resume,
            Verb::Test,
            Verb::Validate,
        ] {
            assert_eq!(json!(verb), json!(verb.as_str()));
        }
        assert!(serde_json::from_value::<ObjectKind>(json!("Role")).is_err());
    }
}
