//! Integrations: intended and reported state.
//!
//! Official Python SDK 269.0.0 (Integration); `max.integrations.reached` is of the published swagger.

use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::audit_log::{AuditAction, EntityType, Subject, state_audit};
use crate::audit_record::Change;
use crate::error::ApiError;
use crate::integration_config::{Config, rendered_config};
use crate::integration_deletion;
use crate::integration_types::{self, IntegrationType};
use crate::paging::listing;
use crate::request::{Fields, Reply, Request};
use crate::static_actions;
use crate::switches::NewIntegrationState;
use crate::world::{World, written};

const MAX_INTEGRATIONS: usize = 1000;
/// Of the `ids` parameter (published swagger).
const MAX_IDS: usize = 100;
const REPORTED: &str = "ACTIVE, ACTIVATING, INACTIVE, DEACTIVATING, ERROR";
const MODEL_FIELDS: &[&str] = &[
    "id",
    "name",
    "integrationType",
    "notes",
    "intendedState",
    "config",
    "reportedState",
    "attributes",
    "selfUri",
];

/// The model `IntegrationType`, as a create may name it; only the id counts.
const TYPE_FIELDS: &[&str] = &[
    "id",
    "name",
    "description",
    "provider",
    "category",
    "images",
    "configPropertiesSchemaUri",
    "configAdvancedSchemaUri",
    "helpUri",
    "termsOfServiceUri",
    "vendorName",
    "vendorWebsiteUri",
    "marketplaceUri",
    "faqUri",
    "privacyPolicyUri",
    "supportContactUri",
    "salesContactUri",
    "helpLinks",
    "credentials",
    "nonInstallable",
    "maxInstances",
    "userPermissions",
    "vendorOAuthClientIds",
    "selfUri",
];

/// What the integration is meant to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Intended {
    Enabled,
    Disabled,
    /// Still shown, by switch.
    Deleted,
}

impl Intended {
    fn text(self) -> &'static str {
        match self {
            Self::Enabled => "ENABLED",
            Self::Disabled => "DISABLED",
            Self::Deleted => "DELETED",
        }
    }
}

/// What the integration is; it follows the intended state after the activation time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reported {
    Active,
    Activating,
    Inactive,
    Deactivating,
    Error,
}

impl Reported {
    const ALL: [Self; 5] = [
        Self::Active,
        Self::Activating,
        Self::Inactive,
        Self::Deactivating,
        Self::Error,
    ];

    /// The code of a filter; its case does not matter (published swagger, GET /api/v2/integrations).
    fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|state| state.text().eq_ignore_ascii_case(text))
    }

    /// The code in words for people, which are localized.
    fn words(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Activating => "Activating",
            Self::Inactive => "Inactive",
            Self::Deactivating => "Deactivating",
            Self::Error => "Error",
        }
    }

    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Activating => "ACTIVATING",
            Self::Inactive => "INACTIVE",
            Self::Deactivating => "DEACTIVATING",
            Self::Error => "ERROR",
        }
    }
}

/// An integration.
#[derive(Debug, Clone)]
pub(crate) struct Integration {
    pub(crate) id: String,
    pub(crate) kind: &'static IntegrationType,
    pub(crate) intended: Intended,
    /// When the intended state was last changed; none where it is as it was created.
    pub(crate) state_changed: Option<Timestamp>,
    /// Set by the control API: the integration reports an error.
    pub(crate) in_error: bool,
    pub(crate) created: Timestamp,
    pub(crate) config: Config,
    /// The config before the last change, and when that was: what flows may still use.
    pub(crate) before: Option<(Config, Timestamp)>,
}

impl Integration {
    pub(crate) fn uses(&self, credential_id: &str) -> bool {
        self.config
            .credentials
            .iter()
            .any(|(_, id)| id == credential_id)
    }

    pub(crate) fn credential_in(&self, slot: &str) -> Option<&str> {
        self.config
            .credentials
            .iter()
            .find(|(known, _)| known == slot)
            .map(|(_, id)| id.as_str())
    }

    pub(crate) fn reported(&self, now: Timestamp, activation: SignedDuration) -> Reported {
        let is_settling = self
            .state_changed
            .is_some_and(|since| now.duration_since(since) < activation);
        let is_enabled = self.intended == Intended::Enabled;
        match (is_enabled, self.in_error, is_settling) {
            (_, true, _) => Reported::Error,
            (true, false, true) => Reported::Activating,
            (true, false, false) => Reported::Active,
            (false, false, true) => Reported::Deactivating,
            (false, false, false) => Reported::Inactive,
        }
    }
}

pub(crate) fn rendered(world: &World, integration: &Integration, with_config: bool) -> Value {
    let reported = integration.reported(world.now(), world.activation);
    let mut body = json!({
        "id": integration.id,
        "name": integration.config.name,
        "integrationType": {
            "id": integration.kind.id,
            "selfUri": format!("/api/v2/integrations/types/{}", integration.kind.id),
        },
        "notes": integration.config.notes,
        "intendedState": integration.intended.text(),
        "reportedState": {
            "code": reported.text(),
            "effective": reported.words(),
            "lastUpdated": written(integration.state_changed.unwrap_or(integration.created)),
        },
        "attributes": attributes(integration),
        "selfUri": format!("/api/v2/integrations/{}", integration.id),
    });
    if reported == Reported::Error {
        body["reportedState"]["detail"] = json!({
            "message": "The integration cannot run.",
            "localizableMessageCode": "",
        });
    }
    if with_config {
        body["config"] = json!({"current": rendered_config(world, integration)});
    }
    body
}

