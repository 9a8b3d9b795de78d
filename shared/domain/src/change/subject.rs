//! What a state and its changes are about.

use serde::{Deserialize, Serialize};

use crate::ids::{Key, Reserved};

/// What a binding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// One Data Action.
    Action,
    /// All integration credentials that carry values of one secret in one organization. They are
    /// moved, or moved back, together.
    CredentialSet,
}

impl Subject {
    /// What the binding under `key` is about: no entry of a manifest may use a key of the form of
    /// [`Key::of_secret`].
    pub fn of(key: &Key) -> Self {
        match key.reserved() {
            Some(Reserved::CredentialSet) => Self::CredentialSet,
            Some(Reserved::Client | Reserved::Integration) | None => Self::Action,
        }
    }
}
