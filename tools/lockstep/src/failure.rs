//! Why a command has no answer: what happened, where, and what to do.

use std::fmt;
use std::path::Path;

use crate::output::printable;

/// Where standard input is meant, as an argument and as a message.
pub(crate) const STDIN: &str = "-";

/// A reason why an argument or a file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    what: String,
    at: String,
    fix: String,
}

impl Failure {
    /// A failure at a file or an argument.
    pub(crate) fn new(
        at: impl Into<String>,
        what: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self {
            what: what.into(),
            at: at.into(),
            fix: fix.into(),
        }
    }

    /// A file that cannot be read.
    pub(crate) fn unreadable(path: &Path, error: &std::io::Error) -> Self {
        Self::new(
            shown(path),
            format!("cannot read the file: {error}"),
            "Check the path and the permissions of the file.",
        )
    }
}

/// What messages call a file.
pub(crate) fn shown(path: &Path) -> String {
    match path.as_os_str() == STDIN {
        true => "<stdin>".to_owned(),
        false => path.display().to_string(),
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, at, fix } = self;
        write!(f, "{}: {}. Fix: {fix}", printable(at), printable(what))
    }
}
