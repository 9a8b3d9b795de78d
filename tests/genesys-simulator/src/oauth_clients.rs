//! OAuth clients as the organization holds them, and those it begins with.
//!
//! Official Python SDK 269.0.0 (OAuthClient); permission names of the published swagger.

use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::ids::Ids;
use crate::roles::Role;
use crate::token::Token;

/// What the role of the clients grants that the organization begins with.
const ALL_PERMISSIONS: &[&str] = &[
    "integrations:action:view",
    "integrations:action:add",
    "integrations:action:edit",
    "integrations:action:delete",
    "integrations:action:execute",
    "integrations:integration:view",
    "integrations:integration:add",
    "integrations:integration:edit",
    "integrations:integration:delete",
    "audits:audit:view",
    "oauth:client:view",
    "oauth:client:add",
    "oauth:client:edit",
    "oauth:client:delete",
    "usage:client:view",
    "authorization:role:view",
];
/// A day, in seconds (OAuthClient.accessTokenValiditySeconds).
pub(crate) const DEFAULT_VALIDITY: i64 = 86_400;

/// Whether a client may sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClientState {
    Active,
    /// No new tokens.
    Inactive,
    /// No new tokens, and those issued are invalid.
    Disabled,
}

impl ClientState {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Disabled => "disabled",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Active, Self::Inactive, Self::Disabled]
            .into_iter()
            .find(|state| state.text() == text)
    }
}

/// An OAuth client.
#[derive(Debug, Clone)]
pub(crate) struct OAuthClient {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) secret: SecretString,
    /// The secret before the last reset, and until when a grace time would accept it.
    pub(crate) old_secret: Option<(SecretString, Timestamp)>,
    pub(crate) grant: String,
    pub(crate) validity_seconds: i64,
    /// (role id, division id)
    pub(crate) roles: Vec<(String, String)>,
    pub(crate) state: ClientState,
    /// Whether its allowed IP addresses leave the caller out.
    pub(crate) address_refused: bool,
    /// The role that the control API gave it instead of its own, with exactly the permissions it named.
    pub(crate) planted_role: Option<String>,
    pub(crate) kept: Kept,
    pub(crate) created: Timestamp,
    pub(crate) modified: Timestamp,
}

/// What a client keeps as it was written, without effect here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) redirect_uris: Vec<String>,
    pub(crate) scope: Vec<String>,
    pub(crate) date_to_delete: Option<Timestamp>,
}

impl OAuthClient {
    /// The roles as they are answered.
    pub(crate) fn role_divisions(&self) -> Vec<Value> {
        self.granted_roles()
            .iter()
            .map(|(role, division)| json!({"roleId": role, "divisionId": division}))
            .collect()
    }

    /// The roles that count now, each with its division.
    pub(crate) fn granted_roles(&self) -> Vec<(String, String)> {
        match &self.planted_role {
            None => self.roles.clone(),
            Some(role) => {
                let division = self.roles.first().map(|(_, division)| division.clone());
                vec![(role.clone(), division.unwrap_or_default())]
            }
        }
    }
}

/// Clients, their roles, and the tokens that were issued.
#[derive(Debug, Clone)]
pub(crate) struct OAuthState {
    pub(crate) clients: Vec<OAuthClient>,
    pub(crate) roles: Vec<Role>,
    pub(crate) tokens: Vec<Token>,
    /// The id of the division that every organization has.
    pub(crate) home_division: String,
}

impl OAuthState {
    /// Three clients with the same role: Lockstep's, another, and the one that Lockstep's takes turns with.
    pub(crate) fn seeded(now: Timestamp, ids: &mut Ids) -> Self {
        let granted = Role::new(ids.id(), "Integrator", all_permissions());
        // Every organization has one of this name (official Terraform provider, acceptance tests).
        let admin = Role::default(ids.id(), "admin", all_permissions());
        let home_division = ids.id();
        let role = (granted.id.clone(), home_division.clone());
        let client = |name: &str| OAuthClient {
            id: ids.id(),
            name: name.to_owned(),
            description: String::new(),
            secret: ids.secret(),
            old_secret: None,
            grant: "CLIENT-CREDENTIALS".to_owned(),
            validity_seconds: DEFAULT_VALIDITY,
            roles: vec![role.clone()],
            state: ClientState::Active,
            address_refused: false,
            planted_role: None,
            kept: Kept::default(),
            created: now,
            modified: now,
        };
        Self {
            clients: [
                "Lockstep",
                "Another client",
                "Lockstep, the other of the pair",
            ]
            .map(client)
            .into(),
            roles: vec![granted, admin],
            tokens: Vec::new(),
            home_division,
        }
    }

    pub(crate) fn client(&self, id: &str) -> Option<&OAuthClient> {
        self.clients.iter().find(|client| client.id == id)
    }

    pub(crate) fn role(&self, id: &str) -> Option<&Role> {
        self.roles.iter().find(|role| role.id == id)
    }

    /// Whether a client holds a permission by one of its roles. A role of another organization grants nothing.
    pub(crate) fn holds(&self, client_id: &str, permission: &str) -> bool {
        self.client(client_id)
            .into_iter()
            .flat_map(OAuthClient::granted_roles)
            .filter_map(|(role, _)| self.role(&role))
            .any(|role| role.grants(permission))
    }

    pub(crate) fn client_mut(&mut self, id: &str) -> Option<&mut OAuthClient> {
        self.clients.iter_mut().find(|client| client.id == id)
    }
}

fn all_permissions() -> Vec<String> {
    ALL_PERMISSIONS
        .iter()
        .map(|name| (*name).to_owned())
        .collect()
}
