//! Why a rotation does not go on, and whose side it is about. What that is in words is in `words`.

mod words;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::arn::SecretArn;
use crate::ids::{ClientId, OrganizationId};

/// Which side has to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The secret, its labels and its tags.
    Aws,
    /// The OAuth client.
    Genesys,
    /// The manifest.
    Manifest,
}

impl Side {
    /// In words.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "AWS Secrets Manager",
            Self::Genesys => "Genesys Cloud",
            Self::Manifest => "the manifest",
        }
    }
}

/// Why a step is refused. Ids only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RotationRefusal {
    /// Secrets Manager does not rotate the secret.
    RotationDisabled,
    /// The token is no version of the secret.
    UnknownVersion,
    /// The token's version does not carry AWSPENDING.
    NotPending {
        /// The version that does.
        pending: Option<String>,
    },
    /// There is no current version.
    NoCurrent,
    /// the value under AWSCURRENT is not an OAuth client.
    CurrentUnreadable,
    /// No accepted manifest names the secret.
    NotInManifest,
    /// A manifest names the secret, and the stack's parameters do not cover that entry.
    NotCovered {
        /// Whose manifest it is, where it is current but for the entry.
        organization: Option<OrganizationId>,
        /// What is not covered.
        because: String,
        /// What to do about it.
        fix: String,
    },
    /// An accepted manifest can't be read, so what it names is not known.
    ManifestUnreadable {
        /// The client that would be reset; none where it is not known whether a manifest names the
        /// secret.
        client: Option<ClientId>,
        /// Which one, and why not.
        because: String,
    },
    /// There is no other client, and the tag does not allow to do without.
    NoAlternate,
    /// The pair is one client twice.
    SameClient {
        /// Which.
        client: ClientId,
    },
    /// We are signed in with the client that would be reset.
    Lockout {
        /// Which.
        client: ClientId,
        /// Whether it is the only one of its secret.
        single: bool,
    },
    /// Another secret names the client that would be reset.
    NamedElsewhere {
        /// Which.
        client: ClientId,
        /// The other secret.
        secret: Box<SecretArn>,
    },
    /// Whether another secret names the client that would be reset could not be found out.
    OtherUnreadable {
        /// Which.
        client: ClientId,
        /// The other secret.
        secret: Box<SecretArn>,
        /// Why not.
        because: String,
    },
    /// The organization has no such client.
    NoSuchClient {
        /// Which.
        client: ClientId,
    },
    /// The client can't sign in with client credentials.
    Unfit {
        /// Which.
        client: ClientId,
        /// Why.
        because: String,
    },
    /// Somebody still uses the client that would be reset.
    InUse {
        /// Which.
        client: ClientId,
        /// What for and how much, one line each.
        uses: Vec<String>,
        /// The latest day of it.
        latest: Date,
        /// From when on this use is no longer judged.
        possible_from: Date,
    },
    /// No whole day has passed yet in which nobody had a reason to use the client.
    TooEarly {
        /// Which.
        client: ClientId,
        /// When AWSCURRENT moved away from it.
        since: Timestamp,
        /// The first date (UTC) on which it can be judged.
        possible_from: Date,
    },
    /// Whether somebody uses the client could not be found out.
    UseUnknown {
        /// Which.
        client: ClientId,
        /// Why not.
        because: Unknown,
    },
    /// The version under AWSPENDING has no value yet.
    PendingEmpty,
    /// The value under AWSPENDING is not the pair in changed places.
    ForeignPending,
    /// AWSCURRENT was moved while the rotation was under way.
    CurrentMoved {
        /// The version that was current when it began.
        began_with: String,
        /// The version that is current now.
        found: String,
    },
    /// The new secret does not sign in.
    SignInRefused {
        /// The client.
        client: ClientId,
    },
    /// The client's allowed IP addresses leave this function out.
    AddressRefused {
        /// The client.
        client: ClientId,
    },
    /// A trial: the secret in AWSCURRENT does not sign in.
    CurrentRefused {
        /// The client.
        client: ClientId,
    },
    /// The new client may do less than the current one.
    Lacks {
        /// The new client.
        client: ClientId,
        /// What it lacks.
        missing: Vec<String>,
    },
    /// The version was not tested.
    NotTested,
}

/// Why it could not be found out whether somebody uses a client. `said` is what Genesys Cloud
/// answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// Lockstep's client may not ask.
    Denied {
        /// Its words.
        said: String,
    },
    /// The query itself is refused; asking again can't help.
    Rejected {
        /// Its words.
        said: String,
    },
    /// The query was taken and has no result.
    Unanswered {
        /// Its words.
        said: String,
    },
    /// What Lockstep itself did on the last day of the window does not show, so what others did may
    /// not show either.
    OwnUseMissing {
        /// That day.
        day: Date,
    },
}

impl RotationRefusal {
    /// A stable word.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::RotationDisabled => "rotation_disabled",
            Self::UnknownVersion => "unknown_version",
            Self::NotPending { .. } => "not_pending",
            Self::NoCurrent => "no_current",
            Self::CurrentUnreadable => "client_secret",
            Self::NotInManifest => "not_in_manifest",
            Self::NotCovered { .. } => "not_covered",
            Self::ManifestUnreadable { .. } => "manifest_unreadable",
            Self::NoAlternate => "no_alternate",
            Self::SameClient { .. } => "same_client",
            Self::Lockout { .. } => "lockout",
            Self::NamedElsewhere { .. } => "named_elsewhere",
            Self::OtherUnreadable { .. } => "other_secret_unreadable",
            Self::NoSuchClient { .. } => "no_such_client",
            Self::Unfit { .. } => "client_unfit",
            Self::InUse { .. } => "client_in_use",
            Self::TooEarly { .. } => "too_early",
            Self::UseUnknown { .. } => "use_unknown",
            Self::PendingEmpty => "pending_empty",
            Self::ForeignPending => "foreign_pending",
            Self::CurrentMoved { .. } => "current_moved",
            Self::SignInRefused { .. } => "sign_in_refused",
            Self::AddressRefused { .. } => "address_refused",
            Self::CurrentRefused { .. } => "current_refused",
            Self::Lacks { .. } => "permissions_missing",
            Self::NotTested => "not_tested",
        }
    }

    /// Which side has to be looked at.
    #[must_use]
    pub fn side(&self) -> Side {
        match self {
            Self::RotationDisabled
            | Self::UnknownVersion
            | Self::NotPending { .. }
            | Self::NoCurrent
            | Self::CurrentUnreadable
            | Self::NoAlternate
            | Self::SameClient { .. }
            | Self::Lockout { .. }
            | Self::NamedElsewhere { .. }
            | Self::OtherUnreadable { .. }
            | Self::CurrentRefused { .. }
            | Self::PendingEmpty
            | Self::ForeignPending
            | Self::CurrentMoved { .. }
            | Self::NotTested => Side::Aws,
            Self::NoSuchClient { .. }
            | Self::Unfit { .. }
            | Self::InUse { .. }
            | Self::TooEarly { .. }
            | Self::UseUnknown { .. }
            | Self::SignInRefused { .. }
            | Self::AddressRefused { .. }
            | Self::Lacks { .. } => Side::Genesys,
            Self::NotInManifest | Self::NotCovered { .. } | Self::ManifestUnreadable { .. } => {
                Side::Manifest
            }
        }
    }
}

impl std::error::Error for RotationRefusal {}
