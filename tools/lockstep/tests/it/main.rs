//! The program, run as a user runs it.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod completions;
mod documents;
mod evidence;
mod genesys_role;
mod import;
mod program;
mod report;
mod validate;
