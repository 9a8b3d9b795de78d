//! `cargo sandbox`: the local stack at the command line.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use sandbox::endpoints::{AwsEndpoints, Endpoints, Published};
use sandbox::{Error, FUNCTIONS, Options, Progress, RotateOptions, Step, aws::Aws, demo};
use tokio::signal::unix::{SignalKind, signal};

/// Runs Lockstep on this machine: an emulator of AWS, a simulator of Genesys Cloud, and template.yaml deployed
/// between them.
///
/// Without a subcommand it runs the demo: a manifest is uploaded, a secret rotates, and the Data Action follows to
/// its verdict and evidence. The last line is the verdict; the exit code is 0 if it is Verified. The steps are in
/// target/sandbox/summary.json. Output is coloured on a terminal, unless NO_COLOR is set.
#[derive(Debug, Parser)]
#[command(name = "cargo sandbox", bin_name = "cargo sandbox", version)]
struct Cli {
    /// Shows the details of each step of the demo: all fields of the events, the plan and the audit records.
    #[arg(long)]
    verbose: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Starts and deploys everything, and runs until Ctrl-C.
    ///
    /// The addresses are in target/sandbox/endpoints.json as soon as everything is ready. No manifest is uploaded.
    /// The AWS access key and secret key are test and test.
    Up,
    /// Invokes a function of the running sandbox and prints its response as JSON.
    ///
    /// The exit code is 1 if the function ended with an error. The folder events/ has example events.
    Invoke {
        /// The function: provision-role, rebind-action, verify-change, check-compliance or rotate-client.
        #[arg(value_parser = FUNCTIONS)]
        function: String,
        /// A JSON file with the event.
        event_file: PathBuf,
    },
    /// Rotates the OAuth client in a secret of the running sandbox, as Secrets Manager does.
    ///
    /// A new version is staged as AWSPENDING, and the function rotate-client is called for the four steps in order.
    /// If a step fails, all steps are repeated some times. The answer of each call is printed as JSON. The exit code
    /// is 1 if the rotation does not complete. The client's secret is client_secret_arn in endpoints.json; upload a
    /// manifest that names it first.
    Rotate {
        /// The secret's ARN.
        secret_arn: String,
        /// Stop after this step, as if Secrets Manager had crashed.
        #[arg(long, value_name = "STEP")]
        stop_after: Option<Step>,
        /// Repeat the pending rotation with its token or, if there is none, the latest one.
        #[arg(long)]
        again: bool,
    },
    LiveCheck(live_check::Args),
    /// Starts only the Genesys Cloud simulator, and runs until Ctrl-C.
    ///
    /// Its address is in target/sandbox/endpoints.json. Its control API is under /_control on the same port. It has
    /// no AWS account to call, so tests of actions fail as they do without a role.
    Genesys {
        /// The port on loopback; 0 means any free port.
        #[arg(long, default_value_t = 0)]
        port: u16,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let code = match cli.command {
        // Removes what it made before it ends, so it is not simply dropped when interrupted.
        Some(Command::LiveCheck(args)) => runtime.block_on(live_check::command(&args)),
        command => runtime.block_on(until_interrupted(run(command, cli.verbose))),
    };
    // A wait for a lock must not hold us up.
    runtime.shutdown_background();
    code
}

/// Ends the work when we are asked to end. What it started ends with it, as it is dropped.
async fn until_interrupted(work: impl Future<Output = Result<ExitCode, Error>>) -> ExitCode {
    let interrupted = async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hangup = signal(SignalKind::hangup())?;
        tokio::select! {
            _ = interrupt.recv() => {},
            _ = terminate.recv() => {},
            _ = hangup.recv() => {},
        }
        Ok::<(), std::io::Error>(())
    };
    tokio::select! {
        result = work => result.unwrap_or_else(|error| {
            eprintln!("Failed: {error}");
            ExitCode::FAILURE
        }),
        result = interrupted => match result {
            Ok(()) => {
                println!("\nInterrupted. Everything has stopped.");
                ExitCode::from(130)
            }
            Err(error) => {
                eprintln!("cannot listen for Ctrl-C: {error}");
                ExitCode::FAILURE
            }
        },
    }
}

async fn run(command: Option<Command>, verbose: bool) -> Result<ExitCode, Error> {
    match command {
        None => Ok(demonstrate(verbose).await),
        Some(Command::LiveCheck(args)) => Ok(live_check::command(&args).await),
        Some(Command::Up) => up().await,
        Some(Command::Invoke {
            function,
            event_file,
        }) => invoke(&function, &event_file).await,
        Some(Command::Rotate {
            secret_arn,
            stop_after,
            again,
        }) => rotate(&secret_arn, stop_after, again).await,
        Some(Command::Genesys { port }) => genesys(port).await,
    }
}

async fn demonstrate(verbose: bool) -> ExitCode {
    let summary = demo::run(&Progress::terminal(verbose)).await;
    if summary.verdict == "Verified" {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

async fn up() -> Result<ExitCode, Error> {
    let progress = Progress::terminal(false);
    let options = Options {
        progress: progress.clone(),
        ..Options::silent()
    };
    let stack = sandbox::start(options).await?;
    let published = stack.endpoints().publish()?;
    progress.say("");
    progress.result("Logs", &stack.log().display().to_string());
    run_until_ended(&progress, &published).await
}

async fn genesys(port: u16) -> Result<ExitCode, Error> {
    let progress = Progress::terminal(false);
    // Held until the end: dropping it ends it.
    let (_genesys, endpoints) = sandbox::start_genesys(port, &progress).await?;
    let published = endpoints.publish()?;
    progress.result("Simulator", &endpoints.genesys.genesys_api_url);
    run_until_ended(&progress, &published).await
}

async fn run_until_ended(progress: &Progress, published: &Published) -> Result<ExitCode, Error> {
    progress.result("Endpoints", &published.path().display().to_string());
    progress.say("\nReady. Press Ctrl-C to stop.");
    std::future::pending().await
}

async fn invoke(function: &str, event_file: &Path) -> Result<ExitCode, Error> {
    let shown = event_file.display();
    let text = std::fs::read_to_string(event_file)
        .map_err(|error| Error::io(format!("cannot read {shown}"), &error))?;
    let event = serde_json::from_str(&text)
        .map_err(|error| Error::new(format!("{shown} is not JSON: {error}")))?;
    let (aws, endpoints) = running().await?;
    let answer = sandbox::invoke(&aws, &endpoints, function, &event).await?;
    print(&answer.payload)?;
    Ok(if answer.failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

async fn rotate(
    secret_arn: &str,
    stop_after: Option<Step>,
    again: bool,
) -> Result<ExitCode, Error> {
    let (aws, endpoints) = running().await?;
    let options = RotateOptions { stop_after, again };
    let rotated = sandbox::rotate(&aws, &endpoints, secret_arn, options).await?;
    print(&rotated)?;
    Ok(if rotated.done {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn running() -> Result<(Aws, AwsEndpoints), Error> {
    let endpoints = Endpoints::of_running()?.aws.ok_or_else(|| {
        Error::new("only the Genesys Cloud simulator is running, without functions")
            .fix("start everything with `cargo sandbox up`")
    })?;
    Ok((Aws::at(&endpoints.aws_endpoint_url).await, endpoints))
}

fn print(answer: &impl serde::Serialize) -> Result<(), Error> {
    let text =
        serde_json::to_string_pretty(answer).map_err(|error| Error::new(error.to_string()))?;
    println!("{text}");
    Ok(())
}
