//! The preconditions against an account in memory, at a moment that the test sets.

use aws_stub::{Account, Role};
use axum::Router;
use axum::routing::get;
use jiff::SignedDuration;
use lockstep_domain::binding::DesiredAction;
use lockstep_domain::change::BindingState;
use lockstep_domain::manifest;
use lockstep_domain::policy::{invoke_policy, trust_policy};
use lockstep_domain::rebind::{ActionView, RebindStep};
use serde_json::json;

use super::*;
use crate::config::tests::config;
use crate::reconcile::test_platform::session;
use crate::services::Services as _;

const ONE: &str = "arn:aws:lambda:us-east-1:123456789012:function:GenesysOne";
const TWO: &str = "arn:aws:lambda:us-east-1:123456789012:function:GenesysTwo";
const BEFORE: &str = "arn:aws:lambda:us-east-1:123456789012:function:GenesysBefore";
const IAM: [&str; 4] = [
    "GetRole",
    "GetRolePolicy",
    "ListAttachedRolePolicies",
    "ListRolePolicies",
];

/// An organization with one integration, and what is asked about it.
struct Setup {
    account: Account,
    manifest: Manifest,
    now: Timestamp,
    /// What the platform lists in the integration.
    listed: Vec<(&'static str, &'static str)>,
}

impl Setup {
    async fn new() -> Self {
        Self {
            account: Account::start().await,
            manifest: read(),
            now: Timestamp::from_second(1_800_000_000).unwrap(),
            listed: Vec::new(),
        }
    }

    /// With a role that grants these functions.
    async fn granting(functions: &[&str]) -> Self {
        let setup = Self::new().await;
        setup.role(functions, Some(&config().boundary_arn));
        setup
    }

    fn role(&self, functions: &[&str], boundary: Option<&str>) {
        let functions = functions.iter().map(|arn| arn.parse().unwrap());
        let functions: Vec<FunctionArn> = functions.collect();
        let role = Role {
            trust: trust_policy("aws", "765628985471", &"org-1".parse().unwrap()),
            boundary: boundary.map(str::to_owned),
            invoke: invoke_policy(&functions),
        };
        self.account.role("GenesysRole", role);
    }

    /// With the mark that Lockstep wrote to the role so many seconds ago.
    fn changed(self, seconds: i64) -> Self {
        let at = self.now - SignedDuration::from_secs(seconds);
        let mark = json!({"changed_at": at}).to_string();
        self.account
            .put("lockstep-state/roles/GenesysRole.json", mark);
        self
    }

    /// With the state of a binding in the integration.
    fn remembers(self, key: &str, action: &str, function: &str) -> Self {
        let mut state = BindingState::new("org-1".parse().unwrap(), key.parse().unwrap());
        state.action_id = Some(action.parse().unwrap());
        state.integration_id = Some("integration-1".parse().unwrap());
        state.function = Some(function.parse().unwrap());
        let state = serde_json::to_string(&state).unwrap();
        let object = format!("lockstep-state/state/org-1/{key}.json");
        self.account.put(&object, state);
        self
    }

    fn calls_of_iam(&self) -> Vec<String> {
        let seen = self.account.stub.seen().into_iter();
        let mut calls: Vec<String> = seen.map(|seen| seen.operation).collect();
        calls.retain(|call| IAM.contains(&call.as_str()));
        calls.sort();
        calls
    }

    /// Asks whether a plan of these steps may be carried out.
    async fn may_go_live(&self, steps: Vec<RebindStep>) -> Result<(), RebindError> {
        self.asked(steps, None).await
    }

    /// Asks whether the integration, which is there, may be moved to the manifest's role.
    async fn may_move(&self) -> Result<(), RebindError> {
        let id: IntegrationId = "integration-1".parse().unwrap();
        let steps = vec![RebindStep::PointConfig {
            key: "prod".parse().unwrap(),
            id: Some(id.clone()),
            old: Some("credential-1".parse().unwrap()),
            new: Some("credential-2".parse().unwrap()),
        }];
        self.asked(steps, Some(&id)).await
    }

