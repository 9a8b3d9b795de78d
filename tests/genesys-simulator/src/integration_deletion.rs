//! Deleting an integration, and taking it back.
//!
//! Deletion is one of the intended states, and RESTORED another (official Python SDK 269.0.0, `Integration`). A
//! recorded session of the official Terraform provider (2022) reads 404 right after a delete; that a deleted
//! integration may still be shown, and what can be done with it then, is assumed.

use serde_json::json;

use crate::audit_log::{AuditAction, EntityType, Subject};
use crate::error::ApiError;
use crate::integrations::{Integration, Intended, intend, rendered};
use crate::request::{Reply, Request};
use crate::switches::DeletedIntegration;
use crate::world::World;

/// Deleting an integration deletes its actions (terraform-provider-genesyscloud).
pub(crate) fn delete(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let id = request.param("integrationId");
    let integration = world.integration(id)?;
    refuse_deleted(integration)?;
    let mut body = rendered(world, integration, false);
    body["intendedState"] = json!("DELETED");
    let subject = Subject::new(EntityType::Integration, id, &integration.config.name);
    let actions: Vec<Subject> = world
        .actions
        .iter()
        .filter(|action| action.integration_id == id && action.published.is_some())
        .map(|action| Subject::new(EntityType::Action, &action.id, action.name()))
        .collect();
    world.actions.retain(|action| action.integration_id != id);
    for action in actions {
        world.audit(request, action, AuditAction::Delete, Vec::new());
    }
    if world.switches.deleted_integration == DeletedIntegration::Shown {
        return intend(world, request, Intended::Deleted, AuditAction::Delete);
    }
    world
        .integrations
        .retain(|integration| integration.id != id);
    world.audit(request, subject, AuditAction::Delete, Vec::new());
    Ok(Reply::ok(body))
}

/// Takes back a deletion; the actions do not come back.
pub(crate) fn restore(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let integration = world.integration(request.param("integrationId"))?;
    if integration.intended != Intended::Deleted {
        return Err(ApiError::bad_request("The integration is not deleted."));
    }
    intend(world, request, Intended::Disabled, AuditAction::Update)
}

/// A deleted integration takes nothing but its restoration.
pub(crate) fn refuse_deleted(integration: &Integration) -> Result<(), ApiError> {
    if integration.intended == Intended::Deleted {
        return Err(ApiError::bad_request("The integration is deleted."));
    }
    Ok(())
}
