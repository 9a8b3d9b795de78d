//! Policy documents within IAM's limits.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use policy_evaluator::{IdentityPolicy, PolicyError, TrustPolicy};

use crate::ServiceError;
use crate::error::Rejection;

/// A policy document, as it was written and as it is evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text<P> {
    /// As it was written.
    pub text: String,
    /// What it means.
    pub policy: P,
}

impl<P> Text<P> {
    fn of(text: &str, policy: P) -> Self {
        Self {
            text: text.to_owned(),
            policy,
        }
    }
}

impl Text<IdentityPolicy> {
    /// Reads a policy of an identity.
    ///
    /// # Errors
    /// Where IAM would refuse it, or it says what is not evaluated here.
    pub fn identity(text: &str) -> Result<Self, PolicyError> {
        IdentityPolicy::parse(text).map(|policy| Self::of(text, policy))
    }
}

impl Text<TrustPolicy> {
    /// Reads a trust policy.
    ///
    /// # Errors
    /// Where IAM would refuse it, or it says what is not evaluated here.
    pub fn trust(text: &str) -> Result<Self, PolicyError> {
        TrustPolicy::parse(text).map(|policy| Self::of(text, policy))
    }
}

/// The characters that count against IAM's limits: white space does not (IAM user guide, "IAM and AWS STS quotas").
#[must_use]
pub fn characters(text: &str) -> usize {
    text.chars().filter(|one| !one.is_whitespace()).count()
}

/// What is not evaluated is a gap of ours; what IAM refuses is its answer.
pub(super) fn read<T>(read: Result<T, PolicyError>) -> Result<T, Rejection> {
    read.map_err(|error| match error {
        PolicyError::Malformed(problem) => {
            ServiceError::bad_request("MalformedPolicyDocument", problem).into()
        }
        PolicyError::Unsupported(problem) => Rejection::unsupported(problem),
    })
}

/// All but the unreserved characters of RFC 3986, as IAM encodes the documents that it gives back (IAM API reference,
/// `GetRole`, `GetRolePolicy`).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A document as IAM gives it back.
pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}
