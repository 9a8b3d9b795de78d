//! Integrations, their versioned config, their state and their types.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{deleted, found};
use crate::client::Genesys;
use crate::de::or_default;
use crate::error::{Error, ErrorKind};
use crate::operation;
use crate::paging::Identified;

/// The platform's limit for the `ids` parameter (published swagger, GET /api/v2/integrations).
const MOST_IDS: usize = 100;

/// What somebody wants an integration to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum IntendedState {
    /// It should run.
    Enabled,
    /// It should be disabled.
    Disabled,
    /// It is deleted.
    Deleted,
    /// It comes back from deletion.
    Restored,
    /// A state this client does not know. Never written.
    #[serde(other)]
    Unknown,
}

/// What an integration is at the moment. It follows the intended state some time later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ReportedStateCode {
    /// It runs.
    Active,
    /// It is about to run.
    Activating,
    /// It is disabled.
    Inactive,
    /// It is about to stop.
    Deactivating,
    /// It can't run; the detail says why.
    Error,
    /// A state this client does not know.
    #[serde(other)]
    Unknown,
}

/// The platform's view of an integration's state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportedState {
    /// The state.
    pub code: Option<ReportedStateCode>,
    /// The same in words.
    pub effective: Option<String>,
    /// More about it: `MessageInfo` of the published swagger.
    pub detail: Option<Value>,
}

/// An integration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Integration {
    /// Its id.
    pub id: String,
    /// Its name. Names are not unique.
    pub name: Option<String>,
    /// Its type.
    pub integration_type: Option<TypeRef>,
    /// Free text.
    pub notes: Option<String>,
    /// What it should be.
    pub intended_state: Option<IntendedState>,
    /// What it is.
    pub reported_state: Option<ReportedState>,
}

impl Integration {
    /// The id of its type, such as `aws-lambda-data-actions`.
    pub fn type_id(&self) -> Option<&str> {
        self.integration_type
            .as_ref()
            .and_then(|kind| kind.id.as_deref())
    }

    /// False for one that is deleted: deletion is a state that can be taken back, so it may still be shown.
    fn is_there(&self) -> bool {
        self.intended_state != Some(IntendedState::Deleted)
    }
}

impl Identified for Integration {
    fn identity(&self) -> Option<&str> {
        Some(&self.id)
    }
}

/// A reference to an integration type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypeRef {
    /// The type's id.
    pub id: Option<String>,
}

/// Which integrations to list. Empty means all.
#[derive(Debug, Clone, Default)]
pub struct IntegrationFilter {
    /// Only of this type, such as `aws-lambda-data-actions`.
    pub integration_type: Option<String>,
    /// Only those that use this credential.
    pub credential_id: Option<String>,
    /// Only these ids.
    pub ids: Vec<String>,
}

/// An integration's current config. Read it, change it, write it back whole: the version says whether
/// somebody else was faster. Members this client does not know are kept as they came; what the
/// published swagger (`IntegrationConfiguration`) marks as read-only is not written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IntegrationConfig {
    /// The name shown to people; also that of the integration.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// The version this was read at; required when writing.
    pub version: i64,
    /// Settings of the integration's type.
    #[serde(default, deserialize_with = "or_default")]
    pub properties: Map<String, Value>,
    /// Advanced settings of the integration's type.
    #[serde(default, deserialize_with = "or_default")]
    pub advanced: Map<String, Value>,
    /// Free text.
    #[serde(default, deserialize_with = "or_default")]
    pub notes: String,
    /// Credentials by slot, such as `AmazonWebServicesARN`.
    #[serde(default, deserialize_with = "or_default")]
    pub credentials: BTreeMap<String, CredentialRef>,
    /// Read-only.
    #[serde(default, skip_serializing)]
    id: Option<Value>,
    /// Read-only.
    #[serde(default, skip_serializing)]
    self_uri: Option<Value>,
    /// Whatever else came.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// A reference to a credential.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CredentialRef {
    /// The credential's id.
    pub id: String,
    /// Read-only, as are the two below (published swagger, `CredentialInfo`).
    #[serde(default, skip_serializing)]
    created_date: Option<Value>,
    #[serde(default, skip_serializing)]
    modified_date: Option<Value>,
    #[serde(default, skip_serializing)]
    self_uri: Option<Value>,
    /// Whatever else came, such as its name and type.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl CredentialRef {
    /// A reference by id.
    pub fn to(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            ..Self::default()
        }
    }
}

