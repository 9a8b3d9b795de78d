//! The role that Genesys Cloud assumes: what should hold, what was seen, and the steps between.
//!
//! A role belongs to an integration, and all actions of all integrations that name it share it. So
//! it is always planned for every function of the manifest that it serves, whichever binding gave
//! the occasion.

mod plan;
mod serves;
mod size;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use plan::{Keep, RolePlan, RoleRefusal, not_ours, other_owner, plan, wrong_boundary};
pub use serves::can_serve;
pub use size::oversize;

use crate::arn::{FunctionArn, RoleArn, RoleName};
use crate::ids::{Key, OrganizationId};
use crate::manifest::Manifest;
use crate::plan::{ObjectKind, Step, Verb};
use crate::policy::{INVOKE_POLICY_NAME, trust_policy};

/// The tag that names the stack a role belongs to.
pub const STACK_TAG: &str = "lockstep:stack";
/// The tag that names the organization a role serves.
pub const ORGANIZATION_TAG: &str = "lockstep:organization";
/// The tag that says the role is managed.
pub const MANAGED_TAG: &str = "lockstep:managed";

/// The deployed stack, as far as roles need to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stack {
    /// Its name.
    pub name: String,
    /// Its partition, such as `aws`.
    pub partition: String,
    /// Its account, twelve digits.
    pub account: String,
    /// The ARN of the permissions boundary that every role carries.
    pub boundary: String,
}

/// What should hold for one role.
#[derive(Clone, Debug, PartialEq)]
pub struct DesiredRole {
    /// Its name.
    pub name: RoleName,
    /// Its ARN; managed roles have no path.
    pub arn: RoleArn,
    /// The integration that names it; the first one where several do.
    pub key: Key,
    /// The place in the manifest that names it, such as `integrations[0].role`.
    pub at: String,
    /// The organization it serves.
    pub organization: OrganizationId,
    /// The account of Genesys Cloud, twelve digits.
    pub genesys_account: String,
    /// Who may assume it.
    pub trust: Value,
    /// What it may invoke.
    pub functions: BTreeSet<FunctionArn>,
    /// Its description.
    pub description: String,
    /// Its tags; Lockstep does not change other tags.
    pub tags: BTreeMap<String, String>,
    /// The ARN of its permissions boundary.
    pub boundary: String,
}

impl DesiredRole {
    /// What should hold for `name`, if an integration of the manifest names it. Its functions are
    /// those of **all** actions of all integrations that share it.
    #[must_use]
    pub fn of(manifest: &Manifest, name: &RoleName, stack: &Stack) -> Option<Self> {
        let (index, first) = manifest
            .integrations
            .iter()
            .enumerate()
            .find(|(_, integration)| integration.role == *name)?;
        let serves = |key: &Key| {
            manifest
                .integration(key)
                .is_some_and(|integration| integration.role == *name)
        };
        let organization = &manifest.organization;
        Some(Self {
            name: name.clone(),
            arn: RoleArn::new(&stack.partition, &stack.account, name.clone()),
            key: first.key.clone(),
            at: format!("integrations[{index}].role"),
            organization: organization.id.clone(),
            genesys_account: organization.genesys_account.clone(),
            trust: trust_policy(
                &stack.partition,
                &organization.genesys_account,
                &organization.id,
            ),
            functions: manifest
                .actions
                .iter()
                .filter(|action| serves(&action.integration))
                .map(|action| action.function.clone())
                .collect(),
            description: format!(
                "Genesys Cloud organization {} invokes its bound functions. Managed by Lockstep \
                 ({}).",
                organization.id, stack.name
            ),
            tags: BTreeMap::from([
                (STACK_TAG.to_owned(), stack.name.clone()),
                (ORGANIZATION_TAG.to_owned(), organization.id.to_string()),
                (MANAGED_TAG.to_owned(), "true".to_owned()),
            ]),
            boundary: stack.boundary.clone(),
        })
    }

    /// What should hold for every role of the manifest, sorted by name.
    #[must_use]
    pub fn all(manifest: &Manifest, stack: &Stack) -> Vec<Self> {
        let names: BTreeSet<&RoleName> =
            manifest.integrations.iter().map(|one| &one.role).collect();
        names
            .into_iter()
            .filter_map(|name| Self::of(manifest, name, stack))
            .collect()
    }
}

/// What a read of a role returned.
#[derive(Clone, Debug, PartialEq)]
pub enum ObservedRole {
    /// IAM says there is none of this name.
    Absent,
    /// It is there.
    Present(Box<PresentRole>),
}

/// A role that is there. Trust, description, tags, boundary and our own policy are always read;
/// without them nothing can be planned.
#[derive(Clone, Debug, PartialEq)]
pub struct PresentRole {
    /// Its ARN, with its path.
    pub arn: RoleArn,
    /// Its description.
    pub description: Option<String>,
    /// All its tags.
    pub tags: BTreeMap<String, String>,
    /// The ARN of its permissions boundary.
    pub boundary: Option<String>,
    /// Its trust policy, decoded.
    pub trust: Value,
    /// Our inline policy, decoded, if it is there.
    pub invoke: Option<Value>,
    /// The inline policies that others gave it.
    pub other_inline: Seen<Vec<InlinePolicy>>,
    /// The ARNs of attached policies.
    pub attached: Seen<Vec<String>>,
}

