//! One process of ministack, an emulator of AWS, on a free port of loopback.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::{Instant, sleep, timeout};

use crate::error::Error;
use crate::place::RunFolder;
use crate::process::{Group, tail};

/// The region everything is in.
pub const REGION: &str = "us-east-1";

/// Ends itself, and what it started, when its standard input closes: that also happens when we are killed.
/// The emulator accepts partner events and forgets them; here they reach their bus, as on AWS.
const LAUNCHER: &str = include_str!("launcher.py");

/// A running emulator. Dropping it ends it, and the functions that it started.
#[derive(Debug)]
pub struct Ministack {
    group: Group,
    endpoint: String,
    log: PathBuf,
}

impl Ministack {
    /// Starts one and waits until it answers.
    ///
    /// # Errors
    /// Where it does not come up.
    pub async fn start(python: &Path, run: &RunFolder) -> Result<Self, Error> {
        // Between finding a free port and binding it, somebody else may take it.
        let mut last = Error::new("ministack was not tried");
        for _ in 0..5 {
            match Self::attempt(python, run).await {
                Ok(started) => return Ok(started),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn attempt(python: &Path, run: &RunFolder) -> Result<Self, Error> {
        let port = free_port()?;
        let endpoint = format!("http://127.0.0.1:{port}");
        let log = run.path().join("ministack.log");
        let out = File::create(&log).map_err(|error| Error::io("cannot make a log", &error))?;
        let err = out
            .try_clone()
            .map_err(|error| Error::io("cannot make a log", &error))?;
        let tmp = run.tmp();
        let mut command = Command::new(python);
        command
            .args(["-c", LAUNCHER])
            // Functions inherit its environment, so it gets none of ours.
            .env_clear()
            .env("PATH", path_with(python))
            .env("HOME", &tmp)
            .env("TMPDIR", &tmp)
            .env("S3_DATA_DIR", tmp.join("s3"))
            .env("STATE_DIR", tmp.join("state"))
            .env("PYTHONUNBUFFERED", "1")
            .env("BIND_HOST", "127.0.0.1")
            .env("MINISTACK_HOST", "127.0.0.1")
            .env("GATEWAY_PORT", port.to_string())
            .env("MINISTACK_REGION", REGION)
            .env("AWS_ENDPOINT_URL", &endpoint)
            // Each function has its role's permissions, and no more.
            .env("AUTH", "true")
            .env("IOT_MTLS_ENABLED", "0")
            .env("SFTP_ENABLED", "0")
            .stdin(Stdio::piped())
            .stdout(out)
            .stderr(err);
        let mut ministack = Self {
            group: Group::spawn(&mut command)?,
            endpoint,
            log,
        };
        ministack.wait_until_ready().await?;
        Ok(ministack)
    }

    /// Where all of AWS answers.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Its process, while it runs.
    pub fn process_id(&self) -> Option<u32> {
        self.group.process_id()
    }

    /// Its log.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Ends it and waits until it is gone.
    pub async fn stop(self) {
        self.group.end().await;
    }

    async fn wait_until_ready(&mut self) -> Result<(), Error> {
        const PATIENCE: Duration = Duration::from_secs(60);
        let began = Instant::now();
        let ready = format!("{}/_ministack/ready", self.endpoint);
        let http = reqwest::Client::new();
        loop {
            let ended = self.group.child().try_wait();
            if let Ok(Some(status)) = ended {
                let said = tail(&self.log);
                return Err(Error::new(format!("ministack ended with {status}{said}")));
            }
            let asked = timeout(Duration::from_secs(2), http.get(&ready).send()).await;
            if asked.is_ok_and(|answer| answer.is_ok_and(|answer| answer.status().is_success())) {
                return Ok(());
            }
            if began.elapsed() > PATIENCE {
                let said = tail(&self.log);
                return Err(Error::new(format!("ministack does not answer{said}")));
            }
            // Another process announces itself to nobody: ask again soon.
            sleep(Duration::from_millis(25)).await;
        }
    }
}

fn free_port() -> Result<u16, Error> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| Error::io("no free port on loopback", &error))
}

/// Functions in Python start with the first `python3` on the path: that of the environment.
fn path_with(python: &Path) -> String {
    let own = std::env::var("PATH").unwrap_or_default();
    match python.parent() {
        Some(bin) => format!("{}:{own}", bin.display()),
        None => own,
    }
}
