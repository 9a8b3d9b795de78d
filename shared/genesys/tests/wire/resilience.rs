//! Retries, deadlines, the circuit breaker, broken connections.

use std::time::Duration;

use crate::support::{Platform, Reply, Seen, client_at, cutting, ok, quick, status};
use genesys_cloud::{ActionUpdate, ErrorKind, STATUS_PAGE, Settings, TransportFailure};
use serde_json::json;
use tokio::time::Instant;

pub const ORGANIZATION: &str = "GET /api/v2/organizations/me";
const CREATE: &str = "POST /api/v2/integrations";

pub fn failing(times: usize, code: u16) -> impl Fn(&Seen) -> Option<Reply> {
    move |seen| {
        (seen.line == ORGANIZATION).then(|| {
            if seen.before < times {
                status(code, json!({}))
            } else {
                ok(json!({"id": "org-1"}))
            }
        })
    }
}

#[tokio::test]
async fn server_errors_are_tried_again_until_they_pass() {
    for code in [500, 502, 503, 504, 408] {
        let platform = Platform::start(failing(3, code)).await;
        let client = platform.client();
        client.organization_me().await.unwrap();
        assert_eq!(platform.calls().len(), 4, "{code}");
        let stats = client.take_stats();
        assert_eq!((stats.requests, stats.failures, stats.retries), (4, 3, 3));
    }
}

#[tokio::test]
async fn not_implemented_and_client_errors_are_not_tried_again() {
    for code in [400, 403, 404, 405, 409, 413, 501] {
        let platform = Platform::start(failing(9, code)).await;
        let error = platform.client().organization_me().await.unwrap_err();
        assert_eq!(error.status(), Some(code));
        assert!(!error.is_transient(), "{error}");
        assert_eq!(platform.calls().len(), 1, "{code}");
    }
}

#[tokio::test]
async fn retry_after_is_honoured_and_the_wait_reported() {
    let platform = Platform::start(|seen| {
        (seen.line == ORGANIZATION).then(|| match seen.before {
            0 => status(429, json!({"code": "too.many.requests"})).with("retry-after", 1),
            _ => ok(json!({"id": "org-1"})),
        })
    })
    .await;
    let client = platform.client();
    let begun = Instant::now();
    client.organization_me().await.unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(1));
    let stats = client.take_stats();
    assert_eq!(stats.rate_limit_waits, 1);
    assert!(stats.rate_limit_wait_ms >= 1000, "{stats:?}");
}

#[tokio::test]
async fn a_retry_after_beyond_the_deadline_ends_the_call_at_once() {
    let platform = Platform::start(|seen| {
        (seen.line == ORGANIZATION).then(|| status(429, json!({})).with("retry-after", 20))
    })
    .await;
    let begun = Instant::now();
    let error = platform
        .client()
        .within(Duration::from_secs(5))
        .organization_me()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::OutOfTime);
    assert_eq!(
        (error.status(), error.retry_after()),
        (Some(429), Some(Duration::from_secs(20)))
    );
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!(platform.calls().len(), 1);
}

#[tokio::test]
async fn retries_end_at_the_deadline() {
    let platform = Platform::start(failing(usize::MAX, 503)).await;
    let settings = Settings {
        backoff_base: Duration::from_millis(40),
        backoff_cap: Duration::from_millis(40),
        max_retries: 1000,
        breaker_threshold: 1000,
        ..quick()
    };
    let begun = Instant::now();
    let client = platform
        .client_with(settings)
        .within(Duration::from_millis(300));
    let error = client.organization_me().await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::OutOfTime);
    assert!(error.is_transient());
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert!(platform.calls().len() > 1);
}

#[tokio::test]
async fn a_passed_deadline_sends_nothing() {
    let platform = Platform::start(failing(0, 500)).await;
    let error = platform
        .client()
        .within(Duration::ZERO)
        .organization_me()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::OutOfTime);
    assert!(platform.all().is_empty());
}

