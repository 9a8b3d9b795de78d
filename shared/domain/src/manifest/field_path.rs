//! The path of a credential's field in a secret's value.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::arn::text_type;

/// A way into the JSON of a secret: `$` is the whole value, `$.username` a member of it,
/// `$.database.user` a member of a member. Names are those of RFC 9535's shorthand, as far as
/// secrets use them: letters, digits, `_` and `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FieldPath(Vec<String>);

/// A text that is not such a way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "this is not a path to a field of a secret; write $.name, $.name.name, or $ for the whole \
         value"
)]
pub struct InvalidFieldPath;

/// The most names in a way. No secret is nested as deep.
const MAX_NAMES: usize = 16;

impl FieldPath {
    /// The names on the way, outermost first; none for the whole value.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// The same way as a JSON Pointer (RFC 6901). No name holds a character that needs escaping.
    #[must_use]
    pub fn pointer(&self) -> String {
        self.0.iter().map(|name| format!("/{name}")).collect()
    }
}

impl FromStr for FieldPath {
    type Err = InvalidFieldPath;

    fn from_str(text: &str) -> Result<Self, InvalidFieldPath> {
        let rest = text.strip_prefix('$').ok_or(InvalidFieldPath)?;
        if rest.is_empty() {
            return Ok(Self(Vec::new()));
        }
        let rest = rest.strip_prefix('.').ok_or(InvalidFieldPath)?;
        let names: Vec<String> = rest.split('.').map(str::to_owned).collect();
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        let is_name = |name: &String| !name.is_empty() && name.chars().all(fits);
        if names.len() > MAX_NAMES || !names.iter().all(is_name) {
            return Err(InvalidFieldPath);
        }
        Ok(Self(names))
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("$")?;
        self.0.iter().try_for_each(|name| write!(f, ".{name}"))
    }
}

text_type!(
    FieldPath, InvalidFieldPath,
    pattern r"^\$(\.[A-Za-z0-9_-]+){0,16}$",
    hint "Write $.name for a field of the secret's JSON, $.name.name for a nested field, or $ for \
          the whole value.",
    described "The path of the field in the secret's JSON, such as $.username; $ is the whole \
               value."
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leads_to_a_member_or_to_the_whole() {
        for (text, pointer) in [
            ("$", ""),
            ("$.username", "/username"),
            ("$.a.b-c", "/a/b-c"),
        ] {
            let path: FieldPath = text.parse().unwrap();
            assert_eq!(path.pointer(), pointer);
            assert_eq!(path.to_string(), text);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "username",
            "$username",
            "$.",
            "$..a",
            "$.a[0]",
            "$.a.",
            "$['a']",
            "$.a/b",
            "$.a~1b",
            "$. a",
        ] {
            assert_eq!(text.parse::<FieldPath>(), Err(InvalidFieldPath), "{text:?}");
        }
    }
}
