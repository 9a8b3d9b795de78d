//! EventBridge: buses that take events. Rules and their targets are the scheduler's.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::unknown;
use crate::error::Rejection;
use crate::exchange::{Exchange, Handled};
use crate::protocol::json::{answer, read};
use crate::{Context, Effect, Notification, ServiceError, context};

/// The most bytes of the entries of a request together (botocore's model of EventBridge, `PutEvents`:
/// less than 1 MB; 256 KB until January 2026).
const LARGEST: usize = 1024 * 1024;

/// The buses of the account.
#[derive(Clone, Debug)]
pub struct EventBridge {
    buses: BTreeSet<String>,
    sources: BTreeSet<String>,
}

impl Default for EventBridge {
    fn default() -> Self {
        Self {
            buses: BTreeSet::from(["default".to_owned()]),
            sources: BTreeSet::new(),
        }
    }
}

impl EventBridge {
    /// Adds a bus. One of a partner has the name of its source.
    pub fn put_bus(&mut self, name: impl Into<String>) {
        self.buses.insert(name.into());
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Request {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Entry {
    time: Option<f64>,
    source: Option<String>,
    #[serde(default)]
    resources: Vec<String>,
    detail_type: Option<String>,
    detail: Option<String>,
    event_bus_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct SourceRequest {
    name: String,
    account: String,
}

pub(crate) fn handle(exchange: &mut Exchange<'_>) -> Handled {
    match exchange.call.operation.as_str() {
        "PutEvents" => put_events(exchange),
        "PutPartnerEvents" => put_partner_events(exchange),
        "CreatePartnerEventSource" => create_source(exchange),
        _ => Err(unknown(exchange)),
    }
}

fn invalid(message: impl Into<String>) -> Rejection {
    ServiceError::bad_request("ValidationException", message).into()
}

/// EventBridge user guide, "Calculating PutEvents event entry size".
fn size(entry: &Entry) -> usize {
    let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let time = if entry.time.is_some() { 14 } else { 0 };
    let resources: usize = entry.resources.iter().map(String::len).sum();
    time + text(&entry.source) + text(&entry.detail_type) + text(&entry.detail) + resources
}

fn entries(exchange: &Exchange<'_>, most: usize) -> Result<Vec<Entry>, Rejection> {
    let Request { entries } = read(exchange.call, exchange.request)?;
    if !(1..=most).contains(&entries.len()) {
        return Err(invalid(format!(
            "{} validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length less than or equal to {most}",
            entries.len()
        )));
    }
    if entries.iter().map(size).sum::<usize>() >= LARGEST {
        return Err(invalid(
            "Total size of the entries in the request is over the limit.",
        ));
    }
    Ok(entries)
}

fn put_events(exchange: &mut Exchange<'_>) -> Handled {
    let entries = entries(exchange, 10)?;
    for entry in &entries {
        let bus = bus_of(entry);
        let arn = exchange
            .state
            .settings
            .arn("events", &format!("event-bus/{bus}"));
        let keys = Context::new()
            .with_some(context::EVENTS_SOURCE, entry.source.as_deref())
            .with_some(context::EVENTS_DETAIL_TYPE, entry.detail_type.as_deref());
        exchange.authorize("events:PutEvents", &arn, keys, None)?;
        if !exchange.state.services.events.buses.contains(&bus) {
            return Err(Rejection::unsupported(format!(
                "the event bus {bus}, which no test made"
            )));
        }
    }
    let taken = entries.into_iter().map(|entry| {
        let bus = bus_of(&entry);
        let checked = match entry.source.as_deref() {
            // EventBridge API reference, `PutEventsResultEntry`.
            Some(source) if source.starts_with("aws.") => Err((
                "NotAuthorizedForSourceException",
                "Not authorized for the source.".to_owned(),
            )),
            Some(_) | None => check(&entry),
        };
        take(exchange, &entry, bus, checked)
    });
    let results: Vec<Value> = taken.collect();
    Ok(answered(exchange, &results))
}

/// A bus by its name or ARN.
fn bus_of(entry: &Entry) -> String {
    let name = entry.event_bus_name.as_deref().unwrap_or("default");
    let (_, name) = name.rsplit_once("event-bus/").unwrap_or(("", name));
    name.to_owned()
}

type Checked = Result<Value, (&'static str, String)>;

/// The detail, where the entry is whole (EventBridge API reference, `PutEventsResultEntry`,
/// `ErrorCode`).
fn check(entry: &Entry) -> Checked {
    let missing = |name: &str| {
        let message =
            format!("Parameter {name} is not valid. Reason: {name} is a required argument.");
        Err(("InvalidArgument", message))
    };
    match (&entry.source, &entry.detail_type, &entry.detail) {
        (None, _, _) => missing("Source"),
        (_, None, _) => missing("DetailType"),
        (_, _, None) => missing("Detail"),
        (Some(_), Some(_), Some(detail)) => match serde_json::from_str(detail) {
            Ok(Value::Object(detail)) => Ok(detail.into()),
            Ok(_) | Err(_) => Err(("MalformedDetail", "Detail is malformed.".to_owned())),
        },
    }
}

fn take(exchange: &mut Exchange<'_>, entry: &Entry, bus: String, checked: Checked) -> Value {
    let detail = match checked {
        Ok(detail) => detail,
        Err((code, message)) => return json!({"ErrorCode": code, "ErrorMessage": message}),
    };
    let now = exchange.now;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "events carry whole seconds, far from the limits of i64"
    )]
    let given = entry
        .time
        .and_then(|time| Timestamp::from_second(time as i64).ok());
    let (source, kind) = (&entry.source, &entry.detail_type);
    let event = exchange.state.event(
        given.unwrap_or(now),
        source.as_deref().unwrap_or_default(),
        kind.as_deref().unwrap_or_default(),
        &entry.resources,
        detail,
    );
    let id = event["id"].clone();
    exchange.record(Effect::EventPut {
        bus: bus.clone(),
        event: event.clone(),
    });
    exchange.state.outbox.add(Notification::Event {
        bus,
        at: now,
        event,
    });
    json!({"EventId": id})
}

/// A result an entry, in the order of the entries.
fn answered(exchange: &Exchange<'_>, results: &[Value]) -> crate::Response {
    let failed = results.iter().filter(|one| one.get("ErrorCode").is_some());
    let body = json!({"Entries": results, "FailedEntryCount": failed.count()});
    answer(exchange.call, &body)
}

/// A partner's source leads to the bus of its name. Until a customer has made that bus, events are
/// lost (EventBridge user guide, "Receiving events from a SaaS partner").
fn put_partner_events(exchange: &mut Exchange<'_>) -> Handled {
    let entries = entries(exchange, 20)?;
    authorize_partner(exchange, "events:PutPartnerEvents")?;
    let mut results = Vec::new();
    for entry in entries {
        let bus = entry.source.clone().unwrap_or_default();
        let checked = check(&entry);
        let is_lost = checked.is_ok() && !exchange.state.services.events.buses.contains(&bus);
        results.push(match is_lost {
            true => json!({"EventId": exchange.state.ids.uuid()}),
            false => take(exchange, &entry, bus, checked),
        });
    }
    Ok(answered(exchange, &results))
}

/// A partner asks in an account of its own, whose policies decide and are not in here (botocore's model of
/// EventBridge, `PutPartnerEvents`: "used by SaaS partners", and not by customers).
fn authorize_partner(exchange: &Exchange<'_>, action: &str) -> Result<(), ServiceError> {
    if exchange.call.principal.account != exchange.state.settings.account {
        return Ok(());
    }
    exchange.authorize(action, "*", Context::new(), None)
}

fn create_source(exchange: &mut Exchange<'_>) -> Handled {
    let SourceRequest { name, account } = read(exchange.call, exchange.request)?;
    authorize_partner(exchange, "events:CreatePartnerEventSource")?;
    if account != exchange.state.settings.account {
        return Err(Rejection::unsupported(format!(
            "a partner event source for {account}"
        )));
    }
    let arn = format!(
        "arn:{}:events:{}::event-source/{name}",
        exchange.state.settings.partition, exchange.state.settings.region
    );
    if !exchange.state.services.events.sources.insert(name) {
        let message = "The partner event source already exists.";
        return Err(ServiceError::bad_request("ResourceAlreadyExistsException", message).into());
    }
    Ok(answer(exchange.call, &json!({"EventSourceArn": arn})))
}
