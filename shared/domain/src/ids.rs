//! Names and ids that are safe to put into a path, a policy, an object key or a log line.
//!
//! Every id that a person or a platform gives us is parsed into one of these types once, at the
//! edge. What it may hold is narrow on purpose: letters, digits, `_` and `-`. Such a text can
//! neither leave its place in a URL path nor widen an IAM policy.

use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::arn::SecretArn;
use crate::digest::Digest;

/// The longest id we accept, in characters.
pub const MAX_ID_LENGTH: usize = 256;

/// A text that is not an id, with the reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidId {
    /// There is nothing.
    #[error("{kind} is empty")]
    Empty {
        /// What it should have been.
        kind: &'static str,
    },
    /// Longer than [`MAX_ID_LENGTH`].
    #[error("{kind} has {length} characters; at most {MAX_ID_LENGTH} are allowed")]
    TooLong {
        /// What it should have been.
        kind: &'static str,
        /// Its length in characters.
        length: usize,
    },
    /// A character that an id may not hold.
    #[error("{kind} contains {found:?}; only letters, digits, `_` and `-` are allowed")]
    Character {
        /// What it should have been.
        kind: &'static str,
        /// The first character that does not fit.
        found: char,
    },
}

fn check(kind: &'static str, text: &str) -> Result<(), InvalidId> {
    if text.is_empty() {
        return Err(InvalidId::Empty { kind });
    }
    let fits = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if let Some(found) = text.chars().find(|c| !fits(c)) {
        return Err(InvalidId::Character { kind, found });
    }
    let length = text.len();
    if length > MAX_ID_LENGTH {
        return Err(InvalidId::TooLong { kind, length });
    }
    Ok(())
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident is $kind:literal, described $about:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                check($kind, text).map(|()| Self(text.to_owned()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                check($kind, &text).map(|()| Self(text))
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "type": "string",
                    "title": stringify!($name),
                    "description": $about,
                    "minLength": 1,
                    "maxLength": MAX_ID_LENGTH,
                    "pattern": "^[A-Za-z0-9_-]+$",
                    "patternErrorMessage": "Use letters, digits, `_` and `-` only.",
                })
            }
        }
    )*};
}

/// What Lockstep keeps state of under keys of its own, beside that of the manifest's entries. No
/// manifest may use such a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reserved {
    /// The credentials that carry values of one secret: [`Key::of_secret`].
    CredentialSet,
    /// The rotation of an OAuth client: [`Key::of_client`].
    Client,
    /// The record of an integration: [`Key::of_integration`].
    Integration,
}

impl Reserved {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::CredentialSet, Self::Client, Self::Integration];

    /// How the keys begin.
    #[must_use]
    pub fn prefix(self) -> &'static str {
        match self {
            Self::CredentialSet => "_secret_",
            Self::Client => "_client_",
            Self::Integration => "_integration_",
        }
    }
}

impl Key {
    /// The key of the work on all credentials that carry values of one secret.
    #[must_use]
    pub fn of_secret(secret: &SecretArn) -> Self {
        Self::derived(Reserved::CredentialSet, secret)
    }

    /// The key of the rotation of an OAuth client's secret.
    #[must_use]
    pub fn of_client(secret: &SecretArn) -> Self {
        Self::derived(Reserved::Client, secret)
    }

    /// Readable, and of its own for each secret: a name may be cut or hold characters that a key
    /// can't, so a digest of the ARN follows.
    fn derived(reserved: Reserved, secret: &SecretArn) -> Self {
        const LONGEST_NAME: usize = 128;
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        let name: String = secret
            .name()
            .chars()
            .take(LONGEST_NAME)
            .map(|c| if fits(c) { c } else { '_' })
            .collect();
        let digest = Digest::of(secret);
        Self(format!("{}{name}_{}", reserved.prefix(), digest.short(8)))
    }

    /// The key of the record of an integration: who is changing it.
    #[must_use]
    pub fn of_integration(integration: &Self) -> Self {
        Self(format!("{}{integration}", Reserved::Integration.prefix()))
    }

    /// What Lockstep keeps state of under it; none where it is a key for a manifest's entry.
    #[must_use]
    pub fn reserved(&self) -> Option<Reserved> {
        let mut all = Reserved::ALL.into_iter();
        all.find(|reserved| self.0.starts_with(reserved.prefix()))
    }
}