/// An integration type, as far as credentials go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IntegrationType {
    /// Such as `aws-lambda-data-actions`.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// What each credential slot takes, by slot.
    #[serde(default, deserialize_with = "or_default")]
    pub credentials: BTreeMap<String, CredentialSpecification>,
    /// How many of it an organization may have.
    pub max_instances: Option<i64>,
}

/// What a credential slot takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CredentialSpecification {
    /// Whether the integration can't run without it.
    pub required: Option<bool>,
    /// For people.
    pub title: Option<String>,
    /// Names of the credential types that fit, such as `amazonWebServicesARN`.
    #[serde(default, deserialize_with = "or_default")]
    pub credential_types: Vec<String>,
}

impl Genesys {
    /// All integrations that match and are not deleted, however many pages they take.
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`]. A page that fails fails the list.
    pub async fn list_integrations(
        &self,
        filter: &IntegrationFilter,
    ) -> Result<Vec<Integration>, Error> {
        let mut all = Vec::new();
        if filter.ids.is_empty() {
            all = self.list_integrations_among(filter, None).await?;
        }
        for ids in filter.ids.chunks(MOST_IDS) {
            let ids = ids.join(",");
            all.extend(self.list_integrations_among(filter, Some(&ids)).await?);
        }
        all.retain(Integration::is_there);
        Ok(all)
    }

    async fn list_integrations_among(
        &self,
        filter: &IntegrationFilter,
        ids: Option<&str>,
    ) -> Result<Vec<Integration>, Error> {
        let request = self
            .request(&operation::LIST_INTEGRATIONS, &[])?
            .query_some("integrationType", filter.integration_type.as_deref())
            .query_some("credentialId", filter.credential_id.as_deref())
            .query_some("ids", ids);
        self.all_pages(request).await
    }

    /// One integration; `None` where there is none, or only a deleted one that could be restored.
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`] but `NotFound`.
    pub async fn get_integration(&self, id: &str) -> Result<Option<Integration>, Error> {
        let request = self.request(&operation::GET_INTEGRATION, &[id])?;
        let integration: Option<Integration> = found(self.json(request).await)?;
        Ok(integration.filter(Integration::is_there))
    }

    /// Creates an integration. It is not repeated on a lost answer: see [`Error::applied_unknown`].
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`]; `BadRequest` with code `max.integrations.reached` at the limit.
    pub async fn create_integration(
        &self,
        name: &str,
        type_id: &str,
    ) -> Result<Integration, Error> {
        let body = json!({"name": name, "integrationType": {"id": type_id}});
        let request = self
            .request(&operation::CREATE_INTEGRATION, &[])?
            .json(&body)?;
        self.json(request.about(format!("integration {name:?}")))
            .await
    }

    /// Says what an integration should be. The platform follows later: watch its reported state.
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`].
    pub async fn set_intended_state(
        &self,
        id: &str,
        state: IntendedState,
    ) -> Result<Integration, Error> {
        if state == IntendedState::Unknown {
            let kind = ErrorKind::BadRequest { field: None };
            let message = "an unknown state cannot be written; nothing was sent";
            return Err(Error::new(
                kind,
                operation::SET_INTEGRATION_STATE.name,
                message,
            ));
        }
        let request = self.request(&operation::SET_INTEGRATION_STATE, &[id])?;
        self.json(request.json(&json!({"intendedState": state}))?)
            .await
    }

    /// Deletes an integration, and with it its actions.
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`].
    pub async fn delete_integration(&self, id: &str) -> Result<(), Error> {
        deleted(
            self.done(self.request(&operation::DELETE_INTEGRATION, &[id])?)
                .await,
        )
    }

    /// An integration's current config; `None` where there is no such integration.
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`] but `NotFound`.
    pub async fn get_integration_config(
        &self,
        id: &str,
    ) -> Result<Option<IntegrationConfig>, Error> {
        found(
            self.json(self.request(&operation::GET_INTEGRATION_CONFIG, &[id])?)
                .await,
        )
    }

    /// Replaces an integration's config, under the version in it.
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`]; `Conflict` where the version is not the current one.
    pub async fn put_integration_config(
        &self,
        id: &str,
        config: &IntegrationConfig,
    ) -> Result<IntegrationConfig, Error> {
        let request = self.request(&operation::PUT_INTEGRATION_CONFIG, &[id])?;
        self.json(request.json(config)?).await
    }

    /// An integration type; `None` where there is none.
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`] but `NotFound`.
    pub async fn integration_type(&self, id: &str) -> Result<Option<IntegrationType>, Error> {
        found(
            self.json(self.request(&operation::GET_INTEGRATION_TYPE, &[id])?)
                .await,
        )
    }
}
