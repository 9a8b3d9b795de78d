//! Saying what is being done while it is done.

use std::future::Future;
use std::io::Write;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often long work says that it goes on.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// Where progress is told.
#[derive(Clone)]
pub struct Progress {
    sink: Arc<dyn Fn(&str) + Send + Sync>,
    interactive: bool,
}

impl Progress {
    /// Nobody listens: for tests, where only failures matter.
    pub fn silent() -> Self {
        Self {
            sink: Arc::new(|_| {}),
            interactive: false,
        }
    }

    /// To standard output, one line each. Long-running tools may write to the terminal as well.
    pub fn terminal() -> Self {
        Self {
            // A closed terminal must not end the clean-up.
            sink: Arc::new(|line| {
                let mut out = std::io::stdout().lock();
                let _ = writeln!(out, "{line}").and_then(|()| out.flush());
            }),
            interactive: true,
        }
    }

    /// Whether tools that show their own progress should do so.
    pub fn is_interactive(&self) -> bool {
        self.interactive
    }

    /// Tells one line.
    pub fn say(&self, line: impl AsRef<str>) {
        (self.sink)(line.as_ref());
    }

    /// Does some work, and tells what it is, that it still goes on, and how long it took.
    pub async fn during<T, E>(
        &self,
        what: &str,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let began = Instant::now();
        let mut work = pin!(work);
        let mut heartbeat = tokio::time::interval(HEARTBEAT);
        heartbeat.tick().await;
        let result = loop {
            tokio::select! {
                result = &mut work => break result,
                _ = heartbeat.tick() => {
                    self.say(format!("     ... {what} ({} s)", began.elapsed().as_secs()));
                }
            }
        };
        if result.is_ok() {
            self.say(format!("  ok {what} ({})", took(began.elapsed())));
        }
        result
    }
}

/// A duration for people.
pub fn took(duration: Duration) -> String {
    if duration < Duration::from_secs(1) {
        format!("{} ms", duration.as_millis())
    } else {
        format!("{:.1} s", duration.as_secs_f64())
    }
}
