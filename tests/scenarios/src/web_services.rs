//! A web service behind Genesys Cloud, with users whose passwords change.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use simulation::story::Error;

type Users = Arc<Mutex<BTreeMap<String, String>>>;

/// A web service that lets in who comes with the name and password of one of its users, on a free
/// port of loopback.
#[derive(Debug)]
pub struct WebService {
    url: String,
    users: Users,
    task: JoinHandle<()>,
}

impl WebService {
    /// A service without users.
    ///
    /// # Errors
    /// Where there is no free port.
    pub async fn start() -> Result<Self, Error> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let users = Users::default();
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&users));
        let task = tokio::spawn(async move {
            // Ends with the task.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { url, users, task })
    }

    /// Gives a user a password; the one before lets nobody in any more.
    pub fn lets_in(&self, user: &str, password: &str) {
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        users.insert(user.to_owned(), password.to_owned());
    }
}

/// Where it answers.
impl AsRef<str> for WebService {
    fn as_ref(&self) -> &str {
        &self.url
    }
}

impl Drop for WebService {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(State(users): State<Users>, request: Request) -> (StatusCode, &'static str) {
    let header = request.headers().get("authorization");
    let pair = header
        .and_then(|value| value.to_str().ok()?.strip_prefix("Basic "))
        .and_then(|encoded| String::from_utf8(STANDARD.decode(encoded).ok()?).ok());
    let users = users.lock().unwrap_or_else(PoisonError::into_inner);
    let known = pair.as_deref().and_then(|pair| pair.split_once(':'));
    match known {
        Some((user, password)) if users.get(user).map(String::as_str) == Some(password) => {
            (StatusCode::OK, r#"{"status": "found"}"#)
        }
        Some(_) | None => (StatusCode::UNAUTHORIZED, r#"{"error": "who are you"}"#),
    }
}
