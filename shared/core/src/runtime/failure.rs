//! Why a call was not handled, by what helps.

use std::fmt;
use std::time::Duration;

use lambda_runtime::Diagnostic;

use crate::aws::{AwsError, SecretError};
use crate::store::{StoreError, Unreadable};

/// Why a call was not handled.
#[derive(Clone, PartialEq, Eq)]
pub enum Failure {
    /// The same call can succeed later; it is tried again with growing spacing.
    Retry {
        /// A stable word.
        kind: &'static str,
        /// What happened. Never a secret.
        message: String,
        /// How long asking again is useless, where it is known. May lengthen the spacing.
        not_before: Option<Duration>,
    },
    /// Nothing failed: it is too early. The message comes back after `after`.
    Later {
        /// When to come back.
        after: Duration,
        /// What is waited for.
        because: String,
    },
    /// Something outside of the call has to be repaired first: a permission, an object. Said by an
    /// event; the message is tried until its budget is used up, and is there for a redrive then.
    Permanent {
        /// A stable word.
        kind: &'static str,
        /// What happened. Never a secret.
        message: String,
        /// The object that is to blame, if one is.
        object: Option<Box<Unreadable>>,
    },
}

impl Failure {
    /// The same call can succeed later.
    pub fn retry(kind: &'static str, message: impl fmt::Display) -> Self {
        Self::Retry {
            kind,
            message: message.to_string(),
            not_before: None,
        }
    }

    /// The same, where asking again is useless for some time; of other failures nothing changes.
    #[must_use]
    pub fn not_before(mut self, after: Option<Duration>) -> Self {
        if let Self::Retry { not_before, .. } = &mut self {
            *not_before = after;
        }
        self
    }

    /// It is too early.
    pub fn later(after: Duration, because: impl fmt::Display) -> Self {
        Self::Later {
            after,
            because: because.to_string(),
        }
    }

    /// Somebody has to repair something first.
    pub fn permanent(kind: &'static str, message: impl fmt::Display) -> Self {
        Self::Permanent {
            kind,
            message: message.to_string(),
            object: None,
        }
    }

    /// The object that must be repaired, if one is the cause.
    #[must_use]
    pub fn object(&self) -> Option<&Unreadable> {
        match self {
            Self::Permanent { object, .. } => object.as_deref(),
            Self::Retry { .. } | Self::Later { .. } => None,
        }
    }

    /// What happened, the same each time: without when to come back.
    pub(super) fn reason(&self) -> &str {
        match self {
            Self::Retry { message, .. } | Self::Permanent { message, .. } => message,
            Self::Later { because, .. } => because,
        }
    }

    /// A stable word.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Retry { kind, .. } | Self::Permanent { kind, .. } => kind,
            Self::Later { .. } => "too_early",
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Retry { message, .. } | Self::Permanent { message, .. } => f.write_str(message),
            Self::Later { after, because } => {
                write!(f, "{because}; next attempt in {} s", after.as_secs())
            }
        }
    }
}

// The Lambda runtime logs a returned error with `Debug`.
impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {self}", self.kind())
    }
}

impl std::error::Error for Failure {}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        Self {
            error_type: failure.kind().to_owned(),
            error_message: failure.to_string(),
        }
    }
}

impl From<AwsError> for Failure {
    fn from(error: AwsError) -> Self {
        let kind = error.kind.as_str();
        if error.is_transient() {
            Self::retry(kind, error)
        } else {
            Self::permanent(kind, error)
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let kind = error.kind();
        if error.is_transient() {
            return Self::retry(kind, error);
        }
        Self::Permanent {
            kind,
            message: error.to_string(),
            object: error.unreadable().map(Box::new),
        }
    }
}

impl From<SecretError> for Failure {
    fn from(error: SecretError) -> Self {
        match error {
            SecretError::Aws(error) => error.into(),
            SecretError::Shape { .. } => Self::permanent("client_secret", error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_shows_lambda_a_stable_word() {
        let failure = Failure::permanent("denied", "iam:CreateRole is missing");
        assert_eq!(format!("{failure:?}"), "denied: iam:CreateRole is missing");
        let diagnostic = Diagnostic::from(failure);
        assert_eq!(diagnostic.error_type, "denied");
        assert_eq!(diagnostic.error_message, "iam:CreateRole is missing");
    }
}
