//! Logs for a reader and for a query, and metrics for alarms.
//!
//! Logs are JSON on standard output, one span per invocation with the function's name, the request
//! and, once known, the change. Metrics are one line of CloudWatch's embedded metric format per
//! invocation ("Specification: Embedded metric format", CloudWatch user guide): CloudWatch turns it
//! into metrics without a call of ours.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use genesys_cloud::Stats;
use jiff::Timestamp;
use lockstep_domain::change::ChangeId;
use serde_json::{Map, Value, json};
use tracing::{Span, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt;

/// The namespace of every metric.
pub const NAMESPACE: &str = "Lockstep";

/// Values that the embedded metric format takes for one metric in one line (CloudWatch user
/// guide, "Specification: Embedded metric format").
const MOST_VALUES: usize = 100;

/// Starts logging to standard output.
pub fn start(filter: Option<&str>) {
    let started = subscriber(filter, std::io::stdout).try_init();
    // A second start in one process (a test) keeps the first.
    drop(started);
}

/// Writes each line of the log as the filter says; at `info` where there is none or it is not
/// understood.
pub fn subscriber<W>(filter: Option<&str>, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = filter.and_then(|filter| EnvFilter::try_new(filter).ok());
    let filter = filter.unwrap_or_else(|| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .json()
        .with_env_filter(filter)
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_writer(writer)
        .finish()
}

/// The span of one invocation.
#[must_use]
pub fn span(function: &str, request_id: &str) -> Span {
    tracing::info_span!(
        "invocation",
        function,
        request_id,
        change_id = tracing::field::Empty
    )
}

/// Puts the change's id on every further line of this invocation.
///
/// Works where the invocation's span is the current one: code that opens spans of its own calls it
/// before it does.
pub fn record_change(change: &ChangeId) {
    Span::current().record("change_id", change.as_str());
}

/// What is counted. Cheap to add to from anywhere; the runtime flushes it after each invocation.
#[derive(Debug)]
pub struct Metrics {
    function: String,
    write: WriteLine,
    counts: Mutex<Counts>,
}

/// Writes one line of metrics.
pub type WriteLine = fn(&str);

/// CloudWatch reads metrics from what a function writes to standard output (CloudWatch user guide,
/// "Embedding metrics within logs").
pub fn to_stdout(line: &str) {
    println!("{line}");
}

#[derive(Debug, Default)]
struct Counts {
    requests: u64,
    successes: u64,
    failures: u64,
    latency_ms: Vec<f64>,
    auth_latency_ms: Vec<f64>,
    auth_successes: u64,
    auth_failures: u64,
    rate_limit_waits: u64,
    pending_verifications: u64,
    credential_splits: u64,
}

fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1_000_000.0).round() / 1_000.0
}

impl Metrics {
    /// For a function of this deployed name.
    #[must_use]
    pub fn new(function: &str, write: WriteLine) -> Self {
        Self {
            function: function.to_owned(),
            write,
            counts: Mutex::default(),
        }
    }

    /// Numbers stay right whoever panicked beside them.
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One delivery or direct invocation was handled in `took`.
    pub fn handled(&self, succeeded: bool, took: Duration) {
        let mut counts = self.counts();
        counts.requests += 1;
        if succeeded {
            counts.successes += 1;
        } else {
            counts.failures += 1;
        }
        counts.latency_ms.push(milliseconds(took));
    }

    /// What the Genesys Cloud client did. Token requests of one invocation are timed together:
    /// there is one, unless it had to be repeated.
    pub fn genesys(&self, stats: &Stats) {
        let mut counts = self.counts();
        counts.auth_successes += stats.auth_requests.saturating_sub(stats.auth_failures);
        counts.auth_failures += stats.auth_failures;
        if stats.auth_requests > 0 {
            counts.auth_latency_ms.push(stats.auth_ms as f64);
        }
        counts.rate_limit_waits += stats.rate_limit_waits;
    }

    /// A verdict is not there yet.
    pub fn verification_pending(&self) {
        self.counts().pending_verifications += 1;
    }

    /// The credentials of one secret do not have the same version: some moved, some did not, and
    /// they could not be moved back.
    pub fn credentials_split(&self) {
        self.counts().credential_splits += 1;
    }

    /// Writes one line and starts again from zero. Writes nothing if nothing was counted.
    pub fn flush(&self, now: Timestamp) {
        if let Some(line) = self.take(now) {
            (self.write)(&line.to_string());
        }
    }