#[tokio::test]
async fn a_create_that_the_deadline_interrupts_says_that_it_may_have_been_done() {
    let platform = Platform::start(|seen| (seen.line == CREATE).then_some(Reply::Hang)).await;
    let client = platform.client().within(Duration::from_millis(200));
    let error = client.create_integration("A", "t").await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::OutOfTime);
    assert!(error.applied_unknown());
    assert!(
        error.to_string().contains("read before you write again"),
        "{error}"
    );
}

#[tokio::test]
async fn a_create_is_not_repeated_where_it_may_have_been_done() {
    for code in [500, 502, 504] {
        let platform =
            Platform::start(move |seen| (seen.line == CREATE).then(|| status(code, json!({}))))
                .await;
        let error = platform
            .client()
            .create_integration("A", "t")
            .await
            .unwrap_err();
        assert!(error.applied_unknown() && error.is_transient(), "{code}");
        assert_eq!(platform.calls().len(), 1, "{code}");
    }
    for refused in [429, 503] {
        let platform = Platform::start(move |seen| {
            (seen.line == CREATE).then(|| match seen.before {
                0 => status(refused, json!({})),
                _ => status(201, json!({"id": "i-1"})),
            })
        })
        .await;
        assert_eq!(
            platform
                .client()
                .create_integration("A", "t")
                .await
                .unwrap()
                .id,
            "i-1"
        );
    }
}

#[tokio::test]
async fn a_create_answered_by_garbage_was_probably_done() {
    let platform = Platform::start(|seen| {
        (seen.line == CREATE).then(|| Reply::Answer(200, Vec::new(), "<html>".into()))
    })
    .await;
    let error = platform
        .client()
        .create_integration("A", "t")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Garbled);
    assert!(error.applied_unknown());
    assert_eq!(platform.calls().len(), 1);
}

#[tokio::test]
async fn a_create_whose_connection_breaks_is_sent_once() {
    for raw in ["", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"id\":"] {
        let (url, cut) = cutting(raw).await;
        let error = client_at(&url, quick())
            .create_integration("A", "t")
            .await
            .unwrap_err();
        assert_eq!(
            error.kind(),
            &ErrorKind::Transport(TransportFailure::Broken),
            "{error}"
        );
        assert!(error.applied_unknown());
        assert_eq!(*cut.lock().unwrap(), [CREATE]);
    }
}

