//! Why a rotation does not go on, whose side it is about, and what to do.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::arn::SecretArn;
use crate::ids::ClientId;

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
pub enum Refusal {
    /// Secrets Manager does not rotate the secret.
    RotationDisabled,
    /// The token is no version of the secret.
    UnknownVersion,
    /// The token's version does not carry AWSPENDING.
    NotPending {
        /// The version that does.
        pending: Option<String>,
    },
    /// No version is in force.
    NoCurrent,
    /// AWSCURRENT does not hold an OAuth client.
    CurrentUnreadable,
    /// No manifest in force names the secret.
    NotInManifest,
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
    /// The client can't sign in by itself.
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
        /// The version in force when it began.
        began_with: String,
        /// The version in force now.
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
    /// The new client may do less than the one in force.
    Lacks {
        /// The new client.
        client: ClientId,
        /// What it lacks.
        missing: Vec<String>,
    },
    /// The version was not tested.
    NotTested,
}

/// Why it could not be found out whether somebody uses a client. `said` is what Genesys Cloud answered.
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
    /// What Lockstep itself did on the last day of the window does not show, so what others did may not
    /// show either.
    OwnUseMissing {
        /// That day.
        day: Date,
    },
}

impl Unknown {
    fn fix(&self) -> String {
        match self {
            Self::Denied { .. } => "Give Lockstep's client a role that has usage:client:view (oauth:client:view where the region has only the older usage query), and rotate again".to_owned(),
            Self::Rejected { .. } => "Neither a permission nor waiting helps: Genesys Cloud does not take the query. Update Lockstep, or report it with the correlation id".to_owned(),
            Self::Unanswered { .. } => "Rotate again later; if it stays, report it to Genesys with the correlation id".to_owned(),
            Self::OwnUseMissing { day } => format!(
                "Genesys Cloud computes use by whole days of UTC, some hours late: rotate again when it shows {day}; where Lockstep did nothing on that day, rotate again on the day after one on which it did"
            ),
        }
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied { said } | Self::Rejected { said } | Self::Unanswered { said } => {
                f.write_str(said)
            }
            Self::OwnUseMissing { day } => write!(
                f,
                "the platform does not show what Lockstep's own client did on {day}"
            ),
        }
    }
}

impl Refusal {
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
            Self::NotInManifest => Side::Manifest,
        }
    }

    /// What to do, as a sentence.
    #[must_use]
    pub fn fix(&self) -> String {
        match self {
            Self::RotationDisabled => {
                "Switch rotation on for the secret, with this function: aws secretsmanager rotate-secret.".to_owned()
            }
            Self::UnknownVersion | Self::NotPending { .. } | Self::CurrentMoved { .. } => {
                "Nothing to do where another rotation took over; else start one anew: aws secretsmanager rotate-secret.".to_owned()
            }
            Self::NoCurrent => "Store the client as a new version of the secret.".to_owned(),
            Self::CurrentUnreadable => {
                "Store it as JSON: {\"client_id\": ..., \"client_secret\": ..., \"alternate_client_id\": ...}.".to_owned()
            }
            Self::NotInManifest => {
                "Name the secret in the manifest, as `organization.client_secret` or under `organization.rotated_clients`.".to_owned()
            }
            Self::NoAlternate => format!(
                "Make a second client with the same roles and name it as `alternate_client_id`; or tag the secret `{STRATEGY_TAG}` = `single` and accept the gap.",
                STRATEGY_TAG = super::STRATEGY_TAG
            ),
            Self::SameClient { .. } => {
                "Make a second client with the same roles and name it as `alternate_client_id`.".to_owned()
            }
            Self::Lockout { single: true, .. } => {
                "Make a second client with the same roles and name it as `alternate_client_id`: a client can't be exchanged while it is the only way in.".to_owned()
            }
            Self::Lockout { single: false, .. } => {
                "Give the pair another client: the one that Lockstep signs in with is rotated with its own secret only.".to_owned()
            }
            Self::NamedElsewhere { .. } => {
                "Give each secret clients of its own: a reset ends the secret for everybody who has it.".to_owned()
            }
            Self::NoSuchClient { .. } => {
                "Correct `alternate_client_id`, or make the client in this organization.".to_owned()
            }
            Self::Unfit { .. } => {
                "Make it an active client with the grant Client Credentials and the same roles.".to_owned()
            }
            Self::InUse { possible_from, .. } => format!(
                "Move whoever it is to the current version of the secret; if nobody uses the client any more, it can be rotated on {possible_from} (UTC) and later; {}",
                force("or break that use knowingly")
            ),
            Self::TooEarly { possible_from, .. } => format!(
                "Rotate again on {possible_from} (UTC) or later, and let the secret's rotation schedule leave that much time; {}",
                force("or take the risk knowingly")
            ),
            Self::UseUnknown { because, .. } => {
                format!("{}; {}", because.fix(), force("or take the risk knowingly"))
            }
            Self::OtherUnreadable { .. } => {
                "Make that secret readable for this function and valid JSON of a client, or take it out of the manifest; then rotate again.".to_owned()
            }
            Self::AddressRefused { .. } => {
                "Add the addresses from which this function calls to the client's allowed IP addresses, or to those of the organization; then rotate again. Nothing has to be reset: the secret under AWSPENDING is kept.".to_owned()
            }
            Self::CurrentRefused { .. } => {
                "Store the client's id and its present secret as a new version of the secret; then: aws secretsmanager rotate-secret --no-rotate-immediately.".to_owned()
            }
            Self::PendingEmpty => {
                "Let createSecret run first, which it does when the rotation is started anew.".to_owned()
            }
            Self::ForeignPending | Self::SignInRefused { .. } => {
                "Take AWSPENDING off the version (aws secretsmanager update-secret-version-stage --version-stage AWSPENDING --remove-from-version-id ...), or let the healing do it, then rotate again.".to_owned()
            }
            Self::Lacks { .. } => {
                "Give the client the roles of the one in force, in the same divisions, then rotate again.".to_owned()
            }
            Self::NotTested => "Let testSecret run first.".to_owned(),
        }
    }
}

