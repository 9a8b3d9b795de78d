//! `lockstep`: see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    lockstep_cli::run(std::env::args_os())
}
