//! The simulator without a socket, under the project's own client: virtual time, one seed, and AWS and web
//! services as values. The runtime here has no IO: whoever opened a socket would panic.

mod outside;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use clock::Clock;
use genesys_cloud::{
    Action, ActionFilter, Body, ClientCredentials, CredentialRef, Endpoints, ErrorKind, Exchange,
    Genesys, Integration, IntegrationFilter, IntendedState, NewAction, NoAnswer, Settings,
    Transport, TransportFailure,
};
use genesys_simulator::{
    AuditSettings, AwsSide, Config, Cut, Fault, Inside, Judged, Simulator, Wire, in_process,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::{ORGANIZATION, action_body, config_body};
use outside::{Aws, Echo};

const LAMBDA: &str = "aws-lambda-data-actions";
const ROLE: &str = "arn:aws:iam::123456789012:role/GenesysRole";
const FUNCTION: &str = "arn:aws:lambda:eu-west-1:123456789012:function:orders";

/// The client's way to the simulator, with every answer as it came.
#[derive(Debug)]
struct InProcess {
    wire: Wire,
    answers: Mutex<Vec<u8>>,
}

impl InProcess {
    async fn carry(&self, request: http::Request<Body>) -> Result<http::Response<Body>, NoAnswer> {
        let broken = |why: &str| NoAnswer::Failed(TransportFailure::Broken, why.to_owned());
        let answer = self.wire.exchange(request.map(Body::into_bytes)).await;
        let answer = answer.map_err(|cut| match cut {
            Cut::Reset => broken("reset"),
            Cut::Truncated => broken("cut off"),
        })?;
        let head = format!("{} {:?}\n", answer.status(), answer.headers());
        let mut answers = self.answers.lock().unwrap();
        answers.extend(head.into_bytes());
        answers.extend(answer.body());
        drop(answers);
        Ok(answer.map(Body::from))
    }
}

impl Transport for InProcess {
    fn exchange(&self, request: http::Request<Body>, _: usize) -> Exchange<'_> {
        Box::pin(self.carry(request))
    }
}

/// An organization and the client that is signed in to it, on one clock.
struct World {
    simulator: Simulator,
    transport: Arc<InProcess>,
    genesys: Genesys,
    clock: Clock,
}

impl World {
    fn new(seed: u64) -> Self {
        Self::before(seed, &Aws::default())
    }

    /// Before an AWS, and web services that tell what they were asked.
    fn before(seed: u64, aws: &Aws) -> Self {
        let clock = Clock::starting_at("2026-01-01T00:00:00Z".parse().unwrap());
        let config = Config {
            organization_id: ORGANIZATION.to_owned(),
            organization_name: "Example".to_owned(),
            aws: Some(AwsSide {
                endpoint_url: "http://nowhere.invalid".to_owned(),
                region: "us-east-1".to_owned(),
                genesys_account: "765628985471".to_owned(),
                customer_account: "000000000000".to_owned(),
            }),
            port: 0,
            event_source_suffix: Some("lockstep".to_owned()),
            judged: Judged::Everything,
        };
        let inside = Inside {
            clock,
            seed,
            aws: Some(aws.sdk()),
            web_services: Some(Arc::new(Echo)),
        };
        let simulator = in_process(config, inside).unwrap();
        let transport = Arc::new(InProcess {
            wire: simulator.wire(),
            answers: Mutex::default(),
        });
        let settings = Settings {
            clock,
            transport: Some(transport.clone()),
            ..Settings::default()
        };
        let url = |url: String| url.parse::<url::Url>().unwrap();
        let endpoints = Endpoints {
            api: url(simulator.api_url()),
            login: url(simulator.login_url()),
        };
        let credentials = ClientCredentials {
            client_id: simulator.client().id.clone(),
            client_secret: simulator.client().secret.clone(),
        };
        Self {
            genesys: Genesys::new(endpoints, credentials, settings).unwrap(),
            simulator,
            transport,
            clock,
        }
    }

    fn fault(&self, fault: Value) {
        let fault: Fault = serde_json::from_value(fault).unwrap();
        self.simulator.add_fault(fault).unwrap();
    }

