//! Roles: what they grant, and whom to ask when a permission is missing.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::found;
use crate::client::Genesys;
use crate::de::or_default;
use crate::error::Error;
use crate::operation;
use crate::paging::Identified;

/// Whether the members of a role are counted: by default they are, which is documented to time out for a role
/// with many of them (official Python SDK 269.0.0, `get_authorization_role`).
const USER_COUNT: &str = "userCount";

/// Stands for every domain, entity or action.
const ANY: &str = "*";

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

    fn permissions(&self) -> impl Iterator<Item = String> {
        let (domain, entity) = (self.domain.clone(), self.entity_name.clone());
        self.action_set.iter().filter_map(move |action| {
            let (domain, entity) = (domain.as_ref()?, entity.as_ref()?);
            Some(format!("{domain}:{entity}:{action}"))
        })
    }
}

impl Role {
    /// Every permission that the role surely grants, sorted, each once: those of policies without a
    /// condition or named resources, and those listed that no policy narrows so. May hold `*` in the place of a
    /// domain, an entity or an action.
    pub fn granted(&self) -> Vec<String> {
        let (conditional, plain): (Vec<_>, Vec<_>) = self
            .permission_policies
            .iter()
            .partition(|policy| policy.is_conditional());
        let is_conditional = |permission: &String| {
            let mut under = conditional.iter().flat_map(|policy| policy.permissions());
            under.any(|held| covers(&held, permission))
        };
        let mut all: Vec<String> = self
            .permissions
            .iter()
            .filter(|permission| !is_conditional(permission))
            .cloned()
            .chain(plain.iter().flat_map(|policy| policy.permissions()))
            .collect();
        all.sort();
        all.dedup();
        all
    }

    /// Whether the role surely grants a permission, such as `integrations:action:edit`.
    pub fn grants(&self, permission: &str) -> bool {
        self.granted().iter().any(|held| covers(held, permission))
    }
}

/// Whether one permission equals another, or covers it by `*`.
fn covers(held: &str, wanted: &str) -> bool {
    let (held, wanted): (Vec<&str>, Vec<&str>) =
        (held.split(':').collect(), wanted.split(':').collect());
    held.len() == wanted.len()
        && held
            .iter()
            .zip(&wanted)
            .all(|(held, wanted)| *held == ANY || held == wanted)
}

impl Identified for Role {
    fn identity(&self) -> Option<&str> {
        self.id.as_deref()
    }
}

impl Genesys {
    /// The roles that have a permission, such as `integrations:action:edit`
    /// (official Python SDK 269.0.0, `get_authorization_roles`).
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`]; often [`crate::ErrorKind::Denied`], as listing roles needs a permission
    /// of its own. Use it to enrich a message, not to decide.
    pub async fn roles_with_permission(&self, permission: &str) -> Result<Vec<Role>, Error> {
        let request = self.request(&operation::LIST_ROLES, &[])?;
        let request = request.query("permission", permission);
        self.all_pages(request.query(USER_COUNT, "false")).await
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    fn role(body: Value) -> Role {
        serde_json::from_value(body).unwrap()
    }

    #[test]
    fn a_role_grants_what_it_lists_and_what_its_policies_grant() {
        let role = role(serde_json::json!({
            "permissions": ["audits:audit:view", "integrations:action:view", "routing:queue:view", "architect:flow:edit"],
            "permissionPolicies": [
                {"domain": "integrations", "entityName": "action", "actionSet": ["view", "edit"]},
                {"domain": "oauth", "entityName": "client", "actionSet": ["*"]},
                {"domain": "routing", "entityName": "queue", "actionSet": ["view"],
                    "resourceConditionNode": {"variableName": "queue.id", "operator": "EQ"}},
                {"domain": "architect", "entityName": "flow", "actionSet": ["*"], "namedResources": ["one-flow"]},
            ],
        }));
        assert_eq!(
            role.granted(),
            [
                "audits:audit:view",
                "integrations:action:edit",
                "integrations:action:view",
                "oauth:client:*",
            ]
        );
        assert!(role.grants("integrations:action:edit") && role.grants("oauth:client:edit"));
        assert!(!role.grants("integrations:action:delete"));
        assert!(!role.grants("oauth:client"), "a shorter name is another");
        assert!(!role.grants("routing:queue:view"), "not for every queue");
        assert!(!role.grants("architect:flow:edit"), "not for every flow");
    }
}
