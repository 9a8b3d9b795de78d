//! Content digests: how change ids, message ids and evidence hashes are made.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// A SHA-256 in lower-case hexadecimal.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct Digest(String);

impl Digest {
    /// The digest of a value's canonical JSON.
    ///
    /// `serde_json` keeps object keys sorted (its `preserve_order` feature is off here; a test
    /// holds it so), hence equal values have equal digests whatever order they were written in.
    pub fn of<T: Serialize>(value: &T) -> Self {
        // Going through `Value` sorts the keys of maps and structs alike.
        let canonical = serde_json::to_value(value)
            .map(|value| value.to_string())
            .unwrap_or_default();
        Self::of_bytes(canonical.as_bytes())
    }

    /// The digest of bytes as they are.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        let hash = Sha256::digest(bytes);
        Self(hash.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The whole digest, 64 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first `length` characters, for names that people read.
    pub fn short(&self, length: usize) -> &str {
        self.0.get(..length).unwrap_or(&self.0)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_order_in_which_keys_were_written_does_not_matter() {
        let one: serde_json::Value = serde_json::from_str(r#"{"b":1,"a":2}"#).unwrap();
        assert_eq!(Digest::of(&one), Digest::of(&json!({"a": 2, "b": 1})));
    }

    #[test]
    fn different_values_have_different_digests() {
        assert_ne!(Digest::of(&json!({"a": 1})), Digest::of(&json!({"a": "1"})));
    }
}
