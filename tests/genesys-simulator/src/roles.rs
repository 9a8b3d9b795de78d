//! Roles: what a client holds comes from the roles it has.
//!
//! Official Python SDK 269.0.0 (AuthorizationApi, DomainOrganizationRole, DomainPermissionPolicy).

use std::collections::BTreeMap;

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::paging::listing;
use crate::request::{Reply, Request};
use crate::switches::{RolePermissions, Switches};
use crate::world::World;

const ROLES: &str = "/api/v2/authorization/roles";
/// Of the `id` parameter: the text of `max.role.ids` (published swagger).
const MAX_IDS: usize = 100;

/// A role of the organization.
#[derive(Debug, Clone)]
pub(crate) struct Role {
    pub(crate) id: String,
    name: String,
    /// What the platform calls a role that every organization has from the start.
    default_id: Option<&'static str>,
    /// `domain:entity:action`
    pub(crate) permissions: Vec<String>,
}

impl Role {
    pub(crate) fn new(id: String, name: impl Into<String>, permissions: Vec<String>) -> Self {
        Self {
            id,
            name: name.into(),
            default_id: None,
            permissions,
        }
    }

    /// One of the roles that every organization has from the start.
    pub(crate) fn default(id: String, default_id: &'static str, permissions: Vec<String>) -> Self {
        Self {
            default_id: Some(default_id),
            ..Self::new(id, default_id, permissions)
        }
    }

    /// Whether it grants a permission: by name, or by `*` in the place of a domain, an entity or an action.
    pub(crate) fn grants(&self, permission: &str) -> bool {
        self.permissions.iter().any(|held| {
            let (held, asked) = (held.split(':'), permission.split(':'));
            held.clone().count() == asked.clone().count()
                && held
                    .zip(asked)
                    .all(|(held, asked)| held == "*" || held == asked)
        })
    }

    fn rendered(&self, switches: &Switches, members: Option<usize>) -> Value {
        let mut body = json!({
            "id": self.id,
            "name": self.name,
            "description": "",
            "permissionPolicies": self.policies(),
            "default": self.default_id.is_some(),
            "base": false,
            "selfUri": format!("{ROLES}/{}", self.id),
        });
        if let Some(id) = self.default_id {
            body["defaultRoleId"] = json!(id);
        }
        if let Some(members) = members {
            body["userCount"] = json!(members);
        }
        match switches.role_permissions {
            RolePermissions::Listed => body["permissions"] = json!(self.permissions),
            RolePermissions::Policies => {}
        }
        body
    }

    /// A filter by name ignores case, and takes `*` at its end (official Terraform provider, `auth_role`).
    fn has_name(&self, asked: &str) -> bool {
        let (own, asked) = (self.name.to_lowercase(), asked.to_lowercase());
        asked
            .strip_suffix('*')
            .map_or(own == asked, |begin| own.starts_with(begin))
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
    let wanted: Vec<&str> = request.list("permission").collect();
    let ids: Vec<&str> = request.list("id").collect();
    if ids.len() > MAX_IDS {
        return Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            "max.role.ids",
            format!("Only {MAX_IDS} roles can be requested at a time."),
        ));
    }
    let defaults: Vec<&str> = request.list("defaultRoleId").collect();
    let name = request.query("name");
    let members = members(request)?;
    let mut all: Vec<Value> = world
        .oauth
        .roles
        .iter()
        .filter(|role| wanted.iter().all(|permission| role.grants(permission)))
        .filter(|role| ids.is_empty() || ids.contains(&role.id.as_str()))
        .filter(|role| {
            defaults.is_empty() || role.default_id.is_some_and(|id| defaults.contains(&id))
        })
        .filter(|role| name.is_none_or(|name| role.has_name(name)))
        .map(|role| role.rendered(&world.switches, members))
        .collect();
    // No closed set of members to sort by is declared; what no role has changes nothing.
    if let Some(field) = request.query("sortBy") {
        all.sort_by_key(|role| role[field].to_string().to_lowercase());
    }
    listing(request, ROLES, &all, &world.switches).map(Reply::ok)
}

/// How many members a role has, unless the caller does not want them counted. No user holds a role here.
fn members(request: &Request) -> Result<Option<usize>, ApiError> {
    let counted = request.query_flag("userCount")?.unwrap_or(true);
    Ok(counted.then_some(0))
}

pub(crate) fn get(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let members = members(request)?;
    world
        .oauth
        .role(request.param("roleId"))
        .map(|role| Reply::ok(role.rendered(&world.switches, members)))
        .ok_or_else(ApiError::not_found)
}