/// What the platform adds by itself (official Terraform provider, data source of webhooks): nothing but for
/// webhooks. That the id is the integration's own is assumed, and nobody answers at the address.
fn attributes(integration: &Integration) -> Value {
    if integration.kind.id == integration_types::WEBHOOK {
        let id = &integration.id;
        return json!({"webhookId": id, "invocationUrl": format!("https://webhooks.invalid/{id}")});
    }
    json!({})
}

fn expands_config(request: &Request) -> bool {
    request.list("expand").any(|part| part == "config.current")
}

pub(crate) fn list(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let ids: Vec<&str> = request.list("ids").collect();
    if ids.len() > MAX_IDS {
        return Err(ApiError::constraint(
            "ids",
            format!("ids size must be between 0 and {MAX_IDS}"),
        ));
    }
    let kind = request.query("integrationType");
    let credential = request.query("credentialId");
    let state = request
        .query("reportedState")
        .map(|text| {
            Reported::parse(text)
                .ok_or_else(|| ApiError::invalid_query("reportedState", text, REPORTED))
        })
        .transpose()?;
    let now = world.now();
    let with_config = expands_config(request);
    let all: Vec<Value> = world
        .integrations
        .iter()
        .filter(|found| ids.is_empty() || ids.contains(&found.id.as_str()))
        .filter(|found| kind.is_none_or(|kind| found.kind.id == kind))
        .filter(|found| credential.is_none_or(|id| found.uses(id)))
        .filter(|found| state.is_none_or(|state| found.reported(now, world.activation) == state))
        .map(|found| rendered(world, found, with_config))
        .collect();
    listing(request, "/api/v2/integrations", &all, &world.switches).map(Reply::ok)
}

pub(crate) fn create(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let fields = request.fields(
        "CreateIntegrationRequest",
        &["id", "name", "integrationType", "selfUri"],
        &world.switches,
    )?;
    let kind = Fields::nested(
        fields.required("integrationType")?.clone(),
        "integrationType",
        "IntegrationType",
        TYPE_FIELDS,
        &world.switches,
    )?
    .required_text("id")?;
    let kind = integration_types::find(&kind).ok_or_else(|| {
        let known: Vec<&str> = integration_types::TYPES
            .iter()
            .map(|known| known.id)
            .collect();
        ApiError::invalid_value("integrationType.id", &Value::from(kind), &known.join(", "))
    })?;
    // Required in the swagger, left out by the official Terraform provider: the type's name stands in.
    let name = fields
        .bounded_text("name", 256)?
        .unwrap_or_else(|| kind.id.to_owned());
    if world.integrations.len() >= MAX_INTEGRATIONS {
        return Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            "max.integrations.reached",
            "The maximum number of integrations for this type have already been created.",
        ));
    }
    let integration = Integration {
        id: world.ids.id(),
        kind,
        intended: match world.switches.new_integration_state {
            NewIntegrationState::Enabled => Intended::Enabled,
            NewIntegrationState::Disabled => Intended::Disabled,
        },
        state_changed: None,
        in_error: false,
        created: world.now(),
        config: Config {
            version: 1,
            name,
            notes: String::new(),
            properties: json!({}),
            advanced: json!({}),
            credentials: Vec::new(),
        },
        before: None,
    };
    let body = rendered(world, &integration, false);
    let subject = Subject::new(
        EntityType::Integration,
        &integration.id,
        &integration.config.name,
    );
    static_actions::add(world, &integration);
    world.integrations.push(integration);
    world.audit(request, subject, AuditAction::Create, Vec::new());
    Ok(Reply::ok(body))
}

pub(crate) fn get(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let integration = world.integration(request.param("integrationId"))?;
    Ok(Reply::ok(rendered(
        world,
        integration,
        expands_config(request),
    )))
}

pub(crate) fn patch(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let id = request.param("integrationId");
    world.integration(id)?;
    let fields = request.fields("Integration", MODEL_FIELDS, &world.switches)?;
    let wanted = fields.required_text("intendedState")?;
    let intended = match wanted.as_str() {
        "ENABLED" => Intended::Enabled,
        "DISABLED" => Intended::Disabled,
        "DELETED" => return integration_deletion::delete(world, request),
        "RESTORED" => return integration_deletion::restore(world, request),
        _ => {
            return Err(ApiError::invalid_value(
                "intendedState",
                &Value::from(wanted),
                "ENABLED, DISABLED, DELETED, RESTORED",
            ));
        }
    };
    integration_deletion::refuse_deleted(world.integration(id)?)?;
    let action = state_audit(intended == Intended::Enabled, &world.switches);
    intend(world, request, intended, action)
}

/// Changes what an integration is meant to be.
pub(crate) fn intend(
    world: &mut World,
    request: &Request,
    intended: Intended,
    action: AuditAction,
) -> Result<Reply, ApiError> {
    let id = request.param("integrationId");
    let now = world.now();
    let integration = world.integration_mut(id)?;
    let before = std::mem::replace(&mut integration.intended, intended);
    if before != intended {
        integration.state_changed = Some(now);
    }
    let subject = Subject::new(EntityType::Integration, id, &integration.config.name);
    let text = |state: Intended| Some(state.text().to_owned());
    let changes = vec![Change::of("intendedState", text(before), text(intended))];
    world.audit(request, subject, action, changes);
    let integration = world.integration(id)?;
    Ok(Reply::ok(rendered(world, integration, false)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reported_state_is_asked_for_in_any_case() {
        assert_eq!(Reported::parse("active"), Some(Reported::Active));
        assert_eq!(
            Reported::parse("Deactivating"),
            Some(Reported::Deactivating)
        );
        assert_eq!(Reported::parse("ON"), None);
    }
}
