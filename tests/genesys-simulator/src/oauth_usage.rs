//! The older usage operations of an OAuth client: a query is submitted and its result polled for. Announced as
//! superseded by the jobs of `usage_jobs`.
//!
//! Official Python SDK 269.0.0 (OAuthApi: `post_oauth_client_usage_query`, `get_oauth_client_usage_summary`,
//! `get_oauth_client_usage_query_result`); closed sets of the published swagger (`ApiUsageClientQuery`).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use serde_json::{Map, Value, json};

use crate::error::ApiError;
use crate::request::{Reply, Request};
use crate::switches::{UsageOperations, UsagePages};
use crate::usage::{Asked, Counts, Dimension, Generation, Group, Query};
use crate::usage_query::{
    Metric, accepted, all_named, granularity, interval, known_client, metrics, row,
};
use crate::world::World;

const QUERY_FIELDS: &[&str] = &["interval", "granularity", "metrics", "groupBy"];
/// Rows on a page where results are paged: few, so that a test meets a second page.
const PAGE: usize = 3;
const SUMMARY_DAYS: i64 = 7;
/// What a client's query may be grouped by; the user belongs to the query of an organization.
const DIMENSIONS: &[(&str, Dimension)] = &[
    ("OAuthClientId", Dimension::Client),
    ("OrganizationId", Dimension::Organization),
    ("TemplateUri", Dimension::Template),
    ("HttpMethod", Dimension::Method),
];

/// The client of a request, where the region has these operations.
fn client_of<'a>(world: &World, request: &'a Request) -> Result<&'a str, ApiError> {
    match world.switches.usage_operations {
        UsageOperations::Both | UsageOperations::Queries => known_client(world, request),
        UsageOperations::Jobs => Err(ApiError::not_found()),
    }
}

fn submitted(world: &mut World, client_id: &str, asked: Asked) -> Reply {
    let id = world.ids.id();
    let body = json!({
        "executionId": id,
        "resultsUri": format!("/api/v2/oauth/clients/{client_id}/usage/query/results/{id}"),
    });
    world.calls.usage.queries.push(Query {
        id,
        client_id: client_id.to_owned(),
        generation: Generation::Query,
        asked,
        polls: 0,
    });
    accepted(body, &world.switches)
}

pub(crate) fn query(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let id = client_of(world, request)?;
    let fields = request.fields("ApiUsageClientQuery", QUERY_FIELDS, &world.switches)?;
    let (from, to) = interval(&fields.required_text("interval")?)?;
    let asked = Asked {
        from,
        to,
        granularity: granularity(&fields)?,
        group_by: all_named(DIMENSIONS, "groupBy", &fields)?,
        metrics: metrics(&fields)?,
    };
    Ok(submitted(world, id, asked))
}

pub(crate) fn summary(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let id = client_of(world, request)?;
    // A text without declared limits.
    let days = match request.query("days") {
        None => SUMMARY_DAYS,
        Some(given) => given
            .parse()
            .ok()
            .filter(|days| (1..=MOST_SUMMARY_DAYS).contains(days))
            .ok_or_else(|| ApiError::invalid_query("days", given, "a number of days"))?,
    };
    let now = world.now();
    let asked = Asked {
        from: now - SignedDuration::from_hours(24 * days),
        to: now + SignedDuration::from_secs(1),
        granularity: None,
        group_by: vec![Dimension::Template, Dimension::Method],
        metrics: Vec::<Metric>::new(),
    };
    Ok(submitted(world, id, asked))
}

/// A thousand years: what a clock can still reckon with.
const MOST_SUMMARY_DAYS: i64 = 365_000;

pub(crate) fn results(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let id = client_of(world, request)?;
    let now = world.now();
    let usage = &mut world.calls.usage;
    let query = usage
        .query(id, request.param("executionId"), Generation::Query)
        .ok_or_else(ApiError::not_found)?;
    if query.is_running() {
        return Ok(Reply::ok(json!({"queryStatus": "Running"})));
    }
    let query = query.clone();
    if usage.fails {
        return Ok(Reply::ok(json!({"queryStatus": "Failed"})));
    }
    let rows: Vec<Value> = usage
        .rows(&query, now, &world.switches)
        .into_iter()
        .map(|(group, counts)| rendered(world, &query, &group, counts))
        .collect();
    paged(&rows, request, world.switches.usage_pages).map(Reply::ok)
}

fn rendered(world: &World, query: &Query, group: &Group, counts: Counts) -> Value {
    let mut row = row(group, counts, &query.asked.metrics, "requests");
    if query.asked.has(Dimension::Client) {
        let client = world.oauth.client(&query.client_id);
        row.insert("clientId".to_owned(), json!(query.client_id));
        row.insert(
            "clientName".to_owned(),
            json!(client.map(|client| &client.name)),
        );
    }
    if query.asked.has(Dimension::Organization) {
        row.insert("organizationId".to_owned(), json!(world.organization_id));
    }
    if let Some(date) = group.date {
        row.insert("date".to_owned(), json!(format!("{date}T00:00:00.000Z")));
    }
    Value::Object(row)
}

/// The whole result, or a page of it with the cursor of the next.
fn paged(rows: &[Value], request: &Request, pages: UsagePages) -> Result<Value, ApiError> {
    let mut body = Map::new();
    body.insert("queryStatus".to_owned(), json!("Complete"));
    if pages == UsagePages::Whole {
        body.insert("results".to_owned(), json!(rows));
        return Ok(Value::Object(body));
    }
    let start = from_cursor(request, rows.len())?;
    let end = start.saturating_add(PAGE).min(rows.len());
    body.insert("results".to_owned(), json!(rows[start..end]));
    if end < rows.len() {
        body.insert("cursors".to_owned(), json!({"after": cursor(end)}));
    }
    Ok(Value::Object(body))
}

/// The cursor of the rows from this one on.
pub(crate) fn cursor(row: usize) -> String {
    URL_SAFE_NO_PAD.encode(format!("row:{row}"))
}

/// Where the cursor of a request points to; the beginning where it has none.
pub(crate) fn from_cursor(request: &Request, rows: usize) -> Result<usize, ApiError> {
    let Some(cursor) = request.query("after") else {
        return Ok(0);
    };
    read_cursor(cursor)
        .filter(|start| *start <= rows)
        .ok_or_else(|| ApiError::invalid_query("after", cursor, "a cursor of this query"))
}

fn read_cursor(cursor: &str) -> Option<usize> {
    let decoded = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    decoded.strip_prefix("row:")?.parse().ok()
}