    async fn integration(&self, type_id: &str) -> Integration {
        let made = self.genesys.create_integration("Orders", type_id).await;
        let integration = made.unwrap();
        let enabled = self
            .genesys
            .set_intended_state(&integration.id, IntendedState::Enabled);
        enabled.await.unwrap();
        // The platform follows later.
        tokio::time::sleep(Duration::from_secs(1)).await;
        integration
    }

    /// How many there are.
    async fn integrations(&self) -> usize {
        let all = IntegrationFilter::default();
        self.genesys.list_integrations(&all).await.unwrap().len()
    }

    async fn action(&self, integration: &Integration, target: &str) -> Action {
        let body = action_body(&integration.id, "Look up");
        let action = NewAction {
            name: "Look up".to_owned(),
            category: "Orders".to_owned(),
            integration_id: integration.id.clone(),
            contract: serde_json::from_value(body["contract"].clone()).unwrap(),
            config: serde_json::from_value(config_body(target)).unwrap(),
            secure: false,
        };
        self.genesys.create_action(&action).await.unwrap()
    }

    /// An action that is ready to run under a role.
    async fn ready(&self) -> Action {
        let integration = self.integration(LAMBDA).await;
        let fields = [("ARN".to_owned(), ROLE.into())].into();
        let made = self
            .genesys
            .create_credential("role", "amazonWebServicesARN", &fields);
        let credential = made.await.unwrap();
        let config = self.genesys.get_integration_config(&integration.id).await;
        let mut config = config.unwrap().unwrap();
        let slot: CredentialRef = serde_json::from_value(json!({"id": credential.id})).unwrap();
        config
            .credentials
            .insert("AmazonWebServicesARN".to_owned(), slot);
        let put = self
            .genesys
            .put_integration_config(&integration.id, &config);
        put.await.unwrap();
        self.action(&integration, FUNCTION).await
    }

    /// Ends it; gives every byte of every answer.
    async fn end(self) -> Vec<u8> {
        self.simulator.drained().await;
        self.simulator.stop().await;
        self.transport.answers.lock().unwrap().clone()
    }
}

/// Runs on paused time, on one thread, with nothing that could open a socket.
fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(test)
}

/// A short history with a wait, a limit that is met and a connection that breaks.
async fn history(seed: u64) -> (Vec<u8>, Timestamp) {
    fastrand::seed(seed);
    let world = World::new(seed);
    let genesys = &world.genesys;
    assert_eq!(genesys.organization_me().await.unwrap().id, ORGANIZATION);
    let integration = world.integration(LAMBDA).await;
    let made = world.action(&integration, FUNCTION).await;
    world.fault(json!({"method": "GET", "route": "*", "kind": "reset", "times": 1}));
    world.fault(json!({
        "method": "GET", "route": "*", "status": 429, "headers": {"Retry-After": "3"},
        "after": 1, "times": 1,
    }));
    let found = genesys.list_actions(&ActionFilter::default()).await;
    let ids: Vec<String> = found.unwrap().into_iter().map(|action| action.id).collect();
    assert_eq!(ids, [made.id]);
    // A day later the token has ended.
    tokio::time::sleep(Duration::from_secs(86_400)).await;
    assert_eq!(world.integrations().await, 1);
    let now = world.clock.now();
    (world.end().await, now)
}

#[test]
fn one_seed_gives_one_history_to_the_byte() {
    let first = run(history(1));
    let again = run(history(1));
    assert!(first == again, "the answers differ");
    let other = run(history(2));
    assert_ne!(first.0, other.0);
    assert_ne!(first.1, other.1, "the client's jitter has the seed too");
    let text = String::from_utf8(first.0).unwrap();
    assert_eq!(text.matches("access_token").count(), 2, "{text}");
}

#[tokio::test(start_paused = true)]
async fn the_real_client_signs_in_and_reads_on_virtual_time() {
    let began = std::time::Instant::now();
    let world = World::new(1);
    let genesys = &world.genesys;
    assert_eq!(genesys.organization_me().await.unwrap().id, ORGANIZATION);
    let none = genesys.list_actions(&ActionFilter::default()).await;
    assert!(none.unwrap().is_empty());
    world.fault(json!({"method": "GET", "route": "*", "latency_ms": 20_000, "times": 2}));
    let before = Instant::now();
    for _ in 0..2 {
        genesys.organization_me().await.unwrap();
    }
    assert_eq!(before.elapsed(), Duration::from_secs(40));
    assert!(began.elapsed() < Duration::from_secs(40));
    let calls = world.simulator.calls();
    let took = calls[4].at.duration_since(calls[3].at);
    assert_eq!(took, SignedDuration::from_secs(20), "the simulator's clock");
    world.end().await;
}

