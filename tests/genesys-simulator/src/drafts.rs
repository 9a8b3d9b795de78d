//! Drafts of data actions: they count their own versions, and publishing makes the next published one.
//!
//! Official Python SDK 269.0.0 (IntegrationsApi, PublishDraftInput); the stale publish's 400 is observed in
//! an issue of terraform-provider-genesyscloud.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::action_contract::Contract;
use crate::action_model::{MAX_NAME, Revision, View};
use crate::actions::{
    ACTIONS, Action, Filter, asked_view, differences, new_revision, patched_config, schema_of,
    sorted, stale, template_of, version_after,
};
use crate::audit_log::{AuditAction, EntityType, Subject, publish_audit};
use crate::error::ApiError;
use crate::paging::listing;
use crate::request::{Reply, Request};
use crate::static_actions;
use crate::switches::{DraftContractChange, Switches};
use crate::world::World;

fn shown(action: &Action, view: View, switches: &Switches) -> Result<Value, ApiError> {
    Ok(action.draft()?.rendered(
        &action.id,
        &action.integration_id,
        &format!("{}/draft", action.path()),
        view,
        switches,
    ))
}

/// The operations of drafts declare no code of its own for a schema that is none (published swagger).
pub(crate) fn of_draft(mut error: ApiError) -> ApiError {
    if error.code == "invalid.schema" {
        error.code = "constraint.validation";
    }
    error
}

pub(crate) fn list(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let filter = Filter::asked(request)?;
    let view = View {
        contract: false,
        flat: false,
        config: request.query_flag("includeConfig")?.unwrap_or(false),
    };
    let mut all = Vec::new();
    for action in &world.actions {
        if let Some(draft) = &action.draft
            && filter.takes(&action.id, draft)
        {
            all.push(shown(action, view, &world.switches)?);
        }
    }
    let all = sorted(request, all)?;
    listing(request, &format!("{ACTIONS}/drafts"), &all, &world.switches).map(Reply::ok)
}

/// A new action that is only a draft.
pub(crate) fn create_new(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let (integration_id, revision) = new_revision(world, request, true)?;
    let action = Action {
        id: format!("custom_-_{}", world.ids.id()),
        integration_id,
        published: None,
        draft: Some(revision),
        before: None,
    };
    let body = shown(&action, View::default(), &world.switches)?;
    let subject = Subject::new(EntityType::ActionDraft, &action.id, action.name());
    world.actions.push(action);
    world.audit(request, subject, AuditAction::Create, Vec::new());
    Ok(Reply::created(body, &world.switches))
}

/// A draft of a published action: a copy under version 1.
pub(crate) fn create(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let id = request.param("actionId");
    let action = world.action_mut(id)?;
    static_actions::refuse_change(id)?;
    if action.draft.is_some() {
        return Err(ApiError::conflict(
            StatusCode::BAD_REQUEST,
            "bad.request",
            format!("A draft already exists for action {id}"),
        ));
    }
    let mut draft = action.published()?.clone();
    draft.version = 1;
    let subject = Subject::new(EntityType::ActionDraft, id, &draft.name);
    action.draft = Some(draft);
    world.audit(request, subject, AuditAction::Create, Vec::new());
    let body = shown(world.action(id)?, View::default(), &world.switches)?;
    Ok(Reply::created(body, &world.switches))
}

pub(crate) fn get(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let view = asked_view(request)?;
    let action = world.action(request.param("actionId"))?;
    shown(action, view, &world.switches).map(Reply::ok)
}

pub(crate) fn patch(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let id = request.param("actionId");
    let action = world.action(id)?;
    let current = action.draft()?.clone();
    let published = action.published.clone();
    let fields = request.fields(
        "UpdateDraftInput",
        &[
            "category", "name", "config", "contract", "secure", "version",
        ],
        &world.switches,
    )?;
    let version = fields.required_whole("version")?;
    let mut next = current.clone();
    next.name = fields.bounded_text("name", MAX_NAME)?.unwrap_or(next.name);
    next.category = fields
        .bounded_text("category", MAX_NAME)?
        .unwrap_or(next.category);
    next.secure = fields.flag("secure")?.unwrap_or(next.secure);
    if let Some(contract) = fields.value("contract") {
        next.contract = Contract::parsed(contract, &world.switches).map_err(of_draft)?;
    }
    next.config = patched_config(&current.config, fields.value("config"), &world.switches)?;
    if version != current.version {
        return Err(stale(version, current.version, &world.switches));
    }
    if let Some(published) = published {
        keeps_contract(&published, &next, &world.switches)?;
    }
    next.version = version_after(&current, &next, &world.switches);
    let changes = differences(&current, &next);
    let subject = Subject::new(EntityType::ActionDraft, id, &next.name);
    world.action_mut(id)?.draft = Some(next);
    world.audit(request, subject, AuditAction::Update, changes);
    let body = shown(world.action(id)?, View::default(), &world.switches)?;
    Ok(Reply::ok(body))
}

