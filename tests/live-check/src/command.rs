//! The check at the command line, for `cargo sandbox live-check` and for the program of its own.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::{Options, Patience, Report, Stop, Target, check};

/// Compares a real Genesys Cloud organization with the simulator and prints the differences.
///
/// Needs GENESYS_REGION (such as us-east-1; or GENESYS_API_URL and GENESYS_LOGIN_URL),
/// GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET in the environment. Without --write nothing is
/// changed. The exit code is 0 where everything could be asked, 1 where a call could not be made or
/// something may be left behind, 2 where the environment is not right, 130 after Ctrl-C.
/// Permissions and how to read it: docs/live-check.md.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Makes a credential, an integration and an action named lockstep-live-check-…, exercises and
    /// removes them.
    #[arg(long)]
    write: bool,
    /// Prints the report as JSON.
    #[arg(long)]
    json: bool,
    /// How many minutes audit records are waited for with --write.
    #[arg(long, default_value_t = 10, value_name = "MINUTES")]
    audit_wait: u64,
}

/// Runs the check as `args` and the environment say, and prints the report. What happens meanwhile
/// goes to stderr. The first Ctrl-C ends the asking and removes what was made; the second ends the
/// removal, and what is left is printed.
pub async fn command(args: &Args) -> ExitCode {
    let target = match Target::from_env(|name| std::env::var(name).ok()) {
        Ok(target) => target,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    let stop = match interrupts() {
        Ok(stop) => stop,
        Err(error) => {
            eprintln!("cannot listen for Ctrl-C, so the live check did not start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let options = Options {
        write: args.write,
        patience: Patience {
            audits: Duration::from_secs(60)
                .saturating_mul(u32::try_from(args.audit_wait).unwrap_or(u32::MAX)),
            ..Patience::default()
        },
    };
    match check(&target, &options, stop, &|line| eprintln!("{line}")).await {
        Ok(report) => printed(&report, args.json),
        Err(error) => {
            eprintln!("FAILED: {error}");
            ExitCode::FAILURE
        }
    }
}

fn printed(report: &Report, json: bool) -> ExitCode {
    let text = if json {
        serde_json::to_string_pretty(report).unwrap_or_else(|error| error.to_string())
    } else {
        report.to_string()
    };
    // A closed pipe is no reason to fail: the check is done.
    let _ = writeln!(std::io::stdout(), "{text}");
    ExitCode::from(report.exit_code())
}

/// Counts the signals that ask for the end.
fn interrupts() -> std::io::Result<Stop> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let (asked, stop) = watch::channel(0);
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = interrupt.recv() => {},
                _ = terminate.recv() => {},
                _ = hangup.recv() => {},
            }
            asked.send_modify(|signals| *signals += 1);
            eprintln!(
                "stopping: the live check removes what it created; press Ctrl-C again to \
                       stop the removal too"
            );
        }
    });
    Ok(stop)
}
