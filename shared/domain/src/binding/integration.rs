//! What should hold for an integration.

use serde::Serialize;

use crate::ids::{IntegrationId, Key};
use crate::manifest::Integration;

/// What should hold for the integration that a binding's action lives in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DesiredIntegration {
    /// Its manifest key.
    pub key: Key,
    /// Its name at Genesys Cloud.
    pub name: String,
    /// An id to adopt.
    pub id: Option<IntegrationId>,
    /// The role Genesys Cloud assumes for its actions.
    pub role_arn: String,
}

impl DesiredIntegration {
    /// The integration of the manifest, with its role's full ARN.
    pub fn new(integration: &Integration, partition: &str, account: &str) -> Self {
        Self {
            key: integration.key.clone(),
            name: integration.name.clone(),
            id: integration.id.clone(),
            role_arn: format!("arn:{partition}:iam::{account}:role/{}", integration.role),
        }
    }

    /// The deterministic name of the credential that carries the role. A credential can't be read
    /// back, so its name says which role it holds; that is no secret.
    pub fn credential_name(&self) -> String {
        format!("{}{}", self.credential_prefix(), self.role_arn)
    }

    /// How the name of every credential begins that we made for this integration.
    pub fn credential_prefix(&self) -> String {
        format!("Lockstep {}: ", self.key)
    }
}
