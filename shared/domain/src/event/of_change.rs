//! Which event says how a change went, and what it says of the change.

use super::{
    Body, ChangeUnverified, ChangeVerified, ChangeViolated, CredentialRebindFailed,
    CredentialRebound, CredentialSplit, CredentialUnhealthy, DataActionRebound,
    DataActionUnhealthy, Header, Principal, RebindFailed, RebindRolledBack,
};
use crate::arn::FunctionArn;
use crate::change::{Change, End, SecretVersion};
use crate::ids::{ActionId, CredentialId, IntegrationId};
use crate::problem::Problem;

impl Header {
    /// Names the change that the event is about.
    pub fn about(&mut self, change: &Change) {
        self.change_id = Some(change.id.clone());
        self.sequence = Some(change.number());
    }
}

/// The ids of what is bound, as far as they are known.
#[derive(Clone, Debug, PartialEq)]
pub enum BindingIds {
    /// A Data Action.
    Action(ActionIds),
    /// An integration credential.
    Credential(CredentialIds),
}

/// A Data Action, and what it depends on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ActionIds {
    /// The action.
    pub action_id: Option<ActionId>,
    /// The integration that it belongs to.
    pub integration_id: Option<IntegrationId>,
    /// The role that Genesys Cloud assumes.
    pub role_arn: Option<String>,
    /// The function that it calls.
    pub function_arn: Option<FunctionArn>,
}

/// An integration credential, and the integration that uses it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CredentialIds {
    /// The integration.
    pub integration_id: Option<IntegrationId>,
    /// The credential.
    pub credential_id: Option<CredentialId>,
}

/// What the event about the end of a change says besides its ids and its reason.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EndDetails {
    /// The versions of the change.
    pub secrets: Vec<SecretVersion>,
    /// Who changed the action or credential, according to the audit log.
    pub principals: Vec<Principal>,
    /// Notes for the reader.
    pub notices: Vec<String>,
    /// Where the evidence is (S3 URI).
    pub evidence: Option<String>,
}

impl EndDetails {
    /// What the change itself records.
    #[must_use]
    pub fn of(change: &Change) -> Self {
        Self {
            secrets: change.secrets.clone(),
            notices: change.notices.clone(),
            ..Self::default()
        }
    }
}

impl Body {
    /// The event of a change that is applied. With a `reason` its live test failed, and it is kept
    /// nevertheless.
    #[must_use]
    pub fn bound(
        ids: BindingIds,
        change: &Change,
        action_version: Option<i64>,
        reason: Option<String>,
    ) -> Self {
        let (secrets, notices) = (change.secrets.clone(), change.notices.clone());
        match (ids, reason) {
            (BindingIds::Action(action), None) => DataActionRebound {
                action_id: action.action_id,
                action_version,
                integration_id: action.integration_id,
                role_arn: action.role_arn,
                function_arn: action.function_arn,
                secrets,
                notices,
            }
            .into(),
            (BindingIds::Action(action), Some(reason)) => DataActionUnhealthy {
                action_id: action.action_id,
                action_version,
                integration_id: action.integration_id,
                role_arn: action.role_arn,
                function_arn: action.function_arn,
                secrets,
                notices,
                reason: Some(reason),
            }
            .into(),
            (BindingIds::Credential(credential), None) => CredentialRebound {
                integration_id: credential.integration_id,
                credential_id: credential.credential_id,
                secrets,
                notices,
            }
            .into(),
            (BindingIds::Credential(credential), Some(reason)) => CredentialUnhealthy {
                integration_id: credential.integration_id,
                credential_id: credential.credential_id,
                secrets,
                notices,
                reason: Some(reason),
            }
            .into(),
        }
    }

