//! The evidence of a rotation: one record for each, each with the hash of the one before.
//!
//! A change's evidence is a verdict of the audit log, and a rotation has none: resets are audited
//! nowhere that is documented. So it has a record of its own, which asserts only what was done.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{RotationState, Strategy};
use crate::arn::SecretArn;
use crate::digest::Digest;
use crate::ids::{ClientId, OrganizationId};

/// The end of the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The version whose record it is.
    pub version_id: String,
    /// Where it is (S3 URI).
    pub uri: String,
    /// Its hash.
    pub hash: Digest,
    /// The hash of the record before it.
    pub previous: Option<Digest>,
}

/// The record of one rotation. The same state always makes the same bytes, so that storing it again
/// after a crash changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rotated {
    /// The layout of this record.
    pub schema: u32,
    /// The hash of the record before; none for the first.
    pub previous: Option<Digest>,
    /// The organization.
    pub organization: OrganizationId,
    /// The secret.
    pub secret: SecretArn,
    /// The version that is current now.
    pub version_id: String,
    /// The version that was current before.
    pub replaces: String,
    /// How it was done.
    pub strategy: Strategy,
    /// The client that is current now.
    pub client: ClientId,
    /// The previous client; the same one where there is only one.
    #[serde(rename = "left")]
    pub previous_client: ClientId,
    /// The client that acted.
    pub actor: ClientId,
    /// When it began.
    pub begun_at: Timestamp,
    /// How many resets were begun.
    pub resets: u32,
    /// When the new secret was made.
    pub reset_at: Option<Timestamp>,
    /// When it was tested.
    pub tested_at: Option<Timestamp>,
    /// When it became current.
    pub moved_at: Option<Timestamp>,
    /// For how many seconds no secret of the client worked.
    pub gap_seconds: Option<u64>,
    /// Until when the tag forced it, where it was forced.
    pub forced_until: Option<Timestamp>,
    /// Notes for the reader.
    pub notices: Vec<String>,
    /// The digest of everything above.
    pub hash: Digest,
}

impl Rotated {
    /// The record of the latest rotation of `state`; `None` where there is none.
    #[must_use]
    pub fn of(state: &RotationState) -> Option<Self> {
        let rotation = state.rotation.as_ref()?;
        let previous = state.evidence.as_ref().and_then(|head| {
            // Its own record must not become its predecessor when it is made again.
            if head.version_id == rotation.token {
                head.previous.clone()
            } else {
                Some(head.hash.clone())
            }
        });
        let mut record = Self {
            schema: 1,
            previous,
            organization: state.organization.clone(),
            secret: state.secret.clone(),
            version_id: rotation.token.clone(),
            replaces: rotation.current_version.clone(),
            strategy: rotation.strategy,
            client: rotation.client.clone(),
            previous_client: rotation.leaves.clone(),
            actor: rotation.actor.clone(),
            begun_at: rotation.begun_at,
            resets: rotation.resets,
            reset_at: rotation.reset_at,
            tested_at: rotation.tested_at,
            moved_at: rotation.moved_at,
            gap_seconds: rotation.gap_seconds(),
            forced_until: rotation.forced_until,
            notices: rotation.notices.clone(),
            hash: Digest::of_bytes(b""),
        };
        record.hash = record.digest();
        Some(record)
    }

    /// Whether the record is unaltered.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.hash == self.digest()
    }

    /// The chain's end once this record is stored at `uri`.
    #[must_use]
    pub fn head(&self, uri: String) -> Head {
        Head {
            version_id: self.version_id.clone(),
            uri,
            hash: self.hash.clone(),
            previous: self.previous.clone(),
        }
    }

    fn digest(&self) -> Digest {
        let mut unsealed = self.clone();
        unsealed.hash = Digest::of_bytes(b"");
        Digest::of(&unsealed)
    }
}
