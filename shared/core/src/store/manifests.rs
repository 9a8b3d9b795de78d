//! Manifests: what people uploaded, and how an upload becomes current.
//!
//! Uploading is not accepting. What was accepted is copied, text and all, so that a later bad
//! upload, or a deleted one, leaves the last good one current.

use jiff::Timestamp;
use lockstep_domain::digest::Digest;
use lockstep_domain::ids::OrganizationId;
use lockstep_domain::manifest::{self, Manifest};
use lockstep_domain::problem::Problem;

use super::accepted::{ACCEPTED, Kept, still_describes};
use super::{Objects, Store, StoreError, Versioned};
use crate::aws::AwsError;

/// Where manifests are uploaded to.
pub(crate) const UPLOADS: &str = "manifests/";

/// A manifest as it was uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uploaded {
    /// Its text; no more of it than makes it too large for the reader.
    pub text: String,
    /// The object's version.
    pub version_id: Option<String>,
}

impl Uploaded {
    /// What distinguishes it from another upload of the object.
    #[must_use]
    pub fn version(&self) -> String {
        let digest = || Digest::of_bytes(self.text.as_bytes()).as_str().to_owned();
        self.version_id.clone().unwrap_or_else(digest)
    }
}

/// A manifest was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AcceptError {
    /// It could not be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another uploaded manifest holds the organization.
    #[error("{0}")]
    Taken(Problem),
}

impl From<AwsError> for AcceptError {
    fn from(error: AwsError) -> Self {
        Self::Store(error.into())
    }
}

fn accepted_object(organization: &OrganizationId) -> String {
    format!("{ACCEPTED}{organization}.json")
}

/// Reads the uploaded manifests, and accepts them.
#[derive(Clone, Debug)]
pub struct Uploads {
    objects: Objects,
    accepted: Store,
}

impl Uploads {
    /// In the stack's buckets.
    pub(crate) fn new(accepted: &Store) -> Self {
        Self {
            objects: accepted.objects.clone(),
            accepted: accepted.clone(),
        }
    }

    /// Reads an uploaded manifest; `None` where the object is gone.
    ///
    /// # Errors
    /// S3 did not answer.
    pub async fn read(&self, object: &str) -> Result<Option<Uploaded>, AwsError> {
        let most = manifest::MAX_MANIFEST_BYTES;
        let found = self
            .objects
            .get(&self.objects.config.manifest_bucket, object, Some(most))
            .await?;
        Ok(found.map(|found| Uploaded {
            text: String::from_utf8_lossy(&found.bytes).into_owned(),
            version_id: found.version_id,
        }))
    }

    /// The uploaded manifests that are there, sorted.
    ///
    /// # Errors
    /// S3 did not answer with all of them.
    pub async fn list(&self) -> Result<Vec<String>, AwsError> {
        let mut objects = self
            .objects
            .list(&self.objects.config.manifest_bucket, UPLOADS)
            .await?;
        objects.retain(|object| is_upload(object));
        Ok(objects)
    }

    /// The version of an uploaded manifest; `None` where it is gone, or the bucket keeps none.
    ///
    /// # Errors
    /// S3 did not answer.
    pub async fn version(&self, object: &str) -> Result<Option<String>, AwsError> {
        let bucket = &self.objects.config.manifest_bucket;
        let found = self.objects.get(bucket, object, Some(0)).await?;
        Ok(found.and_then(|found| found.version_id))
    }

    /// Accepts a manifest. Doing so again with the same text changes nothing.
    ///
    /// # Errors
    /// Another object that still exists and still describes the organization holds it
    /// ([`AcceptError::Taken`]), another run accepted one in the meantime, or S3 did not do it.
    pub async fn accept(
        &self,
        object: &str,
        version_id: Option<&str>,
        text: &str,
        manifest: &Manifest,
        now: Timestamp,
    ) -> Result<(), AcceptError> {
        let place = accepted_object(&manifest.organization.id);
        let kept = Kept {
            object: object.to_owned(),
            version_id: version_id.map(str::to_owned),
            accepted_at: now,
            text: text.to_owned(),
        };
        let found = match self.objects.read_json::<Kept>(&place).await {
            // What can't be understood is replaced: the upload says what it should say.
            Err(StoreError::Corrupt { .. }) => return self.replace(&place, kept).await,
            found => found?,
        };
        let mut versioned = match found {
            None => Versioned::absent(kept),
            Some(mut found) => {
                let holder = &found.value;
                let same = Kept {
                    accepted_at: holder.accepted_at,
                    ..kept.clone()
                };
                if *holder == same {
                    return Ok(());
                }
                let bucket = &self.objects.config.manifest_bucket;
                if holder.object != object
                    && self.objects.exists(bucket, &holder.object).await?
                    && still_describes(holder, self.accepted.all_kept().await?)
                {
                    let organization = &manifest.organization.id;
                    return Err(AcceptError::Taken(taken(organization, &holder.object)));
                }
                found.value = kept;
                found
            }
        };
        self.objects.write_json(&place, &mut versioned).await?;
        Ok(())
    }

    /// Writes an accepted copy over one that can't be understood, unless somebody repaired that.
    async fn replace(&self, place: &str, kept: Kept) -> Result<(), AcceptError> {
        let bucket = &self.objects.config.state_bucket;
        let mut versioned = match self.objects.get(bucket, place, Some(0)).await? {
            Some(found) => Versioned {
                value: kept,
                etag: Some(found.etag),
            },
            None => Versioned::absent(kept),
        };
        self.objects.write_json(place, &mut versioned).await?;
        Ok(())
    }
}

/// Whether an object of the bucket for manifests is one.
pub(crate) fn is_upload(object: &str) -> bool {
    let is_yaml = object.ends_with(".yaml") || object.ends_with(".yml");
    object.starts_with(UPLOADS) && is_yaml
}

fn taken(organization: &OrganizationId, holder: &str) -> Problem {
    Problem::new(
        "organization.id",
        format!("organization {organization} is managed by {holder}"),
        format!(
            "Put all entries of this organization into {holder}, or delete that object and upload \
             this one again."
        ),
    )
}
