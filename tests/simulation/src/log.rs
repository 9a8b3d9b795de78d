//! What a function logs, kept as its log group would be.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use lockstep::telemetry;
use tracing::Dispatch;
use tracing::instrument::WithSubscriber as _;

/// The log of one function.
pub(crate) struct Log {
    written: Written,
    to: Dispatch,
}

impl Log {
    /// An empty one, with what the filter lets through.
    pub(crate) fn new(filter: Option<&str>) -> Self {
        let written = Written::default();
        let to = written.clone();
        Self {
            to: Dispatch::new(telemetry::subscriber(filter, move || to.clone())),
            written,
        }
    }

    /// Its lines so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        let bytes = self.written.lock();
        let text = String::from_utf8_lossy(&bytes);
        text.lines().map(str::to_owned).collect()
    }
}

/// The same work, with what it logs in the log, where there is one.
pub(crate) async fn logging<T>(log: Option<&Log>, work: impl Future<Output = T>) -> T {
    match log {
        Some(log) => work.with_subscriber(log.to.clone()).await,
        None => work.await,
    }
}

/// Bytes that many hands write.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().expect("no test panics in here")
    }
}

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
