//! The rules of the house. Each reads files of the workspace; none starts anything but `cargo metadata`.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod dependencies;
mod documents;
mod lengths;
mod licence;
mod lints;
mod metadata;
mod parameters;
mod reach;
mod source;
mod template;
mod words;
mod workflows;
mod workspace;
