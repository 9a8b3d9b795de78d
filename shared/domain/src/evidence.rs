//! Evidence: the stored record of how a change ended, one hash chain per binding.
//! Each record holds the hash of the one before it, so the chain shows if a record was altered,
//! removed or inserted. The bucket's object lock keeps the records; the chain proves that they are
//! complete and in order.
//!
//! **Invariant.** Evidence never holds a secret: secrets are known by ARN and version id alone,
//! and what a function answered to its live test is not recorded. Configurations that other people
//! wrote are known by digests ([`crate::redacted`]).

pub mod stored;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::arn::FunctionArn;
use crate::change::{
    BindingState, BoundCredential, ChainHead, Change, ChangeId, End, Phase, SecretVersion,
    TestRecord,
};
use crate::digest::Digest;
use crate::event::Principal;
use crate::ids::{ActionId, ClientId, IntegrationId, Key, OrganizationId};
use crate::plan::Step;
use crate::verdict::Expected;

/// The layout of a [`Record`].
pub const SCHEMA: u32 = 1;

/// What is recorded of one change. A member that a later release adds is left out where it is
/// empty: the hash of an older record covers what that record holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Body {
    /// The organization.
    pub organization: OrganizationId,
    /// The binding.
    pub key: Key,
    /// The change.
    pub change_id: ChangeId,
    /// Which attempt of it.
    pub attempt: u32,
    /// Why it began.
    pub reason: Option<String>,
    /// When it was recorded, before its first write.
    pub opened_at: Timestamp,
    /// Where the audit window begins.
    pub window_from: Timestamp,
    /// Changes without a verdict of their own that this verdict covers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub supersedes: Vec<ChangeId>,
    /// When its last write was done.
    pub applied_at: Option<Timestamp>,
    /// The action, where one is known.
    pub action_id: Option<ActionId>,
    /// The integration, where one is known.
    pub integration_id: Option<IntegrationId>,
    /// The integration credentials that carry the secret's values, by manifest key. Without their
    /// fingerprints: what can't be deleted should not hold what is only of use with a key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub credentials: BTreeMap<Key, BoundCredential>,
    /// The function that the action calls.
    pub function: Option<FunctionArn>,
    /// The bound versions.
    pub secrets: Vec<SecretVersion>,
    /// The plan, with the outcome of each step.
    pub steps: Vec<Step>,
    /// What the live test said, where there was one.
    pub test: Option<TestRecord>,
    /// Whether the binding was kept although its live test failed.
    pub unhealthy: bool,
    /// The OAuth clients through which Lockstep wrote, and until when.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub clients: BTreeMap<ClientId, Timestamp>,
    /// The audit records that had to exist.
    pub expected: Vec<Expected>,
    /// What the audit log was asked and what it answered.
    pub audit: Audit,
    /// How the change ended.
    pub verdict: End,
    /// Notes for the reader, including what could not be evaluated.
    pub notices: Vec<String>,
}

/// What the audit log was asked and what it answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audit {
    /// The window, `YYYY-MM-DDThh:mm:ssZ/YYYY-MM-DDThh:mm:ssZ`; absent where nothing was asked.
    pub interval: Option<String>,
    /// The ids of the records that were found, each once.
    pub records: Vec<String>,
    /// Who made the changes, as the records say.
    pub principals: Vec<Principal>,
    /// The records as lines for a compliance log.
    pub compliance_audit: Vec<String>,
}

impl Body {
    /// What is recorded of `change`, the latest of the binding, when it ends with `verdict`.
    /// Nothing was asked of the audit log; set [`Body::audit`] where it was.
    pub fn new(state: &BindingState, change: &Change, verdict: End) -> Self {
        Self {
            organization: state.organization.clone(),
            key: state.key.clone(),
            change_id: change.id.clone(),
            attempt: change.attempt,
            reason: change.reason.clone(),
            opened_at: change.opened_at,
            window_from: change.window_from,
            supersedes: change.supersedes.clone(),
            applied_at: change.applied_at,
            action_id: state.action_id.clone(),
            integration_id: state.integration_id.clone(),
            credentials: state
                .credentials
                .iter()
                .map(|(key, bound)| (key.clone(), without_fingerprint(bound)))
                .collect(),
            function: state.function.clone(),
            secrets: change.secrets.clone(),
            steps: change.steps.clone(),
            test: change.test.clone(),
            unhealthy: is_unhealthy(change, &verdict),
            clients: change.clients.clone(),
            expected: change.expected.clone(),
            audit: Audit::default(),
            verdict,
            notices: change.notices.clone(),
        }
    }
}

fn without_fingerprint(bound: &BoundCredential) -> BoundCredential {
    BoundCredential {
        fingerprint: None,
        ..bound.clone()
    }
}

/// A change that was rolled back is not unhealthy.
fn is_unhealthy(change: &Change, verdict: &End) -> bool {
    let kept = match verdict {
        End::Verified | End::Violated { .. } | End::Unverified { .. } => true,
        End::Failed { .. } | End::RolledBack { .. } | End::Split { .. } => false,
    };
    let failed = change.test.as_ref().is_some_and(|test| !test.passed);
    kept && (failed || matches!(change.phase, Phase::Verifying { unhealthy: true }))
}

/// One link of a binding's chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The layout: [`SCHEMA`].
    pub schema: u32,
    /// 1 for the first record of a binding, then one more each time.
    pub sequence: u64,
    /// The hash of the record before; none for the first.
    pub previous: Option<Digest>,
    /// When it was sealed.
    pub at: Timestamp,
    /// What is recorded.
    pub body: Body,
    /// The digest of everything above.
    pub hash: Digest,
}

