//! The organization the client belongs to.

use serde::{Deserialize, Serialize};

use crate::client::Genesys;
use crate::error::Error;
use crate::operation;

/// An organization, as far as it identifies itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Organization {
    /// The organization's id. In AWS trust policies it is the external id.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// Its domain within Genesys Cloud.
    pub domain: Option<String>,
    /// `active`, `inactive` or `deleted`.
    pub state: Option<String>,
}

impl Genesys {
    /// The organization of the signed-in client.
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`].
    pub async fn organization_me(&self) -> Result<Organization, Error> {
        self.json(self.request(&operation::GET_ORGANIZATION, &[])?)
            .await
    }
}
