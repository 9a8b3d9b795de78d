//! A refusal in words: what is wrong, and what to do.

use std::fmt;

use super::{RotationRefusal, Unknown};
use crate::rotation::{FORCE_TAG, STRATEGY_TAG};

impl Unknown {
    fn fix(&self) -> String {
        match self {
            Self::Denied { .. } => "Grant Lockstep's client the permission usage:client:view \
                                    (oauth:client:view in regions that only have the older usage \
                                    query), then start the rotation again"
                .to_owned(),
            Self::Rejected { .. } => "Genesys Cloud rejects the query itself, so neither a \
                                      permission nor a retry helps. Update Lockstep; if the latest \
                                      release has the same problem, report it to the maintainers \
                                      with the correlation id"
                .to_owned(),
            Self::Unanswered { .. } => "Start the rotation again later; if Genesys Cloud still \
                                        returns no result, open a case with Genesys and quote the \
                                        correlation id"
                .to_owned(),
            Self::OwnUseMissing { day } => format!(
                "Genesys Cloud reports usage per UTC day, some hours after the day ends: start the \
                 rotation again once it shows {day}. If Lockstep was idle on that day, start it \
                 again the day after one on which Lockstep was active"
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
                "Genesys Cloud does not show the use of Lockstep's own client on {day}, so its \
                 usage data may be incomplete"
            ),
        }
    }
}

impl RotationRefusal {
    /// What to do, as a sentence.
    #[must_use]
    pub fn fix(&self) -> String {
        match self {
            Self::RotationDisabled => {
                "Enable rotation of the secret with this function: aws secretsmanager \
                 rotate-secret."
                    .to_owned()
            }
            Self::UnknownVersion | Self::NotPending { .. } | Self::CurrentMoved { .. } => {
                "If another rotation has taken over, do nothing. Otherwise start a new one: aws \
                 secretsmanager rotate-secret."
                    .to_owned()
            }
            Self::NoCurrent => "Store the OAuth client as a new version of the secret.".to_owned(),
            Self::CurrentUnreadable => {
                "Store it as JSON: {\"client_id\": ..., \"client_secret\": ..., \
                 \"alternate_client_id\": ...}."
                    .to_owned()
            }
            Self::NotInManifest => {
                "Add the secret to the manifest, as `organization.client_secret` or under \
                 `organization.rotated_clients`."
                    .to_owned()
            }
            Self::NotCovered { fix, .. } => fix.clone(),
            Self::ManifestUnreadable { .. } => {
                "Restore the object with the command in the *Object Unreadable* event, or upload \
                 that manifest again; then start the rotation again."
                    .to_owned()
            }
            Self::NoAlternate => format!(
                "Create a second client with the same roles and set it as `alternate_client_id`. \
                 Or tag the secret `{STRATEGY_TAG}` = `single` and accept a gap in which no secret \
                 of the client works."
            ),
            Self::SameClient { .. } => {
                "Create a second client with the same roles and set it as `alternate_client_id`."
                    .to_owned()
            }
            Self::Lockout { single: true, .. } => {
                "Create a second client with the same roles and set it as `alternate_client_id`: \
                 Lockstep cannot reset the only client that it can sign in with."
                    .to_owned()
            }
            Self::Lockout { single: false, .. } => {
                "Use another client for this pair: the client that Lockstep signs in with is \
                 rotated only through its own secret."
                    .to_owned()
            }
            Self::NamedElsewhere { .. } => {
                "Use different clients for each secret: a reset invalidates the client's secret \
                 for everyone who uses it."
                    .to_owned()
            }
            Self::NoSuchClient { .. } => {
                "Correct `alternate_client_id`, or create the client in this organization."
                    .to_owned()
            }
            Self::Unfit { .. } => {
                "Make it an active client with the grant type Client Credentials and the same \
                 roles."
                    .to_owned()
            }
            Self::InUse { possible_from, .. } => format!(
                "Move its users to the current version of the secret. Once the client is unused, \
                 it can be rotated from {possible_from} (UTC) on. {}",
                force("Or, to rotate now and break that use")
            ),
            Self::TooEarly { possible_from, .. } => format!(
                "Start the rotation again on {possible_from} (UTC) or later, and give the secret a \
                 rotation schedule that leaves this much time. {}",
                force("Or, to rotate now and accept the risk")
            ),
            Self::UseUnknown { because, .. } => {
                format!(
                    "{}. {}",
                    because.fix(),
                    force("Or, to rotate now and accept the risk")
                )
            }
            Self::OtherUnreadable { .. } => {
                "Let this function read that secret and make its value the JSON of an OAuth \
                 client, or remove it from the manifest; then start the rotation again."
                    .to_owned()
            }
            Self::AddressRefused { .. } => {
                "Add the IP addresses of this function to the allowed IP addresses of the client \
                 or of the organization; then start the rotation again. No further reset is \
                 needed: Lockstep keeps the secret under AWSPENDING."
                    .to_owned()
            }
            Self::CurrentRefused { .. } => {
                "Store the client's id and its current secret as a new version of the secret; then \
                 run: aws secretsmanager rotate-secret --no-rotate-immediately."
                    .to_owned()
            }
            Self::PendingEmpty => "Start a new rotation: it runs createSecret first.".to_owned(),
            Self::ForeignPending | Self::SignInRefused { .. } => {
                "Remove AWSPENDING from the version (aws secretsmanager \
                 update-secret-version-stage --version-stage AWSPENDING --remove-from-version-id \
                 ...), or wait for rotate-client's scheduled repair to do so; then start the \
                 rotation again."
                    .to_owned()
            }
            Self::Lacks { .. } => {
                "Give the client the roles of the current client, in the same divisions; then \
                 start the rotation again."
                    .to_owned()
            }
            Self::NotTested => {
                "Start a new rotation: it runs testSecret before finishSecret.".to_owned()
            }
        }
    }
}

