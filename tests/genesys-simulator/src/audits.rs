//! Audit queries: realtime with page numbers, asynchronous with polls and a cursor.
//!
//! Official Python SDK 269.0.0 (AuditApi) for the models; required fields, the 14 days of the realtime
//! query and the page size limit of 500 (of the asynchronous results; none is documented for the realtime
//! query) from the published swagger; 30 days per asynchronous query from a
//! third party's specification.

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use crate::audit_log::{EntityType, audited};
use crate::audit_query::{Asked, read_sort, services};
use crate::audit_record::Record;
use crate::error::ApiError;
use crate::paging::{Page, page_size};
use crate::request::{Reply, Request};
use crate::run::timed_out;
use crate::switches::{RealtimeAuditInterval, RealtimeAudits, Switches};
use crate::world::{World, written};

const MAX_PAGE: usize = 500;
const REALTIME_DAYS: i64 = 14;
/// A realtime query over more times out, by switch: a day, and what rounding adds.
const LONGEST_ANSWERED: SignedDuration = SignedDuration::from_hours(25);
const ASYNC_DAYS: i64 = 30;
const HISTORY_DAYS: i64 = 365;
const QUERY_FIELDS: &[&str] = &["interval", "serviceName", "filters", "sort"];
const REALTIME_FIELDS: &[&str] = &[
    "interval",
    "serviceName",
    "filters",
    "sort",
    "pageNumber",
    "pageSize",
];

/// A submitted asynchronous query. It runs over the polls.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    id: String,
    started: Timestamp,
    asked: Asked,
    state: QueryState,
}

#[derive(Debug, Clone)]
enum QueryState {
    Queued,
    Running,
    /// With the records that were visible when the query finished.
    Succeeded(Vec<Record>),
}

impl Query {
    fn rendered(&self) -> Value {
        let state = match &self.state {
            QueryState::Queued => "Queued",
            QueryState::Running => "Running",
            QueryState::Succeeded(_) => "Succeeded",
        };
        let filters: Vec<Value> = self
            .asked
            .filters
            .iter()
            .map(|(property, value)| json!({"property": property, "value": value}))
            .collect();
        let sort: Vec<Value> = self
            .asked
            .sort
            .iter()
            .map(|order| json!({"name": "Timestamp", "sortOrder": order}))
            .collect();
        let mut body = json!({
            "id": self.id,
            "state": state,
            "startDate": written(self.started),
            "interval": self.asked.interval,
            "filters": filters,
            "sort": sort,
        });
        if let Some(service) = &self.asked.service {
            body["serviceName"] = json!(service);
        }
        body
    }
}

/// The visible records that match; the newest first unless asked otherwise.
fn found(world: &World, asked: &Asked) -> Vec<Record> {
    let now = world.now();
    let mut records: Vec<&Record> = world
        .audit
        .records
        .iter()
        .filter(|record| world.audit.is_visible(record, now, &world.switches))
        .filter(|record| asked.matches(record, &world.switches))
        .collect();
    records.sort_by_key(|record| record.at);
    if !asked.is_ascending() {
        records.reverse();
    }
    records.into_iter().cloned().collect()
}

/// Records as this request shows them: the name of a user only where it is asked for.
fn shown(world: &World, request: &Request, records: &[Record]) -> Result<Vec<Value>, ApiError> {
    let expanded: Vec<&str> = request.list("expand").collect();
    if let Some(other) = expanded.iter().find(|one| **one != "user") {
        return Err(ApiError::invalid_query("expand", other, "user"));
    }
    let with_user = !expanded.is_empty();
    let rendered =
        |record: &Record| record.rendered(&world.organization_id, with_user, &world.switches);
    Ok(records.iter().map(rendered).collect())
}

fn days(count: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * count)
}

pub(crate) fn realtime(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let switches = &world.switches;
    let fields = request.fields("AuditRealtimeQueryRequest", REALTIME_FIELDS, switches)?;
    let asked = Asked::read(&fields, switches)?;
    if let Some(service) = asked
        .service
        .as_deref()
        .filter(|name| !is_realtime(name, switches))
    {
        return Err(ApiError::bad_request(format!(
            "Service {service} is not supported by realtime audit queries"
        )));
    }
    // A minute of tolerance, so that "the last 14 days" is within the 14 days when it arrives.
    let oldest = world.now() - days(REALTIME_DAYS) - SignedDuration::from_mins(1);
    if asked.from < oldest {
        return Err(ApiError::constraint(
            "interval",
            format!("Realtime audit queries reach back {REALTIME_DAYS} days"),
        ));
    }
    if switches.realtime_audit_interval == RealtimeAuditInterval::Day
        && asked.to.duration_since(asked.from) > LONGEST_ANSWERED
    {
        return Err(timed_out());
    }
    let size = fields.whole("pageSize")?.map(|size| size.to_string());
    let page = Page {
        number: match fields.whole("pageNumber")? {
            None => 1,
            Some(number) => usize::try_from(number)
                .ok()
                .filter(|number| *number >= 1)
                .ok_or_else(|| {
                    ApiError::invalid_value("pageNumber", &json!(number), "1 and above")
                })?,
        },
        size: page_size("pageSize", size.as_deref(), MAX_PAGE, switches)?,
    };
    let all = found(world, &asked);
    Ok(Reply::ok(json!({
        "entities": shown(world, request, page.slice(&all))?,
        "pageSize": page.size,
        "pageNumber": page.number,
        "total": all.len(),
        "pageCount": page.count(all.len()),
    })))
}

