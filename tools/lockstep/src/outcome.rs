//! How a command ended, and as which exit code.

use std::process::ExitCode;

/// How a command ended. The worse is the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// 0: the answer is yes.
    Fine,
    /// 1: the answer is no.
    Failed,
    /// 2: there is no answer. An argument or a file cannot be used.
    Unusable,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Fine => Self::SUCCESS,
            Outcome::Failed => Self::from(1),
            Outcome::Unusable => Self::from(2),
        }
    }
}
