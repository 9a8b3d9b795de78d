//! Changes and their verdicts, in the order in which they happened.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::change::{BindingState, Change, ChangeId, End, Phase, SecretVersion};
use crate::evidence::Record;
use crate::ids::Key;

/// Something that happened to a binding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Moment {
    /// When.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub at: Timestamp,
    /// The binding.
    pub key: Key,
    /// The change.
    pub change_id: ChangeId,
    /// Which attempt of it.
    pub attempt: u32,
    /// What happened.
    pub happening: Happening,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Happening {
    /// The change was recorded and begun.
    Opened {
        /// The secret versions that it binds.
        secrets: Vec<SecretVersion>,
        /// Why it began.
        reason: Option<String>,
    },
    /// Its last write was made.
    Applied,
    /// It ended.
    Ended {
        /// How.
        verdict: VerdictKind,
        /// Why, where it was not verified.
        because: Option<String>,
        /// The evidence record (S3 URI), where it has been stored.
        evidence: Option<String>,
    },
}

impl Moment {
    /// What happened to a binding since `from`: by its evidence records, and by its state for a change
    /// that has no verdict yet. `uri` is where a record is stored.
    pub fn of(
        key: &Key,
        state: &BindingState,
        records: &[Record],
        from: Timestamp,
        uri: impl Fn(u64) -> String,
    ) -> Vec<Self> {
        let mut moments: Vec<Self> = records
            .iter()
            .flat_map(|record| of_record(key, record, uri(record.sequence)))
            .collect();
        if let Some(change) = state.change.as_ref().filter(|change| !change.is_ended()) {
            moments.extend(of_open(key, change));
        }
        moments.retain(|moment| moment.at >= from);
        moments.sort();
        moments.dedup();
        moments
    }
}

fn of_record(key: &Key, record: &Record, uri: String) -> Vec<Moment> {
    let body = &record.body;
    let moment = |at: Timestamp, happening: Happening| Moment {
        at,
        key: key.clone(),
        change_id: body.change_id.clone(),
        attempt: body.attempt,
        happening,
    };
    let opened = Happening::Opened {
        secrets: body.secrets.clone(),
        reason: body.reason.clone(),
    };
    let ended = Happening::Ended {
        verdict: VerdictKind::of(&body.verdict),
        because: because(&body.verdict),
        evidence: Some(uri),
    };
    let applied = body.applied_at.map(|at| moment(at, Happening::Applied));
    let mut moments = vec![moment(body.opened_at, opened)];
    moments.extend(applied);
    moments.push(moment(record.at, ended));
    moments
}

fn of_open(key: &Key, change: &Change) -> Vec<Moment> {
    let moment = |at: Timestamp, happening: Happening| Moment {
        at,
        key: key.clone(),
        change_id: change.id.clone(),
        attempt: change.attempt,
        happening,
    };
    let opened = Happening::Opened {
        secrets: change.secrets.clone(),
        reason: change.reason.clone(),
    };
    let verifying = matches!(change.phase, Phase::Verifying { .. });
    let applied = change.applied_at.filter(|_| verifying);
    let applied = applied.map(|at| moment(at, Happening::Applied));
    std::iter::once(moment(change.opened_at, opened))
        .chain(applied)
        .collect()
}

/// Why a change ended so; nothing where it was verified.
fn because(end: &End) -> Option<String> {
    match end {
        End::Verified => None,
        End::Violated { findings } => {
            let what: Vec<&str> = findings.iter().map(|one| one.what.as_str()).collect();
            Some(what.join("; "))
        }
        End::Unverified { missing } => Some(missing.join("; ")),
        End::Failed { because } | End::RolledBack { because } => Some(because.clone()),
        End::Split { standing } => Some(standing.join("; ")),
    }
}

/// How a change ended.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum VerdictKind {
    /// The audit log proves it.
    Verified,
    /// The audit log or the configuration contradicts it.
    Violated,
    /// The proof did not come in time.
    Unverified,
    /// It could not be applied.
    Failed,
    /// It was rejected by its test and rolled back.
    RolledBack,
    /// Some credentials of a secret were moved and could not be moved back.
    Split,
}

impl VerdictKind {
    /// Of the end of a change.
    pub fn of(end: &End) -> Self {
        match end {
            End::Verified => Self::Verified,
            End::Violated { .. } => Self::Violated,
            End::Unverified { .. } => Self::Unverified,
            End::Failed { .. } => Self::Failed,
            End::RolledBack { .. } => Self::RolledBack,
            End::Split { .. } => Self::Split,
        }
    }
}
