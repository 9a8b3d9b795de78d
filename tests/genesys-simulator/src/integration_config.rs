//! The versioned config of an integration: always replaced as a whole, under its version.
//!
//! Official Python SDK 269.0.0 (IntegrationConfiguration); the stale version's 409 `version.conflict` is of
//! the published swagger.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use crate::audit_log::{AuditAction, EntityType, Subject};
use crate::audit_record::Change;
use crate::auth_action;
use crate::error::ApiError;
use crate::integration_deletion::refuse_deleted;
use crate::integration_types::{IntegrationType, spelled_slot, spelled_type};
use crate::integrations::Integration;
use crate::request::{Reply, Request};
use crate::world::World;

const CONFIG_FIELDS: &[&str] = &[
    "id",
    "name",
    "version",
    "properties",
    "advanced",
    "notes",
    "credentials",
    "selfUri",
];

/// The current config.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Config {
    pub(crate) version: i64,
    pub(crate) name: String,
    pub(crate) notes: String,
    pub(crate) properties: Value,
    pub(crate) advanced: Value,
    /// Slot and credential id.
    pub(crate) credentials: Vec<(String, String)>,
}

pub(crate) fn rendered_config(world: &World, integration: &Integration) -> Value {
    let config = &integration.config;
    let credentials: Map<String, Value> = config
        .credentials
        .iter()
        .map(|(slot, id)| {
            let info = world
                .credential(id)
                .map_or_else(|_| json!({"id": id}), |found| found.info(&world.switches));
            (spelled_slot(slot, &world.switches).to_owned(), info)
        })
        .collect();
    json!({
        "id": integration.id,
        "name": config.name,
        "version": config.version,
        "properties": config.properties,
        "advanced": config.advanced,
        "notes": config.notes,
        "credentials": credentials,
        "selfUri": format!("/api/v2/integrations/{}/config/current", integration.id),
    })
}

pub(crate) fn get(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let integration = world.integration(request.param("integrationId"))?;
    Ok(Reply::ok(rendered_config(world, integration)))
}

pub(crate) fn put(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let id = request.param("integrationId");
    let integration = world.integration(id)?;
    refuse_deleted(integration)?;
    let kind = integration.kind;
    let fields = request.fields("IntegrationConfiguration", CONFIG_FIELDS, &world.switches)?;
    let version = fields.required_whole("version")?;
    fields.required("name")?;
    let mut config = Config {
        version,
        name: fields.bounded_text("name", 256)?.unwrap_or_default(),
        notes: fields.required_text("notes")?,
        properties: fields.required_object("properties")?,
        advanced: fields.required_object("advanced")?,
        credentials: credentials(world, kind, &fields.required_object("credentials")?)?,
    };
    if version != integration.config.version {
        return Err(ApiError::conflict(
            StatusCode::CONFLICT,
            "version.conflict",
            "Integration configuration update failed due to version conflict.",
        )
        .about(id, &integration.config.name));
    }
    config.version += 1;
    let now = world.now();
    let integration = world.integration_mut(id)?;
    let before = std::mem::replace(&mut integration.config, config);
    integration.before = Some((before.clone(), now));
    let changes = config_changes(&before, &integration.config);
    let subject = Subject::new(EntityType::Integration, id, &integration.config.name);
    world.audit(request, subject, AuditAction::Update, changes);
    auth_action::follow(world, id);
    let integration = world.integration(id)?;
    Ok(Reply::ok(rendered_config(world, integration)))
}

/// The credentials of a config: known slots, existing credentials of a type that the slot takes.
fn credentials(
    world: &World,
    kind: &IntegrationType,
    given: &Value,
) -> Result<Vec<(String, String)>, ApiError> {
    let mut slots = Vec::new();
    for (slot, reference) in given.as_object().into_iter().flatten() {
        let place = format!("credentials.{slot}");
        let (known, types) = kind
            .slots
            .iter()
            .find(|(known, _)| spelled_slot(known, &world.switches) == slot)
            .ok_or_else(|| {
                ApiError::constraint(&place, format!("{} has no credential {slot}", kind.id))
            })?;
        let id = reference
            .get("id")
            .and_then(Value::as_str)
            .ok_or_else(|| ApiError::constraint(&place, format!("{place}.id may not be null")))?;
        let credential = world.credential(id).map_err(|_| {
            ApiError::constraint(&place, format!("There is no credential with id {id}"))
        })?;
        if !types.contains(&credential.type_name) {
            let types: Vec<&str> = types
                .iter()
                .map(|name| spelled_type(name, &world.switches))
                .collect();
            return Err(ApiError::constraint(
                &place,
                format!("{place} takes credentials of type {}", types.join(", ")),
            ));
        }
        slots.push(((*known).to_owned(), id.to_owned()));
    }
    Ok(slots)
}

fn config_changes(before: &Config, after: &Config) -> Vec<Option<Change>> {
    let slots = |config: &Config| {
        let pairs: Vec<String> = config
            .credentials
            .iter()
            .map(|(slot, id)| format!("{slot}={id}"))
            .collect();
        Some(pairs.join(",")).filter(|text| !text.is_empty())
    };
    vec![
        Change::of("name", Some(before.name.clone()), Some(after.name.clone())),
        Change::of(
            "notes",
            Some(before.notes.clone()),
            Some(after.notes.clone()),
        ),
        Change::of(
            "properties",
            Some(before.properties.to_string()),
            Some(after.properties.to_string()),
        ),
        Change::of("credentials", slots(before), slots(after)),
    ]
}