/// All visible records of the same transaction as one record.
pub(crate) fn related(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let fields = request.fields(
        "AuditRealtimeRelatedRequest",
        &["auditId", "trustorOrgId", "sort"],
        &world.switches,
    )?;
    let id = fields.required_text("auditId")?;
    let is_ascending = read_sort(&fields, &world.switches)?
        .first()
        .is_none_or(|order| order == "ascending");
    let now = world.now();
    let log = &world.audit;
    let transaction = log
        .records
        .iter()
        .find(|record| record.id == id && log.is_visible(record, now, &world.switches))
        .map(|record| record.transaction_id.clone())
        .ok_or_else(ApiError::not_found)?;
    let mut related: Vec<Record> = log
        .records
        .iter()
        .filter(|record| record.transaction_id == transaction)
        .filter(|record| log.is_visible(record, now, &world.switches))
        .cloned()
        .collect();
    if !is_ascending {
        related.reverse();
    }
    Ok(Reply::ok(
        json!({"entities": shown(world, request, &related)?}),
    ))
}

fn is_realtime(service: &str, switches: &Switches) -> bool {
    service != "Integrations" || switches.realtime_audits == RealtimeAudits::AllServices
}

fn mapped(switches: &Switches, takes: impl Fn(&str) -> bool) -> Value {
    let services: Vec<Value> = services(switches)
        .into_iter()
        .filter(|name| takes(name))
        .map(|name| json!({"name": name, "entities": mapped_entities(name, switches)}))
        .collect();
    json!({"services": services})
}

fn mapped_entities(service: &str, switches: &Switches) -> Vec<Value> {
    audited(switches)
        .into_iter()
        .filter(|(entity, _): &(EntityType, _)| entity.service() == service)
        .map(|(entity, actions)| {
            let actions: Vec<&str> = actions.into_iter().map(|action| action.text()).collect();
            json!({"name": entity.text(), "actions": actions})
        })
        .collect()
}

pub(crate) fn mapping(world: &mut World, _: &Request) -> Result<Reply, ApiError> {
    Ok(Reply::ok(mapped(&world.switches, |_| true)))
}

pub(crate) fn realtime_mapping(world: &mut World, _: &Request) -> Result<Reply, ApiError> {
    let switches = &world.switches;
    Ok(Reply::ok(mapped(switches, |name| {
        is_realtime(name, switches)
    })))
}

pub(crate) fn submit(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let fields = request.fields("AuditQueryRequest", QUERY_FIELDS, &world.switches)?;
    let asked = Asked::read(&fields, &world.switches)?;
    let now = world.now();
    if asked.to.duration_since(asked.from) > days(ASYNC_DAYS) {
        return Err(ApiError::constraint(
            "interval",
            format!("The interval may not be longer than {ASYNC_DAYS} days"),
        ));
    }
    if asked.from < now - days(HISTORY_DAYS) - SignedDuration::from_mins(1) {
        return Err(ApiError::constraint(
            "interval",
            format!("Audits are kept for {HISTORY_DAYS} days"),
        ));
    }
    let query = Query {
        id: world.ids.id(),
        started: now,
        asked,
        state: QueryState::Queued,
    };
    let body = query.rendered();
    world.audit.queries.push(query);
    Ok(Reply::status(StatusCode::ACCEPTED, body))
}

fn position(world: &World, request: &Request) -> Result<usize, ApiError> {
    let id = request.param("transactionId");
    world
        .audit
        .queries
        .iter()
        .position(|query| query.id == id)
        .ok_or_else(ApiError::not_found)
}

/// Each poll brings the query one state further: Queued, Running, Succeeded.
pub(crate) fn poll(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let at = position(world, request)?;
    let asked = world.audit.queries[at].asked.clone();
    let next = match &world.audit.queries[at].state {
        QueryState::Queued => QueryState::Running,
        QueryState::Running => QueryState::Succeeded(found(world, &asked)),
        QueryState::Succeeded(records) => QueryState::Succeeded(records.clone()),
    };
    let status = match &next {
        QueryState::Queued | QueryState::Running => StatusCode::ACCEPTED,
        QueryState::Succeeded(_) => StatusCode::OK,
    };
    let query = &mut world.audit.queries[at];
    query.state = next;
    Ok(Reply::status(status, query.rendered()))
}

pub(crate) fn results(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let query = &world.audit.queries[position(world, request)?];
    let size = page_size(
        "pageSize",
        request.query("pageSize"),
        MAX_PAGE,
        &world.switches,
    )?;
    request.query_flag("allowRedirect")?;
    let records = match &query.state {
        QueryState::Succeeded(records) => records,
        QueryState::Queued | QueryState::Running => {
            return Err(ApiError::bad_request("The query has not finished yet."));
        }
    };
    let start = match request.query("cursor") {
        None => 0,
        Some(cursor) => read_cursor(cursor)
            .filter(|start| *start <= records.len())
            .ok_or_else(|| ApiError::invalid_query("cursor", cursor, "a cursor of this query"))?,
    };
    let end = start.saturating_add(size).min(records.len());
    let mut body = Map::new();
    body.insert("id".to_owned(), json!(query.id));
    body.insert("pageSize".to_owned(), json!(size));
    let entities = shown(world, request, &records[start..end])?;
    body.insert("entities".to_owned(), entities.into());
    if end < records.len() {
        body.insert("cursor".to_owned(), json!(cursor(end)));
    }
    Ok(Reply::ok(Value::Object(body)))
}

fn cursor(at: usize) -> String {
    URL_SAFE_NO_PAD.encode(format!("at:{at}"))
}

fn read_cursor(cursor: &str) -> Option<usize> {
    let decoded = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    decoded.strip_prefix("at:")?.parse().ok()
}
