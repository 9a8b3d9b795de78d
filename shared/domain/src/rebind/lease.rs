//! Who may create or change an integration, and what is known of it before a listing shows it.
//!
//! Bindings have queues of their own, and several share an integration. Creating one is not
//! idempotent at Genesys Cloud, and one whose role is being changed must not be changed twice at a
//! time. So whoever does either holds a lease on the integration; whoever finds it taken comes back
//! later. The record is written conditionally: of two that take the lease at the same time one
//! succeeds, and who lost it cannot record anything.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};

use crate::ids::{IntegrationId, Key, OrganizationId};

/// The layout of an [`IntegrationRecord`].
const SCHEMA: u64 = 1;

/// For how long a create of which no answer is known may still take effect, and so for how long it
/// is not looked for. Not documented: it is twice the 30 s for which the official Terraform provider
/// waits until the deletion of a credential shows, and as long as a request of ours waits for its
/// answer.
pub const CREATE_SHOWS_WITHIN: Duration = Duration::from_secs(60);

/// What is known of an integration under its manifest key, and who is changing it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntegrationRecord {
    schema: u64,
    /// The organization.
    pub organization: OrganizationId,
    /// The integration's manifest key.
    pub integration: Key,
    /// Who is changing it.
    pub lease: Option<Lease>,
    /// The integration that was created or found.
    pub integration_id: Option<IntegrationId>,
    /// What the previous release wrote, and nothing reads.
    #[serde(
        default,
        rename = "credential_id",
        skip_serializing,
        deserialize_with = "ignored"
    )]
    _credential_id: (),
    /// The version of its config since it points at the credential that carries its role.
    pub config_version: Option<i64>,
    /// When something was last written that Genesys Cloud needs to assume the role.
    pub role_touched_at: Option<Timestamp>,
}

/// The right to change an integration, for a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lease {
    /// The binding on whose behalf.
    pub holder: Key,
    /// The invocation: it distinguishes two runs over one binding.
    pub run: String,
    /// Until when. No invocation outlives its own lease.
    pub until: Timestamp,
}

/// The lease is somebody else's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The binding on whose behalf.
    pub holder: Key,
    /// How much longer, at most.
    pub remaining: Duration,
}

/// A stored record that must not be acted on, and must not be overwritten.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRecord {
    /// A newer release wrote it.
    #[error(
        "a newer release of Lockstep wrote it (schema {found}; this release reads {SCHEMA}): deploy \
         that release again"
    )]
    Newer {
        /// Its schema.
        found: u64,
    },
    /// It is the record of another integration.
    #[error("it is the record of {organization}/{integration}")]
    OfAnother {
        /// Of which organization.
        organization: OrganizationId,
        /// Of which integration.
        integration: Key,
    },
}

impl IntegrationRecord {
    /// Of an integration that was never touched.
    #[must_use]
    pub fn new(organization: OrganizationId, integration: Key) -> Self {
        Self {
            schema: SCHEMA,
            organization,
            integration,
            lease: None,
            integration_id: None,
            _credential_id: (),
            config_version: None,
            role_touched_at: None,
        }
    }

    /// Checks that a stored record is one of this release, of this integration.
    ///
    /// # Errors
    /// It is not.
    pub fn check(self, organization: &OrganizationId, key: &Key) -> Result<Self, InvalidRecord> {
        if self.schema != SCHEMA {
            return Err(InvalidRecord::Newer { found: self.schema });
        }
        if self.organization != *organization || self.integration != *key {
            return Err(InvalidRecord::OfAnother {
                organization: self.organization,
                integration: self.integration,
            });
        }
        Ok(self)
    }

    /// Takes the lease until an invocation that ends in `remaining` can have nothing under way any
    /// more, its last create included.
    ///
    /// # Errors
    /// Somebody else holds it.
    pub fn take(
        &mut self,
        holder: &Key,
        run: &str,
        remaining: Duration,
        now: Timestamp,
    ) -> Result<(), Taken> {
        if let Some(lease) = &self.lease
            && now < lease.until
        {
            return Err(Taken {
                holder: lease.holder.clone(),
                remaining: between(now, lease.until),
            });
        }
        self.lease = Some(Lease {
            holder: holder.clone(),
            run: run.to_owned(),
            until: after(now, remaining.saturating_add(CREATE_SHOWS_WITHIN)),
        });
        Ok(())
    }

