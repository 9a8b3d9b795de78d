//! A change: one recorded transaction from secret version to verdict, and the state kept of it.
//!
//! One small object per binding, written conditionally. It is written *before* the first write to
//! the world: Genesys keeps no old config, so what is needed to go back, to go on after a crash,
//! and to know the audit window stands here or nowhere.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::arn::{FunctionArn, SecretArn};
use crate::binding::ActionConfig;
use crate::digest::Digest;
use crate::finding::Finding;
use crate::ids::{ActionId, CredentialId, IntegrationId, Key, OrganizationId};
use crate::plan::Step;
use crate::verdict::Expected;

/// Identifies a change: a digest of organization, key, desired state and the observed secret
/// versions, so five deliveries of one trigger are one change.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct ChangeId(String);

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

/// A secret at the version that was AWSCURRENT when it was read. Never its value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SecretVersion {
    /// The name the function knows it by.
    pub name: String,
    /// The secret.
    pub arn: SecretArn,
    /// The version that carried AWSCURRENT.
    pub version_id: String,
}

/// A keyed digest of the values of a credential's fields: tells whether two versions of a secret
/// come to the same without telling what they are. Made where values may be held, which is not
/// here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(pub String);

/// An integration credential as Lockstep bound it last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoundCredential {
    /// The integration that uses it.
    pub integration_id: IntegrationId,
    /// The slot of the integration's config, as Genesys Cloud spells it.
    pub slot: String,
    /// The credential.
    pub credential_id: CredentialId,
    /// Its name.
    pub name: String,
    /// Its `modifiedDate` as first listed after it was bound: the only mark of somebody else's
    /// writing (official Python SDK 269.0.0, `CredentialInfo`).
    #[serde(default)]
    pub modified_date: Option<Timestamp>,
    /// The version of the secret whose values it carries, or would if they were pushed again.
    pub version_id: String,
    /// Of its type and of where in the secret its fields stand.
    pub recipe: Digest,
    /// Of the values themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<Fingerprint>,
}

/// What an integration's slot pointed at before a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviousCredential {
    /// The integration.
    pub integration_id: IntegrationId,
    /// The slot, as Genesys Cloud spells it.
    pub slot: String,
    /// What it pointed at; none where it was empty.
    pub credential_id: Option<CredentialId>,
    /// What was remembered of it, where Lockstep had bound it.
    #[serde(default)]
    pub bound: Option<BoundCredential>,
}

/// What Lockstep remembers of a binding between runs.
///
/// For integration credentials the binding is one secret in one organization, under
/// [`Key::of_secret`]: all its credentials are moved, or moved back, together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BindingState {
    /// The layout of this object.
    pub schema: u32,
    /// The organization.
    pub organization: OrganizationId,
    /// The binding.
    pub key: Key,
    /// The action we made or adopted. Once known it is never looked for by name again, and an id
    /// that has gone is reported, never recreated.
    #[serde(default)]
    pub action_id: Option<ActionId>,
    /// The integration it lives in.
    #[serde(default)]
    pub integration_id: Option<IntegrationId>,
    /// The credential that carries the role.
    #[serde(default)]
    pub credential_id: Option<CredentialId>,
    /// The integration credentials that carry the secret's values, by their manifest keys.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub credentials: BTreeMap<Key, BoundCredential>,
    /// The function the action calls since the last applied change.
    #[serde(default)]
    pub function: Option<FunctionArn>,
    /// The versions the action is bound to since the last applied change.
    #[serde(default)]
    pub bound: Vec<SecretVersion>,
    /// The latest change, open or done.
    #[serde(default)]
    pub change: Option<Change>,
    /// A desired state that was tried and rejected.
    #[serde(default)]
    pub held: Option<Held>,
    /// The end of the binding's evidence chain.
    #[serde(default)]
    pub chain: ChainHead,
}

