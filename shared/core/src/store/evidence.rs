//! Storing evidence: one chain of records per binding, and reports of sweeps.
//!
//! Records lie at `evidence/<organization>/<key>/<sequence>.json` in a bucket that lets nothing be
//! overwritten or deleted. The name holds nothing but the sequence, and it is written only where
//! there is no such object: two runs cannot both write the fifth record.

use lockstep_domain::change::{BindingState, ChainHead};
use lockstep_domain::evidence::{Body, Record};
use lockstep_domain::ids::{Key, OrganizationId};
use serde::Serialize;

use super::objects::{to_json, uri};
use super::{Condition, Objects, StoreError};
use crate::aws::Kind;

/// Records adopted before one append gives up: each is a run that died between storing its record
/// and saving the state, so there is hardly ever one.
const MOST_ADOPTED: usize = 16;

fn record_object(organization: &OrganizationId, key: &Key, sequence: u64) -> String {
    format!("evidence/{organization}/{key}/{sequence:06}.json")
}

/// Stores evidence.
#[derive(Clone, Debug)]
pub struct EvidenceLog {
    objects: Objects,
}

impl EvidenceLog {
    /// In the stack's buckets.
    pub(crate) fn new(objects: &Objects) -> Self {
        Self {
            objects: objects.clone(),
        }
    }

    /// Where a record of a binding is (S3 URI).
    #[must_use]
    pub fn place(&self, organization: &OrganizationId, key: &Key, sequence: u64) -> String {
        let bucket = &self.objects.config.evidence_bucket;
        uri(bucket, &record_object(organization, key, sequence))
    }

    /// Appends a record to the binding's chain and moves the chain's end in `state`, which the
    /// caller then saves. Answers where the record is.
    ///
    /// A run may have died after it stored its record and before it saved the state. Its record is
    /// at the next place: it is part of the chain, and is adopted; where it is the very verdict
    /// that is to be recorded, nothing is written. So evidence is neither lost nor doubled.
    ///
    /// # Errors
    /// S3 did not do it, or the record at the next place does not continue the chain.
    pub async fn append(
        &self,
        state: &mut BindingState,
        body: &Body,
    ) -> Result<String, StoreError> {
        let bucket = &self.objects.config.evidence_bucket;
        for _ in 0..MOST_ADOPTED {
            let record = Record::seal(&state.chain, self.objects.now(), body.clone());
            let object = record_object(&state.organization, &state.key, record.sequence);
            let place = uri(bucket, &object);
            let bytes = to_json(&object, &record)?;
            match self
                .objects
                .put(bucket, &object, bytes, Condition::Absent)
                .await
            {
                Ok(_) => {
                    state.chain = record.head(place.clone());
                    return Ok(place);
                }
                Err(error) if error.kind == Kind::Conflict => {
                    let found = self.record(&object).await?.ok_or_else(|| {
                        // A conflict with a write that is under way and not there yet.
                        StoreError::Conflict {
                            object: object.clone(),
                        }
                    })?;
                    let is_ours = adopt(&mut state.chain, &found, &object, &place, body)?;
                    if is_ours {
                        return Ok(place);
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::Conflict {
            object: format!("evidence/{}/{}/", state.organization, state.key),
        })
    }

    /// A binding's records in order, as far as they are stored.
    ///
    /// # Errors
    /// S3 did not answer for all of them, or one cannot be understood.
    pub async fn records(
        &self,
        organization: &OrganizationId,
        key: &Key,
    ) -> Result<Vec<Record>, StoreError> {
        let prefix = format!("evidence/{organization}/{key}/");
        let bucket = &self.objects.config.evidence_bucket;
        let mut records = Vec::new();
        for object in self.objects.list(bucket, &prefix).await? {
            records.extend(self.record(&object).await?);
        }
        Ok(records)
    }

    /// Stores a report beside the chains, such as a sweep's, under a key that must be new. Answers
    /// where it is. Storing the same report again changes nothing.
    ///
    /// # Errors
    /// There is another report, or S3 did not do it.
    pub async fn write_report<T: Serialize>(
        &self,
        object: &str,
        report: &T,
    ) -> Result<String, StoreError> {
        self.write_bytes(object, to_json(object, report)?).await
    }

    /// Stores bytes in the same way.
    ///
    /// # Errors
    /// There are other bytes, or S3 did not do it.
    pub async fn write_bytes(&self, object: &str, bytes: Vec<u8>) -> Result<String, StoreError> {
        let bucket = &self.objects.config.evidence_bucket;
        let written = self
            .objects
            .put(bucket, object, bytes.clone(), Condition::Absent)
            .await;
        match written {
            Ok(_) => Ok(uri(bucket, object)),
            Err(error) if error.kind == Kind::Conflict => {
                match self.objects.get(bucket, object, None).await? {
                    Some(found) if found.bytes == bytes => Ok(uri(bucket, object)),
                    Some(_) | None => Err(StoreError::Conflict {
                        object: object.to_owned(),
                    }),
                }
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn record(&self, object: &str) -> Result<Option<Record>, StoreError> {
        let bucket = &self.objects.config.evidence_bucket;
        let Some(found) = self.objects.get(bucket, object, None).await? else {
            return Ok(None);
        };
        let record = serde_json::from_slice(&found.bytes).map_err(|error| StoreError::Corrupt {
            object: object.to_owned(),
            problem: error.to_string(),
        })?;
        Ok(Some(record))
    }
}

/// Takes a stored record into the chain; answers whether it is the verdict to be recorded.
fn adopt(
    chain: &mut ChainHead,
    found: &Record,
    object: &str,
    place: &str,
    body: &Body,
) -> Result<bool, StoreError> {
    if !found.continues(chain) {
        return Err(StoreError::Corrupt {
            object: object.to_owned(),
            problem: "it does not continue the hash chain of the records before it".to_owned(),
        });
    }
    *chain = found.head(place.to_owned());
    // The rest may differ between two runs: one may have seen more audit records.
    let Body {
        change_id,
        attempt,
        verdict,
        ..
    } = &found.body;
    Ok(*change_id == body.change_id && *attempt == body.attempt && *verdict == body.verdict)
}