    /// The event of a binding that could not be bound.
    #[must_use]
    pub fn not_bound(
        ids: BindingIds,
        reason: String,
        errors: Vec<Problem>,
        details: EndDetails,
    ) -> Self {
        let EndDetails {
            secrets,
            principals,
            notices,
            evidence,
        } = details;
        let reason = Some(reason);
        match ids {
            BindingIds::Action(action) => RebindFailed {
                action_id: action.action_id,
                integration_id: action.integration_id,
                role_arn: action.role_arn,
                function_arn: action.function_arn,
                secrets,
                principals,
                notices,
                errors,
                reason,
                evidence,
            }
            .into(),
            BindingIds::Credential(credential) => CredentialRebindFailed {
                integration_id: credential.integration_id,
                credential_id: credential.credential_id,
                secrets,
                principals,
                notices,
                errors,
                reason,
                evidence,
            }
            .into(),
        }
    }

    /// The event of the end of a change. `reason` is ignored if it is verified.
    #[must_use]
    pub fn ended(ids: BindingIds, end: &End, reason: String, details: EndDetails) -> Self {
        match (end, ids) {
            (End::Failed { .. }, ids)
            | (End::RolledBack { .. }, ids @ BindingIds::Credential(_)) => {
                Self::not_bound(ids, reason, Vec::new(), details)
            }
            (End::RolledBack { .. }, BindingIds::Action(action)) => RebindRolledBack {
                action_id: action.action_id,
                integration_id: action.integration_id,
                role_arn: action.role_arn,
                function_arn: action.function_arn,
                secrets: details.secrets,
                principals: details.principals,
                notices: details.notices,
                reason: Some(reason),
                evidence: details.evidence,
            }
            .into(),
            (End::Split { .. }, ids) => {
                let (_, credential) = ids.parts();
                CredentialSplit {
                    integration_id: credential.integration_id,
                    credential_id: credential.credential_id,
                    secrets: details.secrets,
                    principals: details.principals,
                    notices: details.notices,
                    reason: Some(reason),
                    evidence: details.evidence,
                }
                .into()
            }
            (End::Verified, ids) => verified(ids, details).into(),
            (End::Violated { findings }, ids) => {
                let verified = verified(ids, details);
                ChangeViolated {
                    action_id: verified.action_id,
                    integration_id: verified.integration_id,
                    role_arn: verified.role_arn,
                    function_arn: verified.function_arn,
                    credential_id: verified.credential_id,
                    secrets: verified.secrets,
                    principals: verified.principals,
                    findings: findings.clone(),
                    notices: verified.notices,
                    reason: Some(reason),
                    evidence: verified.evidence,
                }
                .into()
            }
            (End::Unverified { .. }, ids) => {
                let verified = verified(ids, details);
                ChangeUnverified {
                    action_id: verified.action_id,
                    integration_id: verified.integration_id,
                    role_arn: verified.role_arn,
                    function_arn: verified.function_arn,
                    credential_id: verified.credential_id,
                    secrets: verified.secrets,
                    principals: verified.principals,
                    notices: verified.notices,
                    reason: Some(reason),
                    evidence: verified.evidence,
                }
                .into()
            }
        }
    }
}

/// A verdict's event names actions and credentials alike: its fields are those of every verdict.
fn verified(ids: BindingIds, details: EndDetails) -> ChangeVerified {
    let EndDetails {
        secrets,
        principals,
        notices,
        evidence,
    } = details;
    let (action, credential) = ids.parts();
    ChangeVerified {
        action_id: action.action_id,
        integration_id: credential.integration_id,
        role_arn: action.role_arn,
        function_arn: action.function_arn,
        credential_id: credential.credential_id,
        secrets,
        principals,
        notices,
        evidence,
    }
}

impl BindingIds {
    /// As the ids of both kinds, for events that have the fields of both.
    fn parts(self) -> (ActionIds, CredentialIds) {
        match self {
            Self::Action(action) => {
                let integration_id = action.integration_id.clone();
                let credential = CredentialIds {
                    integration_id,
                    credential_id: None,
                };
                (action, credential)
            }
            Self::Credential(credential) => {
                let integration_id = credential.integration_id.clone();
                let action = ActionIds {
                    integration_id,
                    ..ActionIds::default()
                };
                (action, credential)
            }
        }
    }
}
