//! A small server that answers as a test says, and remembers what it was asked.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, Response};
use genesys_cloud::{ClientCredentials, Endpoints, Genesys, Settings};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::contract::Judge;

pub const CLIENT_SECRET: &str = "planted-client-secret";

/// One request as it came over the wire.
#[derive(Debug, Clone)]
pub struct Seen {
    /// `METHOD /path?query`
    pub line: String,
    pub headers: HeaderMap,
    pub body: String,
    /// How many requests with the same line came before.
    pub before: usize,
}

impl Seen {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

pub enum Reply {
    Answer(u16, Vec<(&'static str, String)>, String),
    /// No answer at all.
    Hang,
}

pub fn ok(body: Value) -> Reply {
    status(200, body)
}

pub fn status(status: u16, body: Value) -> Reply {
    Reply::Answer(status, Vec::new(), body.to_string())
}

impl Reply {
    pub fn with(self, name: &'static str, value: impl ToString) -> Self {
        match self {
            Self::Answer(status, mut headers, body) => {
                headers.push((name, value.to_string()));
                Self::Answer(status, headers, body)
            }
            Self::Hang => Self::Hang,
        }
    }
}

/// The platform, as a test has it. Stops when dropped.
pub struct Platform {
    pub url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: JoinHandle<()>,
    judge: Judge,
}

impl Drop for Platform {
    fn drop(&mut self) {
        self.task.abort();
        self.judge.conclude();
    }
}

impl Platform {
    /// Answers by `script`; where that says nothing, tokens are handed out (`token-0`, `token-1`, ...) and
    /// everything else is 404.
    pub async fn start(script: impl Fn(&Seen) -> Option<Reply> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let (log, script) = (Arc::clone(&seen), Arc::new(script));
        let judge = Judge::default();
        let judging = judge.clone();
        let router = Router::new().fallback(move |request: Request| {
            let (log, script, judge) = (Arc::clone(&log), Arc::clone(&script), judging.clone());
            async move { answer(request, &log, &judge, &*script).await }
        });
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            url,
            seen,
            task,
            judge,
        }
    }

    /// The lines asked for, sign-ins left out.
    pub fn calls(&self) -> Vec<String> {
        let lines = self.all().into_iter().map(|seen| seen.line);
        lines.filter(|line| line != "POST /oauth/token").collect()
    }

    pub fn sign_ins(&self) -> usize {
        self.all()
            .iter()
            .filter(|seen| seen.line == "POST /oauth/token")
            .count()
    }

    pub fn all(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The last request that was no sign-in.
    pub fn last(&self) -> Seen {
        self.all()
            .into_iter()
            .rfind(|seen| seen.line != "POST /oauth/token")
            .unwrap()
    }

    pub fn client(&self) -> Genesys {
        self.client_with(quick())
    }

    pub fn client_with(&self, settings: Settings) -> Genesys {
        client_at(&self.url, settings)
    }
}

async fn answer(
    request: Request,
    log: &Mutex<Vec<Seen>>,
    judge: &Judge,
    script: &(dyn Fn(&Seen) -> Option<Reply> + Send + Sync),
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let line = format!("{} {}", parts.method, parts.uri);
    let body = String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap();
    judge.request(&line, &parts.headers, body.as_bytes());
    let seen = {
        let mut log = log.lock().unwrap();
        let before = log.iter().filter(|seen| seen.line == line).count();
        let seen = Seen {
            line,
            headers: parts.headers,
            body,
            before,
        };
        log.push(seen.clone());
        seen
    };
    let reply = script(&seen).unwrap_or_else(|| match seen.line.as_str() {
        "POST /oauth/token" => token(&format!("token-{}", seen.before), 86_400),
        _ => status(404, json!({"message": "not scripted", "code": "not.found"})),
    });
    match reply {
        Reply::Answer(status, headers, body) => {
            let mut response = Response::builder().status(status);
            for (name, value) in headers {
                response = response.header(name, value);
            }
            response.body(Body::from(body)).unwrap()
        }
        Reply::Hang => std::future::pending().await,
    }
}

pub fn token(value: &str, seconds: u64) -> Reply {
    ok(json!({"access_token": value, "token_type": "bearer", "expires_in": seconds}))
}

/// Patience for tests: the same rules, in milliseconds.
pub fn quick() -> Settings {
    Settings {
        backoff_base: Duration::from_millis(4),
        backoff_cap: Duration::from_millis(20),
        request_timeout: Duration::from_secs(5),
        breaker_threshold: 50,
        page_size: 2,
        audit_poll: Duration::from_millis(5),
        ..Settings::default()
    }
}

pub fn client_at(url: &str, settings: Settings) -> Genesys {
    let endpoints = Endpoints {
        api: url.parse().unwrap(),
        login: url.parse().unwrap(),
    };
    let credentials = ClientCredentials {
        client_id: "the-client".into(),
        client_secret: CLIENT_SECRET.into(),
    };
    Genesys::new(endpoints, credentials, settings).unwrap()
}

/// A server below HTTP: each connection's first request is read, then answered by these raw bytes, then the
/// connection is cut. Sign-ins are answered properly. Gives its URL and the lines of the cut requests.
pub async fn cutting(raw: &'static str) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let cut: Arc<Mutex<Vec<String>>> = Arc::default();
    let log = Arc::clone(&cut);
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let mut bytes = Vec::new();
            while !complete(&bytes) {
                let mut chunk = [0; 4096];
                match connection.read(&mut chunk).await {
                    Ok(0) | Err(_) => break,
                    Ok(read) => bytes.extend_from_slice(&chunk[..read]),
                }
            }
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let line = text.lines().next().unwrap_or_default().to_owned();
            if line.starts_with("POST /oauth/token ") {
                let body = r#"{"access_token":"t","expires_in":86400}"#;
                let head = format!(
                    "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                    body.len()
                );
                connection
                    .write_all(format!("{head}{body}").as_bytes())
                    .await
                    .unwrap();
                continue;
            }
            log.lock()
                .unwrap()
                .push(line.trim_end_matches(" HTTP/1.1").to_owned());
            connection.write_all(raw.as_bytes()).await.unwrap();
        }
    });
    (url, cut)
}

/// A whole request: its head, and as many bytes as it announces.
fn complete(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes).to_ascii_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let announced = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    body.len() >= announced.unwrap_or(0usize)
}

/// Answers what begins with this line by one body.
pub fn one(line: &'static str, body: Value) -> impl Fn(&Seen) -> Option<Reply> {
    move |seen| seen.line.starts_with(line).then(|| ok(body.clone()))
}
