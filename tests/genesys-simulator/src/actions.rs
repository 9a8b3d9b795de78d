//! Published data actions.
//!
//! Official Python SDK 269.0.0 (IntegrationsApi); ids, templates and the immutable fields after
//! terraform-provider-genesyscloud. A published action changes under its version, without a draft.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::action_contract::Contract;
use crate::action_model::{ActionConfig, MAX_NAME, Revision, View};
use crate::audit_log::{AuditAction, EntityType, Subject};
use crate::audit_record::Change;
use crate::auth_action;
use crate::drafts::of_draft;
use crate::error::ApiError;
use crate::integration_deletion::refuse_deleted;
use crate::integration_types::HoldsActions;
use crate::paging::{Page, listing};
use crate::request::{Reply, Request};
use crate::static_actions;
use crate::switches::{
    FreshIntegrationActions, PatchConfig, StaleActionVersion, Switches, VersionRises,
};
use crate::world::World;

pub(crate) const ACTIONS: &str = "/api/v2/integrations/actions";
const MAX_IDS: usize = 50;
const SORTABLE: &[&str] = &[
    "id",
    "name",
    "integrationId",
    "category",
    "version",
    "secure",
    "selfUri",
];
const INPUT_FIELDS: &[&str] = &[
    "category",
    "name",
    "integrationId",
    "config",
    "contract",
    "secure",
];

/// A data action: published, drafted, or both.
#[derive(Debug, Clone)]
pub(crate) struct Action {
    pub(crate) id: String,
    pub(crate) integration_id: String,
    pub(crate) published: Option<Revision>,
    pub(crate) draft: Option<Revision>,
    /// The revision before the last change, and when that was: what flows may still run.
    pub(crate) before: Option<(Revision, Timestamp)>,
}

impl Action {
    /// The published revision; an action that is only a draft is not found.
    pub(crate) fn published(&self) -> Result<&Revision, ApiError> {
        self.published
            .as_ref()
            .ok_or_else(|| ApiError::no_action(&self.id))
    }

    pub(crate) fn draft(&self) -> Result<&Revision, ApiError> {
        self.draft
            .as_ref()
            .ok_or_else(|| ApiError::no_action(&self.id))
    }

    pub(crate) fn name(&self) -> &str {
        self.published
            .as_ref()
            .or(self.draft.as_ref())
            .map_or("", |revision| &revision.name)
    }

    pub(crate) fn path(&self) -> String {
        format!("{ACTIONS}/{}", self.id)
    }

    fn shown(&self, view: View, switches: &Switches) -> Result<Value, ApiError> {
        Ok(self
            .published()?
            .rendered(&self.id, &self.integration_id, &self.path(), view, switches))
    }
}

/// Neither contract nor config is shown unless it is asked for.
pub(crate) fn asked_view(request: &Request) -> Result<View, ApiError> {
    let mut contract = false;
    for part in request.list("expand") {
        if part != "contract" {
            return Err(ApiError::invalid_query("expand", part, "contract"));
        }
        contract = true;
    }
    Ok(View {
        contract,
        flat: request.query_flag("flatten")?.unwrap_or(false),
        config: request.query_flag("includeConfig")?.unwrap_or(false),
    })
}

/// Which actions a listing asks for.
pub(crate) struct Filter<'a> {
    /// None asked for: all.
    ids: Vec<&'a str>,
    name: Option<String>,
    category: Option<&'a str>,
    secure: Option<bool>,
    auth_actions: bool,
}

impl<'a> Filter<'a> {
    pub(crate) fn asked(request: &'a Request) -> Result<Self, ApiError> {
        let ids: Vec<&str> = request.list("ids").collect();
        if ids.len() > MAX_IDS {
            let given = ids.join(",");
            return Err(ApiError::invalid_query("ids", &given, "at most 50 ids"));
        }
        Ok(Self {
            auth_actions: request.query_flag("includeAuthActions")?.unwrap_or(false),
            ids,
            name: request.query("name").map(str::to_lowercase),
            category: request.query("category"),
            secure: request.query_flag("secure")?,
        })
    }

