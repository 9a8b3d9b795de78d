//! Organizations beside each other, in an account in memory.

use std::time::Duration;

use aws_stub::Account;
use serde_json::{Value, json};

use super::*;
use crate::config::tests::{arn, config};
use crate::services::Services as _;

struct Swept {
    account: Account,
    world: Compliance,
}

impl Swept {
    /// Two organizations whose manifests were accepted; nobody can sign in.
    async fn new() -> Self {
        let account = Account::start().await;
        for organization in ["org-1", "org-2"] {
            let text = format!(
                "version: 1\norganization: {{id: {organization}, client_secret: {}}}\nintegrations:\n  - {{key: prod, name: Production, role: GenesysRole-{organization}}}\nactions: []\n",
                arn(&format!("genesys/{organization}-a1B2c3"))
            );
            let kept = json!({"object": format!("manifests/{organization}.yaml"), "version_id": null,
                "accepted_at": "2026-01-01T00:00:00Z", "text": text});
            account.put(
                &format!("lockstep-state/accepted/{organization}.json"),
                kept.to_string(),
            );
        }
        let world = Compliance::new(config(), &account.stub.sdk);
        Self { account, world }
    }

    async fn sweep(&self) -> Result<Value, Failure> {
        let request: Request = serde_json::from_value(json!({"mode": "apply"})).unwrap();
        let deadline = Deadline::after(Duration::from_secs(30));
        let answer = Box::pin(sweep(&self.world, &request, false, deadline)).await?;
        let Answer::Report(report) = answer else {
            panic!("no report: {answer:?}");
        };
        Ok(report)
    }

    fn events(&self) -> Vec<(String, Value)> {
        self.account.events()
    }

    /// The organizations of the stored ledgers.
    fn ledgers(&self) -> Vec<String> {
        let objects = self.account.objects("lockstep-evidence/evidence/sweeps/");
        let organization = |object: &String| object.split('/').nth(3).map(str::to_owned);
        let indexes = objects.iter().filter(|one| one.ends_with("/index.json"));
        indexes.filter_map(organization).collect()
    }
}

/// What a check found.
fn found(report: &Value, check: Check) -> Vec<Value> {
    let findings = report["findings"].as_array().unwrap().iter();
    let mine = findings.filter(|finding| finding["id"] == check.id());
    mine.cloned().collect()
}

fn of(events: &[(String, Value)], kind: &str, organization: &str) -> usize {
    let mine = events
        .iter()
        .filter(|(one, detail)| one == kind && detail["organization_id"] == organization);
    mine.count()
}

#[tokio::test]
async fn a_corrupt_record_of_the_last_sweep_is_a_finding_and_keeps_nothing() {
    let stack = Swept::new().await;
    let corrupt = "lockstep-state/compliance/org-1.json";
    stack.account.put(corrupt, "{");
    let report = stack.sweep().await.unwrap();
    let findings = found(&report, Check::Sweep);
    assert_eq!(findings.len(), 1, "{report:#}");
    assert_eq!(findings[0]["resource"], "compliance/org-1.json");
    assert_eq!(found(&report, Check::SignIn).len(), 2, "both were swept");
    let events = stack.events();
    assert_eq!(of(&events, "Object Unreadable", "org-1"), 1);
    assert_eq!(stack.ledgers(), ["org-1", "org-2"]);
    assert_eq!(
        stack.account.object(corrupt).unwrap(),
        b"{",
        "not overwritten"
    );
    let other = "lockstep-state/compliance/org-2.json";
    assert!(stack.account.object(other).is_some(), "remembered");
    stack.sweep().await.unwrap();
    assert_eq!(stack.events(), [], "once a version, and nothing new");
}

#[tokio::test]
async fn an_organization_that_cannot_be_swept_is_an_event_and_the_others_are_recorded_once() {
    let stack = Swept::new().await;
    stack.account.busy("lockstep-state/compliance/org-1.json");
    let report = stack.sweep().await.unwrap();
    let findings = found(&report, Check::Sweep);
    assert_eq!(findings.len(), 1, "{report:#}");
    assert_eq!(findings[0]["resource"], "genesys:organization/org-1");
    let events = stack.events();
    assert_eq!(of(&events, "Compliance Finding", "org-1"), 1);
    assert_eq!(stack.ledgers(), ["org-2"]);
    let other = "lockstep-state/compliance/org-2.json";
    assert!(stack.account.object(other).is_some(), "remembered");
}

#[tokio::test]
async fn where_no_organization_can_be_swept_nothing_is_recorded_and_the_message_comes_back() {
    let stack = Swept::new().await;
    for organization in ["org-1", "org-2"] {
        let object = format!("lockstep-state/compliance/{organization}.json");
        stack.account.busy(&object);
    }
    let failure = stack.sweep().await.unwrap_err();
    assert!(matches!(failure, Failure::Retry { .. }), "{failure}");
    assert_eq!((stack.ledgers(), stack.events()), (Vec::new(), Vec::new()));
}

#[tokio::test]
async fn an_accepted_manifest_with_a_partial_secret_arn_is_a_finding() {
    let stack = Swept::new().await;
    // As if complete: its name ends in a hyphen and as many characters as a suffix has.
    let written = arn("genesys/lockstep-client");
    let text = format!(
        "version: 1\norganization: {{id: org-1, client_secret: {written}}}\nintegrations:\n  - {{key: prod, name: Production, role: GenesysRole}}\nactions: []\n"
    );
    let kept = json!({"object": "manifests/org-1.yaml", "version_id": null,
        "accepted_at": "2026-01-01T00:00:00Z", "text": text});
    stack
        .account
        .put("lockstep-state/accepted/org-1.json", kept.to_string());
    let full = arn("genesys/lockstep-client-AbCdEf");
    stack.account.secret(&full, "v1");
    stack.account.named("genesys/lockstep-client", &full);
    let report = stack.sweep().await.unwrap();
    let findings = found(&report, Check::SecretArn);
    assert_eq!(findings.len(), 1, "{report:#}");
    assert_eq!(findings[0]["resource"], "organization.client_secret");
    assert_eq!(findings[0]["fix"], format!("Write the full ARN: {full}"));
}
