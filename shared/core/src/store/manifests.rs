//! Manifests: what people uploaded, and what is in force.
//!
//! Uploading is not accepting. What was accepted is copied, text and all, so that a later bad
//! upload, or a deleted one, leaves the last good one in force. It is read anew under the present
//! bounds each time: a stack that was narrowed must not go on with what it no longer allows.

use std::collections::BTreeMap;

use jiff::Timestamp;
use lockstep_domain::ids::OrganizationId;
use lockstep_domain::manifest::{self, Manifest};
use lockstep_domain::problem::Problem;
use serde::{Deserialize, Serialize};

use super::{Store, StoreError, Versioned};
use crate::aws::AwsError;

const ACCEPTED: &str = "accepted/";

/// A manifest as somebody uploaded it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uploaded {
    /// Its text; no more of it than makes it too large for the reader.
    pub text: String,
    /// The object's version.
    pub version_id: Option<String>,
}

/// A manifest in force.
#[derive(Clone, Debug, PartialEq)]
pub struct Accepted {
    /// What it says.
    pub manifest: Manifest,
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
    /// What was accepted once and is no longer allowed: the object, and why.
    pub refused: Vec<(String, Vec<Problem>)>,
}

impl Manifests {
    /// The manifest of an organization.
    #[must_use]
    pub fn of(&self, organization: &OrganizationId) -> Option<&Accepted> {
        self.in_force
            .iter()
            .find(|accepted| accepted.manifest.organization.id == *organization)
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

    /// Every accepted manifest, read under the present bounds.
    ///
    /// # Errors
    /// S3 did not answer for all of them, or a kept object cannot be understood: half of what is
    /// managed must not pass for all of it.
    pub async fn accepted(&self) -> Result<Manifests, StoreError> {
        let kept = self.kept().await?;
        let mut manifests = Manifests::default();
        let mut others: Vec<Manifest> = Vec::new();
        for kept in newest_of_each_object(kept) {
            match manifest::read(&kept.text, &self.config.bounds, &others) {
                Ok(manifest) => {
                    others.push(manifest.clone());
                    manifests.in_force.push(Accepted {
                        manifest,
                        object: kept.object,
                        version_id: kept.version_id,
                        accepted_at: kept.accepted_at,
                    });
                }
                Err(problems) => manifests.refused.push((kept.object, problems)),
            }
        }
        Ok(manifests)
    }

    async fn kept(&self) -> Result<Vec<Kept>, StoreError> {
        let mut kept = Vec::new();
        for object in self.list(&self.config.state_bucket, ACCEPTED).await? {
            if let Some(one) = self.read_json::<Kept>(&object).await? {
                kept.push(one.value);
            }
        }
        Ok(kept)
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
        let mut versioned = match self.read_json::<Kept>(&place).await? {
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
                    && still_describes(holder, self.kept().await?)
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
}

fn taken(organization: &OrganizationId, holder: &str) -> Problem {
    Problem::new(
        "organization.id",
        format!("organization {organization} is managed by {holder}"),
        format!(
            "Put everything of this organization into {holder}, or delete that object and upload this one again."
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