    /// `name` matches a part of the name, whatever its case.
    pub(crate) fn takes(&self, id: &str, revision: &Revision) -> bool {
        (self.auth_actions || !auth_action::is_one(id))
            && (self.ids.is_empty() || self.ids.contains(&id))
            && self
                .name
                .as_ref()
                .is_none_or(|name| revision.name.to_lowercase().contains(name.as_str()))
            && self
                .category
                .is_none_or(|category| revision.category.eq_ignore_ascii_case(category))
            && self.secure.is_none_or(|secure| revision.secure == secure)
    }
}

/// Sorts a listing where it is asked to, by any member of the root (official Python SDK 269.0.0,
/// `get_integrations_actions`); otherwise the oldest stands first.
pub(crate) fn sorted(request: &Request, mut all: Vec<Value>) -> Result<Vec<Value>, ApiError> {
    if let Some(field) = request.query("sortBy") {
        if !SORTABLE.contains(&field) {
            let allowed = SORTABLE.join(", ");
            return Err(ApiError::invalid_query("sortBy", field, &allowed));
        }
        all.sort_by_key(|entry| (entry[field].as_i64(), text_of(&entry[field])));
    }
    ordered(request, all)
}

/// Turns a sorted listing round where it is asked to.
fn ordered(request: &Request, mut all: Vec<Value>) -> Result<Vec<Value>, ApiError> {
    match request.query("sortOrder") {
        None => {}
        Some(order) if order.eq_ignore_ascii_case("asc") => {}
        Some(order) if order.eq_ignore_ascii_case("desc") => all.reverse(),
        Some(other) => return Err(ApiError::invalid_query("sortOrder", other, "ASC, DESC")),
    }
    Ok(all)
}

/// A text whatever its case, anything else as JSON.
fn text_of(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_lowercase)
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
        if let Some(revision) = &action.published
            && filter.takes(&action.id, revision)
        {
            all.push(action.shown(view, &world.switches)?);
        }
    }
    let all = sorted(request, all)?;
    listing(request, ACTIONS, &all, &world.switches).map(Reply::ok)
}

/// The categories of published actions, each once, in pages that name no others (official Python SDK 269.0.0,
/// `CategoryEntityListing`).
pub(crate) fn categories(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let secure = request.query_flag("secure")?;
    let names: BTreeSet<&str> = world
        .actions
        .iter()
        .filter(|action| !auth_action::is_one(&action.id))
        .filter_map(|action| action.published.as_ref())
        .filter(|revision| secure.is_none_or(|secure| revision.secure == secure))
        .map(|revision| revision.category.as_str())
        .collect();
    match request.query("sortBy") {
        None | Some("name") => {}
        Some(other) => return Err(ApiError::invalid_query("sortBy", other, "name")),
    }
    let all = names
        .into_iter()
        .map(|name| json!({"name": name}))
        .collect();
    let all = ordered(request, all)?;
    let page = Page::asked(request, &world.switches)?;
    Ok(Reply::ok(json!({
        "entities": page.slice(&all),
        "pageSize": page.size,
        "pageNumber": page.number,
        "total": all.len(),
        "pageCount": page.count(all.len()),
    })))
}

