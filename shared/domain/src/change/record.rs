//! The record of one change.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ChangeId, Denial, DesiredId, PreviousCredential, SecretVersion};
use crate::arn::FunctionArn;
use crate::digest::Digest;
use crate::finding::Finding;
use crate::ids::{ClientId, Key};
use crate::plan::Step;
use crate::rebind::ActionView;
use crate::verdict::Expected;

/// One recorded transaction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Its id.
    pub id: ChangeId,
    /// The id of the desired state that it reaches: its own, but of a change that the previous
    /// release recorded none until it is recognized ([`super::BindingState::recognize`]).
    #[serde(default)]
    pub desired: Option<ChangeId>,
    /// Its number among the binding's changes and verdicts: every event about it carries this
    /// number, and no later event of another change or verdict does.
    pub sequence: u64,
    /// The number of a second verdict that is being given: recorded before the event is emitted, so
    /// that a repeated emission carries the same one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reserved: Option<u64>,
    /// 1 the first time this desired state is sought, one more each time it has to be restored
    /// (drift) or is tried again (a cleared hold).
    pub attempt: u32,
    /// When it was recorded.
    pub opened_at: Timestamp,
    /// Where the audit window begins: when it was recorded, or, where it took the place of changes
    /// that had no verdict yet, when the first of those was.
    pub window_from: Timestamp,
    /// Until when an earlier verdict has judged: this one is not judged by what that one named.
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
    /// The action as it was before, to go back to.
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
    /// The version of the action that a draft is about to be published over: the one that the plan
    /// was made on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publishes_over: Option<i64>,
    /// Set where another version was published over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overwrote: Option<Overwrote>,
    /// What the live test said.
    pub test: Option<TestRecord>,
    /// Deliveries in which the live test was answered without a verdict.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub tests_without_verdict: u32,
    /// The OAuth clients through which Lockstep has written to the binding, and until when, those
    /// of earlier changes included: a replaced client's records are still ours.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub clients: BTreeMap<ClientId, Timestamp>,
    /// The audit records that the change must leave.
    pub expected: Vec<Expected>,
    /// When the last write was done; one that only cleaned up counts where there was no other. What
    /// was written has to settle from then on, and its verdict is due some time after.
    pub applied_at: Option<Timestamp>,
    /// How far it is.
    pub phase: Phase,
    /// Notes for the reader.
    #[serde(default)]
    pub notices: Vec<String>,
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// An action as it was before a change. Its configuration may hold what other people keep secret,
/// such as an API key in a header, so only a digest of it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PreviousAction {
    /// The function that it called, where it called one.
    pub function: Option<FunctionArn>,
    /// Of its name, category and configuration.
    pub digest: Digest,
    /// Its version at Genesys.
    pub version: i64,
    /// The secret versions it was bound to, where we had bound it.
    pub secrets: Vec<SecretVersion>,
}

impl PreviousAction {
    /// What is kept of an action that was bound to `secrets`.
    pub fn new(view: &ActionView, version: i64, secrets: Vec<SecretVersion>) -> Self {
        Self {
            function: view.config.request_url_template.parse().ok(),
            digest: view.digest(),
            version,
            secrets,
        }
    }
}

/// A version of an action that was published over somebody else's. Publishing checks the version of
/// the draft, not that of the action, so what another writer changed since the action was read is
/// replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overwrote {
    /// The version that the plan was made on.
    pub read: i64,
    /// The version that was published.
    pub published: i64,
}

impl Overwrote {
    /// What publishing over the version `read` came to, where the action's version is `published`
    /// now: nothing was overwritten where it is the next one, or where the platform does not raise
    /// it for templates.
    pub fn of(read: i64, published: i64) -> Option<Self> {
        (published > read + 1).then_some(Self { read, published })
    }
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
    /// What went wrong. Results of the function are omitted: they may contain data of callers.
    pub problem: Option<String>,
    /// Set where it failed because AWS refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denial: Option<Denial>,
}

/// How far a change is. Each phase names what is to be done next after a crash.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Recorded; writes may have been made. Next: observe, plan, continue.
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
    /// It was applied or drafted, rejected by its test, and rolled back.
    RolledBack {
        /// Why.
        because: String,
    },
    /// Of the credentials of one secret some were moved, and could not be moved back.
    Split {
        /// What each slot points at.
        standing: Vec<String>,
    },
}

