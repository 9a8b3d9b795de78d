//! Usage of OAuth clients: the newer jobs first, the older queries where there are none.

use std::time::Duration;

use jiff::civil::Date;
use serde_json::{Value, json};

use crate::support::{Platform, Seen, ok, quick, status};

const JOBS: &str = "/api/v2/usage/client/c-1/aggregates/query/jobs";
const QUERY: &str = "/api/v2/oauth/clients/c-1/usage/query";

fn days() -> (Date, Date) {
    let day = |text: &str| text.parse().unwrap();
    (day("2026-05-01"), day("2026-05-03"))
}

async fn usage(platform: &Platform) -> Result<Vec<(String, u64)>, genesys_cloud::Error> {
    let settings = genesys_cloud::Settings {
        audit_poll: Duration::from_micros(10),
        ..quick()
    };
    let (first, last) = days();
    let client = platform.client_with(settings);
    let rows = client.client_usage("c-1", first, last).await?;
    Ok(rows
        .iter()
        .map(|row| (row.operation(), row.calls()))
        .collect())
}

fn submission(platform: &Platform, path: &str) -> Value {
    let line = format!("POST {path}");
    let all = platform.all();
    let found = all.iter().find(|seen| seen.line == line);
    found
        .unwrap_or_else(|| panic!("{line} was not asked"))
        .json()
}

/// What both generations are asked for besides the interval: the groups that the published swagger
/// declares for a client's query, as it spells them.
fn asked(interval: &str) -> Value {
    json!({"interval": interval, "granularity": "Day", "groupBy": ["TemplateUri", "HttpMethod"]})
}

/// A platform with the jobs, whose results are these, poll by poll.
async fn with_results(results: Vec<Value>) -> Platform {
    Platform::start(move |seen| {
        if seen.line == format!("POST {JOBS}") {
            return Some(status(202, json!({"id": "j-1", "resultsUri": "/x"})));
        }
        let index = seen.before + usize::from(seen.line.contains("after="));
        let result = results.get(index).or(results.last())?;
        let polled = format!("GET {JOBS}/j-1?");
        seen.line.starts_with(&polled).then(|| ok(result.clone()))
    })
    .await
}

#[tokio::test]
async fn usage_is_a_job_polled_until_it_succeeded_and_read_page_by_page() {
    let row = |method: &str| json!({"httpMethod": method, "templateUri": "api/v2/x", "requestCount": 2, "date": "2026-05-02"});
    let platform = Platform::start(move |seen| {
        let line = seen.line.as_str();
        if line == format!("POST {JOBS}") {
            return Some(status(202, json!({"id": "j-1"})));
        }
        if line == format!("GET {JOBS}/j-1?pageSize=1000&after=two") {
            return Some(ok(
                json!({"queryStatus": "Succeeded", "entities": [row("PUT")]}),
            ));
        }
        (line == format!("GET {JOBS}/j-1?pageSize=1000")).then(|| match seen.before {
            0 => ok(json!({"queryStatus": "Queued"})),
            1 => ok(json!({"queryStatus": "Running"})),
            _ => ok(json!({"queryStatus": "Succeeded", "entities": [row("GET")],
                "nextUri": format!("{JOBS}/j-1?pageSize=1000&after=two")})),
        })
    })
    .await;
    let rows = usage(&platform).await.unwrap();
    assert_eq!(
        rows,
        [
            ("GET /api/v2/x".to_owned(), 2),
            ("PUT /api/v2/x".to_owned(), 2)
        ]
    );
    assert_eq!(
        submission(&platform, JOBS),
        asked("2026-05-01T00:00:00Z/2026-05-03T23:59:59Z"),
        "both ends are part of the interval"
    );
}

