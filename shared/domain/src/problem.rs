//! What is wrong with something a person wrote, said so that they can put it right.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many problems of one document are reported one by one. Nobody corrects more in one go, and an
/// event that carries them has a size limit.
pub(crate) const MAX_PROBLEMS: usize = 100;

/// One mistake in a manifest or an event: where, what, and what to do about it.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct Problem {
    /// The place within the document, such as `actions[2].secrets[0].arn`. Empty for the whole
    /// document.
    pub at: String,
    /// The line in the text, counted from 1, where the document has lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// What is wrong, in one sentence without its full stop.
    pub problem: String,
    /// What to do, as a sentence.
    pub fix: String,
}

impl Problem {
    /// A problem at a place of a document that has no lines.
    pub fn new(at: impl Into<String>, problem: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            at: at.into(),
            line: None,
            problem: problem.into(),
            fix: fix.into(),
        }
    }

    /// The same problem on a line, counted from 1.
    #[must_use]
    pub fn on_line(mut self, line: u32) -> Self {
        self.line = Some(line);
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            at,
            line,
            problem,
            fix,
        } = self;
        match (line, at.is_empty()) {
            (Some(line), false) => write!(f, "line {line}, {at}: ")?,
            (Some(line), true) => write!(f, "line {line}: ")?,
            (None, false) => write!(f, "{at}: ")?,
            (None, true) => {}
        }
        write!(f, "{problem}. Fix: {fix}")
    }
}

#[cfg(test)]
mod tests {
    use super::Problem;

    #[test]
    fn says_line_place_problem_and_fix() {
        let problem = Problem::new(
            "actions[2].secrets[0].arn",
            "not a secret",
            "Name a secret.",
        );
        assert_eq!(
            problem.clone().on_line(12).to_string(),
            "line 12, actions[2].secrets[0].arn: not a secret. Fix: Name a secret."
        );
        assert_eq!(
            problem.to_string(),
            "actions[2].secrets[0].arn: not a secret. Fix: Name a secret."
        );
        assert_eq!(
            Problem::new("", "not YAML", "Write YAML.").to_string(),
            "not YAML. Fix: Write YAML."
        );
    }
}
