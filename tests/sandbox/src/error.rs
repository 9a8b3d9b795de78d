//! What went wrong while setting up or using the local stack, and what to do about it.

use std::fmt;

/// A failure with its cause in one sentence and, where we know one, the way out.
#[derive(Debug, Clone)]
pub struct Error {
    what: String,
    fix: Option<String>,
}

impl Error {
    /// A failure that says what happened.
    pub fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            fix: None,
        }
    }

    /// The same failure with what a person should do.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    /// A call to the local AWS that failed.
    pub fn aws<E>(operation: &str, error: E) -> Self
    where
        E: std::error::Error,
    {
        let mut text = format!("{operation}: {error}");
        let mut source = error.source();
        while let Some(cause) = source {
            let cause_text = cause.to_string();
            if !text.ends_with(&cause_text) {
                text.push_str(": ");
                text.push_str(&cause_text);
            }
            source = cause.source();
        }
        Self::new(text)
    }

    /// An operation on a file that failed.
    pub fn io(doing: impl fmt::Display, error: &std::io::Error) -> Self {
        Self::new(format!("{doing}: {error}"))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        match &self.fix {
            Some(fix) => write!(f, "\n  what to do: {fix}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}