#[test]
fn each_way_a_connection_fails_reaches_the_client_as_its_kind() {
    for (kind, failure) in [
        ("reset", TransportFailure::Broken),
        ("truncate", TransportFailure::Broken),
        ("applied_then_lost", TransportFailure::Broken),
        ("timeout", TransportFailure::Timeout),
        ("applied_then_timeout", TransportFailure::Timeout),
    ] {
        run(async {
            let world = World::new(1);
            let create = "/api/v2/integrations";
            world.fault(json!({"method": "POST", "route": create, "kind": kind, "times": 1}));
            let made = world.genesys.create_integration("Orders", LAMBDA).await;
            let error = made.unwrap_err();
            assert_eq!(error.kind(), &ErrorKind::Transport(failure), "{kind}");
            assert!(error.applied_unknown(), "{kind}");
            let was_done = !matches!(kind, "reset" | "timeout");
            assert_eq!(world.integrations().await, usize::from(was_done), "{kind}");
            world.end().await;
        });
    }
}

#[test]
fn an_action_runs_through_the_aws_that_was_given() {
    run(async {
        let aws = Aws::default();
        let world = World::before(1, &aws);
        let action = world.ready().await;
        let input = json!({"order": "1"});
        let ran = world.genesys.test_action(&action.id, &input).await.unwrap();
        assert_eq!(ran.final_result, Some(input), "the function gives it back");
        world.simulator.drained().await;
        let asked = aws.asked();
        let at = |what: &str| asked.iter().position(|asked| asked.contains(what));
        assert!(at("AssumeRole").unwrap() < at("/invocations").unwrap());
        assert_eq!(at("CreatePartnerEventSource"), Some(0), "{asked:?}");
        world.end().await;
    });
}

#[test]
fn delayed_events_are_drained_in_virtual_time() {
    run(async {
        let aws = Aws::default();
        let world = World::before(1, &aws);
        let hour = AuditSettings {
            event_delay_seconds: Some(3600.0),
            ..AuditSettings::default()
        };
        world.simulator.set_audits(&hour).unwrap();
        let made = world.genesys.create_integration("Orders", LAMBDA).await;
        made.unwrap();
        let sent = |aws: &Aws| {
            let asked = aws.asked();
            asked
                .iter()
                .filter(|one| *one == "PutPartnerEvents")
                .count()
        };
        assert_eq!(sent(&aws), 0);
        let before = Instant::now();
        world.simulator.drained().await;
        assert_eq!(sent(&aws), 1);
        assert_eq!(before.elapsed(), Duration::from_secs(3600));
        world.end().await;
    });
}

#[test]
fn an_action_calls_the_web_services_that_were_given() {
    run(async {
        let world = World::new(1);
        let integration = world.integration("custom-rest-actions").await;
        let action = world
            .action(&integration, "http://localhost/orders?id=${input.order}")
            .await;
        let run = |order: &str| {
            let input = json!({"order": order});
            let (genesys, id) = (world.genesys.clone(), action.id.clone());
            async move { genesys.test_action(&id, &input).await.unwrap() }
        };
        assert_eq!(
            run("7").await.final_result,
            Some(json!({"asked": "POST http://localhost/orders?id=7"}))
        );
        let before = Instant::now();
        let error = run("never").await.error.unwrap();
        assert_eq!(error["status"], 504, "{error}");
        assert_eq!(
            before.elapsed(),
            Duration::from_secs(10),
            "the action's own time"
        );
        let error = run("broken").await.error.unwrap();
        assert!(error.to_string().contains("no connection"), "{error}");
        world.end().await;
    });
}

#[test]
fn after_its_end_every_request_is_reset() {
    run(async {
        let world = World::new(1);
        let wire = world.simulator.wire();
        world.end().await;
        let request = http::Request::get("https://genesys.localhost/api/v2/organizations/me");
        let answer = wire.exchange(request.body(Vec::new()).unwrap()).await;
        assert_eq!(answer.unwrap_err(), Cut::Reset);
    });
}
