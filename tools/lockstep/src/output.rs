//! Printing: results to standard output, everything else to standard error.

use std::io::{self, ErrorKind, Write};

use anstream::{AutoStream, ColorChoice};
use clap::ValueEnum;
use serde::Serialize;

use crate::failure::Failure;
use crate::outcome::Outcome;

/// When to colour the output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl From<Color> for ColorChoice {
    fn from(color: Color) -> Self {
        match color {
            Color::Auto => Self::Auto,
            Color::Always => Self::Always,
            Color::Never => Self::Never,
        }
    }
}

/// A text of a file or an argument as a message may hold it: a terminal obeys control characters.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character.is_control() {
            true => shown.extend(character.escape_default()),
            false => shown.push(character),
        }
    }
    shown
}

/// Where a command prints. The first error of standard output is kept: what follows is not printed.
pub(crate) struct Output {
    out: AutoStream<io::Stdout>,
    err: AutoStream<io::Stderr>,
    broken: Option<io::Error>,
}

impl Output {
    pub(crate) fn new(color: Color) -> Self {
        Self {
            out: AutoStream::new(io::stdout(), color.into()),
            err: AutoStream::new(io::stderr(), color.into()),
            broken: None,
        }
    }

    /// Prints a part of the result and ends the line. Styles are removed where they are not wanted.
    pub(crate) fn line(&mut self, text: &str) {
        if self.broken.is_none() {
            self.broken = writeln!(self.out, "{text}").err();
        }
    }

    /// Prints a result in a format of its own, byte for byte.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        if self.broken.is_none() {
            // What is printed as lines is not buffered beyond the line, so the order stays.
            let mut out = io::stdout().lock();
            self.broken = out.write_all(bytes).and_then(|()| out.flush()).err();
        }
    }

    /// Notes that the result cannot be printed.
    pub(crate) fn broken(&mut self, error: io::Error) {
        self.broken.get_or_insert(error);
    }

    /// Prints the result as JSON.
    pub(crate) fn json(&mut self, value: &impl Serialize) {
        match serde_json::to_string_pretty(value) {
            Ok(text) => self.line(&text),
            Err(error) => self.broken = Some(error.into()),
        }
    }

    /// Says something about the run. If nobody reads standard error, nobody misses it.
    pub(crate) fn note(&mut self, text: &str) {
        let _ = writeln!(self.err, "{text}");
    }

    /// Says why there is no answer.
    pub(crate) fn failure(&mut self, failure: &Failure) -> Outcome {
        self.note(&format!("error: {failure}"));
        Outcome::Unusable
    }

    /// What the command ends with, when everything is printed. A reader that has seen enough, such as `head`, is no
    /// error.
    pub(crate) fn finish(mut self, outcome: Outcome) -> Outcome {
        let flushed = self.out.flush().err();
        match self.broken.take().or(flushed) {
            Some(error) if error.kind() != ErrorKind::BrokenPipe => self.failure(&Failure::new(
                "standard output",
                format!("cannot write: {error}"),
                "Check that the target of the output has space and is writable.",
            )),
            Some(_) | None => outcome,
        }
    }
}
