//! AWS on loopback, for tests in one process: [`Stub`] answers each request as a test says, byte for
//! byte, and [`Account`] keeps a few objects, secrets and events in memory.
//!
//! This is no emulator: it checks no signature and no policy, and knows only the operations that
//! the functions use on their way to a decision.

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a test's helpers may panic as the test itself may"
)]

mod account;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::Credentials;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;

pub use account::{Account, Role};

/// A request as it came.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The method.
    pub method: String,
    /// The path, as sent.
    pub path: String,
    /// The query, as sent.
    pub query: String,
    /// The operation of a JSON service, after the last dot of `x-amz-target`; of a query service,
    /// `Action`.
    pub operation: String,
    /// `if-match` or `if-none-match`.
    pub condition: Option<String>,
    /// The body.
    pub body: String,
}

impl Seen {
    /// A value of the query or of the form in the body, decoded as far as tests need it.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<String> {
        let pairs = self.query.split('&').chain(self.body.split('&'));
        let found = pairs.filter_map(|pair| pair.split_once('='));
        let mut found = found.filter(|(key, _)| *key == name);
        let (_, value) = found.next()?;
        Some(decoded(value))
    }
}

/// Percent-decodes.
pub(crate) fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|hex| {
            let hex = std::str::from_utf8(hex).ok()?;
            u8::from_str_radix(hex, 16).ok()
        });
        match (first, code) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            (b'+', _) => {
                bytes.push(b' ');
                rest = after;
            }
            (_, _) => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// An answer, byte for byte.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// Headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// A status and a body.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
        }
    }

    /// 200 and a body.
    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::new(200, body)
    }

    /// With one more header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// A server that answers as it is told.
#[derive(Clone, Debug)]
pub struct Stub {
    /// Leads every client of the SDK to the server; one attempt a call.
    pub sdk: SdkConfig,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Stub {
    /// Starts it on a free port; it ends with the test's runtime.
    pub async fn start(answer: impl Fn(&Seen) -> Reply + Clone + Send + Sync + 'static) -> Self {
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let log = Arc::clone(&seen);
        let serve = move |request: Request| {
            let (answer, log) = (answer.clone(), Arc::clone(&log));
            async move {
                let request = read(request).await;
                let reply = answer(&request);
                log.lock().unwrap().push(request);
                response(reply)
            }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(serve);
        tokio::spawn(async move { axum::serve(listener, router).await });
        let sdk = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .endpoint_url(format!("http://{address}"))
            .region(Region::new("us-east-1"))
            .retry_config(RetryConfig::disabled())
            .credentials_provider(Credentials::new("key", "secret", None, None, "test"))
            .load()
            .await;
        Self { sdk, seen }
    }

    /// What was asked, in order.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

async fn read(request: Request) -> Seen {
    let (parts, body) = request.into_parts();
    let header = |name: &str| {
        let value = parts.headers.get(name)?;
        value.to_str().ok().map(str::to_owned)
    };
    let body = to_bytes(body, 16_000_000).await.unwrap();
    let mut seen = Seen {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        condition: header("if-match").or_else(|| header("if-none-match")),
        body: String::from_utf8_lossy(&body).into_owned(),
        operation: String::new(),
    };
    let target = header("x-amz-target");
    let operation = target.and_then(|target| target.rsplit('.').next().map(str::to_owned));
    seen.operation = operation
        .or_else(|| seen.value("Action"))
        .unwrap_or_default();
    seen
}

fn response(reply: Reply) -> Response {
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap();
    for (name, value) in reply.headers {
        let value = HeaderValue::from_str(&value).unwrap();
        response
            .headers_mut()
            .insert(HeaderName::from_static(name), value);
    }
    response
}

/// What the template sets, with the values of a stack named `lockstep`.
#[must_use]
pub fn environment() -> BTreeMap<&'static str, &'static str> {
    BTreeMap::from([
        ("AWS_LAMBDA_FUNCTION_NAME", "lockstep-provision-role"),
        ("AWS_REGION", "us-east-1"),
        ("LOCKSTEP_ACCOUNT_ID", "123456789012"),
        (
            "LOCKSTEP_ALLOWED_FUNCTION_ARNS",
            "arn:aws:lambda:us-east-1:123456789012:function:Genesys*, arn:aws:lambda:us-east-1:123456789012:function:Orders",
        ),
        ("LOCKSTEP_ALLOWED_GENESYS_HOSTS", ""),
        ("LOCKSTEP_CLIENT_GRACE_SECONDS", "300"),
        ("LOCKSTEP_CLIENT_SECRET_PREFIX", "genesys/"),
        ("LOCKSTEP_CREDENTIAL_SECRET_PREFIX", "genesys-credentials/"),
        ("LOCKSTEP_EVENT_BUS", "lockstep"),
        (
            "LOCKSTEP_FINGERPRINT_KEY_SECRET",
            "arn:aws:secretsmanager:us-east-1:123456789012:secret:lockstep-fingerprints-a1B2c3",
        ),
        ("LOCKSTEP_EVIDENCE_BUCKET", "lockstep-evidence"),
        ("LOCKSTEP_GENESYS_ACCOUNT_ID", ""),
        ("LOCKSTEP_GENESYS_SETTLE_SECONDS", "10"),
        ("LOCKSTEP_MANIFEST_BUCKET", "lockstep-manifests"),
        ("LOCKSTEP_ORGANIZATION_IDS", "org-1,org-2"),
        ("LOCKSTEP_PARTITION", "aws"),
        (
            "LOCKSTEP_PERMISSIONS_BOUNDARY_ARN",
            "arn:aws:iam::123456789012:policy/lockstep-boundary",
        ),
        (
            "LOCKSTEP_REBIND_QUEUE_URL",
            "https://sqs.us-east-1.amazonaws.com/123456789012/lockstep-rebind.fifo",
        ),
        ("LOCKSTEP_ROLE_NAME_PREFIX", "Genesys"),
        ("LOCKSTEP_SETTLE_SECONDS", "60"),
        ("LOCKSTEP_STACK", "lockstep"),
        ("LOCKSTEP_STUCK_AFTER_MINUTES", "1440"),
        ("LOCKSTEP_REMINDER_HOURS", "24"),
        ("LOCKSTEP_MAX_EXCEPTION_DAYS", "90"),
        ("LOCKSTEP_CRITICAL_EXCEPTIONS", ""),
        ("LOCKSTEP_STATE_BUCKET", "lockstep-state"),
        ("LOCKSTEP_VERIFY_DEADLINE_SECONDS", "3600"),
        ("LOCKSTEP_VERIFY_DELAY_SECONDS", "60"),
        ("LOCKSTEP_VERIFY_WINDOW_SECONDS", "60"),
        (
            "LOCKSTEP_VERIFY_QUEUE_URL",
            "https://sqs.us-east-1.amazonaws.com/123456789012/lockstep-verify",
        ),
    ])
}
