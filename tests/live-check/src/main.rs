//! `live-check`: the same as `cargo sandbox live-check`.

use std::process::ExitCode;

use clap::Parser;
use live_check::{Args, command};

#[derive(Debug, Parser)]
#[command(name = "live-check", version)]
struct Cli {
    #[command(flatten)]
    args: Args,
}

#[tokio::main]
async fn main() -> ExitCode {
    command(&Cli::parse().args).await
}
