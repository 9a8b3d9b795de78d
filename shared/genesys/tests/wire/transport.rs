//! The client over a transport of the caller's: no socket, virtual time.

use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use clock::Clock;
use genesys_cloud::{
    Body, Endpoints, ErrorKind, Exchange, Genesys, NoAnswer, Settings, Transport, TransportFailure,
};
use serde_json::json;
use tokio::time::Instant;

use crate::support::{CLIENT_SECRET, client_at};

/// What becomes of a request that is no sign-in.
#[derive(Clone, Debug)]
enum Way {
    Answered(Vec<u8>),
    Failed(NoAnswer),
    Silent,
}

/// A platform in memory: tokens that live for 300 s, and one way for everything else.
#[derive(Debug)]
struct InMemory {
    way: Way,
    seen: Mutex<Vec<http::Request<Body>>>,
}

impl InMemory {
    fn new(way: Way) -> Arc<Self> {
        let seen = Mutex::default();
        Arc::new(Self { way, seen })
    }

    fn lines(&self) -> Vec<String> {
        let seen = self.seen.lock().unwrap();
        seen.iter()
            .map(|request| format!("{} {}", request.method(), request.uri()))
            .collect()
    }
}

impl Transport for InMemory {
    fn exchange(&self, request: http::Request<Body>, _: usize) -> Exchange<'_> {
        let is_sign_in = request.uri().path() == "/oauth/token";
        self.seen.lock().unwrap().push(request);
        let answer = |body: Vec<u8>| Ok(http::Response::new(body.into()));
        Box::pin(async move {
            if is_sign_in {
                let token = json!({"access_token": "planted-token", "expires_in": 300});
                return answer(token.to_string().into_bytes());
            }
            match self.way.clone() {
                Way::Answered(body) => answer(body),
                Way::Failed(why) => Err(why),
                Way::Silent => pending().await,
            }
        })
    }
}

fn organization() -> Way {
    let body = json!({"id": "org-1", "name": "Example"});
    Way::Answered(body.to_string().into_bytes())
}

fn client(platform: &Arc<InMemory>, settings: Settings) -> Genesys {
    let transport = Arc::clone(platform);
    let settings = Settings {
        transport: Some(transport),
        clock: Clock::starting_at("2026-01-01T00:00:00Z".parse().unwrap()),
        ..settings
    };
    client_at("http://localhost", settings)
}

#[tokio::test(start_paused = true)]
async fn every_request_goes_through_it_with_all_that_https_would_carry() {
    let platform = InMemory::new(organization());
    let genesys = client(&platform, Settings::default());
    assert_eq!(genesys.organization_me().await.unwrap().id, "org-1");
    assert_eq!(
        platform.lines(),
        [
            "POST http://localhost/oauth/token",
            "GET http://localhost/api/v2/organizations/me"
        ]
    );
    let seen = platform.seen.lock().unwrap();
    let header = |at: usize, name: &str| seen[at].headers()[name].to_str().unwrap();
    assert_eq!(
        header(0, "content-type"),
        "application/x-www-form-urlencoded"
    );
    assert_eq!(seen[0].body().as_bytes(), b"grant_type=client_credentials");
    assert!(header(0, "authorization").starts_with("Basic "));
    assert_eq!(header(1, "authorization"), "Bearer planted-token");
    assert_eq!(header(1, "accept"), "application/json");
    for at in [0, 1] {
        assert_eq!(header(at, "user-agent"), Settings::default().user_agent);
    }
    let shown = format!("{seen:?}");
    for secret in [header(0, "authorization"), "planted-token", CLIENT_SECRET] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_failure_of_a_network_comes_out_as_its_kind() {
    let failed = |failure| Way::Failed(NoAnswer::Failed(failure, "told so".to_owned()));
    let transport = ErrorKind::Transport;
    for (way, kind) in [
        (
            failed(TransportFailure::Connect),
            transport(TransportFailure::Connect),
        ),
        (
            failed(TransportFailure::Broken),
            transport(TransportFailure::Broken),
        ),
        (
            failed(TransportFailure::Timeout),
            transport(TransportFailure::Timeout),
        ),
        (Way::Silent, transport(TransportFailure::Timeout)),
        (Way::Failed(NoAnswer::TooLarge), ErrorKind::Garbled),
        // It did not keep to the limit itself.
        (Way::Answered(vec![b' '; 2000]), ErrorKind::Garbled),
    ] {
        let settings = Settings {
            max_retries: 0,
            body_limit: 1000,
            ..Settings::default()
        };
        let genesys = client(&InMemory::new(way.clone()), settings);
        let error = genesys.organization_me().await.unwrap_err();
        assert_eq!(error.kind(), &kind, "{way:?}: {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn silence_is_waited_for_in_virtual_time() {
    let settings = Settings {
        max_retries: 0,
        ..Settings::default()
    };
    let patience = settings.request_timeout;
    let genesys = client(&InMemory::new(Way::Silent), settings);
    let before = Instant::now();
    genesys.organization_me().await.unwrap_err();
    assert_eq!(before.elapsed(), patience);
}

#[tokio::test(start_paused = true)]
async fn a_token_ends_when_the_given_clock_says_so() {
    let platform = InMemory::new(organization());
    let genesys = client(&platform, Settings::default());
    let sign_ins = || {
        let lines = platform.lines();
        lines.iter().filter(|line| line.starts_with("POST")).count()
    };
    // Replaced a minute before its end.
    for (later, expected) in [(0, 1), (239, 1), (2, 2)] {
        tokio::time::advance(Duration::from_secs(later)).await;
        genesys.organization_me().await.unwrap();
        assert_eq!(sign_ins(), expected, "{later}");
    }
}

#[test]
fn a_plain_host_is_refused_whatever_carries_the_requests() {
    let settings = Settings {
        transport: Some(InMemory::new(Way::Silent)),
        ..Settings::default()
    };
    let url = "http://api.example.com".parse::<url::Url>().unwrap();
    let endpoints = Endpoints {
        api: url.clone(),
        login: url,
    };
    let credentials = genesys_cloud::ClientCredentials {
        client_id: "the-client".into(),
        client_secret: CLIENT_SECRET.into(),
    };
    assert!(Genesys::new(endpoints, credentials, settings).is_err());
}
