//! A stack with one manifest, and deliveries of its queue.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_stub::{Account, Role};
use genesys_simulator::{Config as Organization, Judged, Simulator};
use jiff::Timestamp;
use lockstep::config::Config;
use lockstep::runtime::{Context, Deadline, Failure, serve};
use lockstep::services::{Rebind, Services as _};
use lockstep_domain::arn::FunctionArn;
use lockstep_domain::policy::{invoke_policy, trust_policy};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

pub(crate) const ORGANIZATION: &str = "0f1e2d3c-0000-4000-8000-000000000001";

/// The ARN of a secret.
pub(crate) fn secret(name: &str) -> String {
    format!("arn:aws:secretsmanager:us-east-1:123456789012:secret:{name}-a1B2c3")
}

/// One function's world, and the account around it.
pub(crate) struct Stack {
    pub(crate) account: Account,
    pub(crate) world: Rebind,
    organization: &'static str,
    requests: AtomicU32,
}

impl Stack {
    /// With a manifest accepted. `changed` names what differs from what the template sets.
    pub(crate) async fn new(
        organization: &'static str,
        manifest: &str,
        changed: impl Fn(&str) -> Option<String>,
    ) -> Self {
        let account = Account::start().await;
        let environment = aws_stub::environment();
        let value = |name: &str| environment.get(name).map(|value| (*value).to_owned());
        let config = Config::from_env(|name| changed(name).or_else(|| value(name)));
        let world = Rebind::new(config.unwrap(), &account.stub.sdk);
        let kept = json!({"object": "manifests/main.yaml", "version_id": null,
            "accepted_at": "2026-01-01T00:00:00Z", "text": manifest});
        let object = format!("lockstep-state/accepted/{organization}.json");
        account.put(&object, kept.to_string());
        Self {
            account,
            world,
            organization,
            requests: AtomicU32::new(1),
        }
    }

    /// Calls the function, each time in an invocation of its own.
    pub(crate) async fn serve(&self, payload: Value) -> Result<Value, Failure> {
        let context = Context {
            request_id: self.requests.fetch_add(1, Ordering::Relaxed).to_string(),
            deadline: Deadline::after(Duration::from_secs(30)),
        };
        let handler = rebind_action::handle;
        serve(&self.world, &handler, payload, &context).await
    }

    /// Delivers the message of one binding; answers whether it comes back.
    pub(crate) async fn deliver(&self, id: &str, key: &str) -> bool {
        let sent = self.world.now().as_millisecond();
        let payload = json!({"Records": [{
            "messageId": id,
            "receiptHandle": "handle",
            "body": json!({"organization": self.organization, "key": key}).to_string(),
            "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": sent.to_string()},
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:lockstep-rebind.fifo"
        }]});
        self.serve(payload).await.unwrap()["batchItemFailures"] != json!([])
    }

    /// An object of the state bucket.
    pub(crate) fn state(&self, key: &str) -> Option<Value> {
        let object = format!("lockstep-state/state/{}/{key}.json", self.organization);
        let bytes = self.account.object(&object)?;
        Some(serde_json::from_slice(&bytes).unwrap())
    }

    /// Puts an object of the state bucket back as it was, but that every moment in it of `names` is
    /// so many seconds earlier.
    pub(crate) fn age(&self, key: &str, names: &[&str], seconds: i64) {
        let mut state = self.state(key).unwrap();
        earlier(&mut state, names, seconds);
        let object = format!("lockstep-state/state/{}/{key}.json", self.organization);
        self.account.put(&object, state.to_string());
    }
}

fn earlier(value: &mut Value, names: &[&str], seconds: i64) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let moment = value.as_str().and_then(|text| text.parse().ok());
                match moment.filter(|_: &Timestamp| names.contains(&name.as_str())) {
                    Some(at) => *value = json!(at - jiff::SignedDuration::from_secs(seconds)),
                    None => earlier(value, names, seconds),
                }
            }
        }
        Value::Array(values) => values
            .iter_mut()
            .for_each(|value| earlier(value, names, seconds)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A stack with two actions of one integration, none of which exists, and its organization.
pub(crate) struct Pair {
    pub(crate) stack: Stack,
    pub(crate) genesys: Simulator,
}

impl Pair {
    pub(crate) async fn new() -> Self {
        let genesys = genesys_simulator::start(Organization {
            organization_id: ORGANIZATION.to_owned(),
            organization_name: "Example".to_owned(),
            aws: None,
            port: 0,
            event_source_suffix: None,
            judged: Judged::Everything,
        })
        .await
        .unwrap();
        let host = genesys.api_url().trim_start_matches("http://").to_owned();
        let stack = Stack::new(ORGANIZATION, &manifest(&genesys), |name| match name {
            "LOCKSTEP_ALLOWED_GENESYS_HOSTS" => Some(host.clone()),
            "LOCKSTEP_ORGANIZATION_IDS" => Some(ORGANIZATION.to_owned()),
            "LOCKSTEP_SETTLE_SECONDS" | "LOCKSTEP_GENESYS_SETTLE_SECONDS" => Some("0".to_owned()),
            _ => None,
        })
        .await;
        let client = genesys.client();
        let own = secret("genesys/client");
        stack.account.secret(&own, "v1");
        stack.account.value(
            &own,
            json!({"client_id": client.id, "client_secret": client.secret.expose_secret()}),
        );
        stack.account.secret(&secret("prod/orders"), "v1");
        let functions: Vec<FunctionArn> = vec![function("Orders"), function("Invoices")];
        let role = Role {
            trust: trust_policy("aws", "765628985471", &ORGANIZATION.parse().unwrap()),
            boundary: Some(stack.world.config.boundary_arn.clone()),
            invoke: invoke_policy(&functions),
        };
        stack.account.role("GenesysRole", role);
        Self { stack, genesys }
    }

    /// How many requests of this method and route were answered with success, or were not answered.
    pub(crate) fn count(&self, method: &str, route: &str) -> usize {
        let calls = self.genesys.calls();
        let calls = calls.iter().filter(|call| call.method == method);
        calls
            .filter(|call| call.route.as_deref() == Some(route))
            .count()
    }
}

fn function(name: &str) -> FunctionArn {
    let arn = format!("arn:aws:lambda:us-east-1:123456789012:function:Genesys{name}");
    arn.parse().unwrap()
}

fn manifest(genesys: &Simulator) -> String {
    let contract = json!({"input": {"type": "object"}, "output": {"type": "object"}});
    json!({
        "version": 1,
        "organization": {
            "id": ORGANIZATION, "api_url": genesys.api_url(), "login_url": genesys.login_url(),
            "client_secret": secret("genesys/client"),
        },
        "integrations": [{"key": "prod", "name": "Production", "role": "GenesysRole"}],
        "actions": [
            {"key": "orders", "name": "Orders", "integration": "prod", "function": function("Orders"),
                "secrets": [{"name": "DB", "arn": secret("prod/orders")}], "contract": contract},
            {"key": "invoices", "name": "Invoices", "integration": "prod",
                "function": function("Invoices"), "contract": contract},
        ],
    })
    .to_string()
}
