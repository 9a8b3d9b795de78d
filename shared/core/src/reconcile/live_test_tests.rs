use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::routing::post;
use jiff::Timestamp;
use lockstep_domain::change::ChangeId;
use lockstep_domain::ids::{Key, OrganizationId};
use serde_json::{Value, json};

use super::*;
use crate::reconcile::test_platform::genesys;

/// A platform whose tests are answered in turn; the last answer stays.
struct Platform {
    genesys: Genesys,
    runs: Arc<AtomicUsize>,
}

impl Platform {
    async fn start(answers: Vec<(u16, Value)>) -> Self {
        let runs = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&runs);
        let test = post(move || {
            let number = count.fetch_add(1, Ordering::SeqCst);
            let (status, body) = answers[number.min(answers.len() - 1)].clone();
            // So that no test waits for the pause between two runs.
            let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static("0"))]);
            let status = StatusCode::from_u16(status).unwrap();
            async move { (status, headers, body.to_string()) }
        });
        let routes = Router::new().route("/api/v2/integrations/actions/{id}/test", test);
        let genesys = genesys(routes).await;
        Self { genesys, runs }
    }

    async fn run(&self, expect: Option<Value>) -> Result<Verdict, api::Error> {
        let test = LiveTest {
            input: json!({}),
            expect,
            safe: true,
        };
        let action = "custom_-_0f1e".parse().unwrap();
        run(&self.genesys, Trial::Published, &action, &test).await
    }

    fn runs(&self) -> usize {
        self.runs.load(Ordering::SeqCst)
    }
}

fn failing(code: &str) -> Value {
    json!({"message": "planted", "code": code, "status": 500, "contextId": "0af-1"})
}

fn passing() -> Value {
    json!({
        "success": true,
        "operations": [{"name": "Invoke", "success": true}],
        "finalResult": {"ok": true},
    })
}

fn problem(verdict: Verdict) -> Option<String> {
    match verdict {
        Verdict::Ran(ran) => ran.problem,
        Verdict::Unknown(last) => panic!("no verdict: {last}"),
    }
}

#[tokio::test]
async fn a_failure_of_the_platform_is_no_verdict_after_two_runs() {
    for status in [500, 502, 503, 504] {
        let platform = Platform::start(vec![(status, failing("internal.server.error"))]).await;
        let verdict = platform.run(None).await.unwrap();
        let Verdict::Unknown(last) = verdict else {
            panic!("{status} is taken for a verdict: {verdict:?}");
        };
        assert_eq!(platform.runs(), 2, "runs after {status}");
        let quoted = format!("status {status}, code internal.server.error");
        assert!(
            last.contains(&quoted) && !last.contains("planted"),
            "{last}"
        );
    }
}

#[tokio::test]
async fn a_second_run_may_have_the_verdict() {
    let platform = Platform::start(vec![(504, failing("x.y")), (200, passing())]).await;
    let verdict = platform.run(Some(json!({"ok": true}))).await.unwrap();
    assert_eq!(problem(verdict), None);
    assert_eq!(platform.runs(), 2);
}

#[tokio::test]
async fn a_function_is_called_twice_at_most_in_a_delivery_also_where_refusals_come_between() {
    let refused = || (403, failing("not.authorized"));
    let unknown = || (504, failing("x.y"));
    let platform = Platform::start(vec![unknown(), refused(), unknown(), (200, passing())]).await;
    let test = LiveTest {
        input: json!({}),
        expect: None,
        safe: true,
    };
    let action = "custom_-_0f1e".parse().unwrap();
    let mut runs = Runs::default();
    for denied in [true, false] {
        let genesys = &platform.genesys;
        let verdict = run_again(genesys, Trial::Published, &action, &test, &mut runs).await;
        match verdict.unwrap() {
            Verdict::Ran(ran) => assert!(denied && ran.denied, "{ran:?}"),
            Verdict::Unknown(_) => assert!(!denied),
        }
    }
    assert_eq!(platform.runs(), 3);
}

