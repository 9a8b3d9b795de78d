//! The usage of an OAuth client over REST: a query is submitted and its result polled for.
//!
//! Official Python SDK 269.0.0 (OAuthApi: `post_oauth_client_usage_query`, `get_oauth_client_usage_summary`,
//! `get_oauth_client_usage_query_result`). A tool of the vendor's developers (developer-tools, ember) sends
//! `groupBy` in lower case and adds a slash before `templateUri` where it has none: so does this answer.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use crate::error::ApiError;
use crate::request::{Fields, Reply, Request};
use crate::switches::UsagePages;
use crate::usage::{Asked, Counts, Dimension, Granularity, Group, Query};
use crate::world::{World, new_id};

const QUERY_FIELDS: &[&str] = &["interval", "granularity", "metrics", "groupBy"];
/// Rows on a page where results are paged: few, so that a test meets a second page.
const PAGE: usize = 3;
const SUMMARY_DAYS: i64 = 7;
const METRICS: &[&str] = &[
    "status200",
    "status300",
    "status400",
    "status500",
    "status429",
    "requests",
];
const DIMENSIONS: &[(&str, Dimension)] = &[
    ("clientId", Dimension::Client),
    ("organizationId", Dimension::Organization),
    ("userId", Dimension::User),
    ("templateUri", Dimension::Template),
    ("httpMethod", Dimension::Method),
];
const GRANULARITIES: &[(&str, Granularity)] = &[
    ("Day", Granularity::Day),
    ("Week", Granularity::Week),
    ("Month", Granularity::Month),
];

/// The value whose name is this one, whatever its case.
fn named<T: Copy>(known: &[(&str, T)], field: &str, name: &str) -> Result<T, ApiError> {
    known
        .iter()
        .find(|(text, _)| text.eq_ignore_ascii_case(name))
        .map(|(_, value)| *value)
        .ok_or_else(|| {
            let names: Vec<&str> = known.iter().map(|(text, _)| *text).collect();
            ApiError::invalid_value(field, &Value::from(name), &names.join(", "))
        })
}

fn texts(fields: &Fields, name: &str) -> Result<Vec<String>, ApiError> {
    let Some(value) = fields.value(name) else {
        return Ok(Vec::new());
    };
    let wrong = || ApiError::invalid_value(name, value, "List of String");
    let entries = value.as_array().ok_or_else(wrong)?;
    entries
        .iter()
        .map(|entry| entry.as_str().map(str::to_owned).ok_or_else(wrong))
        .collect()
}

/// `start/end`, each with a zone or in UTC.
fn interval(text: &str) -> Result<(Timestamp, Timestamp), ApiError> {
    let wrong = || {
        ApiError::invalid_value(
            "interval",
            &Value::from(text),
            "YYYY-MM-DDThh:mm:ss/YYYY-MM-DDThh:mm:ss",
        )
    };
    let moment = |text: &str| {
        let zoned = text.parse::<Timestamp>().ok();
        zoned.or_else(|| {
            let local: DateTime = text.parse().ok()?;
            Some(local.to_zoned(TimeZone::UTC).ok()?.timestamp())
        })
    };
    let (from, to) = text.split_once('/').ok_or_else(wrong)?;
    let (from, to) = (
        moment(from).ok_or_else(wrong)?,
        moment(to).ok_or_else(wrong)?,
    );
    if to <= from {
        return Err(wrong());
    }
    Ok((from, to))
}

fn known_client<'a>(world: &World, request: &'a Request) -> Result<&'a str, ApiError> {
    let id = request.param("clientId");
    world.oauth.client(id).ok_or_else(ApiError::not_found)?;
    Ok(id)
}

fn submitted(world: &mut World, client_id: &str, asked: Asked) -> Reply {
    let id = new_id();
    let body = json!({
        "executionId": id,
        "resultsUri": format!("/api/v2/oauth/clients/{client_id}/usage/query/results/{id}"),
    });
    world.calls.usage.queries.push(Query {
        id,
        client_id: client_id.to_owned(),
        asked,
        polls: 0,
    });
    Reply::ok(body)
}

