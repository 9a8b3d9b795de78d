//! A refusal in words: what is wrong, and what to do.

use std::fmt;

use super::{Refusal, Unknown};
use crate::rotation::{FORCE_TAG, STRATEGY_TAG};

impl Unknown {
    fn fix(&self) -> String {
        match self {
            Self::Denied { .. } => "Give Lockstep's client a role that has usage:client:view (oauth:client:view where the region has only the older usage query), and rotate again".to_owned(),
            Self::Rejected { .. } => "Neither a permission nor waiting helps: Genesys Cloud does not take the query. Update Lockstep; if the newest release has the same problem, report it to its maintainers with the correlation id".to_owned(),
            Self::Unanswered { .. } => "Rotate again later; if Genesys Cloud still gives no result, open a case with Genesys and quote the correlation id".to_owned(),
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
            Self::NotCovered { fix, .. } => fix.clone(),
            Self::ManifestUnreadable { .. } => {
                "Restore the object as the event *Object Unreadable* says, or upload that manifest again; then rotate again.".to_owned()
            }
            Self::NoAlternate => format!(
                "Make a second client with the same roles and name it as `alternate_client_id`; or tag the secret `{STRATEGY_TAG}` = `single` and accept the gap."
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
        FORCE_TAG
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
            Self::NotCovered { because, .. } => write!(
                f,
                "a manifest names the secret, and the stack's parameters do not cover it: {because}"
            ),
            Self::ManifestUnreadable { client: None, because } => write!(
                f,
                "whether a manifest names the secret is not known, because an accepted manifest can't be read: {because}"
            ),
            Self::ManifestUnreadable { client: Some(client), because } => write!(
                f,
                "whether another secret names {client} is not known, because an accepted manifest can't be read: {because}"
            ),
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
