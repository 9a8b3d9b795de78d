//! Emulators of AWS, each one process on a free port of loopback that ends with us.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

/// Runs a module of Python and ends, with whatever that started, when its standard input closes.
const LAUNCHER: &str = "
import os, runpy, signal, sys, threading

def end_with_parent():
    sys.stdin.buffer.read()
    os.killpg(0, signal.SIGKILL)

threading.Thread(target=end_with_parent, daemon=True).start()
sys.argv = sys.argv[1:]
runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)
";

/// An emulator: what pip installs, and how it starts on a port.
pub struct Emulator {
    pub name: &'static str,
    requirements: &'static str,
    arguments: fn(u16) -> Vec<String>,
    environment: fn(u16) -> Vec<(&'static str, String)>,
}

/// As the sandbox has it: the same environment, the same switches.
pub const MINISTACK: Emulator = Emulator {
    name: "ministack",
    requirements: include_str!("../../../sandbox/requirements.txt"),
    arguments: |_| vec!["ministack.app".to_owned()],
    environment: |port| {
        vec![
            ("BIND_HOST", "127.0.0.1".to_owned()),
            ("MINISTACK_HOST", "127.0.0.1".to_owned()),
            ("GATEWAY_PORT", port.to_string()),
            ("MINISTACK_REGION", "us-east-1".to_owned()),
            ("AUTH", "true".to_owned()),
            ("IOT_MTLS_ENABLED", "0".to_owned()),
            ("SFTP_ENABLED", "0".to_owned()),
        ]
    },
};

pub const MOTO: Emulator = Emulator {
    name: "moto",
    requirements: include_str!("moto.txt"),
    arguments: |port| {
        let words = ["moto.server", "-H", "127.0.0.1", "-p"];
        let words = words.map(str::to_owned).into_iter();
        words.chain([port.to_string()]).collect()
    },
    environment: |_| Vec::new(),
};

/// A running emulator. Dropping it ends it.
pub struct Running {
    child: Child,
    folder: PathBuf,
    pub endpoint: String,
}

impl Emulator {
    /// Its exact version.
    pub fn version(&self) -> &'static str {
        let mut lines = self.requirements.lines();
        let line = lines.find_map(|line| line.strip_prefix(self.name)?.strip_prefix("=="));
        line.expect("a pinned version")
    }

    /// Starts one and waits until it listens.
    pub async fn start(&'static self) -> Running {
        let install = || python_environment::interpreter(self.name, self.requirements, &|_| {});
        let python = tokio::task::spawn_blocking(install).await;
        let python = python.expect("no panic").expect("an index of packages");
        // Between finding a free port and binding it, somebody else may take it.
        for _ in 0..5 {
            if let Some(running) = self.attempt(&python).await {
                return running;
            }
        }
        panic!("{} does not start", self.name);
    }

    async fn attempt(&self, python: &PathBuf) -> Option<Running> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        drop(listener);
        let runs = python_environment::target().join("tmp");
        let folder = runs.join(format!("{}-{}-{port}", self.name, std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let log = File::create(folder.join("log")).expect("a log");
        let child = Command::new(python)
            .args(["-c", LAUNCHER])
            .args((self.arguments)(port))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &folder)
            .env("TMPDIR", &folder)
            .env("S3_DATA_DIR", folder.join("s3"))
            .env("STATE_DIR", folder.join("state"))
            .envs((self.environment)(port))
            .process_group(0)
            .kill_on_drop(true)
            .stdin(Stdio::piped())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .spawn()
            .expect("Python starts");
        let mut running = Running {
            child,
            folder,
            endpoint: format!("http://127.0.0.1:{port}"),
        };
        running.listens(port).await.then_some(running)
    }
}

impl Running {
    async fn listens(&mut self, port: u16) -> bool {
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(60) {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, port))
                .await
                .is_ok()
            {
                return true;
            }
            if self.child.try_wait().is_ok_and(|ended| ended.is_some()) {
                return false;
            }
            // Another process announces itself to nobody: ask again soon.
            sleep(Duration::from_millis(25)).await;
        }
        false
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}