fn force(why: &str) -> String {
    format!(
        "{why}: tag the secret `{}` with a time in the near future, such as 2026-01-31T12:00:00Z.",
        super::FORCE_TAG
    )
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RotationDisabled => f.write_str("rotation is not switched on for the secret"),
            Self::UnknownVersion => f.write_str("the secret has no such version"),
            Self::NotPending { pending: Some(pending) } => {
                write!(f, "the version does not carry AWSPENDING; {pending} does")
            }
            Self::NotPending { pending: None } => {
                f.write_str("the version does not carry AWSPENDING; no version does")
            }
            Self::NoCurrent => f.write_str("no version of the secret is in force"),
            Self::CurrentUnreadable => f.write_str("AWSCURRENT does not hold an OAuth client"),
            Self::NotInManifest => f.write_str("no manifest in force names the secret"),
            Self::NoAlternate => f.write_str(
                "the secret names no `alternate_client_id`, and a client that is reset alone works for nobody until the label has moved",
            ),
            Self::SameClient { client } => write!(f, "the pair is the client {client} twice"),
            Self::Lockout { client, .. } => write!(
                f,
                "{client} is the client that Lockstep is signed in with: after its reset nobody could store or prove the new secret if anything went wrong",
            ),
            Self::NamedElsewhere { client, secret } => {
                write!(f, "{client} is named by {secret} too")
            }
            Self::OtherUnreadable {
                client,
                secret,
                because,
            } => write!(
                f,
                "whether {secret} names {client} too could not be found out: {because}"
            ),
            Self::NoSuchClient { client } => {
                write!(f, "the organization has no OAuth client {client}")
            }
            Self::Unfit { client, because } => write!(f, "{client} can't sign in: {because}"),
            Self::InUse {
                client,
                uses,
                latest,
                ..
            } => write!(
                f,
                "{client} is still in use: {}, the latest on {latest}",
                uses.join("; ")
            ),
            Self::TooEarly {
                client,
                since,
                possible_from,
            } => write!(
                f,
                "{client} was current until {since}, and whoever had read it may still use it or a token of it: whether it is unused can be seen on {possible_from} at the earliest"
            ),
            Self::UseUnknown { client, because } => write!(
                f,
                "whether {client} is in use could not be found out: {because}"
            ),
            Self::PendingEmpty => f.write_str("the version under AWSPENDING has no value yet"),
            Self::ForeignPending => f.write_str(
                "the value under AWSPENDING is not the clients in force in changed places",
            ),
            Self::CurrentMoved { began_with, found } => write!(
                f,
                "AWSCURRENT was moved from {began_with} to {found} while the rotation was under way"
            ),
            Self::SignInRefused { client } => {
                write!(f, "{client} does not sign in with its new secret")
            }
            Self::AddressRefused { client } => write!(
                f,
                "{client} may not be used from the IP address of this function: its secret was not refused"
            ),
            Self::CurrentRefused { client } => write!(
                f,
                "{client} does not sign in with the secret in AWSCURRENT"
            ),
            Self::Lacks { client, missing } => {
                write!(f, "{client} lacks what the client in force has: {}", missing.join(", "))
            }
            Self::NotTested => f.write_str("the version was not tested"),
        }
    }
}

impl std::error::Error for Refusal {}
