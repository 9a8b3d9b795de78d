//! What an audit query asks: interval, service, filters, order; read with their rules.
//!
//! Official Python SDK 269.0.0 (AuditQueryRequest, AuditQueryFilter, AuditQuerySort).

use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::audit_log::audited;
use crate::audit_record::Record;
use crate::error::ApiError;
use crate::request::Fields;
use crate::switches::{AuditActionFilter, AuditServiceName, Switches};

const PROPERTIES: &[&str] = &[
    "UserId",
    "TrusteeOrganizationId",
    "ClientId",
    "Action",
    "EntityType",
    "EntityId",
];

/// What a query asks, checked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
    pub(crate) interval: String,
    pub(crate) service: Option<String>,
    pub(crate) filters: Vec<(String, String)>,
    pub(crate) sort: Vec<String>,
}

impl Asked {
    pub(crate) fn read(fields: &Fields, switches: &Switches) -> Result<Self, ApiError> {
        let interval = fields.required_text("interval")?;
        let (from, to) = read_interval(&interval)?;
        let service = fields.text("serviceName")?;
        if service.is_none() && switches.audit_service_name == AuditServiceName::Required {
            return Err(ApiError::constraint(
                "serviceName",
                "serviceName may not be null",
            ));
        }
        if let Some(service) = &service
            && !services(switches).contains(&service.as_str())
        {
            return Err(ApiError::invalid_value(
                "serviceName",
                &json!(service),
                &services(switches).join(", "),
            ));
        }
        let filters = read_filters(fields, switches)?;
        let filters_by = |name: &str| filters.iter().any(|(property, _)| property == name);
        if switches.audit_action_filter == AuditActionFilter::WithEntityType
            && filters_by("Action")
            && !filters_by("EntityType")
        {
            return Err(ApiError::constraint(
                "filters",
                "A filter by Action needs one by EntityType",
            ));
        }
        Ok(Self {
            from,
            to,
            interval,
            service,
            filters,
            sort: read_sort(fields, switches)?,
        })
    }

    pub(crate) fn matches(&self, record: &Record, switches: &Switches) -> bool {
        let at = record.shown_at(switches);
        let service = record.entity_type.service();
        self.from <= at
            && at <= self.to
            && self.service.as_ref().is_none_or(|name| name == service)
            && self
                .filters
                .iter()
                .all(|(property, value)| has(record, property, value))
    }

    pub(crate) fn is_ascending(&self) -> bool {
        self.sort.first().is_some_and(|order| order == "ascending")
    }
}

fn has(record: &Record, property: &str, value: &str) -> bool {
    match property {
        "UserId" => record.user_id.as_deref() == Some(value),
        "ClientId" => record.client_id.as_deref() == Some(value),
        "Action" => record.action.text() == value,
        "EntityType" => record.entity_type.text() == value,
        "EntityId" => record.entity_id == value,
        // No record here was made across organizations.
        _ => false,
    }
}

/// A moment with or without `Z` (a query without it was seen to be accepted), with or without milliseconds.
fn moment(text: &str) -> Option<Timestamp> {
    text.parse()
        .ok()
        .or_else(|| format!("{text}Z").parse().ok())
}

fn read_interval(interval: &str) -> Result<(Timestamp, Timestamp), ApiError> {
    let parsed = interval
        .split_once('/')
        .and_then(|(from, to)| Some((moment(from)?, moment(to)?)));
    match parsed {
        Some((from, to)) if from <= to => Ok((from, to)),
        Some(_) => Err(ApiError::constraint(
            "interval",
            "The interval ends before it begins",
        )),
        None => Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            "invalid.date",
            "Dates must be specified as ISO-8601 strings. For example: yyyy-MM-ddTHH:mm:ss.SSSZ",
        )
        .at("interval")),
    }
}

fn entries<'a>(fields: &'a Fields, name: &str) -> Result<&'a [Value], ApiError> {
    match fields.value(name) {
        None => Ok(&[]),
        Some(Value::Array(entries)) => Ok(entries),
        Some(other) => Err(ApiError::invalid_value(name, other, "List")),
    }
}

fn read_filters(fields: &Fields, switches: &Switches) -> Result<Vec<(String, String)>, ApiError> {
    entries(fields, "filters")?
        .iter()
        .map(|entry| {
            let filter = Fields::nested(
                entry.clone(),
                "filters",
                "AuditQueryFilter",
                &["property", "value"],
                switches,
            )?;
            let property = filter.required_text("property")?;
            if !PROPERTIES.contains(&property.as_str()) {
                return Err(ApiError::invalid_value(
                    "filters.property",
                    &json!(property),
                    &PROPERTIES.join(", "),
                ));
            }
            Ok((property, filter.required_text("value")?))
        })
        .collect()
}

pub(crate) fn read_sort(fields: &Fields, switches: &Switches) -> Result<Vec<String>, ApiError> {
    entries(fields, "sort")?
        .iter()
        .map(|entry| {
            let sort = Fields::nested(
                entry.clone(),
                "sort",
                "AuditQuerySort",
                &["name", "sortOrder"],
                switches,
            )?;
            let name = sort.required_text("name")?;
            let order = sort.required_text("sortOrder")?;
            if name != "Timestamp" {
                return Err(ApiError::invalid_value(
                    "sort.name",
                    &json!(name),
                    "Timestamp",
                ));
            }
            if !["ascending", "descending"].contains(&order.as_str()) {
                return Err(ApiError::invalid_value(
                    "sort.sortOrder",
                    &json!(order),
                    "ascending, descending",
                ));
            }
            Ok(order)
        })
        .collect()
}

/// The services whose changes are audited.
pub(crate) fn services(switches: &Switches) -> Vec<&'static str> {
    let mut names: Vec<&str> = audited(switches)
        .iter()
        .map(|(entity, _)| entity.service())
        .collect();
    names.dedup();
    names
}
