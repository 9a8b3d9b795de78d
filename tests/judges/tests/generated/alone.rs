//! A simulator in a process of its own: its memory, its control API, and how it ends.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::socket::{self, Heard};

/// How long a request that nothing is wrong with may take.
pub const HEALTHY: Duration = Duration::from_secs(5);

/// A simulator in a process of its own. It ends with [`Alone::end`], or when this is dropped.
pub struct Alone {
    process: Child,
    /// Host and port.
    pub address: String,
    /// A client of it.
    pub client: (String, String),
}

impl Alone {
    pub fn start() -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_lone-simulator"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the simulator starts");
        let mut line = String::new();
        let said = process.stdout.take().expect("its output is ours");
        BufReader::new(said)
            .read_line(&mut line)
            .expect("it says where it is");
        let words: Vec<&str> = line.split_whitespace().collect();
        let [address, id, secret] = words[..] else {
            panic!("the simulator said {line:?}");
        };
        let alone = Self {
            address: address.to_owned(),
            client: (id.to_owned(), secret.to_owned()),
            process,
        };
        let many = json!({"allowed": 4_000_000_000_u32, "tokens_allowed": 4_000_000_000_u32});
        alone.control("rate-limit", &many);
        alone
    }

    /// The memory of the process that is in real use, in bytes.
    pub fn resident(&self) -> u64 {
        let path = format!("/proc/{}/status", self.process.id());
        let status = fs::read_to_string(path).expect("the process lives");
        let kilobytes: u64 = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|rest| rest.trim().strip_suffix(" kB")?.parse().ok())
            .expect("the kernel says how much");
        kilobytes * 1024
    }

    /// A request with which nothing is wrong; its answer is due soon.
    #[track_caller]
    pub fn ask(&self, method: &str, path: &str, head: &str, body: &str) -> Value {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{head}Content-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        let heard = socket::send(&self.address, &[request.into_bytes()], HEALTHY);
        let Heard::Answer(answer) = heard else {
            panic!("{method} {path}: {heard:?}");
        };
        assert!(
            (200..300).contains(&answer.status),
            "{method} {path}: {answer:?}"
        );
        serde_json::from_slice(&answer.body).unwrap_or(Value::Null)
    }

    #[track_caller]
    pub fn control(&self, name: &str, body: &Value) -> Value {
        self.ask("POST", &format!("/_control/{name}"), "", &body.to_string())
    }

    /// How many requests it received since this was last asked. The log that it counts by is emptied, or the
    /// log itself would be what fills the memory.
    #[track_caller]
    pub fn received(&self) -> usize {
        let calls = self.ask("GET", "/_control/calls", "", "");
        self.control("reset-calls", &json!({}));
        calls.as_array().map_or(0, Vec::len)
    }

    /// Ends it; whether it lived until now, and judged all its answers good.
    pub fn end(mut self) -> bool {
        drop(self.process.stdin.take());
        let status = self.process.wait().expect("the process is ours");
        status.success()
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        // Both fail where it has ended already, which is as well.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