impl BindingState {
    /// The state of a binding that was never touched.
    pub fn new(organization: OrganizationId, key: Key) -> Self {
        Self {
            schema: 1,
            organization,
            key,
            action_id: None,
            integration_id: None,
            credential_id: None,
            credentials: BTreeMap::new(),
            function: None,
            bound: Vec::new(),
            change: None,
            held: None,
            chain: ChainHead::default(),
        }
    }

    /// Whether this desired state was tried and rejected, and nothing has changed since.
    pub fn holds(&self, change: &ChangeId) -> Option<&Held> {
        self.held.as_ref().filter(|held| held.change_id == *change)
    }
}

/// A desired state not to be tried again until a newer version, a new manifest, or a person
/// says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The rejected desired state.
    pub change_id: ChangeId,
    /// Since when.
    pub since: Timestamp,
    /// Why.
    pub because: String,
}

/// The end of a binding's evidence chain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainHead {
    /// How many records there are.
    pub length: u64,
    /// The hash of the last one.
    pub hash: Option<Digest>,
    /// Where the last one is (S3 URI).
    pub uri: Option<String>,
}

/// One recorded transaction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Its id.
    pub id: ChangeId,
    /// 1 the first time this desired state is sought, one more each time it has to be restored
    /// (drift) or is tried again (a cleared hold).
    pub attempt: u32,
    /// When it was recorded.
    pub opened_at: Timestamp,
    /// Where the audit window begins: when it was recorded, or, where it took the place of changes
    /// that had no verdict yet, when the first of those was.
    pub window_from: Timestamp,
    /// Until when an earlier verdict has judged: what that one named is not held against this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judged_until: Option<Timestamp>,
    /// Changes without a verdict that this one took the place of: its verdict covers their window.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub supersedes: Vec<ChangeId>,
    /// Why it began.
    pub reason: Option<String>,
    /// The versions it binds.
    pub secrets: Vec<SecretVersion>,
    /// The plan, with outcomes as they come.
    pub steps: Vec<Step>,
    /// What the action looked like before, to go back to.
    pub previous: Option<PreviousAction>,
    /// What the slots of integrations pointed at before, by the manifest keys of the credentials.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub previous_credentials: BTreeMap<Key, PreviousCredential>,
    /// What went wrong with which credential, by manifest key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub troubles: BTreeMap<Key, String>,
    /// Whether the credentials are being moved back. Recorded before the first of them is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub going_back: bool,
    /// What the live test said.
    pub test: Option<TestRecord>,
    /// Deliveries in which the live test was answered without a verdict.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub tests_without_verdict: u32,
    /// The audit records that must come to exist.
    pub expected: Vec<Expected>,
    /// When the last write was done: the audit window ends soon after.
    pub applied_at: Option<Timestamp>,
    /// Where it stands.
    pub phase: Phase,
    /// Notes for the reader.
    #[serde(default)]
    pub notices: Vec<String>,
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// An action as it was before a change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PreviousAction {
    /// Its name.
    pub name: String,
    /// Its category.
    pub category: String,
    /// Its config, complete with both templates.
    pub config: ActionConfig,
    /// Its version at Genesys.
    pub version: i64,
    /// The secret versions it was bound to, where we had bound it.
    pub secrets: Vec<SecretVersion>,
}

/// What a live test said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestRecord {
    /// When it ran.
    pub at: Timestamp,
    /// Whether it ran on the draft, before the change was live.
    pub on_draft: bool,
    /// Whether it passed.
    pub passed: bool,
    /// Genesys' own steps, by name, and whether each succeeded.
    pub operations: Vec<(String, bool)>,
    /// What went wrong. Results of the function are left out: they may hold what callers told it.
    pub problem: Option<String>,
}

/// Where a change stands. Each phase names what is to be done next after a crash.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Recorded; writes may have been made. Next: observe, plan, go on.
    Applying,
    /// Written and read back. Next: the live test.
    Testing,
    /// Bound, tested and announced. Next: the verdict.
    Verifying {
        /// Whether the live test failed and the binding was kept all the same.
        unhealthy: bool,
    },
    /// Done.
    Ended {
        /// How.
        end: End,
        /// When.
        at: Timestamp,
    },
}

