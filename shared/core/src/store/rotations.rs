//! What is remembered of the rotations of OAuth clients.

use lockstep_domain::arn::SecretArn;
use lockstep_domain::ids::{Key, OrganizationId};
use lockstep_domain::rotation::RotationState;

use super::{Objects, StoreError, Versioned};

fn rotation_object(organization: &OrganizationId, secret: &SecretArn) -> String {
    format!("rotations/{organization}/{}.json", Key::of_client(secret))
}

/// Remembers rotations.
#[derive(Clone, Debug)]
pub struct Rotations {
    objects: Objects,
}

impl Rotations {
    /// In the stack's buckets.
    pub(crate) fn new(objects: &Objects) -> Self {
        Self {
            objects: objects.clone(),
        }
    }

    /// What is remembered of a secret's rotations; of one that was never rotated, nothing.
    ///
    /// # Errors
    /// S3 did not answer, or the object is not about this secret.
    pub async fn load(
        &self,
        organization: &OrganizationId,
        secret: &SecretArn,
    ) -> Result<Versioned<RotationState>, StoreError> {
        let object = rotation_object(organization, secret);
        let Some(state) = self.objects.read_json::<RotationState>(&object).await? else {
            let state = RotationState::new(organization.clone(), secret.clone());
            return Ok(Versioned::absent(state));
        };
        match state.value.problem(organization, secret) {
            Some(problem) => Err(StoreError::Corrupt { object, problem }),
            None => Ok(state),
        }
    }

    /// Saves it, unless another run saved it since it was read.
    ///
    /// # Errors
    /// [`StoreError::Conflict`], or S3 did not do it.
    pub async fn save(&self, state: &mut Versioned<RotationState>) -> Result<(), StoreError> {
        let object = rotation_object(&state.value.organization, &state.value.secret);
        self.objects.write_json(&object, state).await
    }
}
