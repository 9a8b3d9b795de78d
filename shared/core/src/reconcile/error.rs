//! Why a binding could not be bound.

use std::time::Duration;

use lockstep_domain::change::NoChange;
use lockstep_domain::ids::{IntegrationId, Key};
use lockstep_domain::plan::FailureKind;
use lockstep_domain::rebind::{Refusal, Reported};

use crate::aws::AwsError;
use crate::genesys::SessionError;
use crate::store::StoreError;

/// How long a change needs to settle.
const SOON: Duration = Duration::from_secs(30);

/// Why a binding could not be bound. Holds no secret, not even in `Debug`.
#[derive(Debug, thiserror::Error)]
pub enum RebindError {
    /// AWS refused or did not answer.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// The state could not be read or written.
    #[error("the binding's state could not be read or written")]
    Store(#[from] StoreError),
    /// No session with the organization.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// Genesys Cloud refused or did not answer.
    #[error(transparent)]
    Genesys(#[from] genesys_cloud::Error),
    /// The planner refuses.
    #[error("{}", .0.problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Refused(Refusal),
    /// A secret has no current version.
    #[error("{because}; Lockstep changes nothing until it has one")]
    SecretGone {
        /// Which, and why.
        because: String,
    },
    /// An answer of Genesys Cloud lacks what it must have.
    #[error("Genesys Cloud returned a response without {what}")]
    Incomplete {
        /// What is missing.
        what: &'static str,
    },
    /// Genesys Cloud found the draft invalid.
    #[error("Genesys Cloud rejects the draft as invalid: {problems}")]
    InvalidDraft {
        /// Its words.
        problems: String,
    },
    /// The integration did not become active.
    #[error("the integration {id} is not active: {state}")]
    NotActive {
        /// Which.
        id: String,
        /// What it reports instead.
        state: Reported,
    },
    /// The live test keeps failing to assume the role or to invoke, and the role was changed so
    /// lately that this may pass.
    #[error("the live test cannot pass until the role change has settled: {problem}")]
    Settling {
        /// What the test said last.
        problem: String,
    },
    /// The live test was answered, or not answered, without a result. It writes nothing.
    #[error("the live test has no result yet: {problem}")]
    NoVerdict {
        /// What was answered instead.
        problem: String,
    },
    /// What goes live at once has to wait until IAM shows the role everywhere.
    #[error(
        "the role {role} was changed recently; Lockstep waits for the settle time before the \
             binding goes live"
    )]
    RoleChangedLately {
        /// Its name.
        role: String,
        /// How much longer.
        after: Duration,
    },
    /// A create was sent, and it is unknown whether it took effect.
    #[error(
        "Genesys Cloud did not answer a create request, which may have taken effect; Lockstep \
         waits until a listing would show the new resource"
    )]
    CreateInDoubt {
        /// How much longer.
        after: Duration,
    },
    /// The integration is being created or changed on behalf of another binding, or by an earlier
    /// invocation of this one.
    #[error("the integration {integration} is being created or changed for {holder}")]
    IntegrationTaken {
        /// The integration's manifest key.
        integration: Key,
        /// On whose behalf.
        holder: Key,
        /// When to ask again.
        after: Duration,
    },
    /// The integration's config was read as it was before our own last write.
    #[error(
        "Genesys Cloud returned version {seen} of the config of the integration {id}, but Lockstep \
         has already written version {written}"
    )]
    StaleRead {
        /// The integration.
        id: IntegrationId,
        /// The version that was read.
        seen: i64,
        /// The version that our own write had answered.
        written: i64,
    },
    /// Remote state kept changing.
    #[error("remote state changed during {rounds} consecutive attempts")]
    Unsettled {
        /// How many.
        rounds: u32,
    },
    /// The action is not of this manifest.
    #[error("the action's integration is not in the manifest")]
    NotOfThisManifest,
    /// A step came before its change was recorded. A mistake of ours.
    #[error(transparent)]
    NoChange(#[from] NoChange),
    /// The secret's value lacks the fields that the manifest names. Quotes nothing of it.
    #[error(
        "the value of {secret}, version {version_id}, does not have the fields that the manifest \
         names: {}",
        .problems.join("; ")
    )]
    Value {
        /// The secret.
        secret: String,
        /// The version that was read.
        version_id: String,
        /// Field by field.
        problems: Vec<String>,
    },
    /// A slot no longer refers to what it referred to when the plan was made.
    #[error("someone else switched the slot to another credential in the meantime")]
    SlotMoved,
    /// A credential that was deleted still exists.
    #[error("the credential {id} still exists after its deletion")]
    StillThere {
        /// Which.
        id: String,
    },
}

impl RebindError {
    pub(super) fn incomplete(what: &'static str) -> Self {
        Self::Incomplete { what }
    }

    /// Of which kind the failure of a step is that this error stopped.
    pub(super) fn failure_kind(&self) -> FailureKind {
        self.kind().into()
    }

