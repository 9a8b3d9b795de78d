//! The operations, grouped as the platform groups them, each with its models.
//!
//! Reading: unknown fields are ignored, everything not surely there is an `Option`, and one thing
//! that is not there (404) is `None`. Writing: any 2xx is a success, since a create was seen
//! answering 201 where
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
pub(crate) mod test_result;
pub(crate) mod usage;

use std::time::Duration;

use jiff::{Timestamp, Unit};
use tokio::time::Instant;

use crate::client::Genesys;
use crate::error::{Error, ErrorKind};
use crate::operation::Operation;

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

/// `start/end` in whole seconds of UTC, never shorter than asked.
fn interval(from: Timestamp, to: Timestamp) -> String {
    let whole = |moment: Timestamp, mode| {
        let rounding = jiff::TimestampRound::new()
            .smallest(Unit::Second)
            .mode(mode);
        moment.round(rounding).unwrap_or(moment)
    };
    let from = whole(from, jiff::RoundMode::Floor);
    let to = whole(to, jiff::RoundMode::Ceil);
    format!("{from}/{to}")
}

impl Genesys {
    /// Waits before the next look at something that the platform is still working on.
    async fn wait_for(
        &self,
        operation: &'static Operation,
        what: &str,
        wait: Duration,
    ) -> Result<(), Error> {
        if self
            .deadline()
            .is_some_and(|deadline| Instant::now() + wait >= deadline)
        {
            let message =
                format!("{what} is not finished, and the deadline leaves no time to wait for it");
            return Err(Error::new(ErrorKind::OutOfTime, operation.name, message));
        }
        tokio::time::sleep(wait).await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_never_shorter_than_asked() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(
            interval(
                at("2025-04-01T12:34:56.900Z"),
                at("2025-04-01T12:35:00.100Z")
            ),
            "2025-04-01T12:34:56Z/2025-04-01T12:35:01Z"
        );
    }
}
