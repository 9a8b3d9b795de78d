//! The OAuth clients whose deeds are Lockstep's own.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::audit::AuditRecord;
use crate::ids::ClientId;

/// For how long after a client's last recorded write a record of it may still be ours: a run that
/// was cut off had no time to record its last write, and no run is longer (Lambda developer guide,
/// quotas: 900 seconds).
const UNRECORDED: SignedDuration = SignedDuration::from_mins(15);

/// The clients that Lockstep signs in with now, and those that it has written through before. A
/// client that was replaced is ours for what it did for us, and a stranger's afterwards.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OurClients {
    current: BTreeSet<ClientId>,
    until: BTreeMap<ClientId, Timestamp>,
}

impl OurClients {
    /// The clients that Lockstep signs in with: both of a pair, as a rotation changes their places.
    pub fn now(current: BTreeSet<ClientId>) -> Self {
        Self {
            current,
            until: BTreeMap::new(),
        }
    }

    /// With the clients that a change was written through.
    #[must_use]
    pub fn and(mut self, written_through: &BTreeMap<ClientId, Timestamp>) -> Self {
        for (client, at) in written_through {
            let until = self.until.entry(client.clone()).or_insert(*at);
            *until = (*until).max(*at);
        }
        self
    }

    /// Whether one of them did what the record is of. Our clients have no user: they sign in with
    /// client credentials.
    pub fn did(&self, record: &AuditRecord) -> bool {
        let Some(client) = record.client.as_deref() else {
            return false;
        };
        let is_it = |ours: &ClientId| ours.as_str() == client;
        let in_time = |until: &Timestamp| record.at.is_none_or(|at| at <= *until + UNRECORDED);
        self.current.iter().any(is_it)
            || self
                .until
                .iter()
                .any(|(ours, until)| is_it(ours) && in_time(until))
    }
}
