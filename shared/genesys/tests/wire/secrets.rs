//! Secrets: none in any error, log, or `Debug`.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};

use crate::support::{CLIENT_SECRET, Platform, Reply, quick, status};
use secrecy::SecretString;
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

const FIELD: &str = "planted-field-value";
const TOKEN: &str = "planted-access-token";

/// Collects what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// A platform at its worst: it repeats everything it was sent.
fn echoing(seen: &crate::support::Seen) -> Option<Reply> {
    if seen.line == "POST /oauth/token" {
        return Some(crate::support::token(TOKEN, 3600));
    }
    let heard = format!(
        "{} {} {CLIENT_SECRET}",
        seen.header("authorization"),
        seen.body
    );
    Some(status(
        400,
        json!({"message": heard, "code": "bad.request", "contextId": heard,
        "details": [{"fieldName": heard}], "errors": [{"message": heard}]}),
    ))
}

#[tokio::test]
async fn nothing_secret_reaches_an_error_a_log_or_debug() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    // For the whole binary: with a thread's own subscriber, a log line first met by a test on another
    // thread counts as switched off for good.
    tracing::subscriber::set_global_default(subscriber).expect("no other test sets one");

    let platform = Platform::start(echoing).await;
    let client = platform.client_with(quick());
    let fields = BTreeMap::from([("password".to_owned(), SecretString::from(FIELD))]);
    let mut texts = vec![format!("{client:?}")];
    for error in [
        client
            .create_credential("n", "t", &fields)
            .await
            .unwrap_err(),
        client
            .put_credential("c", "n", "t", &fields)
            .await
            .unwrap_err(),
    ] {
        texts.push(format!("{error}"));
        texts.push(format!("{error:?}"));
        texts.push(format!("{error:#?}"));
    }
    texts.push(String::from_utf8(log.0.lock().unwrap().clone()).unwrap());
    assert!(
        texts
            .last()
            .unwrap()
            .contains("POST /api/v2/integrations/credentials"),
        "the log was on"
    );
    for text in texts {
        for secret in [FIELD, TOKEN, CLIENT_SECRET] {
            assert!(!text.contains(secret), "{secret} in: {text}");
        }
    }
}