    /// Gives the lease back. Where a create was sent whose answer was lost, it is kept until that
    /// shows or never will.
    pub fn release(&mut self, in_doubt_since: Option<Timestamp>) {
        match (in_doubt_since, &mut self.lease) {
            (Some(sent_at), Some(lease)) => lease.until = after(sent_at, CREATE_SHOWS_WITHIN),
            (_, lease) => *lease = None,
        }
    }
}

fn ignored<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
    IgnoredAny::deserialize(deserializer).map(drop)
}

/// For how long a create that was sent at `sent_at`, and of which nobody knows whether it took
/// effect, is not looked for at `now`; `None` where it would show.
#[must_use]
pub fn in_doubt_for(sent_at: Timestamp, now: Timestamp) -> Option<Duration> {
    let remaining = between(now, after(sent_at, CREATE_SHOWS_WITHIN));
    // A mark of a clock ahead of ours must not make anybody wait longer than one that is right.
    (!remaining.is_zero()).then_some(remaining.min(CREATE_SHOWS_WITHIN))
}

fn after(at: Timestamp, time: Duration) -> Timestamp {
    let time = SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX);
    at.saturating_add(time).unwrap_or(Timestamp::MAX)
}

fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn record() -> IntegrationRecord {
        IntegrationRecord::new("org-1".parse().unwrap(), "prod".parse().unwrap())
    }

    fn take(record: &mut IntegrationRecord, holder: &str, now: i64) -> Result<(), Taken> {
        record.take(&holder.parse().unwrap(), "run", seconds(100), at(now))
    }

    #[test]
    fn one_binding_at_a_time_changes_an_integration() {
        let mut record = record();
        take(&mut record, "orders", 1000).unwrap();
        let taken = take(&mut record, "invoices", 1010).unwrap_err();
        assert_eq!(taken.holder.as_str(), "orders");
        assert_eq!(taken.remaining, seconds(150));
        // Another delivery of the same binding is another writer.
        assert!(take(&mut record, "orders", 1010).is_err());
        record.release(None);
        take(&mut record, "invoices", 1010).unwrap();
    }

    #[test]
    fn a_lease_outlives_its_invocation_and_the_last_create_that_it_may_have_sent() {
        let mut record = record();
        take(&mut record, "orders", 1000).unwrap();
        // The invocation ends at 1100 at the latest.
        assert!(take(&mut record, "invoices", 1159).is_err());
        take(&mut record, "invoices", 1160).unwrap();
    }

    #[test]
    fn a_lost_create_keeps_the_lease_until_it_would_show() {
        let mut record = record();
        take(&mut record, "orders", 1000).unwrap();
        record.release(Some(at(1003)));
        assert_eq!(
            take(&mut record, "invoices", 1010).unwrap_err().remaining,
            seconds(53)
        );
        take(&mut record, "invoices", 1063).unwrap();
    }

    #[test]
    fn a_lost_create_is_looked_for_after_a_minute_and_not_before() {
        assert_eq!(in_doubt_for(at(1000), at(1000)), Some(seconds(60)));
        assert_eq!(in_doubt_for(at(1000), at(1059)), Some(seconds(1)));
        assert_eq!(in_doubt_for(at(1000), at(1060)), None);
        assert_eq!(
            in_doubt_for(at(5000), at(1000)),
            Some(seconds(60)),
            "a mark of the future"
        );
    }

    #[test]
    fn a_record_of_the_previous_release_is_read_without_its_credential() {
        let mut stored = serde_json::to_value(record()).unwrap();
        assert_eq!(stored.get("credential_id"), None, "it is not written");
        for credential in [serde_json::Value::Null, "credential-1".into()] {
            stored["credential_id"] = credential;
            let read: IntegrationRecord = serde_json::from_value(stored.clone()).unwrap();
            assert_eq!(read, record());
        }
        stored["unknown"] = 1.into();
        let unknown = serde_json::from_value::<IntegrationRecord>(stored);
        assert!(unknown.is_err(), "of a release that is not known");
    }

    #[test]
    fn a_record_of_another_integration_or_a_newer_release_is_refused() {
        let (organization, key) = ("org-1".parse().unwrap(), "prod".parse().unwrap());
        assert!(record().check(&organization, &key).is_ok());
        let other = "test".parse().unwrap();
        let error = record().check(&organization, &other).unwrap_err();
        assert!(error.to_string().contains("org-1/prod"), "{error}");
        let mut newer = record();
        newer.schema = 2;
        let error = newer.check(&organization, &key).unwrap_err();
        assert!(error.to_string().contains("deploy that release"), "{error}");
    }
}
