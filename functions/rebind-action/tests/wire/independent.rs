//! What keeps one binding keeps no other.

use serde_json::json;

use crate::support::{Stack, secret};

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

/// With the manifest accepted, and both secrets there.
async fn stack() -> Stack {
    let stack = Stack::new("org-1", &manifest(), |_| None).await;
    for name in ["prod/db", "genesys-credentials/basic"] {
        stack.account.secret(&secret(name), "v1");
    }
    stack
}

#[tokio::test]
async fn a_denied_secret_is_an_event_once_and_its_message_waits_for_the_repair() {
    let stack = stack().await;
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
        assert!(stack.deliver(key, key).await, "{key} is lost");
        let events = stack.account.events();
        assert_eq!((events.len(), events[0].0.as_str()), (1, kind));
        let detail = &events[0].1;
        assert_eq!(
            (&detail["key"], &detail["organization_id"]),
            (&json!(key), &json!("org-1"))
        );
        let reason = detail["reason"].as_str().unwrap();
        assert!(reason.contains("secretsmanager:DescribeSecret"), "{reason}");
        assert!(stack.deliver(key, key).await);
        assert_eq!(stack.account.events(), [], "a duplicate of the message");
        assert!(stack.deliver(&format!("next-{key}"), key).await);
        assert_eq!(stack.account.events().len(), 1, "another message");
    }
    assert_eq!(stack.account.objects("lockstep-state/state/"), [""; 0]);
}

#[tokio::test]
async fn a_corrupt_state_is_an_event_and_its_message_waits_for_the_repair() {
    let stack = stack().await;
    let object = "lockstep-state/state/org-1/orders.json";
    stack.account.put(object, "{");
    assert!(stack.deliver("1", "orders").await, "it is lost");
    let events = stack.account.events();
    assert_eq!(
        (events.len(), events[0].0.as_str()),
        (1, "Object Unreadable")
    );
    assert!(stack.deliver("2", "orders").await);
    assert_eq!(stack.account.events(), [], "once a version");
}

#[tokio::test]
async fn a_direct_call_gets_a_denied_secret_as_an_error() {
    let stack = stack().await;
    stack.account.deny(&secret("prod/db"));
    let failure = stack
        .serve(json!({"organization": "org-1", "key": "orders"}))
        .await;
    assert_eq!(failure.unwrap_err().kind(), "denied");
}