#[tokio::test]
async fn a_read_whose_connection_breaks_is_repeated() {
    let (url, cut) = cutting("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{").await;
    let settings = Settings {
        max_retries: 2,
        ..quick()
    };
    let error = client_at(&url, settings)
        .organization_me()
        .await
        .unwrap_err();
    assert_eq!(
        error.kind(),
        &ErrorKind::Transport(TransportFailure::Broken)
    );
    assert!(!error.applied_unknown());
    assert_eq!(cut.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn a_host_that_does_not_listen_is_tried_again_even_for_a_create() {
    let platform = Platform::start(|_| None).await;
    let client = platform.client();
    client.sign_in().await.unwrap();
    // Nobody listens at the port of a listener that is gone.
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", gone.local_addr().unwrap());
    drop(gone);
    let settings = Settings {
        max_retries: 2,
        ..quick()
    };
    let client = client_at(&url, settings);
    let error = client.create_integration("A", "t").await.unwrap_err();
    assert_eq!(
        error.kind(),
        &ErrorKind::Transport(TransportFailure::Connect)
    );
    assert!(!error.applied_unknown());
    assert_eq!(client.take_stats().auth_requests, 3);
}

#[tokio::test]
async fn a_conflict_after_a_lost_answer_says_that_the_write_may_be_ours() {
    let platform = Platform::start(|seen| {
        (seen.line == "PATCH /api/v2/integrations/actions/a-1").then(|| match seen.before {
            0 => status(504, json!({})),
            _ => status(409, json!({"code": "version.conflict", "message": "stale"})),
        })
    })
    .await;
    let update = ActionUpdate {
        version: 3,
        name: None,
        category: None,
        config: None,
    };
    let error = platform
        .client()
        .patch_action("a-1", &update)
        .await
        .unwrap_err();
    assert!(error.is_conflict() && error.applied_unknown());
    assert_eq!(error.resource(), Some("action a-1"));
}

#[tokio::test]
async fn a_delete_that_was_done_by_a_lost_attempt_is_done() {
    let platform = Platform::start(|seen| {
        (seen.line == "DELETE /api/v2/integrations/actions/a-1").then(|| match seen.before {
            0 => status(502, json!({})),
            _ => status(404, json!({})),
        })
    })
    .await;
    platform.client().delete_action("a-1").await.unwrap();
    assert!(
        platform
            .client()
            .delete_action("a-2")
            .await
            .unwrap_err()
            .is_not_found()
    );
}

#[tokio::test]
async fn an_unreadable_answer_is_asked_for_again_and_then_named() {
    let platform = Platform::start(|seen| {
        (seen.line == ORGANIZATION).then(|| {
            Reply::Answer(
                200,
                vec![("inin-correlation-id", "c-9".into())],
                "<html>proxy</html>".into(),
            )
        })
    })
    .await;
    let error = platform.client().organization_me().await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Garbled);
    assert_eq!(error.correlation_id(), Some("c-9"));
    assert_eq!(platform.calls().len(), 3);
}

#[tokio::test]
async fn an_answer_beyond_the_limit_is_not_read() {
    let platform = Platform::start(|seen| {
        (seen.line == ORGANIZATION).then(|| ok(json!({"id": "x".repeat(5000)})))
    })
    .await;
    let settings = Settings {
        body_limit: 4096,
        ..quick()
    };
    let error = platform
        .client_with(settings)
        .organization_me()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Garbled);
    assert!(
        error.message().contains("larger than 4096 bytes"),
        "{error}"
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let platform = Platform::start(|seen| {
        (seen.line == ORGANIZATION).then(|| status(302, json!({})).with("location", "/elsewhere"))
    })
    .await;
    let settings = Settings {
        max_retries: 0,
        ..quick()
    };
    platform
        .client_with(settings)
        .organization_me()
        .await
        .unwrap_err();
    assert_eq!(platform.calls(), [ORGANIZATION]);
}

#[tokio::test]
async fn the_breaker_opens_after_failures_in_a_row_and_lets_one_probe_through() {
    let platform = Platform::start(failing(3, 500)).await;
    let pause = Duration::from_millis(400);
    let settings = Settings {
        breaker_threshold: 3,
        breaker_pause: pause,
        ..quick()
    };
    let client = platform.client_with(settings);
    let opening = client.organization_me().await.unwrap_err();
    let opened = Instant::now();
    assert_eq!(
        (opening.kind(), opening.status()),
        (&ErrorKind::Unavailable, Some(500))
    );
    assert!(opening.to_string().contains(STATUS_PAGE), "{opening}");
    assert_eq!(client.take_stats().breaker_opened, 1);

    let refused = client.organization_me().await.unwrap_err();
    assert_eq!(
        (refused.kind(), refused.status()),
        (&ErrorKind::Unavailable, None)
    );
    assert!(refused.is_transient() && refused.retry_after().is_some());
    assert_eq!(
        platform.calls().len(),
        3,
        "nothing is sent while it is open"
    );

    while client.organization_me().await.is_err() {
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert!(opened.elapsed() < pause * 50, "the probe never came");
    }
    assert!(opened.elapsed() >= pause - Duration::from_millis(50));
    assert_eq!(
        platform.calls().len(),
        4,
        "the probe alone, and it closed the breaker"
    );
}

#[tokio::test]
async fn an_actions_own_500_does_not_open_the_breaker() {
    let platform = Platform::start(|seen| {
        if seen.line.ends_with("/execute") {
            return Some(status(
                500,
                json!({"code": "invalid.substitution", "message": "template"}),
            ));
        }
        failing(0, 500)(seen)
    })
    .await;
    let client = platform.client_with(Settings {
        breaker_threshold: 1,
        ..quick()
    });
    client.test_action("a-1", &json!({})).await.unwrap_err();
    client.organization_me().await.unwrap();
}