impl Record {
    /// The next link after `previous`.
    pub fn seal(previous: &ChainHead, at: Timestamp, body: Body) -> Self {
        let sequence = previous.length + 1;
        let hash = digest(SCHEMA, sequence, previous.hash.as_ref(), at, &body);
        Self {
            schema: SCHEMA,
            sequence,
            previous: previous.hash.clone(),
            at,
            body,
            hash,
        }
    }

    /// Whether the record is unaltered.
    pub fn is_sound(&self) -> bool {
        self.hash
            == digest(
                self.schema,
                self.sequence,
                self.previous.as_ref(),
                self.at,
                &self.body,
            )
    }

    /// Whether the record is the one that comes next after `head`: a record that was stored by
    /// a run that died before it could save the state.
    pub fn continues(&self, head: &ChainHead) -> bool {
        self.sequence == head.length + 1 && self.previous == head.hash && self.is_sound()
    }

    /// The chain's end once this record is stored at `uri`.
    pub fn head(&self, uri: String) -> ChainHead {
        ChainHead {
            length: self.sequence,
            hash: Some(self.hash.clone()),
            uri: Some(uri),
        }
    }
}

fn digest(
    schema: u32,
    sequence: u64,
    previous: Option<&Digest>,
    at: Timestamp,
    body: &Body,
) -> Digest {
    Digest::of(&(schema, sequence, previous, at, body))
}

/// Where a chain does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A record is missing, doubled or out of place.
    #[error("record {expected} is missing; record {found} is in its place")]
    Gap {
        /// The expected number.
        expected: u64,
        /// The number that does.
        found: u64,
    },
    /// A record does not follow the one before it.
    #[error("record {sequence} does not follow the record before it")]
    Link {
        /// Its number.
        sequence: u64,
    },
    /// A record was altered after it was sealed.
    #[error("record {sequence} was altered after it was sealed")]
    Altered {
        /// Its number.
        sequence: u64,
    },
}

/// Checks a binding's whole chain, first record first. That the *last* records are there too can
/// only be seen by comparing with the chain's end in the binding's state.
///
/// # Errors
/// The first place at which the chain does not hold.
pub fn verify_chain(records: &[Record]) -> Result<(), Broken> {
    let mut previous: Option<&Digest> = None;
    for (expected, record) in (1_u64..).zip(records) {
        let sequence = record.sequence;
        if sequence != expected {
            return Err(Broken::Gap {
                expected,
                found: sequence,
            });
        }
        if record.previous.as_ref() != previous {
            return Err(Broken::Link { sequence });
        }
        if !record.is_sound() {
            return Err(Broken::Altered { sequence });
        }
        previous = Some(&record.hash);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn body(reason: &str) -> Body {
        let organization: OrganizationId = "org-1".parse().unwrap();
        let key: Key = "orders".parse().unwrap();
        let state = BindingState::new(organization.clone(), key.clone());
        let id = ChangeId::of(&organization, &key, &json!({"secret": "v2"}));
        let opened_at = "2026-01-02T03:04:05Z".parse().unwrap();
        let mut change = Change::begin(id, 1, Vec::new(), None, opened_at);
        change.reason = Some(reason.into());
        change.phase = Phase::Verifying { unhealthy: true };
        Body::new(&state, &change, End::Verified)
    }

    pub(super) fn chain(reasons: &[&str]) -> Vec<Record> {
        let at: Timestamp = "2026-01-02T03:05:00Z".parse().unwrap();
        let mut head = ChainHead::default();
        let mut records = Vec::new();
        for reason in reasons {
            let record = Record::seal(&head, at, body(reason));
            assert!(record.continues(&head));
            head = record.head(format!("s3://evidence/{reason}"));
            records.push(record);
        }
        records
    }

    #[test]
    fn a_chain_survives_storage() {
        let records = chain(&["one", "two", "three"]);
        let text = serde_json::to_string(&records).unwrap();
        let read: Vec<Record> = serde_json::from_str(&text).unwrap();
        assert_eq!(read, records);
        assert_eq!(verify_chain(&read), Ok(()));
    }

    #[test]
    fn an_altered_record_is_noticed() {
        let mut records = chain(&["one", "two", "three"]);
        records[1].body.reason = Some("another".into());
        assert_eq!(verify_chain(&records), Err(Broken::Altered { sequence: 2 }));
    }

    #[test]
    fn a_record_that_was_altered_and_sealed_again_breaks_the_next_link() {
        let mut records = chain(&["one", "two", "three"]);
        let head = records[0].head("s3://evidence/one".into());
        records[1] = Record::seal(&head, records[1].at, body("another"));
        assert_eq!(verify_chain(&records), Err(Broken::Link { sequence: 3 }));
    }

    #[test]
    fn a_record_taken_out_is_noticed() {
        let mut records = chain(&["one", "two", "three"]);
        records.remove(1);
        assert_eq!(
            verify_chain(&records),
            Err(Broken::Gap {
                expected: 2,
                found: 3
            })
        );
    }

    #[test]
    fn a_record_of_another_chain_does_not_continue_this_one() {
        let one = chain(&["one", "two"]);
        let other = chain(&["other", "two"]);
        let head = one[0].head("s3://evidence/one".into());
        assert!(one[1].continues(&head));
        assert!(!other[1].continues(&head));
    }

    #[test]
    fn a_binding_that_was_kept_unhealthy_says_so() {
        assert!(body("one").unhealthy);
    }
}