/// How a change ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// Every expected record is there and nobody else's.
    Verified,
    /// Somebody else's, a failed or an unplanned record, or drift.
    Violated {
        /// What was found.
        findings: Vec<Finding>,
    },
    /// The deadline passed before the records came.
    Unverified {
        /// What is missing.
        missing: Vec<String>,
    },
    /// It could not be applied.
    Failed {
        /// Why.
        because: String,
    },
    /// It was applied or drafted, rejected by its test, and taken back.
    RolledBack {
        /// Why.
        because: String,
    },
    /// Of the credentials of one secret some were moved, and could not be moved back.
    Split {
        /// Where each of them stands.
        standing: Vec<String>,
    },
}

impl Change {
    /// A change about to be applied. `before` is the binding's latest one.
    pub fn begin(
        id: ChangeId,
        attempt: u32,
        secrets: Vec<SecretVersion>,
        before: Option<&Self>,
        now: Timestamp,
    ) -> Self {
        let unproved = before.filter(|before| !before.is_ended());
        let supersedes = unproved
            .map(|before| {
                let mut ids = before.supersedes.clone();
                ids.push(before.id.clone());
                ids
            })
            .unwrap_or_default();
        Self {
            id,
            attempt,
            opened_at: now,
            window_from: unproved.map_or(now, |before| before.window_from),
            judged_until: before.and_then(Self::judged_by),
            supersedes,
            reason: None,
            secrets,
            steps: Vec::new(),
            previous: None,
            previous_credentials: BTreeMap::new(),
            troubles: BTreeMap::new(),
            going_back: false,
            test: None,
            tests_without_verdict: 0,
            expected: unproved
                .map(|before| before.expected.clone())
                .unwrap_or_default(),
            applied_at: None,
            phase: Phase::Applying,
            notices: Vec::new(),
        }
    }

    /// Until when this change, or one before it, has been judged.
    fn judged_by(&self) -> Option<Timestamp> {
        match &self.phase {
            Phase::Ended {
                end: End::Verified | End::Violated { .. } | End::Unverified { .. },
                at,
            } => Some(*at),
            Phase::Ended { .. } | Phase::Applying | Phase::Testing | Phase::Verifying { .. } => {
                self.judged_until
            }
        }
    }

    /// Whether it was recorded and has not been carried out to its end.
    pub fn is_under_way(&self) -> bool {
        matches!(self.phase, Phase::Applying | Phase::Testing)
    }

    /// Whether nothing is left to be done.
    pub fn is_ended(&self) -> bool {
        matches!(self.phase, Phase::Ended { .. })
    }
}

/// What is to be done about a desired state, given what is remembered and whether the world
/// differs from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Nothing: it holds, and it was recorded.
    Idle,
    /// It was tried and rejected.
    Held {
        /// Why.
        because: String,
    },
    /// The world differs while a verdict is awaited. Repairing now would wipe the traces that the
    /// verdict is about; it will find the difference, and the next look repairs it.
    AwaitVerdict,
    /// The latest change was cut off: go on with it.
    GoOn,
    /// Record a new change, or a further attempt at the same one.
    Begin {
        /// Which.
        attempt: u32,
    },
}

