//! When Lockstep last changed a role: a change takes time to take effect everywhere.

use jiff::Timestamp;
use lockstep_domain::arn::RoleName;
use serde::{Deserialize, Serialize};

use super::objects::to_json;
use super::{Condition, Objects, StoreError};

/// Reads when roles were changed.
#[derive(Clone, Debug)]
pub struct RoleMarks {
    objects: Objects,
}

/// Writes that a role was changed.
#[derive(Clone, Debug)]
pub struct RoleMarkWriter {
    objects: Objects,
}

#[derive(Debug, Serialize, Deserialize)]
struct RoleMark {
    changed_at: Timestamp,
}

fn role_object(role: &RoleName) -> String {
    format!("roles/{role}.json")
}

impl RoleMarks {
    /// In the stack's buckets.
    pub(crate) fn new(objects: &Objects) -> Self {
        Self {
            objects: objects.clone(),
        }
    }

    /// When Lockstep last wrote to a role, which then needs time to settle; `None` if never.
    ///
    /// # Errors
    /// S3 did not answer, or the object cannot be understood.
    pub async fn changed_at(&self, role: &RoleName) -> Result<Option<Timestamp>, StoreError> {
        let mark = self
            .objects
            .read_json::<RoleMark>(&role_object(role))
            .await?;
        Ok(mark.map(|mark| mark.value.changed_at))
    }
}

impl RoleMarkWriter {
    /// In the stack's buckets.
    pub(crate) fn new(objects: &Objects) -> Self {
        Self {
            objects: objects.clone(),
        }
    }

    /// Remembers that Lockstep wrote to a role. The last writer wins: a mark decides nothing but
    /// how long to wait.
    ///
    /// # Errors
    /// S3 did not do it.
    pub async fn mark_changed(&self, role: &RoleName, at: Timestamp) -> Result<(), StoreError> {
        let object = role_object(role);
        let bytes = to_json(&object, &RoleMark { changed_at: at })?;
        let bucket = &self.objects.config.state_bucket;
        self.objects
            .put(bucket, &object, bytes, Condition::Always)
            .await?;
        Ok(())
    }
}
