//! One thing that can't be read, among others that can: the handler, its queue and an account in
//! memory.

#![expect(
    clippy::unwrap_used,
    reason = "a test's helpers may panic as the test itself may"
)]

use std::time::Duration;

use aws_stub::Account;
use lockstep::config::Config;
use lockstep::runtime::{Context, Deadline, serve};
use lockstep::services::{Provision, Services as _};
use serde_json::{Value, json};

fn secret(name: &str) -> String {
    format!("arn:aws:secretsmanager:us-east-1:123456789012:secret:{name}-a1B2c3")
}

/// A manifest whose credential carries values of one secret: that needs no role.
fn manifest(organization: &str, secrets: &[&str]) -> String {
    let mut text = format!(
        "version: 1\norganization:\n  id: {organization}\n  client_secret: {}\nintegrations:\n",
        secret("genesys/client")
    );
    for name in secrets {
        text.push_str(&format!(
            "  - {{key: rest-{name}, name: REST {name}, type: custom-rest-actions}}\n"
        ));
    }
    text.push_str("actions: []\ncredentials:\n");
    for name in secrets {
        text.push_str(&format!(
            "  - {{key: {name}, integration: rest-{name}, slot: basicAuth, type: basicAuth, secret: \"{}\", fields: {{userName: $.u, password: $.p}}}}\n",
            secret(&format!("genesys-credentials/{name}"))
        ));
    }
    text
}

/// The function's world, where a changed variable is not what the template sets.
fn world(account: &Account, changed: impl Fn(&str) -> Option<String>) -> Provision {
    let environment = aws_stub::environment();
    let value = |name: &str| environment.get(name).map(|value| (*value).to_owned());
    let config = Config::from_env(|name| changed(name).or_else(|| value(name)));
    Provision::new(config.unwrap(), &account.stub.sdk)
}

struct Stack {
    account: Account,
    world: Provision,
}

impl Stack {
    async fn new() -> Self {
        let account = Account::start().await;
        let world = world(&account, |_| None);
        Self { account, world }
    }

    /// The same account, under another parameter.
    fn with(&self, variable: &str, value: &str) -> Self {
        let changed = |name: &str| (name == variable).then(|| value.to_owned());
        Self {
            account: self.account.clone(),
            world: world(&self.account, changed),
        }
    }

    /// Delivers one message; answers whether it comes back.
    async fn deliver(&self, id: &str, body: &Value) -> bool {
        self.deliver_again(id, 1, body).await
    }

    /// Delivers one message for this many times.
    async fn deliver_again(&self, id: &str, received: u32, body: &Value) -> bool {
        let sent = self.world.now().as_millisecond();
        let payload = json!({"Records": [{
            "messageId": id,
            "receiptHandle": "handle",
            "body": body.to_string(),
            "attributes": {"ApproximateReceiveCount": received.to_string(), "SentTimestamp": sent.to_string()},
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:lockstep-provision"
        }]});
        self.call(payload).await["batchItemFailures"] != json!([])
    }

    /// Calls the function directly.
    async fn call(&self, payload: Value) -> Value {
        let context = Context {
            request_id: "request".into(),
            deadline: Deadline::after(Duration::from_secs(30)),
        };
        let answer = serve(&self.world, &provision_role::handle, payload, &context);
        answer.await.unwrap()
    }

    async fn upload(&self, object: &str, text: &str) -> bool {
        self.account
            .put(&format!("lockstep-manifests/{object}"), text);
        let event = json!({"detail-type": "Object Created", "source": "aws.s3", "id": format!("u{object}"),
            "detail": {"bucket": {"name": "lockstep-manifests"}, "object": {"key": object}}});
        self.deliver(object, &event).await
    }

    async fn rotated(&self, name: &str, id: &str) -> bool {
        let arn = secret(&format!("genesys-credentials/{name}"));
        self.account.secret(&arn, id);
        let event = json!({"detail-type": "Secret Label Updated", "source": "aws.secretsmanager", "id": id,
            "resources": [arn], "detail": {"labelUpdated": "AWSCURRENT"}});
        self.deliver(id, &event).await
    }

    async fn resync(&self, id: &str) -> bool {
        let event = json!({"mode": "apply", "reason": "resync"});
        self.deliver(id, &event).await
    }

