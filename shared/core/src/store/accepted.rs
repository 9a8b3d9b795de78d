//! The accepted manifests.
//!
//! They are read under the present bounds: a stack that was narrowed must not go on with what it no
//! longer allows. Organizations are independent: an accepted copy that can't be read affects that
//! organization alone, and an object that is no accepted copy affects none.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use jiff::Timestamp;
use lockstep_domain::arn::SecretArn;
use lockstep_domain::ids::OrganizationId;
use lockstep_domain::manifest::{self, Dropped, Manifest};
use lockstep_domain::problem::Problem;
use serde::{Deserialize, Serialize};

use super::objects::Listed;
use super::{AT_ONCE, Store, StoreError, Versioned};

pub(super) const ACCEPTED: &str = "accepted/";

/// An accepted manifest.
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
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// Its text, as it was uploaded.
    pub text: String,
}

/// Everything that was accepted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Manifests {
    /// The accepted manifests, sorted by organization.
    pub current: Vec<Accepted>,
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
        self.current
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

/// How an accepted manifest is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) object: String,
    pub(super) version_id: Option<String>,
    pub(super) accepted_at: Timestamp,
    pub(super) text: String,
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

impl Store {
    /// Every accepted manifest, read under the present bounds. A warm environment reads only what was
    /// written since its last read.
    ///
    /// # Errors
    /// S3 did not answer. One that is there and can't be read is an answer, see
    /// [`Manifests::unreadable`].
    pub async fn accepted(&self) -> Result<Manifests, StoreError> {
        let objects = self
            .objects
            .listing(&self.objects.config.state_bucket, ACCEPTED)
            .await?;
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
            match manifest::read_accepted(&kept.text, &self.objects.config.bounds, &others) {
                Ok(read) => {
                    others.push(read.manifest.clone());
                    manifests.current.push(Accepted {
                        manifest: read.manifest,
                        dropped: read.dropped,
                        notices: read.notices,
                        object: kept.object,
                        version_id: kept.version_id,
                        accepted_at: kept.accepted_at,
                        text: kept.text,
                    });
                }
                Err(problems) => {
                    let clients =
                        manifest::clients_named_in(&kept.text, &self.objects.config.bounds);
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
            let reads = some
                .iter()
                .map(|(_, object)| self.objects.read_json(&object.key));
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

    /// The accepted copies that can be read, read now.
    pub(super) async fn all_kept(&self) -> Result<Vec<Kept>, StoreError> {
        let objects = self
            .objects
            .listing(&self.objects.config.state_bucket, ACCEPTED)
            .await?;
        let copies = self.copies(&objects, &mut Manifests::default()).await?;
        Ok(copies.kept)
    }
}

/// Whose accepted copy an object is; `None` for any other object.
fn organization_of(object: &str) -> Option<OrganizationId> {
    let name = object.strip_prefix(ACCEPTED)?.strip_suffix(".json")?;
    name.parse().ok()
}

/// Whether the file that `holder` was accepted from still describes its organization, or was given
/// to another one since: then the organization is free for another file.
pub(super) fn still_describes(holder: &Kept, all: Vec<Kept>) -> bool {
    newest_of_each_object(all).contains(holder)
}

/// One file manages one organization. Where its organization was exchanged, what was accepted from
/// it before is no longer what it says.
pub(super) fn newest_of_each_object(kept: Vec<Kept>) -> Vec<Kept> {
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
