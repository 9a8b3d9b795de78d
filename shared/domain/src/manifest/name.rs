//! The name under which a function knows a secret.

use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// The longest secret name, in characters.
const MAX_LENGTH: usize = 64;

/// The name under which a function knows a secret, such as `DB_CONNECTION_STRING`.
///
/// It is a member of a JSON object that a template prints, so it is an identifier and no more.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SecretName(String);

/// A text that is not a secret's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "this is not a valid name for a secret: use 1 to {MAX_LENGTH} letters, digits or `_`, and do \
     not start with a digit"
)]
pub struct InvalidSecretName;

impl SecretName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SecretName {
    type Err = InvalidSecretName;

    fn from_str(text: &str) -> Result<Self, InvalidSecretName> {
        let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        let starts = text.bytes().next().is_some_and(|b| !b.is_ascii_digit());
        if starts && text.len() <= MAX_LENGTH && text.bytes().all(fits) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidSecretName)
        }
    }
}

impl TryFrom<String> for SecretName {
    type Error = InvalidSecretName;

    fn try_from(text: String) -> Result<Self, InvalidSecretName> {
        text.parse()
    }
}

impl From<SecretName> for String {
    fn from(name: SecretName) -> Self {
        name.0
    }
}

impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl JsonSchema for SecretName {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SecretName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "title": "SecretName",
            "description": "The name by which the function knows the secret, such as \
                            DB_CONNECTION_STRING. Unique within the action.",
            "pattern": "^[A-Za-z_][A-Za-z0-9_]{0,63}$",
            "patternErrorMessage": "Use 1 to 64 letters, digits or `_`, and do not start with a \
                                    digit.",
        })
    }
}
