//! How much an OAuth client is used, before it is reset or thrown away.
//!
//! The platform's help pages say that usage is computed by whole days of UTC, and that their report leaves
//! the current day out. So a query is about whole days. Rows prove that a client was used; no rows prove
//! nothing about the last hours.
//!
//! Two generations of operations answer the question. The older ones (`/oauth/clients/{clientId}/usage`) were
//! announced as superseded on 2025-04-21 (help announcement; developer forum, topic 32355), so the newer jobs
//! are asked first, and the older ones where the region does not have the jobs (404) or the client lacks
//! their permission (403). Neither names the user: a client's rows have none (official Python SDK 269.0.0,
//! `ClientPublicApiUsage`; published swagger, `ApiUsageClientQuery.groupBy`).

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::interval;
use crate::client::Genesys;
use crate::de::{day, or_default};
use crate::error::{Error, ErrorKind};
use crate::operation::{self, Operation};
use crate::paging::unfinished;

/// Polls grow up to this many times the first wait.
const SLOWEST_POLL: u32 = 10;
/// Without a deadline a query is given up after this many polls.
const MOST_POLLS: u32 = 60;
/// No result has this many pages; a server that never ends must not hold us for ever.
const MOST_PAGES: usize = 1_000;
/// The largest page of a job (official Python SDK 269.0.0, `get_usage_client_client_id_aggregates_query_job`).
const PAGE_SIZE: &str = "1000";

const WHOLE_DAY: SignedDuration = SignedDuration::from_hours(24);
const LAST_SECOND: SignedDuration = SignedDuration::from_secs(24 * 60 * 60 - 1);

/// Calls of one operation on one day (official Python SDK 269.0.0, `ClientPublicApiUsage`, `ApiUsageRow`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UsageRow {
    /// The operation's path with its parameters' names; with or without a slash before it.
    pub template_uri: Option<String>,
    /// Its HTTP method.
    pub http_method: Option<String>,
    /// How many calls.
    #[serde(alias = "requestCount")]
    pub requests: Option<u64>,
    /// Answered by 2xx.
    pub status200: Option<u64>,
    /// Answered by 3xx.
    pub status300: Option<u64>,
    /// Answered by 4xx, 429 among them.
    pub status400: Option<u64>,
    /// Answered by 5xx.
    pub status500: Option<u64>,
    /// Answered by 429.
    pub status429: Option<u64>,
    /// The day, in UTC.
    #[serde(default, deserialize_with = "day")]
    pub date: Option<Date>,
}

impl UsageRow {
    /// How many calls: as reported, or the sum of the responses if no total is reported.
    pub fn calls(&self) -> u64 {
        let answers = [
            self.status200,
            self.status300,
            self.status400,
            self.status500,
        ];
        self.requests
            .unwrap_or_else(|| answers.into_iter().flatten().sum())
    }

    /// `GET /api/v2/...`, for people; `?` for what the platform did not report.
    pub fn operation(&self) -> String {
        let method = self.http_method.as_deref().unwrap_or("?");
        match self.template_uri.as_deref() {
            Some(uri) => format!("{method} /{}", uri.trim_start_matches('/')),
            None => format!("{method} ?"),
        }
    }
}

/// `UsageExecutionResult`, `UsageAggregatesQueryJob...`: only the id is read.
#[derive(Debug, Deserialize)]
struct Submitted {
    #[serde(alias = "executionId")]
    id: String,
}

/// `ClientPublicApiUsageResultsResponse`, `ApiUsageQueryResult`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct UsageResult {
    query_status: Option<QueryStatus>,
    #[serde(default, alias = "entities", deserialize_with = "or_default")]
    results: Vec<UsageRow>,
    cursors: Option<Cursors>,
    /// Where the next page is, in the answer of a job.
    next_uri: Option<String>,
}

/// The states of both generations: `Complete` is the older word, `Succeeded` the newer one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum QueryStatus {
    Complete,
    Succeeded,
    Failed,
    Cancelled,
    Queued,
    Running,
    #[serde(other)]
    Unknown,
}

#[derive(Debug, Deserialize)]
struct Cursors {
    after: Option<String>,
}

