//! Of what there was an event already, where one is enough: an object that can't be read, a refused
//! upload, a message that is given up. Written after the event, so that one may come twice, and
//! never not at all. The bucket's lifecycle deletes what is here after some weeks, and then there is
//! one event more.

use lockstep_domain::digest::Digest;
use serde::{Deserialize, Serialize};

use super::{Condition, Store, StoreError, Versioned};
use crate::aws::{AwsError, Kind};

/// What was emitted last of something that comes and goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Last {
    /// The digest of what was wrong; `None` where nothing is.
    pub wrong: Option<Digest>,
    /// How many events there were, so that a return of the same has an id of its own.
    pub times: u64,
}

fn emitted_object(of: &Digest) -> String {
    format!("emitted/{}.json", of.as_str())
}

impl Store {
    /// Whether there was an event of it.
    ///
    /// # Errors
    /// S3 did not answer.
    pub async fn was_emitted(&self, of: &Digest) -> Result<bool, AwsError> {
        self.objects
            .exists(&self.objects.config.state_bucket, &emitted_object(of))
            .await
    }

    /// What was emitted last of a subject.
    ///
    /// # Errors
    /// S3 did not answer.
    pub async fn last_emitted(&self, of: &Digest) -> Result<Versioned<Last>, StoreError> {
        let last = self.objects.read_json(&emitted_object(of)).await?;
        Ok(last.unwrap_or_else(|| Versioned::absent(Last::default())))
    }

    /// Remembers what was emitted last of a subject.
    ///
    /// # Errors
    /// Another run did so in the meantime, or S3 did not do it.
    pub async fn remember_last(
        &self,
        of: &Digest,
        last: &mut Versioned<Last>,
    ) -> Result<(), StoreError> {
        self.objects.write_json(&emitted_object(of), last).await
    }

    /// Remembers that there was one.
    ///
    /// # Errors
    /// S3 did not do it.
    pub async fn mark_emitted(&self, of: &Digest) -> Result<(), AwsError> {
        let (bucket, object) = (&self.objects.config.state_bucket, emitted_object(of));
        let mark = b"{}".to_vec();
        match self
            .objects
            .put(bucket, &object, mark, Condition::Absent)
            .await
        {
            Ok(_) => Ok(()),
            Err(error) if error.kind == Kind::Conflict => Ok(()),
            Err(error) => Err(error),
        }
    }
}
