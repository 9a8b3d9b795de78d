//! OAuth clients. A client has one secret, shown when it is created or reset and never again; resetting it
//! ends the old one.

use secrecy::SecretString;
use serde::Deserialize;

use super::found;
use crate::client::Genesys;
use crate::de::or_default;
use crate::error::Error;
use crate::operation;

/// An OAuth client.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OAuthClient {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// Only where the platform shows it: after a create or a reset.
    pub secret: Option<SecretString>,
    /// `CLIENT-CREDENTIALS` for one that signs in without a user.
    pub authorized_grant_type: Option<String>,
    /// Life of its tokens, in seconds.
    pub access_token_validity_seconds: Option<u64>,
    /// Its roles, each within a division.
    #[serde(default, deserialize_with = "or_default")]
    pub role_divisions: Vec<RoleDivision>,
    /// `active`, `disabled` or `inactive`.
    pub state: Option<String>,
}

/// A role within a division.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoleDivision {
    /// The role.
    pub role_id: String,
    /// The division.
    pub division_id: String,
}

impl Genesys {
    /// One OAuth client, without its secret; `None` where there is none.
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`] but `NotFound`.
    pub async fn get_oauth_client(&self, id: &str) -> Result<Option<OAuthClient>, Error> {
        found(
            self.json(self.request(&operation::GET_OAUTH_CLIENT, &[id])?)
                .await,
        )
    }

    /// Gives an OAuth client a new secret; the old one ends at once. It is not repeated on a lost answer,
    /// after which the client's secret is unknown to everybody: see [`Error::applied_unknown`].
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`]; `BadRequest` with code `bad.client.role` where the caller lacks a role
    /// that the client has.
    pub async fn reset_oauth_client_secret(&self, id: &str) -> Result<OAuthClient, Error> {
        self.json(self.request(&operation::RESET_OAUTH_CLIENT_SECRET, &[id])?)
            .await
    }
}