/// Reads `PostActionInput`: the integration's id and the first revision.
pub(crate) fn new_revision(
    world: &World,
    request: &Request,
    is_draft: bool,
) -> Result<(String, Revision), ApiError> {
    let fields = request.fields("PostActionInput", INPUT_FIELDS, &world.switches)?;
    fields.required("name")?;
    fields.required("category")?;
    let integration_id = fields.required_text("integrationId")?;
    let contract = Contract::parsed(fields.required("contract")?, &world.switches);
    let revision = Revision {
        version: 1,
        name: fields.bounded_text("name", MAX_NAME)?.unwrap_or_default(),
        category: fields
            .bounded_text("category", MAX_NAME)?
            .unwrap_or_default(),
        secure: fields.flag("secure")?.unwrap_or(false),
        contract: contract.map_err(|error| if is_draft { of_draft(error) } else { error })?,
        config: ActionConfig::parsed(fields.required("config")?, &world.switches)?,
    };
    let integration = world.integration(&integration_id).map_err(|_| {
        ApiError::constraint(
            "integrationId",
            format!("There is no integration with id {integration_id}"),
        )
    })?;
    refuse_deleted(integration)?;
    let kind = integration.kind;
    let refused = match (kind.holds_actions, is_draft) {
        (HoldsActions::Yes, _) | (HoldsActions::DraftsOnly, true) => None,
        (HoldsActions::DraftsOnly, false) => Some("creating published actions"),
        (HoldsActions::No, _) => Some("actions"),
    };
    if let Some(what) = refused {
        return Err(ApiError::bad_request(format!(
            "Integration of type '{}' does not support {what}.",
            kind.id
        )));
    }
    let is_fresh = world.now().duration_since(integration.created) < world.activation;
    if is_fresh && world.switches.fresh_integration_actions == FreshIntegrationActions::Refuse {
        return Err(ApiError::bad_request(
            "The integration is not ready for actions yet.",
        ));
    }
    Ok((integration_id, revision))
}

pub(crate) fn create(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let (integration_id, revision) = new_revision(world, request, false)?;
    let action = Action {
        id: format!("custom_-_{}", world.ids.id()),
        integration_id,
        published: Some(revision),
        draft: None,
        before: None,
    };
    let body = action.shown(View::default(), &world.switches)?;
    let subject = Subject::new(EntityType::Action, &action.id, action.name());
    world.actions.push(action);
    world.audit(request, subject, AuditAction::Create, Vec::new());
    Ok(Reply::created(body, &world.switches))
}

/// The contract is there unasked (keys of a live answer, listed by a third party in 2026-08); the config is not.
pub(crate) fn get(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let view = View {
        contract: true,
        ..asked_view(request)?
    };
    let action = world.action(request.param("actionId"))?;
    action.shown(view, &world.switches).map(Reply::ok)
}

/// The refusal of a version that is not the current one; its status is an open point.
pub(crate) fn stale(supplied: i64, current: i64, switches: &Switches) -> ApiError {
    let message =
        format!("Supplied version {supplied} does not match the current version {current}");
    match switches.stale_action_version {
        StaleActionVersion::Timeout => {
            ApiError::conflict(StatusCode::REQUEST_TIMEOUT, "client.timeout", message)
        }
        StaleActionVersion::BadRequest => {
            ApiError::conflict(StatusCode::BAD_REQUEST, "bad.request", message)
        }
        StaleActionVersion::Conflict => {
            ApiError::conflict(StatusCode::CONFLICT, "request.conflict", message)
        }
    }
}

/// The config that a PATCH leads to: replaced or merged, by switch.
pub(crate) fn patched_config(
    current: &ActionConfig,
    given: Option<&Value>,
    switches: &Switches,
) -> Result<ActionConfig, ApiError> {
    match (given, switches.patch_config) {
        (None, _) => Ok(current.clone()),
        (Some(given), PatchConfig::Replace) => ActionConfig::parsed(given, switches),
        (Some(given), PatchConfig::Merge) => {
            // Checked by itself first, so that an unknown field is refused either way.
            ActionConfig::parsed(given, switches)?;
            current.merged(given, switches)
        }
    }
}

/// The version that a revision gets that takes the place of another.
pub(crate) fn version_after(before: &Revision, after: &Revision, switches: &Switches) -> i64 {
    let mut but_for_templates = after.clone();
    but_for_templates.version = before.version;
    let config = &mut but_for_templates.config;
    config
        .request_template
        .clone_from(&before.config.request_template);
    config
        .success_template
        .clone_from(&before.config.success_template);
    let templates_alone = but_for_templates == *before && after.config != before.config;
    match switches.version_rises {
        VersionRises::NotForTemplates if templates_alone => before.version,
        VersionRises::NotForTemplates | VersionRises::Always => before.version + 1,
    }
}

