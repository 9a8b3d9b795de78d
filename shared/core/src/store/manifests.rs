//! Manifests: what people uploaded, and what is in force.
//!
//! Uploading is not accepting. What was accepted is copied, text and all, so that a later bad
//! upload, or a deleted one, leaves the last good one in force. It is read anew under the present
//! bounds each time: a stack that was narrowed must not go on with what it no longer allows.
//!
//! Organizations are independent: an accepted copy that can't be read is that organization's alone,
//! and an object that is no accepted copy is nobody's.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use jiff::Timestamp;
use lockstep_domain::arn::SecretArn;
use lockstep_domain::digest::Digest;
use lockstep_domain::ids::OrganizationId;
use lockstep_domain::manifest::{self, Dropped, Manifest};
use lockstep_domain::problem::Problem;
use serde::{Deserialize, Serialize};

use super::{AT_ONCE, Listed, Store, StoreError, Versioned};
use crate::aws::AwsError;

const ACCEPTED: &str = "accepted/";

/// Where manifests are uploaded to.
pub(crate) const UPLOADS: &str = "manifests/";

/// A manifest as somebody uploaded it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uploaded {
    /// Its text; no more of it than makes it too large for the reader.
    pub text: String,
    /// The object's version.
    pub version_id: Option<String>,
}

impl Uploaded {
    /// What tells it from another upload of the object.
    #[must_use]
    pub fn version(&self) -> String {
        let digest = || Digest::of_bytes(self.text.as_bytes()).as_str().to_owned();
        self.version_id.clone().unwrap_or_else(digest)
    }
}

/// A manifest in force.
#[derive(Clone, Debug, PartialEq)]
pub struct Accepted {
    /// What of it the stack's bounds cover.
    pub manifest: Manifest,
    /// Entries that they do not cover any more.
    pub dropped: Vec<Dropped>,
    /// What an upload would be refused for today.
    pub notices: Vec<Problem>,
    /// The object that it was uploaded as.
    pub object: String,
    /// That object's version.
    pub version_id: Option<String>,
    /// Since when it is in force.
    pub accepted_at: Timestamp,
}

/// Everything that was accepted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Manifests {
    /// What is in force, sorted by organization.
    pub in_force: Vec<Accepted>,
    /// What was accepted once and is no longer allowed at all: the object, and why.
    pub refused: Vec<(String, Vec<Problem>)>,
    /// The secrets with OAuth clients that each of `refused` names; `None` where its form is not known any more.
    pub refused_clients: Vec<Option<Vec<SecretArn>>>,
    /// Accepted copies that can't be read. What they say is not known, least of all to be nothing.
    pub unreadable: Vec<UnreadableCopy>,
    /// Objects among the accepted copies that are none.
    pub ignored: Vec<String>,
}

/// An accepted copy that can't be read.
#[derive(Clone, Debug, PartialEq)]
pub struct UnreadableCopy {
    /// Whose manifest it is, by its name.
    pub organization: OrganizationId,
    /// What is wrong.
    pub error: StoreError,
}

impl Manifests {
    /// The manifest of an organization.
    #[must_use]
    pub fn of(&self, organization: &OrganizationId) -> Option<&Accepted> {
        self.in_force
            .iter()
            .find(|accepted| accepted.manifest.organization.id == *organization)
    }

