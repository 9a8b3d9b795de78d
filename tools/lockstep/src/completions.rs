//! `lockstep completions`: scripts with which a shell completes the command line.

use clap_complete::Shell;

use crate::outcome::Outcome;
use crate::output::Output;

/// Prints a script with which a shell completes the commands and flags of lockstep.
///
/// Bash: lockstep completions bash > ~/.local/share/bash-completion/completions/lockstep
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn run(args: &Args, output: &mut Output) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut crate::command(), "lockstep", &mut script);
    output.line(String::from_utf8_lossy(&script).trim_end());
    Outcome::Fine
}
