//! Why the credentials of a secret could not be moved.

use std::time::Duration;

use lockstep_domain::rebind::Refusal;

use crate::reconcile::action::RebindError;

/// Why a unit could not be moved. Holds no secret, not even in `Debug`.
#[derive(Debug, thiserror::Error)]
pub enum UnitError {
    /// AWS, the state or Genesys Cloud, as for any binding.
    #[error(transparent)]
    Rebind(RebindError),
    /// The secret has no current version.
    #[error("{because}; its credentials are not touched")]
    SecretGone {
        /// Which, and why.
        because: String,
    },
    /// The secret's value has not the fields that the manifest names. Quotes nothing of it.
    #[error(
        "the value of {secret} at version {version_id} does not fit: {}",
        .problems.join("; ")
    )]
    Value {
        /// The secret.
        secret: String,
        /// The version that was read.
        version_id: String,
        /// Field by field.
        problems: Vec<String>,
    },
    /// A slot does not point any more at what it pointed at when the plan was made.
    #[error("somebody else pointed the slot elsewhere in between")]
    Moved,
    /// A credential that was deleted is still there.
    #[error("the credential {id} was deleted and is still there")]
    StillThere {
        /// Which.
        id: String,
    },
}

impl<E> From<E> for UnitError
where
    RebindError: From<E>,
{
    fn from(error: E) -> Self {
        Self::Rebind(error.into())
    }
}

impl UnitError {
    pub(super) fn refused(refusal: Refusal) -> Self {
        Self::Rebind(RebindError::Refused(refusal))
    }

    pub(super) fn incomplete(what: &'static str) -> Self {
        Self::Rebind(RebindError::Incomplete { what })
    }

    /// Whether a redelivery can help without anybody doing anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Rebind(error) => error.is_transient(),
            Self::StillThere { .. } | Self::Moved => true,
            Self::SecretGone { .. } | Self::Value { .. } => false,
        }
    }

    /// When a redelivery is worth it, where it can be told.
    pub fn comes_back_after(&self) -> Option<Duration> {
        match self {
            Self::Rebind(error) => error.comes_back_after(),
            Self::Moved
            | Self::StillThere { .. }
            | Self::SecretGone { .. }
            | Self::Value { .. } => None,
        }
    }

    /// A stable word for outcomes and alarms.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Rebind(error) => error.kind(),
            Self::SecretGone { .. } => "secret_gone",
            Self::Value { .. } => "secret_value",
            Self::Moved => "moved",
            Self::StillThere { .. } => "still_there",
        }
    }

    /// Whether reading again and planning again is what the error asks for.
    pub(super) fn asks_to_look_again(&self) -> bool {
        match self {
            Self::Rebind(error) => error.asks_to_look_again(),
            Self::Moved => true,
            Self::SecretGone { .. } | Self::Value { .. } | Self::StillThere { .. } => false,
        }
    }
}
