//! An account as the template deploys it, in memory.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aws_config::SdkConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_simulator::services::kms::Key;
use aws_simulator::services::s3::{Bucket, Retention};
use aws_simulator::services::sqs::Queue;
use aws_simulator::{
    Account, After, BoxFuture, Call, Clock, Failure, Observer, Origin, Principal, Request,
    Response, Settings, Wire,
};
use jiff::Timestamp;
use lockstep::aws::Connection;
use lockstep::config::Config;
use lockstep::outside::Outside;
use lockstep::services::Services;
use lockstep_domain::arn::SecretArn;
use lockstep_domain::ids::{Key as BindingKey, OrganizationId};
use stack_template::{Place, Template};

pub const ORGANIZATION: &str = "3b2c9f0e-58a4-4c1d-9a57-0c6d1f4e8b21";
pub const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:Orders";

pub struct Setup {
    pub account: Account,
    pub config: Config,
    pub sdk: SdkConfig,
    reads: Arc<Reads>,
}

pub fn start() -> Timestamp {
    "2026-11-27T09:00:00Z".parse().unwrap()
}

/// An id of a version: Secrets Manager wants 32 to 64 characters.
pub fn id(name: &str) -> String {
    format!("{name:0>36}")
}

pub fn binding(organization: &str) -> (OrganizationId, BindingKey) {
    (
        organization.parse().unwrap(),
        "order-lookup".parse().unwrap(),
    )
}

/// What the template sets for `provision-role`.
fn config() -> Config {
    let place = Place {
        account: "123456789012".to_owned(),
        region: "us-east-1".to_owned(),
        partition: "aws".to_owned(),
        stack: "lockstep".to_owned(),
    };
    let chosen = [
        ("OrganizationIds", ORGANIZATION),
        ("AllowedFunctionArns", FUNCTION),
    ];
    let stack = Template::of_workspace(place, &chosen)
        .unwrap()
        .resolve()
        .unwrap();
    let function = stack.function("ProvisionRole").unwrap();
    Config::from_env(|variable| match variable {
        // These two are Lambda's own.
        "AWS_REGION" => Some("us-east-1".to_owned()),
        "AWS_LAMBDA_FUNCTION_NAME" => Some(function.name.clone()),
        _ => function.environment.get(variable).cloned(),
    })
    .unwrap()
}

impl Setup {
    pub fn new() -> Self {
        let clock = Clock::starting_at(start());
        let account = Account::new(Settings::default(), clock);
        let root = Principal::root("123456789012");
        let sdk = account.sdk_config(root, Origin::new("provision-role", "1"));
        let config = config();
        account.with_state(|state| {
            let mut evidence = Bucket::versioned();
            evidence.retention = Some(Retention {
                governance_days: 400,
            });
            let s3 = &mut state.services.s3;
            s3.put(&config.evidence_bucket, evidence);
            s3.put(&config.state_bucket, Bucket::versioned());
            s3.put(&config.manifest_bucket, Bucket::versioned());
            state.services.events.put_bus(&config.event_bus);
            state.services.kms.put(Key::new("k1", start()));
        });
        let reads = Arc::<Reads>::default();
        account.add_observer(reads.clone());
        Self {
            config,
            account,
            sdk,
            reads,
        }
    }

    /// A function's services, in an execution environment of its own.
    pub fn services<S: Services>(&self) -> S {
        self.configured(|_| ())
    }

    /// The same, for a function that is configured otherwise.
    pub fn configured<S: Services>(&self, change: impl FnOnce(&mut Config)) -> S {
        let mut config = self.config.clone();
        change(&mut config);
        let outside = Outside {
            aws: Connection::with_own_budgets(&self.sdk),
            genesys: None,
            clock: self.account.clock(),
            metrics: |_| (),
        };
        S::new(config, outside)
    }

    /// A queue that no function is behind; its URL.
    pub fn queue(&self, name: &str) -> String {
        let mut state = self.account.state();
        state.services.sqs.put(Queue::new(name));
        state.settings.queue_url(name)
    }

    pub async fn put(&self, bucket: &str, object: &str, text: &str) {
        let s3 = aws_sdk_s3::Client::new(&self.sdk);
        let body = ByteStream::from(text.as_bytes().to_vec());
        let put = s3.put_object().bucket(bucket).key(object);
        put.body(body).send().await.unwrap();
    }

    /// A secret whose first version is current.
    pub async fn secret(&self, name: &str, value: &str) -> SecretArn {
        let secrets = aws_sdk_secretsmanager::Client::new(&self.sdk);
        let create = secrets.create_secret().name(name);
        let create = create.client_request_token(id("v1")).secret_string(value);
        let created = create.send().await.unwrap();
        created.arn.unwrap().parse().unwrap()
    }

    /// How many objects were read so far.
    pub fn reads(&self) -> usize {
        self.reads.0.load(Ordering::Relaxed)
    }

    /// From now on the first answer to this operation is lost.
    pub fn lose(&self, operation: &'static str) {
        let wire = LoseOnce(Mutex::new(Some(operation)));
        self.account.set_wire(Arc::new(wire));
    }

    /// From now on every answer to this operation is lost.
    pub fn lose_all(&self, operation: &'static str) {
        self.account.set_wire(Arc::new(LoseAll(operation)));
    }
}

/// Counts the reads of objects.
#[derive(Default)]
struct Reads(AtomicUsize);

impl Observer for Reads {
    fn observe(&self, call: &Call, _: &Request, _: &Response) {
        if call.operation == "GetObject" {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
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

struct LoseAll(&'static str);

impl Wire for LoseAll {
    fn after<'a>(
        &'a self,
        call: &'a Call,
        _: &'a Request,
        _: &'a Response,
    ) -> BoxFuture<'a, After> {
        let after = match call.operation == self.0 {
            true => After::Fail(Failure::Reset),
            false => After::Deliver,
        };
        Box::pin(std::future::ready(after))
    }
}