/// A platform without the jobs, which answers for them as told.
async fn older(answer: u16) -> Platform {
    Platform::start(move |seen: &Seen| match seen.line.as_str() {
        line if line == format!("POST {JOBS}") => Some(status(answer, json!({}))),
        line if line == format!("POST {QUERY}") => Some(ok(json!({"executionId": "e-1"}))),
        line if line == format!("GET {QUERY}/results/e-1?after=two") => Some(ok(
            json!({"queryStatus": "Complete", "results": [{"httpMethod": "PUT", "templateUri": "api/v2/x", "requests": 1}]}),
        )),
        line if line == format!("GET {QUERY}/results/e-1") => Some(ok(match seen.before {
            0 => json!({"queryStatus": "Running"}),
            _ => json!({"queryStatus": "Complete", "cursors": {"after": "two"},
                "results": [{"httpMethod": "GET", "templateUri": "api/v2/x", "requests": 2, "date": "2026-05-02T00:00:00.000Z"}]}),
        })),
        _ => None,
    })
    .await
}

#[tokio::test]
async fn where_the_jobs_are_missing_or_not_permitted_the_older_query_answers() {
    for answer in [403, 404] {
        let platform = older(answer).await;
        let rows = usage(&platform).await.unwrap();
        assert_eq!(
            rows,
            [
                ("GET /api/v2/x".to_owned(), 2),
                ("PUT /api/v2/x".to_owned(), 1)
            ],
            "{answer}"
        );
        assert_eq!(
            submission(&platform, QUERY),
            asked("2026-05-01T00:00:00Z/2026-05-04T00:00:00Z"),
            "the end is not part of the interval"
        );
    }
}

#[tokio::test]
async fn where_the_older_query_is_gone_the_refusal_of_the_jobs_is_the_answer() {
    for (jobs, older, expected) in [(403, 404, 403), (404, 403, 403), (404, 404, 404)] {
        let platform = Platform::start(move |seen| match seen.line.as_str() {
            line if line == format!("POST {JOBS}") => Some(status(jobs, json!({}))),
            line if line == format!("POST {QUERY}") => Some(status(older, json!({}))),
            _ => None,
        })
        .await;
        let refused = usage(&platform).await.unwrap_err();
        let found = refused.status();
        assert_eq!(found, Some(expected), "{jobs}, {older}: {refused}");
    }
}

#[tokio::test]
async fn another_refusal_of_a_job_is_the_answer() {
    let platform = older(400).await;
    let refused = usage(&platform).await.unwrap_err();
    assert_eq!(refused.status(), Some(400), "{refused}");
    assert!(platform.calls().iter().all(|line| !line.contains(QUERY)));
}

#[tokio::test]
async fn usage_that_failed_never_ends_or_does_not_move_on_is_an_error_never_an_empty_list() {
    let next = |uri: &str| json!({"queryStatus": "Succeeded", "entities": [], "nextUri": uri});
    for (results, expected) in [
        (
            vec![json!({"queryStatus": "Failed", "entities": []})],
            "failed",
        ),
        (vec![json!({"queryStatus": "Cancelled"})], "cancelled"),
        (
            vec![json!({"queryStatus": "Sleeping"})],
            "within the allowed number of polls",
        ),
        (vec![json!({})], "within the allowed number of polls"),
        (vec![next("/x?after=same")], "does not advance"),
        (vec![next("/x?page=2")], "without a cursor"),
        (
            vec![next("/x?after=two"), json!({"queryStatus": "Running"})],
            "incomplete",
        ),
    ] {
        let platform = with_results(results.clone()).await;
        let error = usage(&platform).await.unwrap_err();
        assert!(error.message().contains(expected), "{results:?}: {error}");
    }
    let platform = with_results(vec![json!({"queryStatus": "Running"})]).await;
    let (first, last) = days();
    let hasty = platform.client().within(Duration::from_millis(50));
    let late = hasty.client_usage("c-1", first, last).await.unwrap_err();
    assert_eq!(late.kind(), &genesys_cloud::ErrorKind::OutOfTime);
}

#[tokio::test]
async fn a_client_that_was_never_used_has_no_rows() {
    for none in [json!([]), json!(null)] {
        let platform =
            with_results(vec![json!({"queryStatus": "Succeeded", "entities": none})]).await;
        assert_eq!(usage(&platform).await.unwrap(), []);
    }
}