    async fn asked(
        &self,
        steps: Vec<RebindStep>,
        found: Option<&IntegrationId>,
    ) -> Result<(), RebindError> {
        let world = Rebind::new(config(), &self.account.stub.sdk);
        let entities: Vec<_> = self
            .listed
            .iter()
            .map(|(id, name)| json!({"id": id, "name": name, "integrationId": "integration-1"}))
            .collect();
        let page = json!({"entities": entities, "total": entities.len(), "pageCount": 1});
        let list = get(move || std::future::ready(page.to_string()));
        let session = session(Router::new().route("/api/v2/integrations/actions", list)).await;
        let plan = RebindPlan {
            steps,
            notices: Vec::new(),
        };
        let (manifest, now) = (&self.manifest, self.now);
        let integration = &manifest.integrations[0];
        may_go_live(&world, &session, manifest, integration, found, &plan, now).await
    }
}

fn read() -> Manifest {
    manifest::read(MANIFEST, &config().bounds, &[]).unwrap()
}

const MANIFEST: &str = r#"
version: 1
organization:
  id: org-1
  client_secret: arn:aws:secretsmanager:us-east-1:123456789012:secret:genesys/client-a1B2c3
integrations:
  - {key: prod, name: Production, role: GenesysRole}
actions:
  - key: one
    name: One
    integration: prod
    function: arn:aws:lambda:us-east-1:123456789012:function:GenesysOne
    contract: {input: {type: object}, output: {type: object}}
  - key: two
    name: Two
    integration: prod
    function: arn:aws:lambda:us-east-1:123456789012:function:GenesysTwo
    contract: {input: {type: object}, output: {type: object}}
"#;

/// An untested action that calls one function and is to call another, with another template.
fn update(from: &str, to: &str) -> Vec<RebindStep> {
    let manifest = read();
    let view = |function: &str, template: &str| {
        let mut config = DesiredAction::new(&manifest.actions[0], Vec::new()).config(None);
        config.request_url_template = function.to_owned();
        config.request_template = template.into();
        ActionView {
            name: "One".into(),
            category: "Production".into(),
            config,
        }
    };
    vec![RebindStep::UpdateAction {
        key: "one".parse().unwrap(),
        id: "custom_-_1".parse().unwrap(),
        version: 1,
        old: view(from, "version 1"),
        new: view(to, "version 2"),
        reason: "a test".into(),
    }]
}

#[tokio::test]
async fn a_rotation_is_written_without_reading_iam() {
    let setup = Setup::new().await.changed(1);
    setup.account.iam_is_down(true);
    setup.may_go_live(update(ONE, ONE)).await.unwrap();
    assert_eq!(setup.account.stub.seen().len(), 0);
}

#[tokio::test]
async fn another_function_goes_live_where_the_role_serves_every_action() {
    let setup = Setup::granting(&[ONE, TWO]).await;
    setup.may_go_live(update(TWO, ONE)).await.unwrap();
    assert_eq!(setup.calls_of_iam(), IAM);
}

