//! What identifies a change and the desired state that it reaches.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::ids::{Key, OrganizationId};

/// Identifies a change: a digest of organization, key, desired state and the observed secret
/// versions, so five deliveries of one trigger are one change.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct ChangeId(pub(super) String);

impl ChangeId {
    /// The id of the change that reaches `desired`, which must include the secret versions.
    pub fn of<T: Serialize>(organization: &OrganizationId, key: &Key, desired: &T) -> Self {
        Self(
            Digest::of(&(organization, key, desired))
                .short(24)
                .to_owned(),
        )
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ChangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Identifies a desired state, in the way of this release and in that of the release before.
///
/// A release may add to what the id covers. What the release before recorded is recognized by the
/// id that it computed, so that an upgrade is not a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredId {
    /// As this release computes it.
    pub current: ChangeId,
    /// As the release before computed it.
    pub previous_release: ChangeId,
}

impl DesiredId {
    /// Whether what was recorded under `id` is this desired state. `desired` is the id of the state
    /// in the way of this release; none where the release before recorded it.
    pub(super) fn was_recorded(&self, id: &ChangeId, desired: Option<&ChangeId>) -> bool {
        match desired {
            Some(desired) => *desired == self.current,
            None => *id == self.previous_release,
        }
    }
}

/// A desired state whose id is computed as it was in the release before.
impl From<ChangeId> for DesiredId {
    fn from(id: ChangeId) -> Self {
        Self {
            previous_release: id.clone(),
            current: id,
        }
    }
}