impl End {
    /// Why, in words.
    pub fn because(&self) -> String {
        match self {
            Self::Failed { because } | Self::RolledBack { because } => because.clone(),
            Self::Split { standing } => format!("the slots now refer to: {}", standing.join("; ")),
            Self::Verified => "verified".into(),
            Self::Violated { .. } => "violated".into(),
            Self::Unverified { .. } => "unverified".into(),
        }
    }
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
            desired: Some(id.clone()),
            id,
            sequence: before.map_or(1, |before| before.number() + 1),
            reserved: None,
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
            publishes_over: None,
            overwrote: None,
            test: None,
            tests_without_verdict: 0,
            clients: before
                .map(|before| before.clients.clone())
                .unwrap_or_default(),
            expected: unproved
                .map(|before| before.expected.clone())
                .unwrap_or_default(),
            applied_at: None,
            phase: Phase::Applying,
            notices: Vec::new(),
        }
    }

    /// A change of a credential set about to be applied. A credential may move to the set of
    /// another secret, and its numbers must not go back: those of sets are at least the
    /// milliseconds since
    /// 1970, so that a change is above every earlier one of any set.
    pub(super) fn begin_set(
        id: ChangeId,
        attempt: u32,
        secrets: Vec<SecretVersion>,
        before: Option<&Self>,
        now: Timestamp,
    ) -> Self {
        let change = Self::begin(id, attempt, secrets, before, now);
        let clock = u64::try_from(now.as_millisecond()).unwrap_or_default();
        Self {
            sequence: change.sequence.max(clock),
            ..change
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

    /// Whether it reaches this desired state.
    pub fn reaches(&self, desired: &DesiredId) -> bool {
        desired.was_recorded(&self.id, self.desired.as_ref())
    }

    /// Gives a second verdict a number of its own. Answers whether it has to be recorded before
    /// the verdict is announced.
    pub fn reserve_number(&mut self) -> bool {
        let is_new = self.is_ended() && self.reserved.is_none();
        if is_new {
            self.reserved = Some(self.sequence + 1);
        }
        is_new
    }

    /// The number that the next event about it carries.
    pub fn number(&self) -> u64 {
        self.reserved.unwrap_or(self.sequence)
    }

    /// Ends it, or gives it another end.
    pub fn end(&mut self, end: End, at: Timestamp) {
        self.sequence = self.number();
        self.reserved = None;
        self.phase = Phase::Ended { end, at };
    }

    /// Remembers through which client the binding is written to.
    pub fn written_through(&mut self, client: &ClientId, at: Timestamp) {
        self.clients.insert(client.clone(), at);
    }

    /// What is wrong with each credential, in one line; none where nothing is.
    pub fn all_troubles(&self) -> Option<String> {
        let troubles = self.troubles.iter();
        let lines: Vec<String> = troubles
            .map(|(key, what)| format!("{key}: {what}"))
            .collect();
        (!lines.is_empty()).then(|| lines.join("; "))
    }

    /// Why it ended so for what is bound under `key`: for all of it, and what is wrong with that
    /// one.
    pub fn reason_of(&self, end: &End, key: &Key) -> String {
        let common = match end {
            End::Split { .. } => {
                let troubles = self.all_troubles().unwrap_or_default();
                format!("{troubles}; {}", end.because())
            }
            End::Failed { .. }
            | End::RolledBack { .. }
            | End::Verified
            | End::Violated { .. }
            | End::Unverified { .. } => end.because(),
        };
        match self.troubles.get(key) {
            Some(own) if !common.contains(own.as_str()) => format!("{own}; {common}"),
            Some(_) | None => common,
        }
    }

    /// Whether it was recorded and has not been carried out to its end.
    pub fn is_under_way(&self) -> bool {
        matches!(self.phase, Phase::Applying | Phase::Testing)
    }

    /// Whether nothing more is to be done.
    pub fn is_ended(&self) -> bool {
        matches!(self.phase, Phase::Ended { .. })
    }
}