/// How far a query has come.
enum Progress {
    Complete,
    Running,
    /// It will have no result, and why.
    Ended(&'static str),
}

impl UsageResult {
    fn progress(&self) -> Progress {
        match self.query_status {
            Some(QueryStatus::Complete | QueryStatus::Succeeded) => Progress::Complete,
            Some(QueryStatus::Failed) => {
                Progress::Ended("Genesys Cloud reports that the usage query failed")
            }
            Some(QueryStatus::Cancelled) => {
                Progress::Ended("Genesys Cloud reports that the usage query was cancelled")
            }
            Some(QueryStatus::Queued | QueryStatus::Running | QueryStatus::Unknown) | None => {
                Progress::Running
            }
        }
    }

    /// The cursor of the next page, if there is one.
    fn next(&self) -> Result<Option<String>, &'static str> {
        let cursor = self.cursors.as_ref().and_then(|all| all.after.clone());
        if let Some(cursor) = cursor.filter(|cursor| !cursor.is_empty()) {
            return Ok(Some(cursor));
        }
        let Some(uri) = self.next_uri.as_deref().filter(|uri| !uri.is_empty()) else {
            return Ok(None);
        };
        let query = uri.split_once('?').map_or("", |(_, query)| query);
        let after = url::form_urlencoded::parse(query.as_bytes())
            .find(|(name, _)| name == "after")
            .map(|(_, value)| value.into_owned());
        match after.filter(|cursor| !cursor.is_empty()) {
            Some(cursor) => Ok(Some(cursor)),
            None => Err("the usage result has a link to the next page without a cursor"),
        }
    }
}

/// A submitted query, and where its result is read.
struct Query<'a> {
    client_id: &'a str,
    id: String,
    read: &'static Operation,
    /// How many rows a page is to have, where the operation lets a caller choose.
    page_size: Option<&'static str>,
}

