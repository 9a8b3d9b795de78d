//! What keeps one binding keeps no other of its FIFO group: the handler, its queue and an account in
//! memory.

#![expect(
    clippy::unwrap_used,
    reason = "a test's helpers may panic as the test itself may"
)]

use std::time::Duration;

use aws_stub::Account;
use lockstep::config::Config;
use lockstep::runtime::{Context, Deadline, Edge, Failure, serve};
use lockstep::world::World;
use serde_json::{Value, json};

fn secret(name: &str) -> String {
    format!("arn:aws:secretsmanager:us-east-1:123456789012:secret:{name}-a1B2c3")
}

/// One action with a secret, and one credential that carries the values of another.
fn manifest() -> String {
    format!(
        r#"
version: 1
organization:
  id: org-1
  client_secret: {}
integrations:
  - {{key: prod, name: Production, role: GenesysRole}}
  - {{key: rest, name: REST, type: custom-rest-actions}}
actions:
  - key: orders
    name: Orders
    integration: prod
    function: arn:aws:lambda:us-east-1:123456789012:function:GenesysOrders
    secrets:
      - {{name: DB, arn: "{}"}}
    contract: {{input: {{type: object}}, output: {{type: object}}}}
credentials:
  - {{key: basic, integration: rest, slot: basicAuth, type: basicAuth, secret: "{}", fields: {{userName: $.u, password: $.p}}}}
"#,
        secret("genesys/client"),
        secret("prod/db"),
        secret("genesys-credentials/basic")
    )
}

struct Stack {
    account: Account,
    world: World,
}

impl Stack {
    /// With the manifest accepted, and both secrets there.
    async fn new() -> Self {
        let account = Account::start().await;
        let environment = aws_stub::environment();
        let config =
            Config::from_env(|name| environment.get(name).map(|value| (*value).to_owned()));
        let world = World::new(config.unwrap(), &account.stub.sdk);
        let kept = json!({"object": "manifests/main.yaml", "version_id": null,
            "accepted_at": "2026-01-01T00:00:00Z", "text": manifest()});
        account.put("lockstep-state/accepted/org-1.json", kept.to_string());
        for name in ["prod/db", "genesys-credentials/basic"] {
            account.secret(&secret(name), "v1");
        }
        Self { account, world }
    }

    async fn serve(&self, payload: Value) -> Result<Value, Failure> {
        let context = Context {
            request_id: "request".into(),
            deadline: Deadline::after(Duration::from_secs(30)),
        };
        let handler = rebind_action::handle;
        serve(&self.world, Edge::Rebind, &handler, payload, &context).await
    }

    /// Delivers the message of one binding; answers whether it comes back.
    async fn deliver(&self, id: &str, key: &str) -> bool {
        let sent = self.world.now().as_millisecond();
        let payload = json!({"Records": [{
            "messageId": id,
            "receiptHandle": "handle",
            "body": json!({"organization": "org-1", "key": key}).to_string(),
            "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": sent.to_string()},
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:lockstep-rebind.fifo"
        }]});
        self.serve(payload).await.unwrap()["batchItemFailures"] != json!([])
    }
}

#[tokio::test]
async fn a_denied_secret_is_an_event_once_and_its_message_is_done() {
    let stack = Stack::new().await;
    let cases = [
        ("orders", "prod/db", "Rebind Failed"),
        (
            "basic",
            "genesys-credentials/basic",
            "Credential Rebind Failed",
        ),
    ];
    for (key, name, kind) in cases {
        stack.account.deny(&secret(name));
        assert!(!stack.deliver(key, key).await, "{key} blocks its group");
        let events = stack.account.events();
        assert_eq!((events.len(), events[0].0.as_str()), (1, kind));
        let detail = &events[0].1;
        assert_eq!(
            (&detail["key"], &detail["organization_id"]),
            (&json!(key), &json!("org-1"))
        );
        let reason = detail["reason"].as_str().unwrap();
        assert!(reason.contains("secretsmanager:DescribeSecret"), "{reason}");
        assert!(!stack.deliver(key, key).await);
        assert_eq!(stack.account.events(), [], "a duplicate of the message");
        assert!(!stack.deliver(&format!("next-{key}"), key).await);
        assert_eq!(stack.account.events().len(), 1, "another message");
        stack.account.bus_is_down(true);
        assert!(
            stack.deliver(&format!("silent-{key}"), key).await,
            "{key}: nobody knows of it yet"
        );
        stack.account.bus_is_down(false);
    }
    assert_eq!(stack.account.objects("lockstep-state/state/"), [""; 0]);
}

#[tokio::test]
async fn a_corrupt_state_is_an_event_and_its_message_is_done() {
    let stack = Stack::new().await;
    stack
        .account
        .put("lockstep-state/state/org-1/orders.json", "{");
    assert!(!stack.deliver("1", "orders").await, "it blocks its group");
    let events = stack.account.events();
    assert_eq!(
        (events.len(), events[0].0.as_str()),
        (1, "Object Unreadable")
    );
    assert!(!stack.deliver("2", "orders").await);
    assert_eq!(stack.account.events(), [], "once a version");
}

#[tokio::test]
async fn a_direct_call_gets_a_denied_secret_as_an_error() {
    let stack = Stack::new().await;
    stack.account.deny(&secret("prod/db"));
    let failure = stack
        .serve(json!({"organization": "org-1", "key": "orders"}))
        .await;
    assert_eq!(failure.unwrap_err().kind(), "denied");
}
