//! boto3 in a child process, for the services that only the sandbox and the tests call.
//!
//! The Rust SDKs of CloudFormation and CloudWatch Logs are 334,000 lines, which everyone would compile; boto3 comes
//! with the local AWS.

use std::fmt;
use std::path::Path;
use std::process::Stdio;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{ChildStdin, ChildStdout, Command};
use tokio::sync::Mutex;

use crate::error::Error;
use crate::ministack::REGION;
use crate::process::Group;

const SCRIPT: &str = include_str!("boto.py");

/// A process that calls the local AWS with boto3, one request after the other. Dropping it ends the process.
pub struct Boto {
    pipes: Mutex<Pipes>,
    // Ends with the value.
    _process: Group,
}

struct Pipes {
    requests: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    Answer(Value),
    Error(String),
}

impl Boto {
    /// Starts the process, given the interpreter of an environment with boto3 and the local AWS's endpoint.
    ///
    /// # Errors
    /// Where the process cannot be started.
    pub fn start(python: &Path, endpoint: &str) -> Result<Self, Error> {
        let mut command = Command::new(python);
        command
            .args(["-c", SCRIPT, endpoint, REGION])
            // A person's profile has nothing to do with the local AWS.
            .env_remove("AWS_PROFILE")
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut process = Group::spawn(&mut command)?;
        let child = process.child();
        let (Some(requests), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Error::new("boto3 was started without pipes"));
        };
        let answers = BufReader::new(answers).lines();
        Ok(Self {
            pipes: Mutex::new(Pipes { requests, answers }),
            _process: process,
        })
    }

    /// Calls an operation by boto3's name of it (`describe_stacks`), and gives the whole answer: all pages where it
    /// has pages.
    ///
    /// # Errors
    /// Where AWS refuses the call, or the process has ended.
    pub async fn call(
        &self,
        service: &str,
        operation: &str,
        parameters: Value,
    ) -> Result<Value, Error> {
        let request = json!({"service": service, "operation": operation, "parameters": parameters});
        let mut pipes = self.pipes.lock().await;
        let reply = pipes
            .exchange(&request.to_string())
            .await
            .map_err(|error| Error::io(format!("boto3, {service} {operation}"), &error))?;
        match serde_json::from_str(&reply) {
            Ok(Reply::Answer(answer)) => Ok(answer),
            Ok(Reply::Error(error)) => Err(Error::new(error)),
            Err(error) => Err(Error::new(format!(
                "boto3, {service} {operation}: {error} in `{reply}`"
            ))),
        }
    }
}

impl Pipes {
    async fn exchange(&mut self, request: &str) -> std::io::Result<String> {
        self.requests
            .write_all(format!("{request}\n").as_bytes())
            .await?;
        self.requests.flush().await?;
        let reply = self.answers.next_line().await?;
        reply.ok_or_else(|| std::io::Error::other("the process ended"))
    }
}

impl fmt::Debug for Boto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Boto").finish_non_exhaustive()
    }
}