    /// The keys that were handed on since this was asked last.
    fn handed_on(&self) -> Vec<String> {
        let messages = self.account.messages();
        let key = |message: &Value| message["key"].as_str().unwrap().to_owned();
        messages.iter().map(key).collect()
    }

    fn events(&self) -> Vec<String> {
        let events = self.account.events();
        events.into_iter().map(|(kind, _)| kind).collect()
    }
}

/// Two organizations, one credential each, both accepted.
async fn two() -> Stack {
    let stack = Stack::new().await;
    for name in ["one", "two"] {
        stack
            .account
            .secret(&secret(&format!("genesys-credentials/{name}")), "v1");
    }
    assert!(
        !stack
            .upload("manifests/1.yaml", &manifest("org-1", &["one"]))
            .await
    );
    assert!(
        !stack
            .upload("manifests/2.yaml", &manifest("org-2", &["two"]))
            .await
    );
    assert_eq!(stack.events(), ["Manifest Accepted", "Manifest Accepted"]);
    assert_eq!(stack.handed_on(), ["one", "two"]);
    stack
}

#[tokio::test]
async fn a_secret_that_denies_describe_secret_keeps_no_other_binding() {
    let stack = two().await;
    stack.account.deny(&secret("genesys-credentials/two"));
    assert!(!stack.rotated("one", "v2").await);
    assert_eq!(stack.handed_on(), ["one"]);
    stack.resync("r").await;
    // Each for itself: `rebind-action` says what is wrong with the denied one.
    assert_eq!(stack.handed_on(), ["one", "two"]);
}

#[tokio::test]
async fn a_corrupt_state_keeps_no_other_binding_and_no_upload() {
    let stack = two().await;
    let units = stack.account.objects("lockstep-state/accepted/");
    assert_eq!(units.len(), 2);
    stack
        .account
        .put("lockstep-state/state/org-1/one.json", "{");
    assert!(
        !stack
            .upload("manifests/1.yaml", &manifest("org-1", &["one", "three"]))
            .await
    );
    assert_eq!(stack.events(), ["Object Unreadable", "Manifest Accepted"]);
    assert_eq!(stack.handed_on().len(), 2);
    assert!(!stack.rotated("two", "v2").await);
    assert_eq!(stack.handed_on(), ["two"]);
    assert_eq!(stack.events(), [""; 0]);
}

#[tokio::test]
async fn a_corrupt_accepted_copy_is_accepted_again_from_its_upload() {
    let stack = two().await;
    stack.account.put("lockstep-state/accepted/org-1.json", "");
    assert!(!stack.rotated("one", "v2").await);
    assert_eq!(stack.events(), ["Object Unreadable", "Manifest Accepted"]);
    assert_eq!(stack.handed_on(), ["one"]);
}

#[tokio::test]
async fn without_its_upload_a_corrupt_accepted_copy_is_an_event_and_the_others_go_on() {
    let stack = two().await;
    let copy = "lockstep-state/accepted/org-1.json";
    let good = stack.account.object(copy).unwrap();
    stack.account.put(copy, "");
    stack.account.delete("lockstep-manifests/manifests/1.yaml");
    assert!(
        stack.rotated("two", "v2").await,
        "org-1 may be concerned: it waits"
    );
    assert_eq!(stack.events(), ["Object Unreadable"]);
    assert_eq!(stack.handed_on(), ["two"]);
    assert!(stack.resync("r").await);
    assert_eq!(stack.events(), [""; 0], "once a version");
    stack.account.put(copy, good);
    assert!(!stack.resync("r").await);
}

#[tokio::test]
async fn an_object_that_is_no_accepted_manifest_is_ignored() {
    let stack = two().await;
    stack.account.put("lockstep-state/accepted/", "");
    stack.account.put("lockstep-state/accepted/notes.txt", "x");
    assert!(!stack.rotated("one", "v2").await);
    assert_eq!(stack.handed_on(), ["one"]);
    assert_eq!(stack.events(), [""; 0]);
}

