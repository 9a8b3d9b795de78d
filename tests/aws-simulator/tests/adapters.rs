//! The product's own adapters on the in-memory AWS.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::{Arc, Mutex};

use aws_simulator::services::kms::Key;
use aws_simulator::services::s3::{Bucket, Retention};
use aws_simulator::services::secrets::{Secret, Value, Version};
use aws_simulator::services::sqs::Queue;
use aws_simulator::{
    Account, After, BoxFuture, Call, Clock, Failure, Notification, Origin, Principal, Request,
    Response, Settings, Wire,
};
use jiff::Timestamp;
use lockstep::aws::{Bus, Connection, Keys, Kind, Queues, SecretError, SecretSeen, Secrets};
use lockstep::config::Config;
use lockstep::outside::Outside;
use lockstep::store::{Store, StoreError, Versioned};
use lockstep_domain::arn::SecretArn;
use lockstep_domain::event::{Detail, Event, EventType, Principal as Actor, PrincipalKind};
use lockstep_domain::intent::RebindMessage;
use serde_json::json;

const SECRET: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:genesys/client-AbCdEf";

fn start() -> Timestamp {
    "2026-11-27T09:00:00Z".parse().unwrap()
}

fn config() -> Config {
    let environment = aws_stub::environment();
    Config::from_env(|name| environment.get(name).map(|value| (*value).to_owned())).unwrap()
}

fn id(name: &str) -> String {
    format!("{name:0>36}")
}

struct World {
    account: Account,
    outside: Outside,
    config: Config,
}

impl World {
    fn new() -> Self {
        let clock = Clock::starting_at(start());
        let account = Account::new(Settings::default(), clock);
        let role = Principal::role("123456789012", "lockstep-rebind-action-us-east-1", "1");
        let sdk = account.sdk_config(role, Origin::new("rebind-action", "1"));
        let outside = Outside {
            aws: Connection::with_own_budgets(&sdk),
            genesys: None,
            clock,
            metrics: |_| (),
        };
        Self {
            account,
            outside,
            config: config(),
        }
    }

    fn store(&self) -> Store {
        let mut evidence = Bucket::versioned();
        evidence.retention = Some(Retention {
            governance_days: 400,
        });
        let mut state = self.account.state();
        state.services.s3.put("lockstep-state", Bucket::versioned());
        state.services.s3.put("lockstep-evidence", evidence);
        drop(state);
        Store::new(&self.outside, &self.config)
    }

    fn secrets(&self) -> (Secrets, SecretArn) {
        let mut secret = Secret::new(SECRET, "genesys/client", start());
        let value = json!({"client_id": "one", "client_secret": "planted"}).to_string();
        let current = Version {
            value: Some(Value::Text(value)),
            labels: ["AWSCURRENT".to_owned()].into(),
            created: start(),
        };
        secret.versions.insert(id("v1"), current);
        self.account.state().services.secrets.put(secret);
        (Secrets::new(&self.outside.aws), SECRET.parse().unwrap())
    }

    /// From now on the first answer to this operation is lost.
    fn lose(&self, operation: &'static str) {
        let wire = LoseOnce(Mutex::new(Some(operation)));
        self.account.set_wire(Arc::new(wire));
    }
}

struct LoseOnce(Mutex<Option<&'static str>>);

impl Wire for LoseOnce {
    fn after<'a>(
        &'a self,
        call: &'a Call,
        _: &'a Request,
        _: &'a Response,
    ) -> BoxFuture<'a, After> {
        let mut waiting = self.0.lock().unwrap();
        let after = match waiting.take_if(|operation| *operation == call.operation) {
            Some(_) => After::Fail(Failure::Reset),
            None => After::Deliver,
        };
        Box::pin(std::future::ready(after))
    }
}

#[tokio::test(start_paused = true)]
async fn the_store_notices_a_writer_in_between_and_not_its_own_lost_answer() {
    let world = World::new();
    let store = world.store();
    let mut first = Versioned::absent(json!({"a": 1}));
    world.lose("PutObject");
    store
        .write_json("state/org-1/a.json", &mut first)
        .await
        .unwrap();
    let mut other = store
        .read_json::<serde_json::Value>("state/org-1/a.json")
        .await
        .unwrap()
        .unwrap();
    other.value = json!({"a": 2});
    store
        .write_json("state/org-1/a.json", &mut other)
        .await
        .unwrap();
    first.value = json!({"a": 3});
    let lost = store.write_json("state/org-1/a.json", &mut first).await;
    assert!(matches!(lost, Err(StoreError::Conflict { .. })));
    let mut absent = Versioned::absent(json!({}));
    let exists = store.write_json("state/org-1/a.json", &mut absent).await;
    assert!(matches!(exists, Err(StoreError::Conflict { .. })));
}

