//! OAuth clients as the organization holds them, and those it begins with.
//!
//! Official Python SDK 269.0.0 (OAuthClient); permission names of the published swagger.

use jiff::Timestamp;
use secrecy::SecretString;

use crate::token::Token;
use crate::world::new_id;

/// What a client holds unless the control API says otherwise.
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
    pub(crate) permissions: Vec<String>,
    pub(crate) created: Timestamp,
    pub(crate) modified: Timestamp,
}

/// Clients and the tokens that were issued.
#[derive(Debug)]
pub(crate) struct OAuthState {
    pub(crate) clients: Vec<OAuthClient>,
    pub(crate) tokens: Vec<Token>,
}

impl OAuthState {
    /// Two clients with the same role: Lockstep's, and another.
    pub(crate) fn seeded(now: Timestamp) -> Self {
        let role = (new_id(), new_id());
        let client = |name: &str| OAuthClient {
            id: new_id(),
            name: name.to_owned(),
            description: String::new(),
            secret: new_secret(),
            old_secret: None,
            grant: "CLIENT-CREDENTIALS".to_owned(),
            validity_seconds: DEFAULT_VALIDITY,
            roles: vec![role.clone()],
            state: ClientState::Active,
            permissions: all_permissions(),
            created: now,
            modified: now,
        };
        Self {
            clients: vec![client("Lockstep"), client("Another client")],
            tokens: Vec::new(),
        }
    }

    pub(crate) fn client(&self, id: &str) -> Option<&OAuthClient> {
        self.clients.iter().find(|client| client.id == id)
    }

    pub(crate) fn client_mut(&mut self, id: &str) -> Option<&mut OAuthClient> {
        self.clients.iter_mut().find(|client| client.id == id)
    }
}

pub(crate) fn all_permissions() -> Vec<String> {
    ALL_PERMISSIONS
        .iter()
        .map(|name| (*name).to_owned())
        .collect()
}

pub(crate) fn new_secret() -> SecretString {
    SecretString::from(format!("{}{}", new_id(), new_id()).replace('-', ""))
}
