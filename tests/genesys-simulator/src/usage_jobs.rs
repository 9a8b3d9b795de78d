//! The usage of an OAuth client as jobs, the successor of the queries in `oauth_usage`.
//!
//! Official Python SDK 269.0.0 (UsageApi: `post_usage_client_client_id_aggregates_query_jobs`,
//! `get_usage_client_client_id_aggregates_query_job`; models `ClientPublicApiUsageQueryRequest`,
//! `ClientPublicApiUsageResultsResponse`, `ClientPublicApiUsage`); closed sets, codes and permission of the
//! published swagger. Both ends of an interval are part of it; usage is computed by whole days of UTC.

use axum::http::StatusCode;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::oauth_usage::{cursor, from_cursor};
use crate::request::{Fields, Reply, Request};
use crate::switches::UsageOperations;
use crate::usage::{Asked, Counts, Dimension, Generation, Group, Query};
use crate::usage_query::{
    WHOLE_DAY, accepted, all_named, day_of, granularity, interval, known_client, metrics, named,
    row, start_of, texts,
};
use crate::world::World;

const REQUEST_FIELDS: &[&str] = &[
    "interval",
    "granularity",
    "sortBy",
    "metrics",
    "templateUris",
    "httpMethods",
    "platforms",
    "groupBy",
    "organizationIds",
];
const DIMENSIONS: &[(&str, Dimension)] = &[
    ("OrganizationId", Dimension::Organization),
    ("HttpMethod", Dimension::Method),
    ("TemplateUri", Dimension::Template),
    ("Platform", Dimension::Platform),
];
const METHODS: &[(&str, ())] = &[
    ("GET", ()),
    ("POST", ()),
    ("PUT", ()),
    ("PATCH", ()),
    ("DELETE", ()),
    ("HEAD", ()),
];
/// How a platform is called is not declared.
const PLATFORM: &str = "Public API";
const MOST_DAYS: i64 = 90;
const DEFAULT_PAGE: usize = 100;
const LARGEST_PAGE: usize = 1_000;

/// The client of a request, where the region has these operations.
fn client_of<'a>(world: &World, request: &'a Request) -> Result<&'a str, ApiError> {
    match world.switches.usage_operations {
        UsageOperations::Both | UsageOperations::Jobs => known_client(world, request),
        UsageOperations::Queries => Err(ApiError::not_found()),
    }
}

pub(crate) fn submit(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let client_id = client_of(world, request)?;
    let switches = &world.switches;
    let fields = request.fields("ClientPublicApiUsageQueryRequest", REQUEST_FIELDS, switches)?;
    let asked = asked(world, &fields)?;
    let id = world.ids.id();
    let results = format!("/api/v2/usage/client/{client_id}/aggregates/query/jobs/{id}");
    world.calls.usage.queries.push(Query {
        id: id.clone(),
        client_id: client_id.to_owned(),
        generation: Generation::Job,
        asked,
        polls: 0,
    });
    let body = json!({"id": id, "resultsUri": results});
    Ok(accepted(body, &world.switches))
}

fn asked(world: &World, fields: &Fields) -> Result<Asked, ApiError> {
    let text = fields.required_text("interval")?;
    let (from, to) = interval(&text)?;
    let (from, to) = (start_of(day_of(from)), start_of(day_of(to)) + WHOLE_DAY);
    let days = |days: i64| SignedDuration::from_hours(24 * days);
    if to.duration_since(from) > days(MOST_DAYS + 1) {
        let message = format!("The query may span at most {MOST_DAYS} days.");
        return Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            "query.too.long",
            message,
        ));
    }
    if world.now().duration_since(from) > days(367) {
        let text = Value::from(text);
        return Err(ApiError::invalid_value("interval", &text, "a year ago"));
    }
    // Filters are checked and change nothing here: nobody who asks uses them.
    for method in texts(fields, "httpMethods")? {
        named(METHODS, "httpMethods", &method)?;
    }
    for filter in ["templateUris", "platforms", "organizationIds"] {
        texts(fields, filter)?;
    }
    Ok(Asked {
        from,
        to,
        granularity: granularity(fields)?,
        group_by: all_named(DIMENSIONS, "groupBy", fields)?,
        metrics: metrics(fields)?,
    })
}

pub(crate) fn results(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let id = client_of(world, request)?;
    let now = world.now();
    let usage = &mut world.calls.usage;
    let job = usage
        .query(id, request.param("jobId"), Generation::Job)
        .ok_or_else(ApiError::not_found)?;
    if job.is_running() {
        let status = if job.polls == 1 { "Queued" } else { "Running" };
        return Ok(Reply::ok(json!({"queryStatus": status})));
    }
    let job = job.clone();
    if usage.fails {
        return Ok(Reply::ok(json!({"queryStatus": "Failed"})));
    }
    let rows: Vec<Value> = usage
        .rows(&job, now, &world.switches)
        .into_iter()
        .map(|(group, counts)| rendered(world, &job, &group, counts))
        .collect();
    paged(&rows, request).map(Reply::ok)
}

fn rendered(world: &World, job: &Query, group: &Group, counts: Counts) -> Value {
    let mut row = row(group, counts, &job.asked.metrics, "requestCount");
    if job.asked.has(Dimension::Organization) {
        row.insert("organizationId".to_owned(), json!(world.organization_id));
    }
    if job.asked.has(Dimension::Platform) {
        row.insert("platform".to_owned(), json!(PLATFORM));
    }
    if let Some(date) = group.date {
        row.insert("date".to_owned(), json!(date.to_string()));
    }
    Value::Object(row)
}

fn paged(rows: &[Value], request: &Request) -> Result<Value, ApiError> {
    let size = match request.query("pageSize") {
        None => DEFAULT_PAGE,
        Some(given) => given
            .parse()
            .ok()
            .filter(|size| (1..=LARGEST_PAGE).contains(size))
            .ok_or_else(|| ApiError::invalid_query("pageSize", given, "1 to 1000"))?,
    };
    let start = from_cursor(request, rows.len())?;
    let end = start.saturating_add(size).min(rows.len());
    let mut body = json!({"queryStatus": "Succeeded", "entities": rows[start..end]});
    if end < rows.len() {
        let (client, job) = (request.param("clientId"), request.param("jobId"));
        body["nextUri"] = json!(format!(
            "/api/v2/usage/client/{client}/aggregates/query/jobs/{job}?pageSize={size}&after={}",
            cursor(end)
        ));
    }
    Ok(body)
}
