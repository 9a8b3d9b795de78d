//! The records of integrations: who is changing one.

use lockstep_domain::ids::{Key, OrganizationId};
use lockstep_domain::rebind::IntegrationRecord;

use super::states::{States, state_object};
use super::{StoreError, Versioned};

pub(super) fn integration_object(organization: &OrganizationId, integration: &Key) -> String {
    state_object(organization, &Key::of_integration(integration))
}

impl States {
    /// The record of an integration; of one that was never touched an empty one.
    ///
    /// # Errors
    /// S3 did not answer, or the object is not a record of this integration.
    pub async fn integration(
        &self,
        organization: &OrganizationId,
        integration: &Key,
    ) -> Result<Versioned<IntegrationRecord>, StoreError> {
        let object = integration_object(organization, integration);
        let Some(found) = self.objects.read_json::<IntegrationRecord>(&object).await? else {
            let record = IntegrationRecord::new(organization.clone(), integration.clone());
            return Ok(Versioned::absent(record));
        };
        let value = found.value.check(organization, integration);
        let value = value.map_err(|error| StoreError::Corrupt {
            object,
            problem: error.to_string(),
        })?;
        Ok(Versioned {
            value,
            etag: found.etag,
        })
    }
}
