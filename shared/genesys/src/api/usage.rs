//! How much an OAuth client is used, before it is reset or thrown away.
//!
//! The platform's help pages say that usage is computed by whole days of UTC, and that their report leaves
//! the current day out. So rows prove that a client was used; no rows prove nothing about the last hours.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::interval;
use crate::client::Genesys;
use crate::de::{or_default, timestamp};
use crate::error::Error;
use crate::operation;
use crate::paging::unfinished;

/// Polls grow up to this many times the first wait.
const SLOWEST_POLL: u32 = 10;
/// Without a deadline a query is given up after this many polls.
const MOST_POLLS: u32 = 60;
/// No result has this many pages; a server that never ends must not hold us for ever.
const MOST_PAGES: usize = 1_000;

/// Calls of one operation on one day, by one user or by the client itself
/// (official Python SDK 269.0.0, `ApiUsageRow`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UsageRow {
    /// The user on whose behalf; absent or empty for a client by itself.
    pub user_id: Option<String>,
    /// The operation's path with its parameters' names; with or without a slash before it.
    pub template_uri: Option<String>,
    /// Its HTTP method.
    pub http_method: Option<String>,
    /// How many calls.
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
    /// The day, as its first moment in UTC.
    #[serde(default, deserialize_with = "timestamp")]
    pub date: Option<Timestamp>,
}

impl UsageRow {
    /// How many calls: as told, or the sum of the answers where the total is not told.
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

    /// `GET /api/v2/...`, for people; `?` for what the platform did not tell.
    pub fn operation(&self) -> String {
        let method = self.http_method.as_deref().unwrap_or("?");
        match self.template_uri.as_deref() {
            Some(uri) => format!("{method} /{}", uri.trim_start_matches('/')),
            None => format!("{method} ?"),
        }
    }
}

/// `UsageExecutionResult`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Submitted {
    execution_id: String,
}

/// `ApiUsageQueryResult`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct UsageResult {
    query_status: Option<QueryStatus>,
    #[serde(default, deserialize_with = "or_default")]
    results: Vec<UsageRow>,
    cursors: Option<Cursors>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum QueryStatus {
    Complete,
    Failed,
    Running,
    #[serde(other)]
    Unknown,
}

#[derive(Debug, Deserialize)]
struct Cursors {
    after: Option<String>,
}

impl UsageResult {
    fn next(&self) -> Option<String> {
        let after = self.cursors.as_ref()?.after.clone();
        after.filter(|cursor| !cursor.is_empty())
    }
}

impl Genesys {
    /// What an OAuth client was used for between two moments, by operation, user and day. Needs the
    /// permission `oauth:client:view`. Submits a query, waits until it is complete, reads every page.
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`]: `OutOfTime` where the query is not complete by the deadline, `Unavailable`
    /// where the platform says that it failed, or never says that it is complete. Never a part of the rows.
    pub async fn client_usage(
        &self,
        client_id: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<UsageRow>, Error> {
        let body = json!({
            "interval": interval(from, to),
            "granularity": "Day",
            "groupBy": ["templateUri", "httpMethod", "userId"],
        });
        let request = self
            .request(&operation::SUBMIT_CLIENT_USAGE, &[client_id])?
            .json(&body)?;
        let submitted: Submitted = self.json(request).await?;
        let first = self
            .completed_usage(client_id, &submitted.execution_id)
            .await?;
        self.usage_pages(client_id, &submitted.execution_id, first)
            .await
    }

    async fn completed_usage(&self, client_id: &str, query: &str) -> Result<UsageResult, Error> {
        let first = self.inner.settings.audit_poll;
        let mut wait = first;
        for _ in 0..MOST_POLLS {
            let result = self.usage_page(client_id, query, None).await?;
            match result.query_status {
                Some(QueryStatus::Complete) => return Ok(result),
                Some(QueryStatus::Failed) => {
                    let why = "the platform says that the usage query failed";
                    return Err(unfinished(&operation::GET_CLIENT_USAGE, why));
                }
                Some(QueryStatus::Running | QueryStatus::Unknown) | None => {}
            }
            self.wait_for(&operation::GET_CLIENT_USAGE, "the usage query", wait)
                .await?;
            wait = (wait * 2).min(first * SLOWEST_POLL);
        }
        let why = "the usage query is not complete after many polls";
        Err(unfinished(&operation::GET_CLIENT_USAGE, why))
    }

    async fn usage_pages(
        &self,
        client_id: &str,
        query: &str,
        first: UsageResult,
    ) -> Result<Vec<UsageRow>, Error> {
        let mut cursors: Vec<String> = Vec::new();
        let mut page = first;
        let mut rows = Vec::new();
        loop {
            let next = page.next();
            rows.extend(page.results);
            let Some(next) = next else {
                return Ok(rows);
            };
            // A server that does not know the parameter would answer its first page for ever.
            if cursors.contains(&next) || cursors.len() >= MOST_PAGES {
                let why = "the usage result's cursor does not move on";
                return Err(unfinished(&operation::GET_CLIENT_USAGE, why));
            }
            page = self.usage_page(client_id, query, Some(&next)).await?;
            if page.query_status != Some(QueryStatus::Complete) {
                let why = "a page of the usage result is not complete";
                return Err(unfinished(&operation::GET_CLIENT_USAGE, why));
            }
            cursors.push(next);
        }
    }

    /// The SDK's model of a result has cursors, its operation no parameter for one: `after` is what the
    /// platform's other listings with such cursors take.
    async fn usage_page(
        &self,
        client_id: &str,
        query: &str,
        after: Option<&str>,
    ) -> Result<UsageResult, Error> {
        let request = self
            .request(&operation::GET_CLIENT_USAGE, &[client_id, query])?
            .query_some("after", after);
        self.json(request).await
    }
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
        let summed = row(json!({"status200": 2, "status400": 3, "status429": 3, "date": null}));
        assert_eq!(summed.calls(), 5);
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