#[tokio::test]
async fn an_unusable_configuration_fails_at_once_whatever_the_status() {
    for status in [400, 500] {
        let platform = Platform::start(vec![(status, failing("invalid.substitution"))]).await;
        let problem = problem(platform.run(None).await.unwrap()).unwrap();
        let quoted = format!("status {status}, code invalid.substitution");
        assert!(problem.contains(&quoted), "{problem}");
        assert_eq!(platform.runs(), 1);
    }
}

#[tokio::test]
async fn a_denial_fails_without_quoting_the_platforms_words() {
    let platform = Platform::start(vec![(403, failing("not.authorized"))]).await;
    let Verdict::Ran(ran) = platform.run(None).await.unwrap() else {
        panic!("no verdict");
    };
    assert!(ran.denied, "{ran:?}");
    let problem = ran.problem.unwrap();
    assert!(problem.contains("external id"), "{problem}");
    assert!(!problem.contains("planted"), "{problem}");
}

#[tokio::test]
async fn what_was_not_run_is_no_verdict_and_is_not_counted() {
    let platform = Platform::start(vec![(404, failing("not.found"))]).await;
    assert!(platform.run(None).await.unwrap_err().is_not_found());
    assert_eq!(platform.runs(), 1);
}

#[tokio::test]
async fn a_function_that_reports_its_own_failure_does_not_pass() {
    let mut result = passing();
    result["finalResult"] = json!({"statusCode": 500, "body": "planted"});
    let platform = Platform::start(vec![(200, result)]).await;
    let Verdict::Ran(ran) = platform.run(None).await.unwrap() else {
        panic!("no verdict");
    };
    let problem = ran.problem.unwrap();
    assert!(problem.contains("statusCode 500"), "{problem}");
    assert!(!ran.denied, "the role works");
}

#[tokio::test]
async fn a_run_without_a_verdict_of_its_own_does_not_pass() {
    let platform = Platform::start(vec![(200, json!({}))]).await;
    assert!(problem(platform.run(None).await.unwrap()).is_some());
}

#[tokio::test]
async fn a_failed_step_is_recorded_by_name_and_code() {
    let result = json!({
        "success": false,
        "operations": [
            {"name": "Resolve", "success": true},
            {"name": "Assume role", "success": false, "error": {
                "message": "connect to postgres://app:planted@db timed out",
                "code": "bad.request",
            }},
        ],
    });
    let platform = Platform::start(vec![(200, result)]).await;
    let Verdict::Ran(ran) = platform.run(None).await.unwrap() else {
        panic!("no verdict");
    };
    assert!(!ran.denied, "a function that threw was called");
    let recorded = format!("{ran:?}");
    assert!(!recorded.contains("planted"), "{recorded}");
    assert!(recorded.contains("Assume role"), "{recorded}");
    assert!(recorded.contains("bad.request"), "{recorded}");
    let expected = [
        ("Resolve".to_owned(), true),
        ("Assume role".to_owned(), false),
    ];
    assert_eq!(ran.operations, expected);
}

#[test]
fn the_third_delivery_without_a_verdict_counts_as_a_failure() {
    let organization: OrganizationId = "3b2c9f0e-58a4-4c1d-9a57-0c6d1f4e8b21".parse().unwrap();
    let key: Key = "orders".parse().unwrap();
    let id = ChangeId::of(&organization, &key, &"desired");
    let mut change = Change::begin(id, 1, Vec::new(), None, Timestamp::UNIX_EPOCH);
    assert_eq!(count_unknown(&mut change, "status 504"), None);
    // As a delivery does: the count is kept with the change.
    let stored = serde_json::to_value(&change).unwrap();
    let mut change: Change = serde_json::from_value(stored).unwrap();
    assert_eq!(count_unknown(&mut change, "status 504"), None);
    let problem = count_unknown(&mut change, "status 500, code a.b").unwrap();
    assert_eq!(
        problem,
        "no test result after 3 deliveries: status 500, code a.b"
    );
}