    /// Whether to observe and plan again: someone else wrote in between, or it is unknown whether a
    /// write took effect.
    pub(super) fn asks_to_observe_again(&self) -> bool {
        match self {
            Self::Genesys(error) => error.is_conflict() || error.applied_unknown(),
            Self::SlotMoved => true,
            Self::Aws(_)
            | Self::Store(_)
            | Self::Session(_)
            | Self::Refused(_)
            | Self::SecretGone { .. }
            | Self::Incomplete { .. }
            | Self::InvalidDraft { .. }
            | Self::NotActive { .. }
            | Self::Settling { .. }
            | Self::NoVerdict { .. }
            | Self::RoleChangedLately { .. }
            | Self::CreateInDoubt { .. }
            | Self::IntegrationTaken { .. }
            | Self::StaleRead { .. }
            | Self::Unsettled { .. }
            | Self::NotOfThisManifest
            | Self::NoChange(_)
            | Self::Value { .. }
            | Self::StillThere { .. } => false,
        }
    }

    /// Whether a redelivery can succeed without a repair.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Aws(error) => error.is_transient(),
            Self::Store(error) => error.is_transient(),
            Self::Session(error) => error.is_transient(),
            Self::Genesys(error) => error.is_transient(),
            Self::NotActive { state, .. } => state.may_become_active(),
            Self::Settling { .. }
            | Self::NoVerdict { .. }
            | Self::RoleChangedLately { .. }
            | Self::CreateInDoubt { .. }
            | Self::IntegrationTaken { .. }
            | Self::StaleRead { .. }
            | Self::Unsettled { .. }
            | Self::SlotMoved
            | Self::StillThere { .. } => true,
            Self::Refused(_)
            | Self::SecretGone { .. }
            | Self::Incomplete { .. }
            | Self::InvalidDraft { .. }
            | Self::NotOfThisManifest
            | Self::NoChange(_)
            | Self::Value { .. } => false,
        }
    }

    /// When a redelivery can help, where that is known: when the platform said so, or when what was
    /// changed has settled.
    pub fn comes_back_after(&self) -> Option<Duration> {
        match self {
            Self::Genesys(error) | Self::Session(SessionError::Genesys(error)) => {
                error.retry_after()
            }
            Self::NotActive { .. } | Self::Settling { .. } => Some(SOON),
            Self::RoleChangedLately { after, .. }
            | Self::CreateInDoubt { after }
            | Self::IntegrationTaken { after, .. } => Some(*after),
            Self::Aws(_)
            | Self::Store(_)
            | Self::Session(_)
            | Self::Refused(_)
            | Self::SecretGone { .. }
            | Self::Incomplete { .. }
            | Self::InvalidDraft { .. }
            | Self::NoVerdict { .. }
            | Self::StaleRead { .. }
            | Self::Unsettled { .. }
            | Self::NotOfThisManifest
            | Self::NoChange(_)
            | Self::Value { .. }
            | Self::SlotMoved
            | Self::StillThere { .. } => None,
        }
    }

    /// A stable name for outcomes and alarms.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Aws(error) => error.kind.as_str(),
            Self::Store(_) => "state",
            Self::Session(_) => "sign_in",
            Self::Genesys(error) if error.applied_unknown() => "answer_lost",
            Self::Genesys(error) => genesys_kind(error),
            Self::Refused(_) => "refused",
            Self::SecretGone { .. } => "secret_gone",
            Self::Incomplete { .. } => "incomplete_answer",
            Self::InvalidDraft { .. } => "invalid_draft",
            Self::NotActive { .. } => "integration_not_active",
            Self::Settling { .. } | Self::RoleChangedLately { .. } => "settling",
            Self::NoVerdict { .. } => "no_verdict",
            Self::CreateInDoubt { .. } => "create_in_doubt",
            Self::IntegrationTaken { .. } => "integration_taken",
            Self::StaleRead { .. } => "stale_read",
            Self::Unsettled { .. } => "unsettled",
            Self::Value { .. } => "secret_value",
            Self::SlotMoved => "moved",
            Self::StillThere { .. } => "still_there",
            Self::NotOfThisManifest | Self::NoChange(_) => "internal",
        }
    }
}

fn genesys_kind(error: &genesys_cloud::Error) -> &'static str {
    use genesys_cloud::ErrorKind;
    match error.kind() {
        ErrorKind::NotFound => "not_found",
        ErrorKind::Conflict => "conflict",
        ErrorKind::Denied { .. } => "denied",
        ErrorKind::FunctionDenied => "function_denied",
        ErrorKind::Unauthorized => "unauthorized",
        ErrorKind::BadRequest { .. } => "bad_request",
        ErrorKind::RateLimited { .. } => "rate_limited",
        ErrorKind::Unavailable => "unavailable",
        ErrorKind::Transport(_) => "transport",
        ErrorKind::Garbled => "garbled",
        ErrorKind::OutOfTime => "out_of_time",
    }
}