#[tokio::test(start_paused = true)]
async fn the_store_lists_page_by_page_and_chains_evidence() {
    let world = World::new();
    let store = world.store();
    world.account.state().services.s3.page = 2;
    let (organization, key) = ("org-1".parse().unwrap(), "a".parse().unwrap());
    let mut state = store.load(&organization, &key).await.unwrap();
    store.save(&mut state).await.unwrap();
    for index in 0..5 {
        let object = format!("evidence/org-1/a/{index}.json");
        store
            .write_evidence(&object, &json!({"index": index}))
            .await
            .unwrap();
    }
    for name in ["b", "c", "d", "e"] {
        let key = name.parse().unwrap();
        let mut state = store.load(&organization, &key).await.unwrap();
        store.save(&mut state).await.unwrap();
    }
    let states = store.states(&organization).await.unwrap();
    assert_eq!(states.len(), 5);
}

#[tokio::test(start_paused = true)]
async fn secrets_rotate_through_the_adapter() {
    let world = World::new();
    let (secrets, arn) = world.secrets();
    let value = json!({"client_id": "two", "client_secret": "x"}).to_string();
    world.lose("PutSecretValue");
    secrets
        .put_pending(&arn, &id("v2"), &value.clone().into(), None)
        .await
        .unwrap();
    let another = secrets
        .put_pending(&arn, &id("v2"), &"another".into(), None)
        .await;
    assert_eq!(another.unwrap_err().kind, Kind::AlreadyExists);
    secrets
        .move_current(&arn, &id("v1"), &id("v2"))
        .await
        .unwrap();
    secrets.remove_pending(&arn, &id("v2")).await.unwrap();
    let current = secrets.current(&arn).await.unwrap();
    assert_eq!(
        current,
        SecretSeen::Current {
            version_id: id("v2").parse().unwrap(),
            previous_id: Some(id("v1")),
            kms_key: None,
        }
    );
    assert_eq!(secrets.made(&arn).await.unwrap().len(), 2);
    let missing = "arn:aws:secretsmanager:us-east-1:123456789012:secret:none-AbCdEf";
    let missing = secrets.current(&missing.parse().unwrap()).await.unwrap();
    assert_eq!(missing, SecretSeen::Missing);
    let events = world.account.take_notifications();
    assert!(matches!(
        events.as_slice(),
        [Notification::Event { event, .. }] if event["detail"]["labelUpdated"] == "AWSCURRENT"
    ));
}

#[tokio::test(start_paused = true)]
async fn a_version_that_a_rotation_began_has_no_value_yet() {
    let world = World::new();
    let (secrets, arn) = world.secrets();
    world.account.with_state(|state| {
        let mut secret = state
            .services
            .secrets
            .find(SECRET, start())
            .unwrap()
            .clone();
        let empty = Version {
            value: None,
            labels: ["AWSPENDING".to_owned()].into(),
            created: start(),
        };
        secret.versions.insert(id("v2"), empty);
        state.services.secrets.put(secret);
    });
    let pending = secrets.client_of_version(&arn, &id("v2")).await.unwrap();
    assert!(pending.is_none());
    let current: Result<_, SecretError> = secrets.genesys_client(&arn).await;
    assert!(current.is_ok());
}

#[tokio::test(start_paused = true)]
async fn work_is_handed_on_once_and_comes_back_later() {
    let world = World::new();
    world.account.with_state(|state| {
        state.services.sqs.put(Queue::new("lockstep-rebind.fifo"));
        state.services.sqs.put(Queue::new("lockstep-verify"));
    });
    let queues = Queues::new(&world.outside.aws, &world.config);
    let message = RebindMessage {
        organization: "org-1".parse().unwrap(),
        key: "a".parse().unwrap(),
        retry: false,
        reason: None,
    };
    world.lose("SendMessage");
    for _ in 0..2 {
        queues
            .rebind(&message, "org-1/a", "trigger-1")
            .await
            .unwrap();
    }
    let state = world.account.state();
    let waiting = state.services.sqs.queue("lockstep-rebind.fifo").unwrap();
    assert_eq!(waiting.messages().len(), 1);
    assert_eq!(waiting.messages()[0].group.as_deref(), Some("org-1/a"));
}

#[tokio::test(start_paused = true)]
async fn events_reach_the_bus_and_keys_are_looked_at() {
    let world = World::new();
    world.account.with_state(|state| {
        state.services.events.put_bus("lockstep");
        state.services.kms.put(Key::new("k1", start()));
    });
    let actor = Actor {
        kind: PrincipalKind::Function,
        id: "lockstep-rebind-action".into(),
        name: None,
    };
    let event = Event::new(EventType::ChangeVerified, Detail::new(start(), actor));
    let bus = Bus::new(&world.outside.aws, "lockstep");
    bus.emit(&vec![event; 11]).await.unwrap();
    assert_eq!(world.account.take_notifications().len(), 11);
    let look = Keys::new(&world.outside.aws).look("k1").await.unwrap();
    assert!(look.is_customers && look.is_enabled);
    let missing = Keys::new(&world.outside.aws).look("k2").await;
    assert_eq!(
        missing.unwrap_err().code.as_deref(),
        Some("NotFoundException")
    );
}