impl Genesys {
    /// What an OAuth client was used for from the day `first` to the day `last` (UTC, both ends part of it),
    /// by operation and day. Needs the permission `usage:client:view`, or `oauth:client:view` while the
    /// platform has the older operations. Submits a query, waits until it is complete, reads every page.
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`]: `OutOfTime` where the query is not complete by the deadline, `Unavailable`
    /// where the platform says that it failed, or never says that it is complete. Never a part of the rows.
    pub async fn client_usage(
        &self,
        client_id: &str,
        first: Date,
        last: Date,
    ) -> Result<Vec<UsageRow>, Error> {
        let query = match self.submit_usage_job(client_id, first, last).await {
            Err(error) if is_missing(&error) => {
                match self.submit_usage_query(client_id, first, last).await {
                    // Without the older operations the refusal of the newer ones is what has to be repaired.
                    Err(older) if *older.kind() == ErrorKind::NotFound => return Err(error),
                    submitted => submitted?,
                }
            }
            submitted => submitted?,
        };
        let page = self.completed_usage(&query).await?;
        self.usage_pages(&query, page).await
    }

    /// Both ends of the interval are part of it (official Python SDK 269.0.0,
    /// `ClientPublicApiUsageQueryRequest`), so it ends with the last second of the last day.
    async fn submit_usage_job<'a>(
        &self,
        client_id: &'a str,
        first: Date,
        last: Date,
    ) -> Result<Query<'a>, Error> {
        let submit = &operation::SUBMIT_CLIENT_USAGE_JOB;
        let interval = interval(midnight(first), midnight(last) + LAST_SECOND);
        let id = self.submit_usage(submit, client_id, interval).await?;
        Ok(Query {
            client_id,
            id,
            read: &operation::GET_CLIENT_USAGE_JOB,
            page_size: Some(PAGE_SIZE),
        })
    }

    /// The end of the interval is not part of it: the day after the last one, at midnight.
    async fn submit_usage_query<'a>(
        &self,
        client_id: &'a str,
        first: Date,
        last: Date,
    ) -> Result<Query<'a>, Error> {
        let submit = &operation::SUBMIT_CLIENT_USAGE;
        let interval = interval(midnight(first), midnight(last) + WHOLE_DAY);
        let id = self.submit_usage(submit, client_id, interval).await?;
        Ok(Query {
            client_id,
            id,
            read: &operation::GET_CLIENT_USAGE,
            page_size: None,
        })
    }

    async fn submit_usage(
        &self,
        submit: &'static Operation,
        client_id: &str,
        interval: String,
    ) -> Result<String, Error> {
        let body = json!({
            "interval": interval,
            "granularity": "Day",
            "groupBy": ["TemplateUri", "HttpMethod"],
        });
        let request = self.request(submit, &[client_id])?.json(&body)?;
        let submitted: Submitted = self.json(request).await?;
        Ok(submitted.id)
    }

    async fn completed_usage(&self, query: &Query<'_>) -> Result<UsageResult, Error> {
        let first = self.inner.settings.audit_poll;
        let mut wait = first;
        for _ in 0..MOST_POLLS {
            let result = self.usage_page(query, None).await?;
            match result.progress() {
                Progress::Complete => return Ok(result),
                Progress::Ended(why) => return Err(unfinished(query.read, why)),
                Progress::Running => {}
            }
            self.wait_for(query.read, "the usage query", wait).await?;
            wait = (wait * 2).min(first * SLOWEST_POLL);
        }
        let why = "the usage query did not finish within the allowed number of polls";
        Err(unfinished(query.read, why))
    }

    async fn usage_pages(
        &self,
        query: &Query<'_>,
        first: UsageResult,
    ) -> Result<Vec<UsageRow>, Error> {
        let mut cursors: Vec<String> = Vec::new();
        let mut page = first;
        let mut rows = Vec::new();
        loop {
            let next = page.next().map_err(|why| unfinished(query.read, why))?;
            rows.extend(page.results);
            let Some(next) = next else {
                return Ok(rows);
            };
            // A server that does not know the parameter would answer its first page for ever.
            if cursors.contains(&next) || cursors.len() >= MOST_PAGES {
                let why = "the cursor of the usage result does not advance";
                return Err(unfinished(query.read, why));
            }
            page = self.usage_page(query, Some(&next)).await?;
            match page.progress() {
                Progress::Complete => {}
                Progress::Running | Progress::Ended(_) => {
                    let why = "a page of the usage result is incomplete";
                    return Err(unfinished(query.read, why));
                }
            }
            cursors.push(next);
        }
    }

    /// `after` is a parameter of the jobs. The older result's model has cursors and its operation no
    /// parameter for one: where it sends one, the same name is used as in the platform's other listings.
    async fn usage_page(
        &self,
        query: &Query<'_>,
        after: Option<&str>,
    ) -> Result<UsageResult, Error> {
        let request = self
            .request(query.read, &[query.client_id, &query.id])?
            .query_some("pageSize", query.page_size)
            .query_some("after", after);
        self.json(request).await
    }
}

/// Whether the region does not have the jobs, or the client may not ask for them.
fn is_missing(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::Denied { .. } => true,
        ErrorKind::Conflict
        | ErrorKind::FunctionDenied
        | ErrorKind::Unauthorized
        | ErrorKind::BadRequest { .. }
        | ErrorKind::RateLimited { .. }
        | ErrorKind::Unavailable
        | ErrorKind::Transport(_)
        | ErrorKind::Garbled
        | ErrorKind::OutOfTime => false,
    }
}

fn midnight(day: Date) -> Timestamp {
    // UTC has no gaps; only the ends of time have no midnight.
    day.to_zoned_datetime(TimeZone::UTC)
        .map_or(Timestamp::UNIX_EPOCH, |start| start.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(body: serde_json::Value) -> UsageRow {
        serde_json::from_value(body).unwrap()
    }

    #[test]
    fn a_row_without_a_total_counts_its_answers_and_429_once() {
        let told = row(json!({"requests": 7, "status200": 1}));
        assert_eq!(told.calls(), 7);
        let told = row(json!({"requestCount": 7, "status200": 1}));
        assert_eq!(told.calls(), 7);
        let summed = row(json!({"status200": 2, "status400": 3, "status429": 3, "date": null}));
        assert_eq!(summed.calls(), 5);
    }

    #[test]
    fn a_row_of_either_generation_has_its_day() {
        let day: Date = "2026-05-01".parse().unwrap();
        for date in [
            "2026-05-01",
            "2026-05-01T00:00:00.000Z",
            "2026-05-01T02:00:00+02:00",
        ] {
            assert_eq!(row(json!({"date": date})).date, Some(day), "{date}");
        }
        let wrong: Result<UsageRow, _> = serde_json::from_value(json!({"date": "May"}));
        assert!(wrong.is_err(), "a day that is lost would make a window lie");
    }

    #[test]
    fn an_operation_is_named_the_same_with_and_without_a_slash() {
        for uri in ["api/v2/users/me", "/api/v2/users/me"] {
            let row = row(json!({"templateUri": uri, "httpMethod": "GET"}));
            assert_eq!(row.operation(), "GET /api/v2/users/me");
        }
        assert_eq!(row(json!({})).operation(), "? ?");
    }
}