/// The audited differences between two revisions. Templates are named, not shown.
pub(crate) fn differences(before: &Revision, after: &Revision) -> Vec<Option<Change>> {
    let text = |value: &str| Some(value.to_owned());
    let mut changes = vec![
        Change::of("name", text(&before.name), text(&after.name)),
        Change::of("category", text(&before.category), text(&after.category)),
        Change::of(
            "config.request.requestUrlTemplate",
            before.config.request_url_template.clone(),
            after.config.request_url_template.clone(),
        ),
        Change::of(
            "config.timeoutSeconds",
            before
                .config
                .timeout_seconds
                .map(|seconds| seconds.to_string()),
            after
                .config
                .timeout_seconds
                .map(|seconds| seconds.to_string()),
        ),
    ];
    for (property, old, new) in [
        (
            "config.request.requestTemplate",
            &before.config.request_template,
            &after.config.request_template,
        ),
        (
            "config.response.successTemplate",
            &before.config.success_template,
            &after.config.success_template,
        ),
    ] {
        if old != new {
            changes.push(Change::of(property, text("old"), text("new")));
        }
    }
    changes
}

pub(crate) fn patch(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let id = request.param("actionId");
    let current = world.action(id)?.published()?.clone();
    static_actions::refuse_change(id)?;
    let fields = request.fields(
        "UpdateActionInput",
        &["category", "name", "config", "version"],
        &world.switches,
    )?;
    let version = fields.required_whole("version")?;
    let mut next = current.clone();
    next.name = fields.bounded_text("name", MAX_NAME)?.unwrap_or(next.name);
    next.category = fields
        .bounded_text("category", MAX_NAME)?
        .unwrap_or(next.category);
    next.config = patched_config(&current.config, fields.value("config"), &world.switches)?;
    if version != current.version {
        return Err(stale(version, current.version, &world.switches));
    }
    next.version = version_after(&current, &next, &world.switches);
    let changes = differences(&current, &next);
    let subject = Subject::new(EntityType::Action, id, &next.name);
    let now = world.now();
    let action = world.action_mut(id)?;
    action.before = Some((current, now));
    action.published = Some(next);
    world.audit(request, subject, AuditAction::Update, changes);
    let body = world.action(id)?.shown(View::default(), &world.switches)?;
    Ok(Reply::ok(body))
}

pub(crate) fn delete(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let id = request.param("actionId");
    let action = world.action(id)?;
    static_actions::refuse_change(id)?;
    if auth_action::is_one(id) {
        return Err(ApiError::bad_request(
            "A custom authentication action cannot be deleted.",
        ));
    }
    let subject = Subject::new(EntityType::Action, id, action.name());
    world.actions.retain(|action| action.id != id);
    world.audit(request, subject, AuditAction::Delete, Vec::new());
    Ok(Reply::no_content())
}

pub(crate) fn template(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let revision = world.action(request.param("actionId"))?.published()?;
    template_of(revision, request)
}

pub(crate) fn template_of(revision: &Revision, request: &Request) -> Result<Reply, ApiError> {
    revision
        .template(request.param("fileName"))
        .map(|template| Reply::text(template.clone()))
        .ok_or_else(ApiError::not_found)
}

pub(crate) fn schema(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let revision = world.action(request.param("actionId"))?.published()?;
    schema_of(revision, request, &world.switches)
}

pub(crate) fn schema_of(
    revision: &Revision,
    request: &Request,
    switches: &Switches,
) -> Result<Reply, ApiError> {
    request.query_flag("flatten")?;
    revision
        .schema(request.param("fileName"), switches)
        .map(Reply::ok)
        .ok_or_else(ApiError::not_found)
}