    /// The manifest of an organization, where it is known whether there is one.
    ///
    /// # Errors
    /// Its accepted copy can't be read.
    pub fn known(&self, organization: &OrganizationId) -> Result<Option<&Accepted>, StoreError> {
        let unreadable = self.unreadable.iter();
        match unreadable
            .into_iter()
            .find(|one| one.organization == *organization)
        {
            Some(copy) => Err(copy.error.clone()),
            None => Ok(self.of(organization)),
        }
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

/// How an accepted manifest is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Kept {
    object: String,
    version_id: Option<String>,
    accepted_at: Timestamp,
    text: String,
}

/// The accepted manifests as they were last read. A listing that shows the same objects says that
/// reading them again would give the same.
#[derive(Debug)]
pub(super) struct LastRead {
    objects: Vec<Listed>,
    manifests: Manifests,
}

/// The accepted copies that can be read.
struct Copies {
    kept: Vec<Kept>,
    /// Whether each listed object was read, and as it was listed.
    as_listed: bool,
}

fn accepted_object(organization: &OrganizationId) -> String {
    format!("{ACCEPTED}{organization}.json")
}

impl Store {
    /// Reads an uploaded manifest; `None` where the object is gone.
    ///
    /// # Errors
    /// S3 did not answer.
    pub async fn uploaded(&self, object: &str) -> Result<Option<Uploaded>, AwsError> {
        let most = manifest::MAX_MANIFEST_BYTES;
        let found = self
            .get(&self.config.manifest_bucket, object, Some(most))
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
    pub async fn uploads(&self) -> Result<Vec<String>, AwsError> {
        let mut objects = self.list(&self.config.manifest_bucket, UPLOADS).await?;
        objects.retain(|object| is_upload(object));
        Ok(objects)
    }

    /// The version of an uploaded manifest; `None` where it is gone, or the bucket keeps none.
    ///
    /// # Errors
    /// S3 did not answer.
    pub async fn upload_version(&self, object: &str) -> Result<Option<String>, AwsError> {
        let bucket = &self.config.manifest_bucket;
        let found = self.get(bucket, object, Some(0)).await?;
        Ok(found.and_then(|found| found.version_id))
    }

    /// Every accepted manifest, read under the present bounds. A warm environment reads only what was
    /// written since its last read.
    ///
    /// # Errors
    /// S3 did not answer. One that is there and can't be read is an answer, see
    /// [`Manifests::unreadable`].
    pub async fn accepted(&self) -> Result<Manifests, StoreError> {
        let objects = self.listing(&self.config.state_bucket, ACCEPTED).await?;
        if let Some(unchanged) = self.last_read(&objects) {
            return Ok(unchanged);
        }
        let mut manifests = Manifests::default();
        let copies = self.copies(&objects, &mut manifests).await?;
        self.interpret(copies.kept, &mut manifests);
        if copies.as_listed {
            self.remember(objects, &manifests);
        }
        Ok(manifests)
    }

    fn last_read(&self, objects: &[Listed]) -> Option<Manifests> {
        // A panic while it was held would have ended the process.
        let last = self.accepted.lock().ok()?;
        let last = last.as_ref().filter(|last| last.objects == objects)?;
        Some(last.manifests.clone())
    }

    fn remember(&self, objects: Vec<Listed>, manifests: &Manifests) {
        if let Ok(mut last) = self.accepted.lock() {
            *last = Some(LastRead {
                objects,
                manifests: manifests.clone(),
            });
        }
    }

    /// What accepted copies mean under the present bounds.
    fn interpret(&self, kept: Vec<Kept>, manifests: &mut Manifests) {
        let mut others: Vec<Manifest> = Vec::new();
        for kept in newest_of_each_object(kept) {
            match manifest::read_accepted(&kept.text, &self.config.bounds, &others) {
                Ok(read) => {
                    others.push(read.manifest.clone());
                    manifests.in_force.push(Accepted {
                        manifest: read.manifest,
                        dropped: read.dropped,
                        notices: read.notices,
                        object: kept.object,
                        version_id: kept.version_id,
                        accepted_at: kept.accepted_at,
                    });
                }
                Err(problems) => {
                    let clients = manifest::clients_named_in(&kept.text, &self.config.bounds);
                    manifests.refused_clients.push(clients);
                    manifests.refused.push((kept.object, problems));
                }
            }
        }
    }

    /// The accepted copies that can be read; `manifests` gets the others.
    async fn copies(
        &self,
        objects: &[Listed],
        manifests: &mut Manifests,
    ) -> Result<Copies, StoreError> {
        let mut copies = Copies {
            kept: Vec::new(),
            as_listed: true,
        };
        let mut of_organizations = Vec::new();
        for object in objects {
            match organization_of(&object.key) {
                Some(organization) => of_organizations.push((organization, object)),
                None => manifests.ignored.push(object.key.clone()),
            }
        }
        for some in of_organizations.chunks(AT_ONCE) {
            let reads = some.iter().map(|(_, object)| self.read_json(&object.key));
            for ((organization, object), read) in some.iter().zip(join_all(reads).await) {
                let read: Option<Versioned<Kept>> = match read {
                    Ok(read) => read,
                    Err(error) if error.is_transient() => return Err(error),
                    Err(error) => {
                        manifests.unreadable.push(UnreadableCopy {
                            organization: organization.clone(),
                            error,
                        });
                        None
                    }
                };
                let etag = read.as_ref().and_then(|read| read.etag.as_ref());
                copies.as_listed &= etag.is_some() && etag == object.etag.as_ref();
                copies.kept.extend(read.map(|read| read.value));
            }
        }
        Ok(copies)
    }

    async fn all_kept(&self) -> Result<Vec<Kept>, StoreError> {
        let objects = self.listing(&self.config.state_bucket, ACCEPTED).await?;
        let copies = self.copies(&objects, &mut Manifests::default()).await?;
        Ok(copies.kept)
    }

    /// Puts a manifest in force. Doing so again with the same text changes nothing.
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
        let found = match self.read_json::<Kept>(&place).await {
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
                let bucket = &self.config.manifest_bucket;
                if holder.object != object
                    && self.exists(bucket, &holder.object).await?
                    && still_describes(holder, self.all_kept().await?)
                {
                    let organization = &manifest.organization.id;
                    return Err(AcceptError::Taken(taken(organization, &holder.object)));
                }
                found.value = kept;
                found
            }
        };
        self.write_json(&place, &mut versioned).await?;
        Ok(())
    }

