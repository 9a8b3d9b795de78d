//! A function without a socket: its clock, its AWS and its Genesys Cloud are values. The runtime here
//! has no IO: whoever opened a socket would panic.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests end the test, as the tests themselves do"
)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::Credentials;
use aws_sdk_s3::primitives::SdkBody;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use clock::Clock;
use genesys_cloud::{Body, Exchange, NoAnswer, Transport, TransportFailure};
use genesys_simulator::{Config as Organization, Inside, Judged, Simulator, Wire, in_process};
use jiff::Timestamp;
use lockstep::aws::Connection;
use lockstep::config::Config;

use lockstep::outside::Outside;
use lockstep::runtime::Deadline;
use lockstep::services::{Rotate, Services as _};
use lockstep_domain::change::{BindingState, Change, ChangeId, End};
use lockstep_domain::evidence::{Body as Evidence, Record};
use lockstep_domain::manifest::{self, Manifest};
use secrecy::ExposeSecret as _;
use serde_json::json;

const ORGANIZATION: &str = "0f1e2d3c-0000-4000-8000-000000000001";
const SECRET: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:genesys/client-AbCdEf";

/// One secret, and buckets that take everything.
#[derive(Clone, Debug)]
struct Aws {
    secret: String,
    stored: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Aws {
    fn sdk(&self) -> SdkConfig {
        let connector = SharedHttpConnector::new(self.clone());
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("us-east-1"))
            .credentials_provider(aws_sdk_s3::config::SharedCredentialsProvider::new(
                Credentials::new("key", "secret", None, None, "test"),
            ))
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build()
    }
}

impl HttpConnector for Aws {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target");
        let body = match target {
            Some("secretsmanager.GetSecretValue") => self.secret.clone(),
            Some(_) => "{}".to_owned(),
            None => {
                let bytes = request.body().bytes().unwrap_or_default();
                self.stored.lock().unwrap().push(bytes.to_vec());
                String::new()
            }
        };
        let mut answer = HttpResponse::new(200.try_into().unwrap(), SdkBody::from(body));
        answer.headers_mut().insert("etag", "\"1\"");
        HttpConnectorFuture::ready(Ok(answer))
    }
}

#[derive(Debug)]
struct Genesys(Wire);

impl Transport for Genesys {
    fn exchange(&self, request: http::Request<Body>, _: usize) -> Exchange<'_> {
        Box::pin(async move {
            let answer = self.0.exchange(request.map(Body::into_bytes)).await;
            let broken = |_| NoAnswer::Failed(TransportFailure::Broken, "cut".to_owned());
            Ok(answer.map_err(broken)?.map(Body::from))
        })
    }
}

fn start() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

fn simulator(clock: Clock) -> Simulator {
    let organization = Organization {
        organization_id: ORGANIZATION.to_owned(),
        organization_name: "Example".to_owned(),
        aws: None,
        port: 0,
        event_source_suffix: None,
        judged: Judged::Everything,
    };
    let inside = Inside {
        clock,
        seed: 1,
        aws: None,
        web_services: None,
    };
    in_process(organization, inside).unwrap()
}

fn config() -> Config {
    let environment = aws_stub::environment();
    let config = Config::from_env(|name| match name {
        "LOCKSTEP_ORGANIZATION_IDS" => Some(ORGANIZATION.to_owned()),
        "LOCKSTEP_ALLOWED_GENESYS_HOSTS" => Some("genesys.localhost".to_owned()),
        _ => environment.get(name).map(|value| (*value).to_owned()),
    });
    config.unwrap()
}

fn manifest(simulator: &Simulator, config: &Config) -> Manifest {
    let text = json!({
        "version": 1,
        "organization": {
            "id": ORGANIZATION, "client_secret": SECRET,
            "api_url": simulator.api_url(), "login_url": simulator.login_url(),
        },
        "integrations": [{"key": "prod", "name": "Production", "role": "GenesysRole"}],
        "actions": [],
    });
    manifest::read(&text.to_string(), &config.bounds, &[]).unwrap()
}

/// A function's services, its organization, and what it stores.
fn setup() -> (Rotate, Simulator, Arc<Mutex<Vec<Vec<u8>>>>) {
    let clock = Clock::starting_at(start());
    let simulator = simulator(clock);
    let client = simulator.client();
    let value = json!({"client_id": client.id, "client_secret": client.secret.expose_secret()});
    let secret = json!({
        "ARN": SECRET, "Name": "genesys/client", "VersionId": "v".repeat(36),
        "SecretString": value.to_string(),
    });
    let aws = Aws {
        secret: secret.to_string(),
        stored: Arc::default(),
    };
    let outside = Outside {
        aws: Connection::with_own_budgets(&aws.sdk()),
        genesys: Some(Arc::new(Genesys(simulator.wire()))),
        clock,
        metrics: |_| (),
    };
    (Rotate::new(config(), outside), simulator, aws.stored)
}

fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(test)
}

#[test]
fn a_function_signs_in_without_a_socket_and_again_when_its_clock_says_so() {
    run(async {
        let (world, simulator, _) = setup();
        let manifest = manifest(&simulator, &world.config);
        let deadline = || Deadline::after(Duration::from_secs(60));
        let tokens = || {
            let calls = simulator.calls();
            let sign_ins = calls.iter().filter(|call| call.path == "/oauth/token");
            sign_ins.count()
        };
        for (later, expected) in [(0, 1), (3600, 1), (86_400, 2)] {
            tokio::time::sleep(Duration::from_secs(later)).await;
            let session = world.sign_in(&manifest, deadline()).await.unwrap();
            let found = session.genesys.organization_me().await.unwrap();
            assert_eq!(found.id, ORGANIZATION);
            assert_eq!(tokens(), expected, "{later}");
        }
        simulator.stop().await;
    });
}

#[test]
fn what_a_function_records_carries_its_clocks_time() {
    run(async {
        let (world, simulator, stored) = setup();
        tokio::time::sleep(Duration::from_secs(90)).await;
        let at: Timestamp = "2026-01-01T00:01:30Z".parse().unwrap();
        assert_eq!(world.now(), at);
        let (organization, key) = (ORGANIZATION.parse().unwrap(), "orders".parse().unwrap());
        let mut state = BindingState::new(organization, key);
        let id = ChangeId::of(&state.organization, &state.key, &1);
        let change = Change::begin(id, 1, Vec::new(), None, world.now());
        let body = Evidence::new(&state, &change, End::Verified);
        world.evidence.append(&mut state, &body).await.unwrap();
        let stored = stored.lock().unwrap()[0].clone();
        let text = String::from_utf8(stored).unwrap();
        // What was sent may be in chunks, with their sizes around it.
        let record = &text[text.find('{').unwrap()..=text.rfind('}').unwrap()];
        let record: Record = serde_json::from_str(record).unwrap();
        assert_eq!(record.at, at);
        simulator.stop().await;
    });
}
