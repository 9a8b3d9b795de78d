//! `cargo ci`: runs `.ci/run`, which says what a change must pass.

use std::process::{Command, ExitCode};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.ci/run");

fn main() -> ExitCode {
    match Command::new(SCRIPT).status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{SCRIPT} could not be started: {error}");
            ExitCode::FAILURE
        }
    }
}
