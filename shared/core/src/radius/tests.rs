//! What has to be approved, and what waits.

use aws_stub::Account;
use jiff::Timestamp;
use lockstep_domain::change::{Change, Phase, TestRecord};
use lockstep_domain::manifest;

use super::*;
use crate::config::tests::{arn, config};
use crate::services::{Provision, Services as _};

const V1: &str = "11111111-1111-4111-8111-111111111111";
const V2: &str = "22222222-2222-4222-8222-222222222222";
const V3: &str = "33333333-3333-4333-8333-333333333333";

/// Tested actions on one secret; `max_changes` is 2.
fn manifest(actions: usize, overlap: &str, mode: &str) -> Manifest {
    let mut text = format!(
        r#"
version: 1
organization:
  id: org-1
  client_secret: {}
  max_changes: 2
  mode: {mode}
integrations:
  - {{key: prod, name: Production, role: GenesysRole}}
actions:
"#,
        arn("genesys/client-AbCdEf")
    );
    for n in 0..actions {
        let db = arn("prod/db-AbCdEf");
        text.push_str(&format!(
            r#"
  - key: action-{n}
    name: Action {n}
    integration: prod
    function: arn:aws:lambda:us-east-1:123456789012:function:GenesysOrders
    secrets: [{{name: DB, arn: "{db}", overlap: {overlap}}}]
    contract: {{input: {{type: object}}, output: {{type: object}}}}
    test: {{input: {{}}, safe: true}}
"#
        ));
    }
    manifest::read(&text, &config().bounds, &[]).unwrap()
}

/// An account whose secret went through these versions.
async fn at(versions: &[&str]) -> Account {
    let account = Account::start().await;
    for version in versions {
        account.secret(&arn("prod/db-AbCdEf"), version);
    }
    account
}

fn world(account: &Account) -> Provision {
    Provision::new(config(), &account.stub.sdk)
}

fn store(account: &Account, state: &BindingState) {
    let (organization, key) = (&state.organization, &state.key);
    let object = format!("lockstep-state/state/{organization}/{key}.json");
    account.put(&object, serde_json::to_string(state).unwrap());
}

/// The state of an action that was bound to a version of its secret.
fn bound(manifest: &Manifest, key: &str, version: &str, passed: bool) -> BindingState {
    let key: Key = key.parse().unwrap();
    let action = manifest.action(&key).unwrap();
    let subject = Subject::Action(action);
    let id = subject.desired(&config(), manifest, |_| Some(version.to_owned()));
    let secrets = action.secrets.iter().map(|secret| SecretVersion {
        name: secret.name.to_string(),
        arn: secret.arn.clone(),
        version_id: version.to_owned(),
    });
    let now = Timestamp::UNIX_EPOCH;
    let secrets: Vec<SecretVersion> = secrets.collect();
    let mut change = Change::begin(id.unwrap().current, 1, secrets.clone(), None, now);
    change.phase = Phase::Verifying { unhealthy: !passed };
    change.test = Some(TestRecord {
        at: now,
        on_draft: true,
        denial: None,
        passed,
        operations: Vec::new(),
        problem: None,
    });
    let mut state = BindingState::new(manifest.organization.id.clone(), key);
    state.change = Some(change);
    state.bound = secrets;
    state
}

async fn measured<'m>(account: &Account, manifest: &'m Manifest) -> Radius<'m> {
    let actions: Vec<&Action> = manifest.actions.iter().collect();
    radius(&world(account), manifest, &actions, &[]).await
}

fn keys(keys: &BTreeSet<Key>) -> Vec<&str> {
    keys.iter().map(Key::as_str).collect()
}

/// Three actions bound to v1, whose secret is at v2.
async fn rotated(manifest: &Manifest) -> Account {
    let account = at(&[V1, V2]).await;
    for key in ["action-0", "action-1", "action-2"] {
        store(&account, &bound(manifest, key, V1, true));
    }
    account
}

#[tokio::test]
async fn a_rotation_is_never_limited() {
    for overlap in ["none", "alternating"] {
        let manifest = manifest(3, overlap, "apply");
        let radius = measured(&rotated(&manifest).await, &manifest).await;
        assert_eq!(radius.check_request().unwrap(), Ok(()), "{overlap}");
        assert_eq!(radius.changes.len(), 3);
    }
}

