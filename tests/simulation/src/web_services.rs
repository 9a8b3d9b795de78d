//! Web services that the actions of an organization call, in the same process.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use genesys_simulator::Answered;

/// The web services, each at a port of loopback on which nothing listens.
#[derive(Clone, Debug, Default)]
pub struct WebServices(Arc<Mutex<BTreeMap<u16, WebService>>>);

/// A web service that lets in who comes with the name and the password of one of its users.
#[derive(Clone)]
pub struct WebService {
    url: String,
    /// Passwords by the names of users.
    users: Arc<Mutex<BTreeMap<String, String>>>,
}

impl fmt::Debug for WebService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebService")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl WebServices {
    /// Adds a service without users.
    #[must_use]
    pub fn add(&self) -> WebService {
        let mut services = self.lock();
        let port = services.keys().next_back().map_or(1, |last| last + 1);
        let service = WebService {
            url: format!("http://127.0.0.1:{port}"),
            users: Arc::default(),
        };
        services.insert(port, service.clone());
        service
    }

    /// The first that was added.
    #[must_use]
    pub fn first(&self) -> Option<WebService> {
        self.lock().values().next().cloned()
    }

    /// The same services with the users that they have now.
    pub(crate) fn snapshot(&self) -> Self {
        let services = self.lock();
        let copies = services.iter().map(|(port, service)| {
            let users = service.users.lock().expect("no test panics in here");
            let copy = WebService {
                url: service.url.clone(),
                users: Arc::new(Mutex::new(users.clone())),
            };
            (*port, copy)
        });
        Self(Arc::new(Mutex::new(copies.collect())))
    }

    /// Has from now on the services of a snapshot, which many may begin from.
    pub(crate) fn restore(&self, snapshot: &Self) {
        let copies = std::mem::take(&mut *snapshot.snapshot().lock());
        *self.lock() = copies;
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u16, WebService>> {
        self.0.lock().expect("no test panics in here")
    }
}

/// Where actions call it.
impl AsRef<str> for WebService {
    fn as_ref(&self) -> &str {
        &self.url
    }
}

impl WebService {
    /// Gives a user a password; the one before lets nobody in any more.
    pub fn lets_in(&self, user: &str, password: &str) {
        let mut users = self.users.lock().expect("no test panics in here");
        users.insert(user.to_owned(), password.to_owned());
    }

    fn knows(&self, request: &http::Request<Vec<u8>>) -> bool {
        let pair = request.headers().get(http::header::AUTHORIZATION);
        let pair = pair
            .and_then(|value| value.to_str().ok()?.strip_prefix("Basic "))
            .and_then(|encoded| String::from_utf8(STANDARD.decode(encoded).ok()?).ok());
        let users = self.users.lock().expect("no test panics in here");
        let pair = pair.as_deref().and_then(|pair| pair.split_once(':'));
        pair.is_some_and(|(user, password)| users.get(user).map(String::as_str) == Some(password))
    }
}

impl genesys_simulator::WebServices for WebServices {
    fn answer(&self, request: http::Request<Vec<u8>>) -> Answered<'_> {
        let service = request
            .uri()
            .port_u16()
            .and_then(|port| self.lock().get(&port).cloned());
        let answer = match service {
            None => Err(format!("nothing listens at {}", request.uri())),
            Some(service) if service.knows(&request) => answer(200, r#"{"status": "found"}"#),
            Some(_) => answer(401, r#"{"error": "who are you"}"#),
        };
        Box::pin(std::future::ready(answer))
    }
}

fn answer(status: u16, body: &str) -> Result<http::Response<Vec<u8>>, String> {
    let answer = http::Response::builder().status(status);
    let answer = answer.body(body.as_bytes().to_vec());
    answer.map_err(|error| error.to_string())
}
