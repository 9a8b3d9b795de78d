//! Roles: what a client holds comes from the roles it has.
//!
//! Official Python SDK 269.0.0 (AuthorizationApi, DomainOrganizationRole, DomainPermissionPolicy).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::error::ApiError;
use crate::paging::listing;
use crate::request::{Reply, Request};
use crate::switches::{RolePermissions, Switches};
use crate::world::{World, new_id};

const ROLES: &str = "/api/v2/authorization/roles";

/// A role of the organization.
#[derive(Debug, Clone)]
pub(crate) struct Role {
    pub(crate) id: String,
    name: String,
    /// `domain:entity:action`
    pub(crate) permissions: Vec<String>,
}

impl Role {
    pub(crate) fn new(name: impl Into<String>, permissions: Vec<String>) -> Self {
        Self {
            id: new_id(),
            name: name.into(),
            permissions,
        }
    }

    fn rendered(&self, switches: &Switches) -> Value {
        let mut body = json!({
            "id": self.id,
            "name": self.name,
            "description": "",
            "permissionPolicies": self.policies(),
            "default": false,
            "base": false,
            "selfUri": format!("{ROLES}/{}", self.id),
        });
        match switches.role_permissions {
            RolePermissions::Listed => body["permissions"] = json!(self.permissions),
            RolePermissions::Policies => {}
        }
        body
    }

    /// The same permissions, grouped by domain and entity.
    fn policies(&self) -> Vec<Value> {
        let mut grouped: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
        for permission in &self.permissions {
            let mut parts = permission.splitn(3, ':');
            if let (Some(domain), Some(entity), Some(action)) =
                (parts.next(), parts.next(), parts.next())
            {
                grouped.entry((domain, entity)).or_default().push(action);
            }
        }
        grouped
            .into_iter()
            .map(|((domain, entity), actions)| {
                json!({
                    "domain": domain,
                    "entityName": entity,
                    "actionSet": actions,
                    "allowConditions": false,
                })
            })
            .collect()
    }
}

pub(crate) fn list(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let name = request.query("name");
    let wanted: Vec<&String> = request
        .query
        .iter()
        .filter(|(name, value)| name == "permission" && !value.is_empty())
        .map(|(_, value)| value)
        .collect();
    let all: Vec<Value> = world
        .oauth
        .roles
        .iter()
        .filter(|role| name.is_none_or(|name| role.name.eq_ignore_ascii_case(name)))
        .filter(|role| {
            wanted
                .iter()
                .all(|permission| role.permissions.contains(permission))
        })
        .map(|role| role.rendered(&world.switches))
        .collect();
    listing(request, ROLES, &all, &world.switches).map(Reply::ok)
}

pub(crate) fn get(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    request.query_flag("userCount")?;
    world
        .oauth
        .role(request.param("roleId"))
        .map(|role| Reply::ok(role.rendered(&world.switches)))
        .ok_or_else(ApiError::not_found)
}