    fn take(&self, now: Timestamp) -> Option<Value> {
        let counts = std::mem::take(&mut *self.counts());
        // All fields by name, so that next year's is not forgotten.
        let Counts {
            requests,
            successes,
            failures,
            latency_ms,
            auth_latency_ms,
            auth_successes,
            auth_failures,
            rate_limit_waits,
            pending_verifications,
            credential_splits,
        } = counts;
        if requests == 0 {
            return None;
        }
        let mut line = Line::default();
        line.count("Requests", requests);
        line.count("Successes", successes);
        line.count("Failures", failures);
        line.times("Latency", &latency_ms);
        line.times("AuthLatency", &auth_latency_ms);
        if auth_successes + auth_failures > 0 {
            line.count("AuthSuccesses", auth_successes);
            line.count("AuthFailures", auth_failures);
        }
        line.count("RateLimitWaits", rate_limit_waits);
        line.count("PendingVerifications", pending_verifications);
        line.count("CredentialSplits", credential_splits);
        Some(line.finish(&self.function, now))
    }
}

/// One line of the embedded metric format.
#[derive(Default)]
struct Line {
    definitions: Vec<Value>,
    values: Map<String, Value>,
}

impl Line {
    fn count(&mut self, name: &str, value: u64) {
        self.definitions
            .push(json!({"Name": name, "Unit": "Count"}));
        self.values.insert(name.to_owned(), json!(value));
    }

    /// No measurement is no metric: a zero would be a lie in every average.
    fn times(&mut self, name: &str, values: &[f64]) {
        if values.is_empty() {
            return;
        }
        let values = &values[..values.len().min(MOST_VALUES)];
        self.definitions
            .push(json!({"Name": name, "Unit": "Milliseconds"}));
        self.values.insert(name.to_owned(), json!(values));
    }

    fn finish(self, function: &str, now: Timestamp) -> Value {
        let Self {
            definitions,
            mut values,
        } = self;
        values.insert("Function".to_owned(), json!(function));
        values.insert(
            "_aws".to_owned(),
            json!({
                "Timestamp": now.as_millisecond(),
                "CloudWatchMetrics": [{
                    "Namespace": NAMESPACE,
                    "Dimensions": [["Function"]],
                    "Metrics": definitions,
                }],
            }),
        );
        Value::Object(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-01-01T00:00:00Z".parse().unwrap()
    }

    #[test]
    fn every_metric_of_a_line_is_defined_and_has_its_value() {
        let metrics = Metrics::new("lockstep-rebind-action", to_stdout);
        metrics.handled(true, Duration::from_micros(12_345));
        metrics.handled(false, Duration::from_millis(7));
        metrics.genesys(&Stats {
            auth_requests: 3,
            auth_failures: 1,
            auth_ms: 90,
            rate_limit_waits: 2,
            ..Stats::default()
        });
        metrics.verification_pending();
        metrics.credentials_split();
        let line = metrics.take(now()).unwrap();
        let about = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(about["Namespace"], "Lockstep");
        assert_eq!(about["Dimensions"], json!([["Function"]]));
        for metric in about["Metrics"].as_array().unwrap() {
            let name = metric["Name"].as_str().unwrap();
            assert!(line.get(name).is_some(), "{name}");
        }
        assert_eq!(line["Function"], "lockstep-rebind-action");
        assert_eq!(line["Requests"], 2);
        assert_eq!(line["Failures"], 1);
        assert_eq!(line["Latency"], json!([12.345, 7.0]));
        assert_eq!(line["AuthLatency"], json!([90.0]));
        assert_eq!(line["AuthSuccesses"], 2);
        assert_eq!(line["AuthFailures"], 1);
        assert_eq!(line["RateLimitWaits"], 2);
        assert_eq!(line["PendingVerifications"], 1);
        assert_eq!(line["CredentialSplits"], 1);
    }

    #[test]
    fn what_was_flushed_is_not_counted_again() {
        let metrics = Metrics::new("f", to_stdout);
        assert_eq!(metrics.take(now()), None);
        metrics.handled(true, Duration::ZERO);
        assert!(metrics.take(now()).is_some());
        assert_eq!(metrics.take(now()), None);
    }

    #[test]
    fn without_a_sign_in_there_is_no_latency_of_signing_in() {
        let metrics = Metrics::new("f", to_stdout);
        metrics.handled(true, Duration::ZERO);
        let line = metrics.take(now()).unwrap();
        assert_eq!(line.get("AuthLatency"), None);
        assert_eq!(line.get("AuthFailures"), None);
    }
}
