//! The command line of Lockstep, its local half: it reads files and prints, calls nobody and writes no file.
//!
//! The result of a command goes to standard output, whatever else there is to say to standard error. Every command
//! ends with 0, 1 or 2: see [`Outcome`].

mod completions;
mod evidence;
mod failure;
mod genesys_role;
mod import;
mod input;
mod outcome;
mod output;
mod report;
mod validate;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

pub use outcome::Outcome;
use output::{Color, Output};

/// Checks manifests of Lockstep on this machine.
///
/// The commands read files, call nobody and write no file. Output is coloured on a terminal, unless NO_COLOR is set.
#[derive(Debug, Parser)]
#[command(name = "lockstep", bin_name = "lockstep", version)]
struct Cli {
    /// When to colour the output.
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    color: Color,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Validate(Box<validate::Args>),
    Import(Box<import::Args>),
    GenesysRole(genesys_role::Args),
    Evidence(evidence::Args),
    Report(report::Args),
    Completions(completions::Args),
}

/// The definition of the command line, for what is generated from it.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

/// Runs one command line, the name of the program first.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        // Of the help and the version too. If nobody reads the message, nobody misses it.
        Err(error) => {
            let _ = error.print();
            return match error.use_stderr() {
                true => Outcome::Unusable.into(),
                false => Outcome::Fine.into(),
            };
        }
    };
    let mut output = Output::new(cli.color);
    let outcome = match &cli.command {
        Command::Validate(args) => validate::run(args, &mut output),
        Command::Import(args) => import::run(args, &mut output),
        Command::GenesysRole(args) => genesys_role::run(args, &mut output),
        Command::Evidence(args) => evidence::run(args, &mut output),
        Command::Report(args) => report::run(args, &mut output),
        Command::Completions(args) => completions::run(args, &mut output),
    };
    output.finish(outcome).into()
}
