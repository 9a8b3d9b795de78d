//! OAuth clients. A client has one secret, shown when it is created or reset and never again; resetting it
//! ends the old one.

use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::{deleted, found};
use crate::client::Genesys;
use crate::de::{or_default, timestamp};
use crate::error::Error;
use crate::operation;
use crate::paging::{Page, unfinished};

/// An OAuth client.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OAuthClient {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// Free text.
    pub description: Option<String>,
    /// Only where the platform shows it: after a create or a reset.
    pub secret: Option<SecretString>,
    /// `CLIENT-CREDENTIALS` for one that signs in without a user.
    pub authorized_grant_type: Option<String>,
    /// Life of its tokens, in seconds.
    pub access_token_validity_seconds: Option<u64>,
    /// Its roles, each within a division.
    #[serde(default, deserialize_with = "or_default")]
    pub role_divisions: Vec<RoleDivision>,
    /// Where a browser may come back to.
    #[serde(default, deserialize_with = "or_default")]
    pub registered_redirect_uri: Vec<String>,
    /// Scopes; they do not apply to client credentials.
    #[serde(default, deserialize_with = "or_default")]
    pub scope: Vec<String>,
    /// `active`, `disabled` or `inactive`.
    pub state: Option<String>,
    /// When it was last changed.
    #[serde(default, deserialize_with = "timestamp")]
    pub date_modified: Option<Timestamp>,
    /// When the platform deletes it, where that is scheduled.
    #[serde(default, deserialize_with = "timestamp")]
    pub date_to_delete: Option<Timestamp>,
}

/// A role within a division.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoleDivision {
    /// The role.
    pub role_id: String,
    /// The division.
    pub division_id: String,
}

/// What an OAuth client should be. A write replaces the client whole; there is no version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OAuthClientRequest {
    /// Its name.
    pub name: String,
    /// `CLIENT-CREDENTIALS` for one that signs in without a person. Left out where it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorized_grant_type: Option<String>,
    /// Free text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Life of its tokens: 300 to 172800 seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token_validity_seconds: Option<u64>,
    /// Its roles; client credentials need at least one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub role_divisions: Vec<RoleDivision>,
    /// Where a browser may come back to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub registered_redirect_uri: Vec<String>,
    /// Scopes; they do not apply to client credentials.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scope: Vec<String>,
    /// `active`, `disabled` or `inactive`; a new one can only be active.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// When the platform deletes it; a write without it ends the schedule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_to_delete: Option<Timestamp>,
}

impl OAuthClientRequest {
    /// What would leave a client as it is: change a field and write it back.
    pub fn keeping(client: &OAuthClient) -> Self {
        Self {
            name: client.name.clone().unwrap_or_default(),
            authorized_grant_type: client.authorized_grant_type.clone(),
            description: client.description.clone(),
            access_token_validity_seconds: client.access_token_validity_seconds,
            role_divisions: client.role_divisions.clone(),
            registered_redirect_uri: client.registered_redirect_uri.clone(),
            scope: client.scope.clone(),
            state: client.state.clone(),
            date_to_delete: client.date_to_delete,
        }
    }
}

impl Genesys {
    /// All OAuth clients. The platform takes no paging parameters here, and answers them all.
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`]; also where the answer says that there are more than it holds.
    pub async fn list_oauth_clients(&self) -> Result<Vec<OAuthClient>, Error> {
        let list: Page<OAuthClient> = self
            .json(self.request(&operation::LIST_OAUTH_CLIENTS, &[])?)
            .await?;
        let held = u64::try_from(list.entities.len()).unwrap_or(u64::MAX);
        if list.total.is_some_and(|total| total > held) {
            let why = "the response has fewer clients than the total that it states";
            return Err(unfinished(&operation::LIST_OAUTH_CLIENTS, why));
        }
        Ok(list.entities)
    }

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

    /// Creates an OAuth client and gives its secret. It is not repeated on a lost answer: see
    /// [`Error::applied_unknown`].
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`].
    pub async fn create_oauth_client(
        &self,
        client: &OAuthClientRequest,
    ) -> Result<OAuthClient, Error> {
        let request = self
            .request(&operation::CREATE_OAUTH_CLIENT, &[])?
            .json(client)?;
        self.json(request.about(format!("OAuth client {:?}", client.name)))
            .await
    }

    /// Replaces an OAuth client whole. Its secret stays.
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`].
    pub async fn put_oauth_client(
        &self,
        id: &str,
        client: &OAuthClientRequest,
    ) -> Result<OAuthClient, Error> {
        let request = self.request(&operation::PUT_OAUTH_CLIENT, &[id])?;
        self.json(request.json(client)?).await
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

    /// Deletes an OAuth client. It must be inactive.
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`]; `BadRequest` with code `cannot.delete.client` where it is active.
    pub async fn delete_oauth_client(&self, id: &str) -> Result<(), Error> {
        deleted(
            self.done(self.request(&operation::DELETE_OAUTH_CLIENT, &[id])?)
                .await,
        )
    }
}
