//! Of what there was an event already, where one is enough: an object that can't be read, a refused
//! upload, a message that is given up. Written after the event, so that one may come twice, and
//! never not at all.

use lockstep_domain::digest::Digest;

use super::{Condition, Store};
use crate::aws::{AwsError, Kind};

fn emitted_object(of: &Digest) -> String {
    format!("emitted/{}.json", of.as_str())
}

impl Store {
    /// Whether there was an event of it.
    ///
    /// # Errors
    /// S3 did not answer.
    pub async fn was_emitted(&self, of: &Digest) -> Result<bool, AwsError> {
        self.exists(&self.config.state_bucket, &emitted_object(of))
            .await
    }

    /// Remembers that there was one.
    ///
    /// # Errors
    /// S3 did not do it.
    pub async fn mark_emitted(&self, of: &Digest) -> Result<(), AwsError> {
        let (bucket, object) = (&self.config.state_bucket, emitted_object(of));
        let mark = b"{}".to_vec();
        match self.put(bucket, &object, mark, Condition::Absent).await {
            Ok(_) => Ok(()),
            Err(error) if error.kind == Kind::Conflict => Ok(()),
            Err(error) => Err(error),
        }
    }
}
