//! What a binding consists of and how it was proved: secret version, role, credential, action,
//! test, audit.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::VerdictKind;
use crate::arn::{FunctionArn, SecretArn};
use crate::change::{BindingState, ChangeId, SecretVersion};
use crate::event::Principal;
use crate::evidence::Record;
use crate::ids::{ActionId, CredentialId, IntegrationId, Key};

/// One binding, from the secret to the proof. A member is none where Lockstep knows of none: nothing
/// here is made up from the manifest alone but the key and the role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BindingChain {
    /// The binding: an action, or an integration credential.
    pub key: Key,
    /// The secrets at the bound versions.
    pub secrets: Vec<BoundSecret>,
    /// The ARN of the role that Genesys Cloud assumes; none for an integration credential.
    pub role: Option<String>,
    /// The integration.
    pub integration_id: Option<IntegrationId>,
    /// The integration credential, where it carries values of the secret.
    pub credential_id: Option<CredentialId>,
    /// The action.
    pub action_id: Option<ActionId>,
    /// The function that the action calls.
    pub function: Option<FunctionArn>,
    /// The latest change; none where the binding was never applied.
    pub change_id: Option<ChangeId>,
    /// When its last write was made.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub applied_at: Option<Timestamp>,
    /// Its live test; none where the manifest has none or it has not run.
    pub test: Option<TestSeen>,
    /// Its verdict; none while it is pending.
    pub audit: Option<AuditSeen>,
}

impl BindingChain {
    /// Of a binding, by its state and its latest evidence record. `role` is the role of an action,
    /// `current` what AWSCURRENT was in this sweep, as far as it could be read.
    pub fn of(
        key: &Key,
        state: &BindingState,
        latest: Option<&Record>,
        role: Option<String>,
        current: &[SecretVersion],
    ) -> Self {
        let change = state.change.as_ref();
        let bound = state.credentials.get(key);
        let latest =
            latest.filter(|record| change.is_some_and(|change| change.id == record.body.change_id));
        let test = change.and_then(|change| change.test.as_ref());
        let version = |one: &SecretVersion| BoundSecret {
            name: one.name.clone(),
            arn: one.arn.clone(),
            version_id: one.version_id.clone(),
            current: current
                .iter()
                .find(|now| now.arn == one.arn)
                .map(|now| now.version_id.clone()),
        };
        Self {
            key: key.clone(),
            secrets: change
                .map(|change| change.secrets.iter().map(version).collect())
                .unwrap_or_default(),
            role,
            integration_id: bound
                .map(|bound| bound.integration_id.clone())
                .or_else(|| state.integration_id.clone()),
            credential_id: bound.map(|bound| bound.credential_id.clone()),
            action_id: state.action_id.clone(),
            function: state.function.clone(),
            change_id: change.map(|change| change.id.clone()),
            applied_at: change.and_then(|change| change.applied_at),
            test: test.map(|test| TestSeen {
                at: test.at,
                passed: test.passed,
                on_draft: test.on_draft,
                problem: test.problem.clone(),
            }),
            audit: latest.map(|record| AuditSeen {
                verdict: VerdictKind::of(&record.body.verdict),
                at: record.at,
                records: record.body.audit.records.clone(),
                principals: record.body.audit.principals.clone(),
                evidence: state.chain.uri.clone(),
            }),
        }
    }
}

/// A secret at the version that is bound.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct BoundSecret {
    /// The name by which the function knows it; empty for an integration credential.
    pub name: String,
    /// The secret.
    pub arn: SecretArn,
    /// The bound version.
    pub version_id: String,
    /// The version under AWSCURRENT in this sweep; none where that could not be read.
    pub current: Option<String>,
}

/// A live test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TestSeen {
    /// When it ran.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub at: Timestamp,
    /// Whether it passed.
    pub passed: bool,
    /// Whether it ran before the change was live.
    pub on_draft: bool,
    /// What went wrong.
    pub problem: Option<String>,
}

/// The verdict of a change and what it rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditSeen {
    /// The verdict.
    pub verdict: VerdictKind,
    /// When it was given.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub at: Timestamp,
    /// The ids of the audit records.
    pub records: Vec<String>,
    /// Who made the changes, according to those records.
    pub principals: Vec<Principal>,
    /// The evidence record (S3 URI).
    pub evidence: Option<String>,
}
