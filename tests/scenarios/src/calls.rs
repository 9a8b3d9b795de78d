//! What reached Genesys Cloud, what shall go wrong there, and ending a function in the middle.

use std::time::Duration;

use genesys_simulator::{Call, Fault};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getpgid};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::world::{Error, PATIENCE, World};

/// Between two looks at what nobody tells of.
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

impl World {
    /// The calls to one route, by its template without `/api/v2`, such as `/integrations/actions`.
    pub fn calls_of(&self, method: &str, route: &str) -> Vec<Call> {
        let template = format!("/api/v2{route}");
        let mut calls = self.stack.genesys.calls();
        calls.retain(|call| call.method == method && call.route.as_ref() == Some(&template));
        calls
    }

    /// Waits until a route has been called more than `before` times.
    ///
    /// # Errors
    /// Where that does not come; with Lockstep's events so far.
    pub async fn call_after(&self, before: usize, method: &str, route: &str) -> Result<(), Error> {
        let deadline = Instant::now() + PATIENCE;
        while self.calls_of(method, route).len() <= before {
            if Instant::now() > deadline {
                let told = self.stack.events().await?;
                return Err(format!("{method} {route} is not called; events: {told:#?}").into());
            }
            // The log of calls is read, not listened to.
            sleep(BETWEEN_LOOKS).await;
        }
        Ok(())
    }

    /// Waits until a function has logged a line that contains `text`.
    ///
    /// # Errors
    /// Where that does not come, or its logs can't be read.
    pub async fn logged(&self, function: &str, text: &str) -> Result<(), Error> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let lines = self.stack.function_logs(function).await?;
            if lines.iter().any(|line| line.contains(text)) {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(format!("{function} does not log {text:?}").into());
            }
            // Logs are read, not listened to.
            sleep(BETWEEN_LOOKS * 10).await;
        }
    }

    /// Plants a fault, written as the control API takes it, with the route as [`Self::calls_of`] has it.
    ///
    /// # Errors
    /// Where it is none.
    pub fn fault(&self, method: &str, route: &str, mut what: Value) -> Result<(), Error> {
        what["method"] = method.into();
        what["route"] = format!("/api/v2{route}").into();
        let fault: Fault = serde_json::from_value(what)?;
        Ok(self.stack.genesys.add_fault(fault)?)
    }

    /// Ends every process of a function where it stands, as a crash would; answers how many.
    ///
    /// # Errors
    /// Where the processes can't be listed.
    pub fn crash(&self, function: &str) -> Result<usize, Error> {
        let world = self
            .stack
            .process_id()
            .and_then(|id| i32::try_from(id).ok());
        let world = Pid::from_raw(world.ok_or("the local AWS does not run")?);
        let mut ended = 0;
        for entry in std::fs::read_dir("/proc")? {
            let name = entry?.file_name();
            let Some(id) = name.to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            // A process may end while we look.
            let command = std::fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
            let program = command.split(|byte| *byte == 0).next().unwrap_or_default();
            let process = Pid::from_raw(id);
            if program.ends_with(format!("/{function}").as_bytes())
                && getpgid(Some(process)) == Ok(world)
                && kill(process, Signal::SIGKILL).is_ok()
            {
                ended += 1;
            }
        }
        Ok(ended)
    }

    /// Gives a function less time than the template does.
    ///
    /// # Errors
    /// Where it can't be configured.
    pub async fn times_out_after(&self, function: &str, time: Duration) -> Result<(), Error> {
        self.stack
            .aws
            .lambda
            .update_function_configuration()
            .function_name(self.stack.function_name(function)?)
            .timeout(time.as_secs().try_into()?)
            .send()
            .await?;
        Ok(())
    }
}
