//! The credential slot of an integration that takes a role.

use genesys_cloud::Genesys;
use lockstep_domain::rebind::{INTEGRATION_TYPE, ROLE_CREDENTIAL_TYPE};

/// The role's slot where the integration type's description does not say (official module
/// `integration-lambda-module`).
const ROLE_SLOT: &str = "AmazonWebServicesARN";

/// The credential slot of an integration that takes a role, in the platform's own spelling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RoleSlot {
    /// The slot's name.
    pub(crate) name: String,
    /// The name of the type of credential that it takes.
    pub(crate) credential_type: String,
}

impl RoleSlot {
    /// By the integration type's own description.
    ///
    /// # Errors
    /// The type could not be read.
    pub(super) async fn read(genesys: &Genesys) -> Result<Self, genesys_cloud::Error> {
        let kind = genesys.integration_type(INTEGRATION_TYPE).await?;
        let is_role = |name: &&String| name.eq_ignore_ascii_case(ROLE_CREDENTIAL_TYPE);
        let found = kind
            .iter()
            .flat_map(|kind| &kind.credentials)
            .find_map(|(slot, takes)| {
                let credential_type = takes.credential_types.iter().find(is_role)?;
                Some((slot.as_str(), credential_type.as_str()))
            });
        let (name, credential_type) = found.unwrap_or((ROLE_SLOT, ROLE_CREDENTIAL_TYPE));
        Ok(Self {
            name: name.to_owned(),
            credential_type: credential_type.to_owned(),
        })
    }
}