#[tokio::test]
async fn of_a_large_rotation_one_tested_binding_goes_first_where_the_others_can_wait() {
    let manifest = manifest(3, "alternating", "apply");
    let account = rotated(&manifest).await;
    let staged = measured(&account, &manifest).await.staged();
    assert_eq!(keys(&staged.waiting), ["action-1", "action-2"]);
    assert!(!staged.holds_back(&"action-0".parse().unwrap()));

    store(&account, &bound(&manifest, "action-0", V2, true));
    let staged = measured(&account, &manifest).await.staged();
    assert_eq!(staged, Staged::default());

    store(&account, &bound(&manifest, "action-0", V2, false));
    let staged = measured(&account, &manifest).await.staged();
    assert_eq!(keys(&staged.waiting), [""; 0]);
    assert_eq!(keys(&staged.stopped), ["action-1", "action-2"]);
    let said = staged.problems[0].to_string();
    assert!(said.contains("the other bindings (2) stay"), "{said}");
}

#[tokio::test]
async fn what_stayed_two_versions_behind_is_handed_on_since_its_version_is_dead() {
    let manifest = manifest(4, "alternating", "apply");
    let account = at(&[V1, V2, V3]).await;
    // The first one failed at v2 and stayed bound, so two others stayed at v1; one was bound to v2
    // by hand.
    store(&account, &bound(&manifest, "action-0", V2, false));
    for (key, version) in [("action-1", V1), ("action-2", V1), ("action-3", V2)] {
        store(&account, &bound(&manifest, key, version, true));
    }
    let staged = measured(&account, &manifest).await.staged();
    assert_eq!(keys(&staged.waiting), ["action-3"]);

    store(&account, &bound(&manifest, "action-0", V3, false));
    let staged = measured(&account, &manifest).await.staged();
    assert_eq!(keys(&staged.stopped), ["action-3"]);
    let said = staged.problems[0].to_string();
    assert!(said.contains("the other bindings (1) stay"), "{said}");

    // Begun at v2 and rolled back: calls still use v1.
    let mut back = bound(&manifest, "action-3", V2, false);
    back.bound = bound(&manifest, "action-3", V1, true).bound;
    store(&account, &back);
    let staged = measured(&account, &manifest).await.staged();
    assert_eq!(staged, Staged::default());
}

#[tokio::test]
async fn a_binding_whose_old_version_is_dead_waits_for_nobody() {
    let manifest = manifest(3, "none", "apply");
    let staged = measured(&rotated(&manifest).await, &manifest)
        .await
        .staged();
    assert_eq!(staged, Staged::default());
}

#[tokio::test]
async fn an_upload_over_the_limit_is_not_approved() {
    let manifest = manifest(3, "none", "apply");
    let world = world(&at(&[V1]).await);
    let problem = approve(&world, &manifest, None).await.unwrap().unwrap_err();
    assert_eq!(problem.at, "organization.max_changes");
    assert!(problem.problem.starts_with("3 bindings"), "{problem}");
}

#[tokio::test]
async fn what_was_approved_or_writes_nothing_needs_no_approval() {
    let three = manifest(3, "none", "apply");
    let world = world(&at(&[V1]).await);
    let judged = async |manifest: &Manifest, before: Option<&Manifest>| {
        approve(&world, manifest, before).await.unwrap()
    };
    // The first part was accepted, and may still be on its way to the bindings.
    let two = manifest(2, "none", "apply");
    assert_eq!(judged(&two, None).await, Ok(()));
    assert_eq!(judged(&three, Some(&two)).await, Ok(()));
    // A plan approves nothing of what it shows.
    let planned = manifest(3, "none", "plan");
    assert_eq!(judged(&planned, None).await, Ok(()));
    assert!(judged(&three, Some(&planned)).await.is_err());
}

#[tokio::test]
async fn what_can_not_be_read_counts_as_a_change_and_stops_no_rotation() {
    let manifest = manifest(3, "none", "apply");
    let account = rotated(&manifest).await;
    account.deny(&arn("prod/db-AbCdEf"));
    let radius = measured(&account, &manifest).await;
    assert!(radius.check_request().unwrap().is_err());
    assert_eq!(radius.staged(), Staged::default());
}

#[tokio::test]
async fn what_is_recorded_is_met_and_what_waits_is_not() {
    let manifest = manifest(3, "alternating", "apply");
    let account = rotated(&manifest).await;
    store(&account, &bound(&manifest, "action-0", V2, true));
    let radius = measured(&account, &manifest).await;
    assert_eq!(keys(&radius.met()), ["action-0"]);
}
