//! Child processes that never outlive us.

use std::fs::File;
use std::path::Path;
use std::process::Stdio;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::process::{Child, Command};

use crate::error::Error;

/// A child in a process group of its own. Dropping it kills the group, with whatever the child started.
#[derive(Debug)]
pub struct Group {
    child: Child,
    id: Option<Pid>,
}

impl Group {
    /// Starts the command.
    ///
    /// # Errors
    /// Where it cannot be started.
    pub fn spawn(command: &mut Command) -> Result<Self, Error> {
        let child = command.process_group(0).spawn().map_err(|error| {
            let program = command.as_std().get_program().to_string_lossy();
            Error::io(format!("cannot start {program}"), &error)
        })?;
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Ok(Self {
            child,
            id: id.map(Pid::from_raw),
        })
    }

    /// The child.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// The id of the child, which is the group's, while it runs.
    pub fn process_id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Ends the group and waits until the child is gone.
    pub async fn end(mut self) {
        self.kill();
        let _ = self.child.wait().await;
    }

    fn kill(&mut self) {
        if let Some(id) = self.id.take() {
            // Gone already is what we want.
            let _ = killpg(id, Signal::SIGKILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Runs a tool to its end, with its output in a log file.
///
/// # Errors
/// Where it cannot be started or fails; then with the end of what it said.
pub async fn run(command: &mut Command, log: &Path) -> Result<(), Error> {
    let io = |error: &std::io::Error| Error::io(format!("cannot write {}", log.display()), error);
    let out = File::create(log).map_err(|error| io(&error))?;
    let err = out.try_clone().map_err(|error| io(&error))?;
    command.stdin(Stdio::null()).stdout(out).stderr(err);
    finish(command, Some(log)).await
}

/// Runs a tool to its end that shows its own progress on our terminal.
///
/// # Errors
/// Where it cannot be started or fails.
pub async fn run_on_terminal(command: &mut Command) -> Result<(), Error> {
    command.stdin(Stdio::null());
    finish(command, None).await
}

async fn finish(command: &mut Command, log: Option<&Path>) -> Result<(), Error> {
    let shown = format!("{:?}", command.as_std());
    let mut group = Group::spawn(command)?;
    let status = group
        .child()
        .wait()
        .await
        .map_err(|error| Error::io(format!("waiting for {shown}"), &error))?;
    // Ended by itself: its group id may belong to somebody else from now on.
    group.id = None;
    if status.success() {
        return Ok(());
    }
    let said = log.map(tail).unwrap_or_default();
    Err(Error::new(format!("{shown} failed with {status}{said}")))
}

/// The last lines of a log, for an error message.
pub fn tail(log: &Path) -> String {
    const LINES: usize = 30;
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let last = lines.len().saturating_sub(LINES);
    lines[last..]
        .iter()
        .map(|line| format!("\n    | {line}"))
        .collect()
}
