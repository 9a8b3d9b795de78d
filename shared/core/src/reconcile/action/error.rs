//! Why a binding could not be bound.

use std::time::Duration;

use lockstep_domain::ids::{IntegrationId, Key};
use lockstep_domain::plan::ANSWER_LOST;
use lockstep_domain::rebind::Refusal;

use crate::aws::AwsError;
use crate::genesys::SessionError;
use crate::store::StoreError;

/// How long it takes until what was changed has settled.
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
    #[error("{because}; the action is not touched")]
    SecretGone {
        /// Which, and why.
        because: String,
    },
    /// An answer of Genesys Cloud lacks what it must have.
    #[error("Genesys Cloud answered without {what}")]
    Incomplete {
        /// What is missing.
        what: &'static str,
    },
    /// Genesys judged our draft invalid.
    #[error("Genesys Cloud judges the draft invalid: {problems}")]
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
        state: String,
        /// Whether it may still come.
        still_coming: bool,
    },
    /// The live test keeps failing to assume the role or to invoke, and the role was changed so
    /// lately that this may pass.
    #[error("the live test can't pass until the changed role has settled: {problem}")]
    Settling {
        /// What the test said last.
        problem: String,
    },
    /// The live test was answered, or not answered, without a result. It writes nothing.
    #[error("the live test has no verdict yet: {problem}")]
    NoVerdict {
        /// What was answered instead.
        problem: String,
    },
    /// What goes live at once has to wait until IAM shows the role everywhere.
    #[error(
        "the role {role} was changed lately, and what goes live at once waits until IAM has settled"
    )]
    RoleChangedLately {
        /// Its name.
        role: String,
        /// How much longer.
        after: Duration,
    },
    /// A create was sent, and nobody knows whether it took effect.
    #[error(
        "a create was sent whose answer was lost: it may still take effect, and is looked for when \
         that would show"
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
        "the config of the integration {id} was read at version {seen}, and Lockstep has written \
         version {written}"
    )]
    StaleRead {
        /// The integration.
        id: IntegrationId,
        /// The version that was read.
        seen: i64,
        /// The version that our own write had answered.
        written: i64,
    },
    /// Others kept changing what was being changed.
    #[error("the world moved under {rounds} plans in a row")]
    Unsettled {
        /// How many.
        rounds: u32,
    },
    /// The action is not of this manifest.
    #[error("the action's integration is not in the manifest")]
    NotOfThisManifest,
    /// A step came before its change was recorded. A mistake of ours.
    #[error("no change is recorded")]
    NoChange,
}

impl RebindError {
    /// Whether reading again and planning again is what the error asks for: somebody else wrote in
    /// between, or nobody knows whether a write was carried out.
    pub(crate) fn asks_to_look_again(&self) -> bool {
        match self {
            Self::Genesys(error) => error.is_conflict() || error.applied_unknown(),
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
            | Self::NoChange => false,
        }
    }

    /// Whether a redelivery can help without anybody doing anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Aws(error) => error.is_transient(),
            Self::Store(error) => error.is_transient(),
            Self::Session(error) => error.is_transient(),
            Self::Genesys(error) => error.is_transient(),
            Self::NotActive { still_coming, .. } => *still_coming,
            Self::Settling { .. }
            | Self::NoVerdict { .. }
            | Self::RoleChangedLately { .. }
            | Self::CreateInDoubt { .. }
            | Self::IntegrationTaken { .. }
            | Self::StaleRead { .. }
            | Self::Unsettled { .. } => true,
            Self::Refused(_)
            | Self::SecretGone { .. }
            | Self::Incomplete { .. }
            | Self::InvalidDraft { .. }
            | Self::NotOfThisManifest
            | Self::NoChange => false,
        }
    }

    /// When a redelivery is worth it, where it can be told: when the platform said, or when what
    /// was changed has settled.
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
            | Self::NoChange => None,
        }
    }

    /// A stable word for outcomes and alarms.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Aws(error) => error.kind.as_str(),
            Self::Store(_) => "state",
            Self::Session(_) => "sign_in",
            Self::Genesys(error) if error.applied_unknown() => ANSWER_LOST,
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
            Self::NotOfThisManifest | Self::NoChange => "internal",
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
