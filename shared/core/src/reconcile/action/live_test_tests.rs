//! What a refusal by AWS proves, and when.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_stub::{Account, Role};
use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use lockstep_domain::change::BindingState;
use lockstep_domain::manifest::{self, Mode};
use lockstep_domain::policy::{invoke_policy, trust_policy};
use serde_json::{Value, json};

use super::super::{ActionRun, DataAction};
use super::*;
use crate::config::tests::config;
use crate::reconcile::Ask;
use crate::reconcile::test_platform::session;
use crate::runtime::Deadline;
use crate::services::Rebind;
use crate::services::Services as _;
use crate::store::Versioned;

/// As the template sets them: IAM 60 s, Genesys Cloud 10 s.
fn may_settle(touched: Touched, second: i64) -> bool {
    touched.may_still_settle(&config(), at(second))
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

#[test]
fn a_refusal_proves_nothing_for_a_minute_after_the_settle_time() {
    let role = Touched {
        role: Some(at(1000)),
        credential: None,
    };
    assert!(may_settle(role, 1061), "the first test after the wait");
    assert!(may_settle(role, 1120));
    assert!(!may_settle(role, 1121));
    let credential = Touched {
        role: None,
        credential: Some(at(1000)),
    };
    assert!(may_settle(credential, 1070));
    assert!(!may_settle(credential, 1071));
    let both = Touched {
        role: Some(at(1000)),
        credential: Some(at(1040)),
    };
    assert!(may_settle(both, 1120));
    assert!(!may_settle(both, 1121));
    assert!(!may_settle(Touched::default(), 1000));
}

const MANIFEST: &str = r#"
version: 1
organization:
  id: org-1
  client_secret: arn:aws:secretsmanager:us-east-1:123456789012:secret:genesys/client-a1B2c3
integrations:
  - {key: prod, name: Production, role: GenesysRole}
actions:
  - key: orders
    name: Orders
    integration: prod
    function: arn:aws:lambda:us-east-1:123456789012:function:GenesysOrders
    contract: {input: {type: object}, output: {type: object}}
    test: {input: {}, safe: true}
"#;

/// Tests an action whose role, which grants nothing, was changed so many seconds ago. The platform
/// answers every run so. Also answers how often it ran.
async fn tried(
    changed: i64,
    status: u16,
    body: &Value,
) -> (Result<TestRecord, RebindError>, usize) {
    tried_in(&Account::start().await, changed, status, body).await
}

/// The same, in an account that holds something already.
async fn tried_in(
    account: &Account,
    changed: i64,
    status: u16,
    body: &Value,
) -> (Result<TestRecord, RebindError>, usize) {
    let runs = Arc::new(AtomicUsize::new(0));
    let (count, body) = (Arc::clone(&runs), body.to_string());
    let answer = post(move || {
        count.fetch_add(1, Ordering::SeqCst);
        std::future::ready((StatusCode::from_u16(status).unwrap(), body.clone()))
    });
    let route = "/api/v2/integrations/actions/{id}/test";
    let session = session(Router::new().route(route, answer)).await;
    let world = Rebind::new(config(), &account.stub.sdk);
    let at = world.now() - SignedDuration::from_secs(changed);
    let mark = json!({"changed_at": at}).to_string();
    account.put("lockstep-state/roles/GenesysRole.json", mark);
    let role = Role {
        trust: trust_policy("aws", "765628985471", &"org-1".parse().unwrap()),
        boundary: Some(config().boundary_arn),
        invoke: invoke_policy(&[]),
    };
    account.role("GenesysRole", role);
    let manifest = manifest::read(MANIFEST, &config().bounds, &[]).unwrap();
    let action = &manifest.actions[0];
    let ask = Ask {
        mode: Mode::Apply,
        retry: false,
        look: lockstep_domain::intent::Look::Full,
        reason: None,
        trigger_id: "message-1".to_owned(),
        run_id: "request".into(),
        // Too short for a second run.
        deadline: Deadline::after(SPACING),
    };
    let state = BindingState::new("org-1".parse().unwrap(), action.key.clone());
    let mut binding = ActionRun {
        world: &world,
        session: &session,
        manifest: &manifest,
        kind: DataAction::of(&world.config, &manifest, action).unwrap(),
        ask: &ask,
        state: Versioned::absent(state),
        in_doubt: false,
    };
    let test = action.test.as_ref().unwrap();
    let id = "custom_-_1".parse().unwrap();
    let record = binding.try_out(Trial::Published, &id, test).await;
    (record, runs.load(Ordering::SeqCst))
}

fn refusal() -> Value {
    json!({"message": "no", "code": "not.authorized", "status": 403})
}

fn failed(status: u16, code: &str) -> Value {
    let error = json!({"message": "no", "code": code, "status": status});
    json!({"success": false, "error": error, "operations": []})
}

#[tokio::test]
async fn a_refusal_right_after_the_settle_time_is_tried_again_and_proves_nothing() {
    for (status, body) in [(403, refusal()), (200, failed(403, "not.authorized"))] {
        let (record, runs) = tried(65, status, &body).await;
        let error = record.unwrap_err();
        assert!(matches!(error, RebindError::Settling { .. }), "{error:?}");
        assert_eq!(runs, 1);
    }
}

#[tokio::test]
async fn a_function_that_threw_is_not_called_again_while_the_role_settles() {
    let (record, runs) = tried(65, 200, &failed(400, "bad.request")).await;
    let record = record.unwrap();
    assert!(!record.passed);
    assert!(!record.problem.unwrap().contains("IAM"));
    assert_eq!(runs, 1);
}

#[tokio::test]
async fn a_record_of_the_integration_that_cannot_be_read_stops_no_live_test() {
    let account = Account::start().await;
    account.put("lockstep-state/state/org-1/_integration_prod.json", "{");
    let (record, runs) = tried_in(&account, 200, 403, &refusal()).await;
    assert!(!record.unwrap().passed);
    assert_eq!(runs, 1);
}

#[tokio::test]
async fn a_refusal_that_lasts_is_recorded_with_what_iam_shows() {
    for (status, body) in [(403, refusal()), (200, failed(403, "not.authorized"))] {
        let (record, _) = tried(200, status, &body).await;
        let problem = record.unwrap().problem.unwrap();
        assert!(problem.contains("does not grant"), "{problem}");
        assert!(problem.contains("GenesysOrders"), "{problem}");
    }
}

#[tokio::test]
async fn only_a_refusal_by_aws_is_recorded_as_a_denial() {
    let (record, _) = tried(200, 403, &refusal()).await;
    let denial = record.unwrap().denial.unwrap();
    assert!(denial.role_changed_at.is_some());
    assert_eq!(denial.shown, Shown::Cause);
    let (record, _) = tried(200, 200, &failed(400, "bad.request")).await;
    assert_eq!(record.unwrap().denial, None);
}
