//! Roles, to tell whom to ask when a permission is missing.

use serde::{Deserialize, Serialize};

use crate::client::Genesys;
use crate::error::Error;
use crate::operation;
use crate::paging::Identified;

/// A role of the organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Role {
    /// The role's id.
    pub id: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// True for a role that came with the platform.
    pub default: Option<bool>,
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
        self.all_pages(request.query("permission", permission))
            .await
    }
}
