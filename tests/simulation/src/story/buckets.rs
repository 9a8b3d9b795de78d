//! What lies in the stack's buckets.

use super::world::World;
use super::{Error, Stage};

impl<S: Stage> World<S> {
    /// The keys of a bucket's objects, given the bucket's name.
    ///
    /// # Errors
    /// Where they can't be listed.
    pub async fn objects(&self, bucket: &str) -> Result<Vec<String>, Error> {
        let s3 = &self.stack.aws().s3;
        let mut pages = s3.list_objects_v2().bucket(bucket).into_paginator().send();
        let mut keys = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page?;
            keys.extend(
                page.contents()
                    .iter()
                    .filter_map(|one| one.key())
                    .map(str::to_owned),
            );
        }
        Ok(keys)
    }

    /// Compares everything that Lockstep could have written with a world in which it has accepted
    /// one manifest and done nothing.
    ///
    /// # Errors
    /// What was written.
    pub async fn wrote_nothing(&self) -> Result<(), Error> {
        let places = self.stack.places();
        let organization = &self.stack.places().organization;
        let mut found = self.writes();
        found.extend(self.managed_roles().await?);
        found.extend(self.objects(&places.evidence).await?);
        let states = self.objects(&places.states).await?;
        let accepted = format!("accepted/{organization}.json");
        found.extend(states.into_iter().filter(|object| *object != accepted));
        if found.is_empty() {
            Ok(())
        } else {
            Err(format!("written: {found:?}").into())
        }
    }
}