    /// Writes an accepted copy over one that can't be understood, unless somebody repaired that.
    async fn replace(&self, place: &str, kept: Kept) -> Result<(), AcceptError> {
        let bucket = &self.config.state_bucket;
        let mut versioned = match self.get(bucket, place, Some(0)).await? {
            Some(found) => Versioned {
                value: kept,
                etag: Some(found.etag),
            },
            None => Versioned::absent(kept),
        };
        self.write_json(place, &mut versioned).await?;
        Ok(())
    }
}

/// Whether an object of the bucket for manifests is one.
pub(crate) fn is_upload(object: &str) -> bool {
    let is_yaml = object.ends_with(".yaml") || object.ends_with(".yml");
    object.starts_with(UPLOADS) && is_yaml
}

/// Whose accepted copy an object is; `None` for any other object.
fn organization_of(object: &str) -> Option<OrganizationId> {
    let name = object.strip_prefix(ACCEPTED)?.strip_suffix(".json")?;
    name.parse().ok()
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

/// Whether the file that `holder` was accepted from still describes its organization, or was given
/// to another one since: then the organization is free for another file.
fn still_describes(holder: &Kept, all: Vec<Kept>) -> bool {
    newest_of_each_object(all).contains(holder)
}

/// One file manages one organization. Where its organization was exchanged, what was accepted from
/// it before is no longer what it says.
fn newest_of_each_object(kept: Vec<Kept>) -> Vec<Kept> {
    let mut newest: BTreeMap<String, Timestamp> = BTreeMap::new();
    for one in &kept {
        let at = newest.entry(one.object.clone()).or_insert(one.accepted_at);
        *at = one.accepted_at.max(*at);
    }
    kept.into_iter()
        .filter(|one| newest.get(&one.object) == Some(&one.accepted_at))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(object: &str, at: &str, text: &str) -> Kept {
        Kept {
            object: object.into(),
            version_id: None,
            accepted_at: at.parse().unwrap(),
            text: text.into(),
        }
    }

    #[test]
    fn a_file_whose_organization_was_exchanged_no_longer_manages_the_first() {
        let first = kept("manifests/a.yaml", "2026-01-01T00:00:00Z", "of one");
        let second = kept("manifests/a.yaml", "2026-01-02T00:00:00Z", "of another");
        let other = kept("manifests/b.yaml", "2025-01-01T00:00:00Z", "of a third");
        let all = vec![first.clone(), second.clone(), other.clone()];
        assert_eq!(newest_of_each_object(all.clone()), [second.clone(), other]);
        assert!(!still_describes(&first, all.clone()));
        assert!(still_describes(&second, all));
    }
}
