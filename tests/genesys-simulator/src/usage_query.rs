//! What the two generations of usage queries have in common: the words of a request, and the days it is about.
//!
//! Words: published swagger, `ApiUsageClientQuery` and `ClientPublicApiUsageQueryRequest` (closed sets on the
//! items of lists, which the official Python SDK does not name). They are read exactly as they are declared.

use axum::http::StatusCode;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use crate::error::ApiError;
use crate::request::{Fields, Reply, Request};
use crate::switches::{Switches, UsageSubmitStatus};
use crate::usage::{Counts, Granularity, Group};
use crate::world::World;

const GRANULARITIES: &[(&str, Granularity)] = &[
    ("Day", Granularity::Day),
    ("Week", Granularity::Week),
    ("Month", Granularity::Month),
];

/// A number of a row that may be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Metric {
    Requests,
    Status200,
    Status300,
    Status400,
    Status429,
    Status500,
}

const METRICS: &[(&str, Metric)] = &[
    ("Status200", Metric::Status200),
    ("Status300", Metric::Status300),
    ("Status400", Metric::Status400),
    ("Status500", Metric::Status500),
    ("Status429", Metric::Status429),
    ("Requests", Metric::Requests),
];

/// The value whose name is exactly this one.
pub(crate) fn named<T: Copy>(known: &[(&str, T)], field: &str, name: &str) -> Result<T, ApiError> {
    known
        .iter()
        .find(|(text, _)| *text == name)
        .map(|(_, value)| *value)
        .ok_or_else(|| {
            let names: Vec<&str> = known.iter().map(|(text, _)| *text).collect();
            ApiError::invalid_value(field, &Value::from(name), &names.join(", "))
        })
}

/// The values of a list of names.
pub(crate) fn all_named<T: Copy>(
    known: &[(&str, T)],
    field: &str,
    fields: &Fields,
) -> Result<Vec<T>, ApiError> {
    let names = texts(fields, field)?;
    names.iter().map(|name| named(known, field, name)).collect()
}

pub(crate) fn texts(fields: &Fields, name: &str) -> Result<Vec<String>, ApiError> {
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

/// The metrics asked for; none is all of them.
pub(crate) fn metrics(fields: &Fields) -> Result<Vec<Metric>, ApiError> {
    all_named(METRICS, "metrics", fields)
}

pub(crate) fn granularity(fields: &Fields) -> Result<Option<Granularity>, ApiError> {
    let name = fields.text("granularity")?;
    name.map(|name| named(GRANULARITIES, "granularity", &name))
        .transpose()
}

/// `start/end`: moments with a zone or in UTC, or days. Whether the end is part of it is for the caller.
pub(crate) fn interval(text: &str) -> Result<(Timestamp, Timestamp), ApiError> {
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
            Some(local.to_zoned_datetime(TimeZone::UTC).ok()?.timestamp())
        })
    };
    let (from, to) = text.split_once('/').ok_or_else(wrong)?;
    let (from, to) = (
        moment(from).ok_or_else(wrong)?,
        moment(to).ok_or_else(wrong)?,
    );
    if to < from {
        return Err(wrong());
    }
    Ok((from, to))
}

pub(crate) fn known_client<'a>(world: &World, request: &'a Request) -> Result<&'a str, ApiError> {
    let id = request.param("clientId");
    world.oauth.client(id).ok_or_else(ApiError::not_found)?;
    Ok(id)
}

/// The answer to a submitted query: 200 or, by switch, 202; both are declared.
pub(crate) fn accepted(body: Value, switches: &Switches) -> Reply {
    let status = match switches.usage_submit_status {
        UsageSubmitStatus::Ok => StatusCode::OK,
        UsageSubmitStatus::Accepted => StatusCode::ACCEPTED,
    };
    Reply::status(status, body)
}

/// The members of a row: what it was grouped by, and the metrics that were asked for. All are optional.
pub(crate) fn row(
    group: &Group,
    counts: Counts,
    asked: &[Metric],
    requests_name: &str,
) -> Map<String, Value> {
    let mut row = Map::new();
    for (name, metric) in METRICS {
        if !asked.is_empty() && !asked.contains(metric) {
            continue;
        }
        let (name, count) = match metric {
            Metric::Requests => (requests_name.to_owned(), counts.requests),
            Metric::Status200 => (name.to_lowercase(), counts.status200),
            Metric::Status300 => (name.to_lowercase(), counts.status300),
            Metric::Status400 => (name.to_lowercase(), counts.status400),
            Metric::Status429 => (name.to_lowercase(), counts.status429),
            Metric::Status500 => (name.to_lowercase(), counts.status500),
        };
        row.insert(name, json!(count));
    }
    if let Some(template) = &group.template {
        let template = template.trim_start_matches('/');
        row.insert("templateUri".to_owned(), json!(template));
    }
    if let Some(method) = &group.method {
        row.insert("httpMethod".to_owned(), json!(method));
    }
    row
}

/// The first second of a day of UTC.
pub(crate) fn start_of(day: Date) -> Timestamp {
    day.to_zoned_datetime(TimeZone::UTC)
        .map_or(Timestamp::MAX, |start| start.timestamp())
}

/// The day of UTC that a moment is in.
pub(crate) fn day_of(at: Timestamp) -> Date {
    at.to_zoned_datetime(TimeZone::UTC).date()
}

pub(crate) const WHOLE_DAY: SignedDuration = SignedDuration::from_hours(24);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_may_leave_out_its_zone_and_never_ends_before_it_begins() {
        let zoned = interval("2026-05-01T00:00:00Z/2026-05-02T00:00:00Z").unwrap();
        for same in [
            "2026-05-01T00:00:00/2026-05-02T00:00:00",
            "2026-05-01/2026-05-02",
        ] {
            assert_eq!(zoned, interval(same).unwrap(), "{same}");
        }
        for wrong in ["2026-05-01T00:00:00Z", "a/b", "2026-05-02/2026-05-01"] {
            assert!(interval(wrong).is_err(), "{wrong}");
        }
    }
}