#[tokio::test]
async fn nothing_goes_live_under_a_role_that_does_not_serve_every_action() {
    let without_boundary = Setup::new().await;
    without_boundary.role(&[ONE, TWO], None);
    for (setup, says) in [
        (Setup::new().await, "does not exist"),
        (Setup::granting(&[ONE]).await, TWO),
        (without_boundary, "no permissions boundary"),
    ] {
        let error = setup.may_go_live(update(TWO, ONE)).await.unwrap_err();
        assert!(!error.is_transient(), "{error}");
        assert!(matches!(error, RebindError::Refused(_)), "{error:?}");
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[tokio::test]
async fn an_outage_of_iam_is_waited_for() {
    let setup = Setup::new().await;
    setup.account.iam_is_down(true);
    let error = setup.may_go_live(update(TWO, ONE)).await.unwrap_err();
    assert!(error.is_transient(), "{error}");
}

#[tokio::test]
async fn what_goes_live_at_once_waits_until_the_role_has_settled() {
    let fresh = Setup::granting(&[ONE, TWO]).await.changed(20);
    let error = fresh.may_go_live(update(TWO, ONE)).await.unwrap_err();
    assert_eq!(error.comes_back_after(), Some(Duration::from_secs(40)));
    assert!(error.is_transient());
    let settled = Setup::granting(&[ONE, TWO]).await.changed(60);
    settled.may_go_live(update(TWO, ONE)).await.unwrap();
}

/// Nobody can call what is made now, so it need not wait; but what IAM does not show yet may come.
#[tokio::test]
async fn what_nobody_calls_yet_waits_only_for_what_iam_does_not_show() {
    let steps = || {
        vec![RebindStep::CreateIntegration {
            key: "prod".parse().unwrap(),
            name: "Production".into(),
        }]
    };
    let granted = Setup::granting(&[ONE, TWO]).await.changed(1);
    granted.may_go_live(steps()).await.unwrap();
    let error = Setup::granting(&[ONE]).await.changed(1);
    let error = error.may_go_live(steps()).await.unwrap_err();
    assert!(error.comes_back_after().is_some(), "{error}");
}

#[tokio::test]
async fn a_role_and_the_functions_may_change_in_one_upload() {
    let mut setup = Setup::granting(&[ONE, TWO])
        .await
        .remembers("one", "custom_-_1", BEFORE)
        .remembers("two", "custom_-_2", TWO);
    setup.listed = vec![("custom_-_1", "One"), ("custom_-_2", "Two")];
    setup.may_move().await.unwrap();
}

#[tokio::test]
async fn an_action_that_was_taken_out_of_the_manifest_and_deleted_is_not_asked_for() {
    let mut setup = Setup::granting(&[ONE, TWO])
        .await
        .remembers("one", "custom_-_1", ONE)
        .remembers("taken-out", "custom_-_9", BEFORE);
    setup.listed = vec![("custom_-_1", "One"), ("custom_-_2", "Two")];
    setup.may_move().await.unwrap();
}

#[tokio::test]
async fn an_action_that_was_taken_out_and_still_exists_decides_with_adopt() {
    let mut setup = Setup::granting(&[ONE, TWO])
        .await
        .remembers("taken-out", "custom_-_9", BEFORE);
    setup.listed = vec![("custom_-_1", "One"), ("custom_-_9", "Taken out")];
    let error = setup.may_move().await.unwrap_err();
    assert!(matches!(error, RebindError::Refused(_)), "{error:?}");
    assert!(error.to_string().contains("custom_-_9"), "{error}");
    assert_eq!(setup.calls_of_iam(), [""; 0]);
    setup.manifest.integrations[0].adopt = true;
    setup.may_move().await.unwrap();
}

#[tokio::test]
async fn an_integration_is_not_moved_to_a_role_that_does_not_serve_the_manifest() {
    let mut setup = Setup::granting(&[ONE])
        .await
        .remembers("one", "custom_-_1", ONE);
    setup.listed = vec![("custom_-_1", "One"), ("custom_-_2", "Two")];
    let error = setup.may_move().await.unwrap_err();
    assert!(error.to_string().contains(TWO), "{error}");
}

#[tokio::test]
async fn of_a_refusal_by_aws_the_record_says_what_iam_shows() {
    let says = async |setup: &Setup| {
        let world = Rebind::new(config(), &setup.account.stub.sdk);
        let integration = &setup.manifest.integrations[0];
        let function = ONE.parse().unwrap();
        let found = diagnose(&world, &setup.manifest, integration, &function).await;
        (found.text, found.shown)
    };
    let (right, _) = says(&Setup::granting(&[ONE]).await).await;
    assert!(right.contains("nothing wrong"), "{right}");
    let (no_grant, shown) = says(&Setup::granting(&[TWO]).await).await;
    assert!(no_grant.contains("does not grant"), "{no_grant}");
    assert_eq!(shown, Shown::Cause);
    let absent = Setup::new().await;
    let (none, shown) = says(&absent).await;
    assert!(none.contains("does not exist"), "{none}");
    assert_eq!(shown, Shown::Cause);
    absent.account.iam_is_down(true);
    let (unread, _) = says(&absent).await;
    assert!(unread.contains("could not query"), "{unread}");
}
