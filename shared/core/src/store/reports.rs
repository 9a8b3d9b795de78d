//! Reports of sweeps: views of the ledger for people and for other tools. The record is the ledger.

use super::objects::uri;
use super::{Objects, StoreError};

/// Stores reports.
#[derive(Clone, Debug)]
pub struct Reports {
    objects: Objects,
}

impl Reports {
    /// In the stack's buckets.
    pub(crate) fn new(objects: &Objects) -> Self {
        Self {
            objects: objects.clone(),
        }
    }

    /// Stores a report below `reports/`, over one that may be there. Answers where it is (S3 URI).
    ///
    /// # Errors
    /// S3 did not do it.
    pub async fn write(
        &self,
        name: &str,
        bytes: Vec<u8>,
        media_type: &str,
    ) -> Result<String, StoreError> {
        let bucket = &self.objects.config.state_bucket;
        let object = format!("reports/{name}");
        self.objects
            .put_file(bucket, &object, bytes, media_type)
            .await?;
        Ok(uri(bucket, &object))
    }
}