/// Contract and secure of a published action cannot change, unless the switch lets a draft do it.
fn keeps_contract(
    published: &Revision,
    next: &Revision,
    switches: &Switches,
) -> Result<(), ApiError> {
    if switches.draft_contract_change == DraftContractChange::Accept {
        return Ok(());
    }
    // Written back as it was answered, a contract is no change.
    if next.contract.spelled(switches) != published.contract.spelled(switches) {
        return Err(ApiError::constraint(
            "contract",
            "The contract of a published action cannot be changed",
        ));
    }
    if next.secure != published.secure {
        return Err(ApiError::constraint(
            "secure",
            "The secure setting of a published action cannot be changed",
        ));
    }
    Ok(())
}

pub(crate) fn delete(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let id = request.param("actionId");
    let action = world.action_mut(id)?;
    let name = action.draft()?.name.clone();
    action.draft = None;
    // An action that was only a draft is gone with it.
    world
        .actions
        .retain(|action| action.id != id || action.published.is_some());
    let subject = Subject::new(EntityType::ActionDraft, id, &name);
    world.audit(request, subject, AuditAction::Delete, Vec::new());
    Ok(Reply::no_content())
}

/// What keeps a draft from being published.
fn problems(draft: &Revision) -> Vec<ApiError> {
    let mut problems = Vec::new();
    if draft
        .config
        .request_url_template
        .as_ref()
        .is_none_or(|url| url.trim().is_empty())
    {
        problems.push(ApiError::constraint(
            "config.request.requestUrlTemplate",
            "config.request.requestUrlTemplate may not be empty",
        ));
    }
    problems
}

pub(crate) fn validate(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let draft = world.action(request.param("actionId"))?.draft()?;
    let errors: Vec<Value> = problems(draft)
        .iter()
        .map(|problem| problem.body(&request.correlation_id))
        .collect();
    Ok(Reply::ok(
        json!({"valid": errors.is_empty(), "errors": errors}),
    ))
}

pub(crate) fn publish(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let id = request.param("actionId");
    let draft = world.action(id)?.draft()?.clone();
    let fields = request.fields("PublishDraftInput", &["version"], &world.switches)?;
    let version = fields.required_whole("version")?;
    if version != draft.version {
        return Err(ApiError::conflict(
            StatusCode::BAD_REQUEST,
            "bad.request",
            format!(
                "Supplied version {version} does not match latest draft version {}",
                draft.version
            ),
        ));
    }
    if let Some(problem) = problems(&draft).into_iter().next() {
        return Err(problem);
    }
    let now = world.now();
    let switches = world.switches.clone();
    let action = world.action_mut(id)?;
    let before = action.published.take();
    let mut next = draft;
    next.version = before
        .as_ref()
        .map_or(1, |before| version_after(before, &next, &switches));
    let changes = before
        .as_ref()
        .map(|before| differences(before, &next))
        .unwrap_or_default();
    let name = next.name.clone();
    action.before = before.map(|before| (before, now));
    action.published = Some(next);
    action.draft = None;
    let (entity, verb) = publish_audit(&world.switches);
    world.audit(request, Subject::new(entity, id, &name), verb, changes);
    let action = world.action(id)?;
    Ok(Reply::ok(action.published()?.rendered(
        &action.id,
        &action.integration_id,
        &action.path(),
        View::default(),
        &world.switches,
    )))
}

pub(crate) fn template(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    template_of(world.action(request.param("actionId"))?.draft()?, request)
}

pub(crate) fn schema(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let draft = world.action(request.param("actionId"))?.draft()?;
    schema_of(draft, request, &world.switches)
}