ids! {
    /// The id of a Genesys Cloud organization. It is also the external id of the role's trust.
    OrganizationId is "organization id", described "The id of the Genesys Cloud organization (Admin > Organization Settings). It is also the external id in the trust policy of the role.";
    /// The name of one managed thing within a manifest. It never changes while the thing lives.
    Key is "key", described "A short name of your choice for this entry, unique in the file. \
                             Reports, state and evidence are stored under it, so keep it when you \
                             rename the entry in Genesys Cloud.";
    /// The id of a Data Action, such as `custom_-_6f1c...`.
    ActionId is "action id", described "The id of an existing Data Action, such as custom_-_6f1c2a5e-0d0f-4f86-9c0a-3f0c1d2b4a59.";
    /// The id of an integration.
    IntegrationId is "integration id", described "The id of an existing integration.";
    /// The id of an integration credential.
    CredentialId is "credential id", described "The id of an integration credential.";
    /// The id of an OAuth client.
    ClientId is "OAuth client id", described "The id of an OAuth client of the organization.";
    /// The id of a user of the organization.
    UserId is "user id", described "The id of a user of the organization.";
}

/// The id of a version of a secret. A rotation's token becomes the id of the version that it makes, so both
/// follow one rule: 32 to 64 characters (Secrets Manager API reference, `ClientRequestToken`), printable ASCII
/// without space, and without what a request template would read as its own: `$ # " \ { }`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VersionId(String);

/// A text that is not the id of a version. It may be anything, so it is not quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidVersionId {
    /// Too short or too long.
    #[error("has {length} characters; 32 to 64 are required")]
    Length {
        /// Its length in characters.
        length: usize,
    },
    /// A character that can't be carried into a template.
    #[error(
        "contains a character that is not allowed; allowed are letters, digits and ! % & ' ( ) * + \
         , - . / : ; < = > ? @ [ ] ^ _ ` | ~"
    )]
    Character,
}

impl VersionId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for VersionId {
    type Err = InvalidVersionId;

    fn from_str(text: &str) -> Result<Self, InvalidVersionId> {
        let length = text.chars().count();
        if !(32..=64).contains(&length) {
            return Err(InvalidVersionId::Length { length });
        }
        let fits =
            |c: char| c.is_ascii_graphic() && !matches!(c, '$' | '#' | '"' | '\\' | '{' | '}');
        if !text.chars().all(fits) {
            return Err(InvalidVersionId::Character);
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for VersionId {
    type Error = InvalidVersionId;

    fn try_from(text: String) -> Result<Self, InvalidVersionId> {
        text.parse()
    }
}

impl From<VersionId> for String {
    fn from(id: VersionId) -> Self {
        id.0
    }
}

impl fmt::Display for VersionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A version's id for a name or an object key: as it is where it holds letters, digits and `-` alone, else a
/// short digest of it.
#[must_use]
pub fn version_name(version_id: &str) -> String {
    const SHORT: usize = 16;
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if !version_id.is_empty() && version_id.chars().all(fits) {
        return version_id.to_owned();
    }
    Digest::of(&version_id).short(SHORT).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_id_is_what_secrets_manager_and_a_template_can_carry() {
        for fits in [
            "7a1f0c52-9d0b-4f8e-8f54-2f1b6b1c9d3e".to_owned(),
            "x".repeat(32),
            "terraform.2026-01-01T00:00:00Z/rotation+1=~!@%^&*()<>?".to_owned(),
            "y".repeat(64),
        ] {
            let id: VersionId = fits.parse().unwrap();
            assert_eq!(id.as_str(), fits);
        }
        for length in [0, 31, 65] {
            let found = "x".repeat(length).parse::<VersionId>();
            assert_eq!(found, Err(InvalidVersionId::Length { length }));
        }
        let said = InvalidVersionId::Character.to_string();
        let allowed = (' '..='~').filter(|c| {
            format!("{}{c}", "x".repeat(40))
                .parse::<VersionId>()
                .is_ok()
        });
        for c in allowed.filter(|c| !c.is_ascii_alphanumeric()) {
            assert!(
                format!("{said} ").contains(&format!(" {c} ")),
                "{c} is allowed and not named: {said}"
            );
        }
        for c in ['$', '#', '"', '\\', '{', '}', ' ', '\n', 'é'] {
            let text = format!("{}{c}", "x".repeat(40));
            let found = text.parse::<VersionId>();
            assert_eq!(found, Err(InvalidVersionId::Character), "{c:?}");
        }
    }

    #[test]
    fn a_version_is_named_by_its_id_or_by_a_digest_that_is_its_own() {
        let plain = "7a1f0c52-9d0b-4f8e-8f54-2f1b6b1c9d3e";
        assert_eq!(version_name(plain), plain);
        let odd = [
            "a/../b:7a1f0c529d0b4f8e8f542f1b6b",
            "a/../c:7a1f0c529d0b4f8e8f542f1b6b",
            "",
        ];
        let mut named: Vec<String> = odd.iter().map(|id| version_name(id)).collect();
        for name in &named {
            assert!(name.bytes().all(|b| b.is_ascii_hexdigit()), "{name}");
        }
        named.dedup();
        assert_eq!(named.len(), odd.len());
    }
}
