//! Roles, managed policies, and policy documents within IAM's limits.

use std::collections::BTreeMap;

use policy_evaluator::{IdentityPolicy, PolicyError, ResourcePolicy, TrustPolicy};
use serde::Deserialize;
use serde_json::Value;

use crate::properties::Ignored;
use crate::{Template, TemplateError};

/// All inline policies of a role together (IAM User Guide, "IAM and AWS STS quotas"; white space does not count).
pub const MAX_INLINE_CHARACTERS: usize = 10_240;

/// A managed policy (the same page).
pub const MAX_MANAGED_CHARACTERS: usize = 6_144;

/// A role's trust policy, unless the quota was raised (the same page).
pub const MAX_TRUST_CHARACTERS: usize = 2_048;

/// A policy document, as written and as it is evaluated.
#[derive(Clone, Debug, PartialEq)]
pub struct Document<P> {
    /// The JSON.
    pub json: Value,
    /// What it means.
    pub policy: P,
}

impl<P> Document<P> {
    fn of(
        at: &str,
        json: Value,
        read: impl Fn(&Value) -> Result<P, PolicyError>,
    ) -> Result<Self, TemplateError> {
        let policy = read(&json).map_err(|error| TemplateError::new(at, error))?;
        Ok(Self { json, policy })
    }
}

impl Document<IdentityPolicy> {
    fn identity(at: &str, json: Value) -> Result<Self, TemplateError> {
        Self::of(at, json, IdentityPolicy::of)
    }
}

impl Document<ResourcePolicy> {
    pub(crate) fn resource(at: &str, json: Value) -> Result<Self, TemplateError> {
        Self::of(at, json, ResourcePolicy::of)
    }
}

/// The characters of a document that count against IAM's limits: all but white space.
#[must_use]
pub fn characters(document: &Value) -> usize {
    let text = document.to_string();
    text.chars().filter(|one| !one.is_whitespace()).count()
}

fn within(at: &str, counted: usize, limit: usize) -> Result<(), TemplateError> {
    if counted <= limit {
        return Ok(());
    }
    let what = format!("{counted} characters of policies, where {limit} are allowed");
    Err(TemplateError::new(at, what))
}

/// A role.
#[derive(Clone, Debug, PartialEq)]
pub struct Role {
    /// Its logical id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Who may assume it.
    pub trust: Document<TrustPolicy>,
    /// Its inline policies, by name.
    pub inline: BTreeMap<String, Document<IdentityPolicy>>,
    /// The ARN of its permissions boundary.
    pub boundary: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct RoleProperties {
    #[serde(rename = "RoleName")]
    _role_name: Ignored,
    #[serde(rename = "Description")]
    _description: Ignored,
    assume_role_policy_document: Value,
    #[serde(default)]
    policies: Vec<InlineProperties>,
    permissions_boundary: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct InlineProperties {
    policy_name: String,
    policy_document: Value,
}

impl Role {
    pub(crate) fn of(template: &Template, id: &str) -> Result<Self, TemplateError> {
        let read: RoleProperties = template.read(id)?;
        let trust = Document::of(id, read.assume_role_policy_document, TrustPolicy::of)?;
        within(id, characters(&trust.json), MAX_TRUST_CHARACTERS)?;
        let mut inline = BTreeMap::new();
        for policy in read.policies {
            let document = Document::identity(id, policy.policy_document)?;
            if inline.insert(policy.policy_name, document).is_some() {
                return Err(TemplateError::new(id, "two policies of one name"));
            }
        }
        let counted = inline.values().map(|policy| characters(&policy.json));
        within(id, counted.sum(), MAX_INLINE_CHARACTERS)?;
        Ok(Self {
            id: id.to_owned(),
            name: template.name(id)?,
            arn: template.arn(id)?,
            trust,
            inline,
            boundary: read.permissions_boundary,
        })
    }
}

/// A managed policy of the customer's.
#[derive(Clone, Debug, PartialEq)]
pub struct ManagedPolicy {
    /// Its logical id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// The document.
    pub document: Document<IdentityPolicy>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct ManagedPolicyProperties {
    #[serde(rename = "Description")]
    _description: Ignored,
    policy_document: Value,
}

impl ManagedPolicy {
    pub(crate) fn of(template: &Template, id: &str) -> Result<Self, TemplateError> {
        let read: ManagedPolicyProperties = template.read(id)?;
        let document = Document::identity(id, read.policy_document)?;
        within(id, characters(&document.json), MAX_MANAGED_CHARACTERS)?;
        Ok(Self {
            id: id.to_owned(),
            name: template.name(id)?,
            arn: template.arn(id)?,
            document,
        })
    }
}
