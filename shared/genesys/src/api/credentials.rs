//! Integration credentials. What is in them goes in and never comes out: the platform redacts it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{deleted, found};
use crate::client::Genesys;
use crate::de::{or_default, secret_fields, timestamp};
use crate::error::Error;
use crate::operation;
use crate::paging::{Identified, unfinished};
use crate::request::Request;

/// The cursor listing's largest page (official Python SDK 269.0.0, `get_integrations_credentials_listing`).
const LISTING_PAGE: &str = "200";

/// A credential without its fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CredentialInfo {
    /// Its id.
    pub id: String,
    /// Its name. Names are not unique.
    pub name: Option<String>,
    /// When it was created.
    #[serde(default, deserialize_with = "timestamp")]
    pub created_date: Option<Timestamp>,
    /// When it was last written: the only mark of a change, as there is no version.
    #[serde(default, deserialize_with = "timestamp")]
    pub modified_date: Option<Timestamp>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: Option<CredentialTypeRef>,
}

impl Identified for CredentialInfo {
    fn identity(&self) -> Option<&str> {
        Some(&self.id)
    }
}

/// One credential with its fields, of which the platform redacts the sensitive ones.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Credential {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: Option<CredentialTypeRef>,
    /// Its fields as answered; `None` where the answer had no text. What a redacted value looks like is
    /// not documented, so a value that differs proves nothing.
    #[serde(default, deserialize_with = "secret_fields")]
    pub credential_fields: BTreeMap<String, Option<SecretString>>,
}

/// A reference to a credential type, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialTypeRef {
    /// Such as `amazonWebServicesARN`.
    pub name: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Listing {
    #[serde(deserialize_with = "or_default")]
    entities: Vec<CredentialInfo>,
}

impl Genesys {
    /// All credentials, by the cursor listing: the last id of a page leads to the next, an empty page ends.
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`]. A page that fails fails the list.
    pub async fn list_credentials(&self) -> Result<Vec<CredentialInfo>, Error> {
        let mut found: Vec<CredentialInfo> = Vec::new();
        loop {
            let request = self
                .request(&operation::LIST_CREDENTIALS, &[])?
                .query("pageSize", LISTING_PAGE)
                .query_some("after", found.last().map(|last| last.id.as_str()));
            let page: Listing = self.json(request).await?;
            if page.entities.is_empty() {
                return Ok(found);
            }
            let known = |id: &str| found.iter().any(|info| info.id == id);
            if page.entities.iter().any(|info| known(&info.id)) {
                return Err(unfinished(
                    &operation::LIST_CREDENTIALS,
                    "the cursor of the listing does not advance",
                ));
            }
            found.extend(page.entities);
        }
    }

    /// One credential; `None` where there is none.
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`] but `NotFound`.
    pub async fn get_credential(&self, id: &str) -> Result<Option<Credential>, Error> {
        found(
            self.json(self.request(&operation::GET_CREDENTIAL, &[id])?)
                .await,
        )
    }

    /// Creates a credential. It is not repeated on a lost answer: see [`Error::applied_unknown`].
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`]; no error holds a field's value.
    pub async fn create_credential(
        &self,
        name: &str,
        type_name: &str,
        fields: &BTreeMap<String, SecretString>,
    ) -> Result<CredentialInfo, Error> {
        let request = self.request(&operation::CREATE_CREDENTIAL, &[])?;
        let request = with_fields(request, name, type_name, fields)?;
        self.json(request.about(format!("credential {name:?}")))
            .await
    }

    /// Replaces a credential whole. There is no version: the last write wins.
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`]; no error holds a field's value.
    pub async fn put_credential(
        &self,
        id: &str,
        name: &str,
        type_name: &str,
        fields: &BTreeMap<String, SecretString>,
    ) -> Result<CredentialInfo, Error> {
        let request = self.request(&operation::PUT_CREDENTIAL, &[id])?;
        self.json(with_fields(request, name, type_name, fields)?)
            .await
    }

    /// Deletes a credential.
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`].
    pub async fn delete_credential(&self, id: &str) -> Result<(), Error> {
        deleted(
            self.done(self.request(&operation::DELETE_CREDENTIAL, &[id])?)
                .await,
        )
    }
}

/// The one place where field values leave their wrapping.
fn with_fields(
    request: Request,
    name: &str,
    type_name: &str,
    fields: &BTreeMap<String, SecretString>,
) -> Result<Request, Error> {
    let exposed: BTreeMap<&str, &str> = fields
        .iter()
        .map(|(field, value)| (field.as_str(), value.expose_secret()))
        .collect();
    let body = json!({"name": name, "type": {"name": type_name}, "credentialFields": exposed});
    Ok(request.json(&body)?.hiding(fields.values()))
}
