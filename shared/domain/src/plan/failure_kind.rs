//! Of which kind the failure of a step is.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Of which kind the failure of a step is: those that decide how a change goes on, and one stable
/// word for each of the others, which only alarms and people read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum FailureKind {
    /// A write of which nobody knows whether it took effect.
    AnswerLost,
    /// Somebody else had written first: the version was no longer the current one.
    Conflict,
    /// The live test failed.
    TestFailed,
    /// Any other, such as `denied` or `not_found`.
    Other(String),
}

impl FailureKind {
    /// A stable word for records and alarms.
    pub fn as_str(&self) -> &str {
        match self {
            Self::AnswerLost => "answer_lost",
            Self::Conflict => "conflict",
            Self::TestFailed => "test_failed",
            Self::Other(word) => word,
        }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<&str> for FailureKind {
    fn from(word: &str) -> Self {
        match word {
            "answer_lost" => Self::AnswerLost,
            "conflict" => Self::Conflict,
            "test_failed" => Self::TestFailed,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl From<String> for FailureKind {
    fn from(word: String) -> Self {
        Self::from(word.as_str())
    }
}

impl From<FailureKind> for String {
    fn from(kind: FailureKind) -> Self {
        kind.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_kind_is_stored_as_its_word() {
        for (kind, word) in [
            (FailureKind::AnswerLost, "answer_lost"),
            (FailureKind::Conflict, "conflict"),
            (FailureKind::TestFailed, "test_failed"),
            (FailureKind::Other("denied".into()), "denied"),
        ] {
            assert_eq!(json!(kind), json!(word));
            assert_eq!(
                serde_json::from_value::<FailureKind>(json!(word)).unwrap(),
                kind
            );
        }
    }
}