impl PresentRole {
    /// The names of the inline policies that others gave it.
    #[must_use]
    pub fn other_inline_names(&self) -> Seen<Vec<String>> {
        match &self.other_inline {
            Seen::Read(policies) => {
                Seen::Read(policies.iter().map(|policy| policy.name.clone()).collect())
            }
            Seen::Unread { because } => Seen::Unread {
                because: because.clone(),
            },
        }
    }
}

/// An inline policy that is not ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InlinePolicy {
    /// Its name.
    pub name: String,
    /// Its length as IAM counts, white space left out.
    pub characters: usize,
}

/// Something that could be read, or could not. What could not is not "nothing".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen<T> {
    /// Read, to its end.
    Read(T),
    /// Not read.
    Unread {
        /// Why.
        because: String,
    },
}

/// One step on a role.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoleStep {
    /// Create it in one call with trust, boundary and tags: a role never exists without them.
    Create {
        /// Who may assume it.
        trust: Value,
        /// Its description.
        description: String,
        /// Its tags.
        tags: BTreeMap<String, String>,
        /// Its permissions boundary.
        boundary: String,
    },
    /// Replace its trust policy.
    SetTrust {
        /// As it is.
        old: Value,
        /// As it should be.
        new: Value,
    },
    /// Write our inline policy.
    PutInvokePolicy {
        /// As it is, if it is there.
        old: Option<Value>,
        /// As it should be.
        new: Value,
        /// What it is wider than it should be, in words.
        wider: Vec<String>,
    },
    /// Add or correct tags.
    Tag {
        /// The values that are wrong.
        old: BTreeMap<String, String>,
        /// The values that should be.
        new: BTreeMap<String, String>,
    },
    /// Replace its description.
    SetDescription {
        /// As it is.
        old: Option<String>,
        /// As it should be.
        new: String,
    },
    /// Take functions out of our policy that nothing calls any more.
    RevokeFunctions {
        /// Our policy before this step.
        old: Value,
        /// Our policy after it.
        new: Value,
        /// What goes.
        revoked: BTreeSet<FunctionArn>,
    },
}

impl RoleStep {
    /// The step as it is shown, recorded and answered.
    #[must_use]
    pub fn describe(&self, arn: &RoleArn, key: &Key) -> Step {
        let (object, verb, old, new, reason) = match self {
            Self::Create {
                trust,
                description,
                tags,
                boundary,
            } => (
                ObjectKind::Role,
                Verb::Create,
                Value::Null,
                json!({"trust": trust, "description": description, "tags": tags, "boundary": boundary}),
                "the role does not exist".to_owned(),
            ),
            Self::SetTrust { old, new } => (
                ObjectKind::RoleTrust,
                Verb::Update,
                old.clone(),
                new.clone(),
                "only the Genesys Cloud account may assume the role, and only for this organization"
                    .to_owned(),
            ),
            Self::PutInvokePolicy { old: None, new, .. } => (
                ObjectKind::RolePolicy,
                Verb::Create,
                Value::Null,
                new.clone(),
                format!(
                    "the role needs its policy {INVOKE_POLICY_NAME} to invoke the bound functions"
                ),
            ),
            Self::PutInvokePolicy {
                old: Some(old),
                new,
                wider,
            } => (
                ObjectKind::RolePolicy,
                Verb::Update,
                old.clone(),
                new.clone(),
                reason_to_put(wider),
            ),
            Self::Tag { old, new } => (
                ObjectKind::RoleTags,
                Verb::Update,
                json!(old),
                json!(new),
                "the tags identify the owner of the role".to_owned(),
            ),
            Self::SetDescription { old, new } => (
                ObjectKind::RoleDescription,
                Verb::Update,
                json!(old),
                json!(new),
                "the description states the purpose of the role".to_owned(),
            ),
            Self::RevokeFunctions { old, new, revoked } => (
                ObjectKind::RolePolicy,
                Verb::Revoke,
                old.clone(),
                new.clone(),
                format!("no action calls {} any longer", joined(revoked)),
            ),
        };
        Step {
            id: Some(arn.to_string()),
            old,
            new,
            ..Step::new(object, verb, key, reason)
        }
    }

    /// Whether this step may not be made after `failed` failed.
    #[must_use]
    pub fn depends_on(&self, failed: &Self) -> bool {
        match failed {
            // Nothing can be done to a role that is not there.
            Self::Create { .. } => true,
            // A role whom the wrong ones may still assume gets no more permissions.
            Self::SetTrust { .. } => matches!(self, Self::PutInvokePolicy { .. }),
            // What is needed is granted before anything is taken away.
            Self::PutInvokePolicy { .. } => matches!(self, Self::RevokeFunctions { .. }),
            Self::Tag { .. } | Self::SetDescription { .. } | Self::RevokeFunctions { .. } => false,
        }
    }
}

fn reason_to_put(wider: &[String]) -> String {
    if wider.is_empty() {
        "the policy does not grant the bound functions".to_owned()
    } else {
        format!(
            "the policy grants more than it should: {}",
            wider.join("; ")
        )
    }
}

fn joined(functions: &BTreeSet<FunctionArn>) -> String {
    let texts: Vec<String> = functions.iter().map(ToString::to_string).collect();
    texts.join(", ")
}
