//! What is remembered of the sweeps of an organization.

use lockstep_domain::compliance::SweepState;
use lockstep_domain::ids::OrganizationId;

use super::{Objects, StoreError, Versioned};

/// Remembers sweeps.
#[derive(Clone, Debug)]
pub struct Sweeps {
    objects: Objects,
}

pub(crate) fn sweep_object(organization: &OrganizationId) -> String {
    format!("compliance/{organization}.json")
}

impl Sweeps {
    /// In the stack's buckets.
    pub(crate) fn new(objects: &Objects) -> Self {
        Self {
            objects: objects.clone(),
        }
    }

    /// What is remembered of an organization's sweeps; of one that was never swept, nothing.
    ///
    /// # Errors
    /// S3 did not answer, or the object cannot be understood.
    pub async fn load(
        &self,
        organization: &OrganizationId,
    ) -> Result<Versioned<SweepState>, StoreError> {
        let found = self.objects.read_json(&sweep_object(organization)).await?;
        let new = || Versioned::absent(SweepState::new(organization.clone()));
        Ok(found.unwrap_or_else(new))
    }

    /// Saves it, unless another run saved it since it was read.
    ///
    /// # Errors
    /// [`StoreError::Conflict`], or S3 did not do it.
    pub async fn save(&self, state: &mut Versioned<SweepState>) -> Result<(), StoreError> {
        let object = sweep_object(&state.value.organization);
        self.objects.write_json(&object, state).await
    }
}