/// Decides what turn a look at a binding takes.
pub fn turn(state: &BindingState, id: &ChangeId, world_differs: bool, retry: bool) -> Turn {
    let held = state.holds(id);
    if let Some(held) = held
        && !retry
    {
        return Turn::Held {
            because: held.because.clone(),
        };
    }
    let Some(change) = state.change.as_ref().filter(|change| change.id == *id) else {
        return Turn::Begin { attempt: 1 };
    };
    let again = Turn::Begin {
        attempt: change.attempt + 1,
    };
    match &change.phase {
        Phase::Applying | Phase::Testing => Turn::GoOn,
        Phase::Verifying { .. } if held.is_some() => again,
        Phase::Verifying { .. } if world_differs => Turn::AwaitVerdict,
        Phase::Verifying { .. } => Turn::Idle,
        Phase::Ended { end, .. } => match end {
            _ if world_differs || held.is_some() => again,
            End::Failed { .. } => again,
            End::Verified
            | End::Violated { .. }
            | End::Unverified { .. }
            | End::RolledBack { .. }
            | End::Split { .. } => Turn::Idle,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> ChangeId {
        ChangeId(text.into())
    }

    fn remembering(phase: Phase) -> BindingState {
        let mut state = BindingState::new("org".parse().unwrap(), "key".parse().unwrap());
        let mut change = Change::begin(id("a"), 1, vec![], None, Timestamp::UNIX_EPOCH);
        change.phase = phase;
        state.change = Some(change);
        state
    }

    fn ended(end: End) -> Phase {
        Phase::Ended {
            end,
            at: Timestamp::UNIX_EPOCH,
        }
    }

    const VERIFYING: Phase = Phase::Verifying { unhealthy: false };

    #[test]
    fn five_deliveries_of_one_trigger_are_one_change() {
        for phase in [VERIFYING, ended(End::Verified)] {
            assert_eq!(
                turn(&remembering(phase), &id("a"), false, false),
                Turn::Idle
            );
        }
    }

    #[test]
    fn a_change_that_was_cut_off_is_gone_on_with() {
        for phase in [Phase::Applying, Phase::Testing] {
            for differs in [false, true] {
                let state = remembering(phase.clone());
                assert_eq!(turn(&state, &id("a"), differs, false), Turn::GoOn);
            }
        }
    }

    #[test]
    fn drift_after_the_verdict_is_another_attempt_and_before_it_waits_for_the_verdict() {
        let after = remembering(ended(End::Verified));
        assert_eq!(
            turn(&after, &id("a"), true, false),
            Turn::Begin { attempt: 2 }
        );
        let before = remembering(VERIFYING);
        assert_eq!(turn(&before, &id("a"), true, false), Turn::AwaitVerdict);
    }

    #[test]
    fn a_newer_version_does_not_wait_and_covers_the_window_of_the_one_before() {
        let state = remembering(VERIFYING);
        assert_eq!(
            turn(&state, &id("b"), true, false),
            Turn::Begin { attempt: 1 }
        );
        let later = Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_secs(9);
        let next = Change::begin(id("b"), 1, vec![], state.change.as_ref(), later);
        assert_eq!(next.window_from, Timestamp::UNIX_EPOCH);
        assert_eq!(next.supersedes, [id("a")]);
    }

    #[test]
    fn what_a_verdict_has_judged_is_not_judged_again() {
        let verdict = Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_secs(5);
        let mut state = remembering(Phase::Ended {
            end: End::Violated { findings: vec![] },
            at: verdict,
        });
        let mut next = || {
            let change = Change::begin(id("b"), 1, vec![], state.change.as_ref(), verdict);
            state.change = Some(change.clone());
            change.judged_until
        };
        assert_eq!(next(), Some(verdict));
        assert_eq!(
            next(),
            Some(verdict),
            "also where the one between had no verdict"
        );
    }

    #[test]
    fn what_was_rejected_is_tried_again_only_when_somebody_says_so() {
        let mut state = remembering(ended(End::RolledBack {
            because: "its test failed".into(),
        }));
        state.held = Some(Held {
            change_id: id("a"),
            since: Timestamp::UNIX_EPOCH,
            because: "its test failed".into(),
        });
        assert!(matches!(
            turn(&state, &id("a"), true, false),
            Turn::Held { .. }
        ));
        assert_eq!(
            turn(&state, &id("a"), true, true),
            Turn::Begin { attempt: 2 }
        );
        assert_eq!(
            turn(&state, &id("b"), true, false),
            Turn::Begin { attempt: 1 }
        );
    }

    #[test]
    fn what_failed_is_tried_again_at_the_next_trigger() {
        let state = remembering(ended(End::Failed {
            because: "403".into(),
        }));
        assert_eq!(
            turn(&state, &id("a"), false, false),
            Turn::Begin { attempt: 2 }
        );
    }
}
