//! The state of bindings and the records of integrations: writing them.

use lockstep_domain::change::BindingState;
use lockstep_domain::rebind::IntegrationRecord;

use super::integrations::integration_object;
use super::states::state_object;
use super::{Objects, StoreError, Versioned};

/// Writes the state of bindings, and the records of integrations.
#[derive(Clone, Debug)]
pub struct StateWriter {
    objects: Objects,
}

impl StateWriter {
    /// In the stack's buckets.
    pub(crate) fn new(objects: &Objects) -> Self {
        Self {
            objects: objects.clone(),
        }
    }

    /// Saves the state of a binding, unless another run saved it since it was loaded.
    ///
    /// # Errors
    /// [`StoreError::Conflict`], or S3 did not do it.
    pub async fn save(&self, state: &mut Versioned<BindingState>) -> Result<(), StoreError> {
        let object = state_object(&state.value.organization, &state.value.key);
        self.objects.write_json(&object, state).await
    }

    /// Saves the record of an integration, unless another run saved it since it was read.
    ///
    /// # Errors
    /// [`StoreError::Conflict`], or S3 did not do it.
    pub async fn save_integration(
        &self,
        record: &mut Versioned<IntegrationRecord>,
    ) -> Result<(), StoreError> {
        let object = integration_object(&record.value.organization, &record.value.integration);
        self.objects.write_json(&object, record).await
    }
}
