//! The typed steps on a Data Action and its integration.

use serde::Serialize;

use crate::binding::ActionConfig;
use crate::digest::Digest;
use crate::ids::{ActionId, CredentialId, IntegrationId, Key};
use crate::manifest::{Contract, LiveTest};
use crate::template::Template;

/// What of an action can be changed in place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ActionView {
    /// Its name.
    pub name: String,
    /// Its category.
    pub category: String,
    /// Its complete config.
    pub config: ActionConfig,
}

impl ActionView {
    /// The digest of all of it, the same whether a template was read or is known by its digest.
    pub fn digest(&self) -> Digest {
        let mut view = self.clone();
        for template in [
            &mut view.config.request_template,
            &mut view.config.success_template,
        ] {
            *template = Template::Unread(template.digest());
        }
        Digest::of(&view)
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

    /// The action as it is to be, where the step changes one that exists.
    pub(super) fn changes_to(&self) -> Option<&ActionView> {
        match self {
            Self::UpdateAction { new, .. } | Self::UpdateDraft { new, .. } => Some(new),
            Self::CreateIntegration { .. }
            | Self::CreateCredential { .. }
            | Self::RewriteCredential { .. }
            | Self::PointConfig { .. }
            | Self::DeleteCredential { .. }
            | Self::EnableIntegration { .. }
            | Self::CreateAction { .. }
            | Self::OpenDraft { .. }
            | Self::ValidateDraft { .. }
            | Self::TestDraft { .. }
            | Self::PublishDraft { .. }
            | Self::DiscardDraft { .. } => None,
        }
    }
}
