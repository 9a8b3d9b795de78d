//! The operations, grouped as the platform groups them, each with its models.
//!
//! Reading: unknown fields are ignored, everything not surely there is an `Option`, and one thing that is
//! not there (404) is `None`. Writing: any 2xx is a success, since a create was seen answering 201 where
//! 200 is declared.

pub(crate) mod actions;
pub(crate) mod audit_records;
pub(crate) mod audits;
pub(crate) mod credentials;
pub(crate) mod drafts;
pub(crate) mod integrations;
pub(crate) mod oauth_clients;
pub(crate) mod organization;
pub(crate) mod roles;

use crate::error::Error;

/// 404 as absence.
fn found<T>(result: Result<T, Error>) -> Result<Option<T>, Error> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// A delete whose answer was lost and that then meets a 404 was carried out by its first attempt.
fn deleted(result: Result<(), Error>) -> Result<(), Error> {
    match result {
        Err(error) if error.is_not_found() && error.applied_unknown() => Ok(()),
        other => other,
    }
}