#[tokio::test]
async fn a_malformed_message_is_an_event_and_then_done_with() {
    let stack = two().await;
    assert!(!stack.deliver("m", &json!({"mode": "aply"})).await);
    assert_eq!(stack.events(), ["Request Refused"]);
    stack.account.bus_is_down(true);
    assert!(
        stack.deliver("m", &json!({"mode": "aply"})).await,
        "nobody was told"
    );
}

#[tokio::test]
async fn a_duplicate_and_a_secret_that_nobody_manages_are_no_failures() {
    let stack = two().await;
    assert!(!stack.rotated("one", "v2").await);
    assert!(!stack.rotated("one", "v2").await);
    assert!(!stack.rotated("unmanaged", "v1").await);
    assert_eq!(stack.events(), [""; 0]);
}

#[tokio::test]
async fn the_resync_finds_an_upload_whose_trigger_was_lost() {
    let stack = two().await;
    let text = manifest("org-1", &["one", "three"]);
    stack
        .account
        .put("lockstep-manifests/manifests/1.yaml", text);
    assert!(!stack.resync("r1").await);
    assert_eq!(stack.events(), ["Manifest Accepted"]);
    assert_eq!(stack.handed_on().len(), 3);
    assert!(!stack.resync("r2").await);
    assert_eq!(stack.events(), [""; 0]);
}

#[tokio::test]
async fn a_lost_upload_that_is_refused_is_one_event_a_version() {
    let stack = two().await;
    for _ in 0..2 {
        stack
            .account
            .put("lockstep-manifests/manifests/1.yaml", "version: 2");
        stack.resync("r").await;
        stack.resync("r").await;
        assert_eq!(stack.events(), ["Manifest Refused"]);
        assert!(
            stack.handed_on().contains(&"one".to_owned()),
            "it stays current"
        );
    }
}

#[tokio::test]
async fn what_the_parameters_no_longer_cover_is_dropped_with_an_event() {
    let stack = two().await;
    assert!(
        !stack
            .upload("manifests/1.yaml", &manifest("org-1", &["one", "three"]))
            .await
    );
    stack.events();
    stack.handed_on();
    let narrow = stack.with("LOCKSTEP_CREDENTIAL_SECRET_PREFIX", "genesys-credentials/t");
    assert!(!narrow.rotated("two", "v2").await);
    assert_eq!(narrow.events(), ["Manifest Refused"], "at any trigger");
    assert_eq!(narrow.handed_on(), ["two"]);
    assert!(!narrow.rotated("one", "v2").await);
    let events = narrow.account.events();
    let (kind, detail) = &events[0];
    assert_eq!((events.len(), kind.as_str()), (1, "Manifest Refused"));
    assert_eq!(detail["key"], "one", "at one that concerns it");
    assert_eq!(narrow.handed_on(), [""; 0]);
    assert!(!narrow.resync("r").await);
    assert_eq!(narrow.handed_on(), ["three", "two"]);
}

#[tokio::test]
async fn a_request_for_one_organization_accepts_no_lost_upload_of_another() {
    let stack = two().await;
    let text = manifest("org-1", &["one", "three"]);
    stack
        .account
        .put("lockstep-manifests/manifests/1.yaml", text);
    let answer = stack
        .call(json!({"mode": "apply", "organization": "org-2"}))
        .await;
    assert_eq!(answer["mode"], "apply", "{answer:#}");
    assert_eq!(stack.handed_on(), ["two"]);
    assert_eq!(
        stack.events(),
        [""; 0],
        "the resync accepts it, and carries it out"
    );
    assert!(!stack.resync("r").await);
    assert_eq!(stack.events(), ["Manifest Accepted"]);
    assert!(stack.handed_on().contains(&"one".to_owned()));
}

#[tokio::test]
async fn a_redelivered_message_says_once_how_a_role_ended() {
    let stack = Stack::new().await;
    let text = format!(
        "version: 1\norganization: {{id: org-1, client_secret: {}}}\nintegrations:\n  - {{key: prod, name: Production, role: GenesysRole}}\nactions: []\n",
        secret("genesys/client")
    );
    stack
        .account
        .put("lockstep-manifests/manifests/1.yaml", text);
    // The account lets nobody create a role.
    let event = json!({"mode": "apply", "reason": "resync"});
    stack.deliver_again("r1", 1, &event).await;
    assert_eq!(
        stack.events(),
        ["Manifest Accepted", "Role Provisioning Failed"]
    );
    for received in 2..5 {
        stack.deliver_again("r1", received, &event).await;
        assert_eq!(stack.events(), [""; 0], "receive {received}");
    }
    stack.deliver_again("r2", 1, &event).await;
    assert_eq!(stack.events(), ["Role Provisioning Failed"], "another one");
}