fn force(why: &str) -> String {
    format!(
        "{why}, tag the secret `{}` with a time in the near future, such as 2026-01-31T12:00:00Z.",
        FORCE_TAG
    )
}

impl fmt::Display for RotationRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RotationDisabled => f.write_str("rotation is not enabled for the secret"),
            Self::UnknownVersion => f.write_str(
                "the secret has no version with this \
                                                 ClientRequestToken",
            ),
            Self::NotPending {
                pending: Some(pending),
            } => {
                write!(f, "AWSPENDING is on version {pending}, not on this one")
            }
            Self::NotPending { pending: None } => {
                f.write_str("no version of the secret has the label AWSPENDING")
            }
            Self::NoCurrent => f.write_str("the secret has no current version (AWSCURRENT)"),
            Self::CurrentUnreadable => f.write_str(
                "the value under AWSCURRENT is not an OAuth \
                                                    client",
            ),
            Self::NotInManifest => f.write_str("no accepted manifest names the secret"),
            Self::NotCovered { because, .. } => write!(
                f,
                "a manifest names the secret, but the stack's parameters do not allow it: {because}"
            ),
            Self::ManifestUnreadable {
                client: None,
                because,
            } => write!(
                f,
                "an accepted manifest cannot be read, so Lockstep does not know whether a manifest \
                 names the secret: {because}"
            ),
            Self::ManifestUnreadable {
                client: Some(client),
                because,
            } => write!(
                f,
                "an accepted manifest cannot be read, so Lockstep does not know whether another \
                 secret names {client}: {because}"
            ),
            Self::NoAlternate => f.write_str(
                "the secret has no `alternate_client_id`; without a second client, sign-in fails \
                 from the reset until AWSCURRENT has moved",
            ),
            Self::SameClient { client } => write!(
                f,
                "`client_id` and `alternate_client_id` are \
                                                      the same client, {client}"
            ),
            Self::Lockout { client, .. } => write!(
                f,
                "Lockstep is signed in with {client}; if anything failed after its reset, Lockstep \
                 could neither store nor test the new secret",
            ),
            Self::NamedElsewhere { client, secret } => {
                write!(f, "another secret, {secret}, also names {client}")
            }
            Self::OtherUnreadable {
                client,
                secret,
                because,
            } => write!(
                f,
                "Lockstep could not determine whether {secret} also names {client}: {because}"
            ),
            Self::NoSuchClient { client } => {
                write!(f, "the organization has no OAuth client {client}")
            }
            Self::Unfit { client, because } => write!(f, "{client} cannot sign in: {because}"),
            Self::InUse {
                client,
                uses,
                latest,
                ..
            } => write!(
                f,
                "{client} is still in use: {}; last use on {latest}",
                uses.join("; ")
            ),
            Self::TooEarly {
                client,
                since,
                possible_from,
            } => write!(
                f,
                "{client} was current until {since}, so a consumer may still use its secret or a \
                 token; Lockstep can confirm that it is unused from {possible_from} on"
            ),
            Self::UseUnknown { client, because } => write!(
                f,
                "Lockstep could not determine whether {client} is in use: {because}"
            ),
            Self::PendingEmpty => f.write_str("the version under AWSPENDING has no value yet"),
            Self::ForeignPending => f.write_str(
                "the value under AWSPENDING is not the current pair of clients with their roles \
                 swapped",
            ),
            Self::CurrentMoved { began_with, found } => write!(
                f,
                "AWSCURRENT moved from {began_with} to {found} during the rotation"
            ),
            Self::SignInRefused { client } => {
                write!(f, "sign-in with the new secret of {client} failed")
            }
            Self::AddressRefused { client } => write!(
                f,
                "Genesys Cloud does not allow {client} from this function's IP address; it did not \
                 reject the secret"
            ),
            Self::CurrentRefused { client } => write!(
                f,
                "sign-in of {client} with the secret under AWSCURRENT failed"
            ),
            Self::Lacks { client, missing } => {
                write!(
                    f,
                    "{client} lacks permissions of the current client: {}",
                    missing.join(", ")
                )
            }
            Self::NotTested => f.write_str("testSecret has not passed for this version"),
        }
    }
}
