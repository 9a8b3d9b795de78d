//! Roles: what they grant.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::found;
use crate::client::Genesys;
use crate::de::or_default;
use crate::error::Error;
use crate::operation;

/// Whether the members of a role are counted: by default they are, which is documented to time out for a role
/// with many of them (official Python SDK 269.0.0, `get_authorization_role`).
const USER_COUNT: &str = "userCount";

/// A role of the organization (official Python SDK 269.0.0, `DomainOrganizationRole`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Role {
    /// The role's id.
    pub id: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// True for a role that came with the platform.
    pub default: Option<bool>,
    /// Permissions such as `integrations:action:edit`; the platform may list them here, as
    /// policies, or both.
    #[serde(default, deserialize_with = "or_default")]
    pub permissions: Vec<String>,
    /// The same grouped, each perhaps under a condition.
    #[serde(default, deserialize_with = "or_default")]
    pub permission_policies: Vec<PermissionPolicy>,
}

/// Several actions on one kind of thing (official Python SDK 269.0.0, `DomainPermissionPolicy`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PermissionPolicy {
    /// Such as `integrations`, or `*`.
    pub domain: Option<String>,
    /// Such as `action`, or `*`.
    pub entity_name: Option<String>,
    /// Such as `edit`, or `*`.
    #[serde(default, deserialize_with = "or_default")]
    pub action_set: Vec<String>,
    /// The condition under which it grants them, if any.
    pub resource_condition_node: Option<Value>,
    /// The only things that it grants them for, if any are named.
    #[serde(default, deserialize_with = "or_default")]
    pub named_resources: Vec<String>,
}

impl PermissionPolicy {
    /// Whether it grants only under a condition, or only for some things.
    pub fn is_conditional(&self) -> bool {
        let has_condition = self
            .resource_condition_node
            .as_ref()
            .is_some_and(|node| !node.is_null() && *node != serde_json::json!({}));
        has_condition || !self.named_resources.is_empty()
    }
}

impl Genesys {
    /// One role with what it grants; `None` where there is none. Needs the permission
    /// `authorization:role:view`.
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`] but `NotFound`.
    pub async fn role(&self, id: &str) -> Result<Option<Role>, Error> {
        let request = self.request(&operation::GET_ROLE, &[id])?;
        found(self.json(request.query(USER_COUNT, "false")).await)
    }
}