#[tokio::test]
async fn a_bound_that_is_narrowed_again_is_an_event_again() {
    const PREFIX: &str = "LOCKSTEP_CREDENTIAL_SECRET_PREFIX";
    const IDS: &str = "LOCKSTEP_ORGANIZATION_IDS";
    let stack = two().await;
    let narrow = || stack.with(PREFIX, "genesys-credentials/t");
    let foreign = || stack.with(IDS, "org-2");
    // What is no longer allowed at all is refused as an upload too.
    let bounds: [(&dyn Fn() -> Stack, _, _); 2] =
        [(&narrow, "dropped", 1), (&foreign, "no longer allowed", 2)];
    for (narrowed, why, count) in bounds {
        let mut ids = Vec::new();
        for round in 0..2 {
            // Each change of a parameter is a deployment, which ends the warm environments.
            let narrow = narrowed();
            narrow.resync("r").await;
            narrow.resync("r").await;
            let events = narrow.account.events();
            assert_eq!(events.len(), count, "{why}, round {round}: {events:?}");
            for (kind, detail) in events {
                assert_eq!(kind, "Manifest Refused");
                ids.push(detail["event_id"].as_str().unwrap().to_owned());
            }
            let widened = stack.with("LOCKSTEP_EVENT_BUS", "lockstep");
            assert!(!widened.resync("r").await);
            assert_eq!(widened.events(), [""; 0], "widened");
        }
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 2 * count, "{why}: each is an event of its own");
    }
}

#[tokio::test]
async fn an_upload_that_is_refused_for_another_reason_is_an_event_again() {
    let stack = Stack::new().await;
    let foreign = stack.with("LOCKSTEP_ORGANIZATION_IDS", "org-2");
    foreign
        .upload("manifests/1.yaml", &manifest("org-1", &["one"]))
        .await;
    foreign.resync("r").await;
    assert_eq!(stack.events(), ["Manifest Refused"]);
    let narrow = stack.with("LOCKSTEP_CREDENTIAL_SECRET_PREFIX", "genesys-credentials/t");
    narrow.resync("r").await;
    narrow.resync("r").await;
    assert_eq!(stack.events(), ["Manifest Refused"], "for another reason");
    stack.resync("r").await;
    assert_eq!(stack.events(), ["Manifest Accepted"]);
}

#[tokio::test]
async fn an_upload_with_a_new_role_waits_for_a_copy_that_can_not_be_read() {
    let stack = two().await;
    let (mine, other) = (
        "lockstep-state/accepted/org-1.json",
        "lockstep-state/accepted/org-2.json",
    );
    let good = stack.account.object(other).unwrap();
    stack.account.put(other, "");
    stack.account.delete("lockstep-manifests/manifests/2.yaml");
    let role = "integrations:\n  - {key: prod, name: Production, role: GenesysOrders}\n";
    let with_role = manifest("org-1", &["one"]).replace("integrations:\n", role);
    assert!(stack.upload("manifests/1.yaml", &with_role).await);
    assert_eq!(stack.events(), ["Object Unreadable"]);
    let uses_the_role = || {
        let copy = String::from_utf8(stack.account.object(mine).unwrap()).unwrap();
        copy.contains("GenesysOrders")
    };
    assert!(!uses_the_role(), "org-2 may have that role");
    // It keeps nothing else: not the other bindings, and no upload without a new role.
    stack.resync("r").await;
    assert!(!uses_the_role());
    assert!(stack.handed_on().contains(&"one".to_owned()));
    let without = manifest("org-1", &["one", "three"]);
    assert!(!stack.upload("manifests/1.yaml", &without).await);
    assert_eq!(stack.events(), ["Manifest Accepted"]);
    stack.account.put(other, good);
    stack.upload("manifests/1.yaml", &with_role).await;
    assert!(uses_the_role());
}