pub(crate) fn query(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let id = known_client(world, request)?;
    let fields = request.fields("ApiUsageClientQuery", QUERY_FIELDS, &world.switches)?;
    let (from, to) = interval(&fields.required_text("interval")?)?;
    let granularity = fields
        .text("granularity")?
        .map(|name| named(GRANULARITIES, "granularity", &name))
        .transpose()?;
    let group_by = texts(&fields, "groupBy")?
        .iter()
        .map(|name| named(DIMENSIONS, "groupBy", name))
        .collect::<Result<_, _>>()?;
    // Which metrics are shown makes no difference to who calls: all are.
    for metric in texts(&fields, "metrics")? {
        if !METRICS.contains(&metric.as_str()) {
            let known = METRICS.join(", ");
            return Err(ApiError::invalid_value("metrics", &metric.into(), &known));
        }
    }
    let asked = Asked {
        from,
        to,
        granularity,
        group_by,
    };
    Ok(submitted(world, id, asked))
}

pub(crate) fn summary(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let id = known_client(world, request)?;
    let days = match request.query("days") {
        None => SUMMARY_DAYS,
        Some(given) => given
            .parse()
            .ok()
            .filter(|days| (1..=365).contains(days))
            .ok_or_else(|| ApiError::invalid_query("days", given, "1 to 365"))?,
    };
    let now = world.now();
    let asked = Asked {
        from: now - SignedDuration::from_hours(24 * days),
        to: now + SignedDuration::from_secs(1),
        granularity: None,
        group_by: vec![Dimension::Template, Dimension::Method],
    };
    Ok(submitted(world, id, asked))
}

pub(crate) fn results(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let id = known_client(world, request)?;
    let now = world.now();
    let usage = &mut world.calls.usage;
    let query = usage
        .queries
        .iter_mut()
        .find(|query| query.id == request.param("executionId") && query.client_id == id)
        .ok_or_else(ApiError::not_found)?;
    if query.is_running() {
        return Ok(Reply::ok(json!({"queryStatus": "Running"})));
    }
    if usage.fails {
        return Ok(Reply::ok(json!({"queryStatus": "Failed"})));
    }
    let query = query.clone();
    let rows: Vec<Value> = usage
        .rows(&query, now, &world.switches)
        .into_iter()
        .map(|(group, counts)| rendered(world, id, &group, counts))
        .collect();
    paged(&rows, request, world.switches.usage_pages).map(Reply::ok)
}

fn rendered(world: &World, client_id: &str, group: &Group, counts: Counts) -> Value {
    let name = world
        .oauth
        .client(client_id)
        .map(|client| client.name.clone());
    let mut row = json!({
        "clientId": client_id,
        "clientName": name,
        "organizationId": world.organization_id,
        "status200": counts.status200,
        "status300": counts.status300,
        "status400": counts.status400,
        "status500": counts.status500,
        "status429": counts.status429,
        "requests": counts.requests,
    });
    if let Some(template) = &group.template {
        row["templateUri"] = json!(template.trim_start_matches('/'));
    }
    if let Some(method) = &group.method {
        row["httpMethod"] = json!(method);
    }
    if let Some(date) = group.date {
        row["date"] = json!(format!("{date}T00:00:00.000Z"));
    }
    row
}

/// The whole result, or a page of it with the cursor of the next.
fn paged(rows: &[Value], request: &Request, pages: UsagePages) -> Result<Value, ApiError> {
    let mut body = Map::new();
    body.insert("queryStatus".to_owned(), json!("Complete"));
    if pages == UsagePages::Whole {
        body.insert("results".to_owned(), json!(rows));
        return Ok(Value::Object(body));
    }
    let start = match request.query("after") {
        None => 0,
        Some(cursor) => read_cursor(cursor)
            .filter(|start| *start <= rows.len())
            .ok_or_else(|| ApiError::invalid_query("after", cursor, "a cursor of this query"))?,
    };
    let end = start.saturating_add(PAGE).min(rows.len());
    body.insert("results".to_owned(), json!(rows[start..end]));
    if end < rows.len() {
        let after = URL_SAFE_NO_PAD.encode(format!("row:{end}"));
        body.insert("cursors".to_owned(), json!({"after": after}));
    }
    Ok(Value::Object(body))
}

fn read_cursor(cursor: &str) -> Option<usize> {
    let decoded = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    decoded.strip_prefix("row:")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_may_leave_out_its_zone_and_never_ends_before_it_begins() {
        let zoned = interval("2026-05-01T00:00:00Z/2026-05-02T00:00:00Z").unwrap();
        assert_eq!(
            zoned,
            interval("2026-05-01T00:00:00/2026-05-02T00:00:00").unwrap()
        );
        for wrong in ["2026-05-01T00:00:00Z", "a/b", "2026-05-02/2026-05-01"] {
            assert!(interval(wrong).is_err(), "{wrong}");
        }
    }
}
