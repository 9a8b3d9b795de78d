//! OAuth clients over REST.
//!
//! Official Python SDK 269.0.0 (OAuthApi); rules and codes of the published swagger.
//! A reset replaces the one secret of a client; deleting asks for an inactive client.

use axum::http::StatusCode;
use jiff::SignedDuration;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::audit_log::{AuditAction, EntityType, Subject};
use crate::audit_record::Change;
use crate::error::ApiError;
use crate::oauth_clients::{ClientState, DEFAULT_VALIDITY, Kept, OAuthClient};
use crate::paging::whole_listing;
use crate::request::{Fields, Reply, ReplyBody, Request};
use crate::switches::{ClientSecretInGet, OldClientSecret, Switches, TokensAfterReset};
use crate::world::{World, written};

const GRACE: SignedDuration = SignedDuration::from_secs(60);
const MAX_CLIENTS: usize = 500;
const GRANTS: &[&str] = &[
    "CODE",
    "TOKEN",
    "SAML2-BEARER",
    "PASSWORD",
    "CLIENT-CREDENTIALS",
];
const REQUEST_FIELDS: &[&str] = &[
    "name",
    "accessTokenValiditySeconds",
    "description",
    "registeredRedirectUri",
    "roleIds",
    "authorizedGrantType",
    "scope",
    "roleDivisions",
    "state",
    "dateToDelete",
];

fn rendered(client: &OAuthClient, show_secret: bool) -> Value {
    let granted = client.granted_roles();
    let roles: Vec<&String> = granted.iter().map(|(role, _)| role).collect();
    let kept = &client.kept;
    let mut body = json!({
        "id": client.id,
        "name": client.name,
        "description": client.description,
        "accessTokenValiditySeconds": client.validity_seconds,
        "registeredRedirectUri": kept.redirect_uris,
        "roleIds": roles,
        "roleDivisions": client.role_divisions(),
        "dateCreated": written(client.created),
        "dateModified": written(client.modified),
        "authorizedGrantType": client.grant,
        "scope": kept.scope,
        "state": client.state.text(),
        "selfUri": format!("/api/v2/oauth/clients/{}", client.id),
    });
    if let Some(date) = kept.date_to_delete {
        body["dateToDelete"] = json!(written(date));
    }
    if show_secret {
        body["secret"] = json!(client.secret.expose_secret());
    }
    body
}

fn client_not_found() -> ApiError {
    ApiError::new(
        StatusCode::NOT_FOUND,
        "client.not.found",
        "Client was not found.",
    )
}

fn refused(code: &'static str, message: &str) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, code, message)
}

fn shows_secret(switches: &Switches) -> bool {
    switches.client_secret_in_get == ClientSecretInGet::Shown
}

/// All of them at once: the operation has no parameter for pages (official Python SDK 269.0.0,
/// `get_oauth_clients`), and the official Terraform provider gets the same for every page.
pub(crate) fn list(world: &mut World, _: &Request) -> Result<Reply, ApiError> {
    let shown = shows_secret(&world.switches);
    let all: Vec<Value> = world
        .oauth
        .clients
        .iter()
        .map(|client| rendered(client, shown))
        .collect();
    Ok(Reply::ok(whole_listing("/api/v2/oauth/clients", &all)))
}

pub(crate) fn get(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let client = world
        .oauth
        .client(request.param("clientId"))
        .ok_or_else(client_not_found)?;
    Ok(Reply::ok(rendered(client, shows_secret(&world.switches))))
}

/// What a request to create or replace a client says, checked.
struct Wanted {
    name: String,
    description: String,
    grant: String,
    validity_seconds: i64,
    roles: Vec<(String, String)>,
    state: Option<ClientState>,
    kept: Kept,
}

fn wanted(request: &Request, switches: &Switches) -> Result<Wanted, ApiError> {
    let fields = request.fields("OAuthClientRequest", REQUEST_FIELDS, switches)?;
    fields.required("name")?;
    let name = fields.bounded_text("name", 256)?.unwrap_or_default();
    let grant = fields
        .text("authorizedGrantType")?
        .ok_or_else(|| refused("grant.type.required", "Grant type is required."))?;
    if !GRANTS.contains(&grant.as_str()) {
        return Err(refused("bad.grant.type", "Invalid grant type."));
    }
    let validity_seconds = fields
        .whole("accessTokenValiditySeconds")?
        .unwrap_or(DEFAULT_VALIDITY);
    if !(300..=172_800).contains(&validity_seconds) {
        return Err(ApiError::constraint(
            "accessTokenValiditySeconds",
            "accessTokenValiditySeconds must be between 300 and 172800",
        ));
    }
    let roles = role_divisions(&fields, switches)?;
    if grant == "CLIENT-CREDENTIALS" && roles.is_empty() {
        return Err(refused("missing.client.roles", "Client roles are missing."));
    }
    let scope = fields.texts("scope")?;
    // Scopes count for every other grant (official Python SDK 269.0.0, OAuthClient.scope).
    if grant != "CLIENT-CREDENTIALS" && scope.is_empty() {
        return Err(refused("missing.client.scope", "Client scope is missing."));
    }
    let state = fields
        .text("state")?
        .map(|text| {
            ClientState::parse(&text).ok_or_else(|| {
                ApiError::invalid_value("state", &Value::from(text), "active, disabled, inactive")
            })
        })
        .transpose()?;
    Ok(Wanted {
        name,
        description: fields.text("description")?.unwrap_or_default(),
        grant,
        validity_seconds,
        roles,
        state,
        kept: Kept {
            redirect_uris: fields.texts("registeredRedirectUri")?,
            scope,
            date_to_delete: fields.time("dateToDelete")?,
        },
    })
}

fn role_divisions(fields: &Fields, switches: &Switches) -> Result<Vec<(String, String)>, ApiError> {
    let Some(value) = fields.value("roleDivisions") else {
        return Ok(Vec::new());
    };
    let Value::Array(entries) = value else {
        return Err(ApiError::invalid_value("roleDivisions", value, "List"));
    };
    entries
        .iter()
        .map(|entry| {
            let entry = Fields::nested(
                entry.clone(),
                "roleDivisions",
                "RoleDivision",
                &["roleId", "divisionId"],
                switches,
            )?;
            Ok((
                entry.required_text("roleId")?,
                entry.required_text("divisionId")?,
            ))
        })
        .collect()
}

pub(crate) fn create(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let wanted = wanted(request, &world.switches)?;
    if wanted
        .state
        .is_some_and(|state| state != ClientState::Active)
    {
        return Err(refused(
            "bad.client.state",
            "New clients can only have an active state",
        ));
    }
    if world.oauth.clients.len() >= MAX_CLIENTS {
        return Err(refused(
            "auth.too.many.clients",
            "Too many clients exist in this organization.",
        ));
    }
    let now = world.now();
    let client = OAuthClient {
        id: world.ids.id(),
        name: wanted.name,
        description: wanted.description,
        secret: world.ids.secret(),
        old_secret: None,
        grant: wanted.grant,
        validity_seconds: wanted.validity_seconds,
        roles: wanted.roles,
        state: ClientState::Active,
        address_refused: false,
        planted_role: None,
        kept: wanted.kept,
        created: now,
        modified: now,
    };
    let body = rendered(&client, true);
    let subject = Subject::new(EntityType::OAuthClient, &client.id, &client.name);
    world.oauth.clients.push(client);
    world.audit(request, subject, AuditAction::Create, Vec::new());
    Ok(Reply::ok(body))
}

pub(crate) fn put(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let id = request.param("clientId");
    world.oauth.client(id).ok_or_else(client_not_found)?;
    let wanted = wanted(request, &world.switches)?;
    let now = world.now();
    let shown = shows_secret(&world.switches);
    let client = world.oauth.client_mut(id).ok_or_else(client_not_found)?;
    let changes = vec![
        Change::of("name", Some(client.name.clone()), Some(wanted.name.clone())),
        Change::of(
            "state",
            Some(client.state.text().to_owned()),
            wanted.state.map(|state| state.text().to_owned()),
        )
        .filter(|_| wanted.state.is_some()),
    ];
    client.name = wanted.name;
    client.description = wanted.description;
    client.grant = wanted.grant;
    client.validity_seconds = wanted.validity_seconds;
    client.kept = wanted.kept;
    // Written back as it was read, it stays as it was planted.
    if wanted.roles != client.granted_roles() {
        client.roles = wanted.roles;
        client.planted_role = None;
    }
    client.state = wanted.state.unwrap_or(client.state);
    client.modified = now;
    let body = rendered(client, shown);
    let subject = Subject::new(EntityType::OAuthClient, id, &client.name);
    world.audit(request, subject, AuditAction::Update, changes);
    Ok(Reply::ok(body))
}

pub(crate) fn delete(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let id = request.param("clientId");
    let client = world.oauth.client(id).ok_or_else(client_not_found)?;
    if client.state != ClientState::Inactive {
        return Err(refused(
            "cannot.delete.client",
            "Clients must be marked as inactive to be eligible for deletion.",
        ));
    }
    let subject = Subject::new(EntityType::OAuthClient, id, &client.name);
    world.oauth.clients.retain(|client| client.id != id);
    world.oauth.tokens.retain(|token| token.client_id != id);
    world.audit(request, subject, AuditAction::Delete, Vec::new());
    // The published swagger declares 200 without a body here, where other deletes answer 204.
    Ok(Reply {
        status: StatusCode::OK,
        body: ReplyBody::Empty,
    })
}

pub(crate) fn reset_secret(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let id = request.param("clientId");
    let target = world.oauth.client(id).ok_or_else(ApiError::not_found)?;
    let held = world
        .oauth
        .client(&request.caller)
        .map(|caller| caller.roles.as_slice())
        .unwrap_or_default();
    if target.roles.iter().any(|role| !held.contains(role)) {
        return Err(refused(
            "bad.client.role",
            "The caller does not have all the roles assigned to this client.",
        ));
    }
    let now = world.now();
    let grace = world.switches.old_client_secret == OldClientSecret::Grace;
    if world.switches.tokens_after_reset == TokensAfterReset::Revoked {
        world.oauth.tokens.retain(|token| token.client_id != id);
    }
    let client = world.oauth.client_mut(id).ok_or_else(ApiError::not_found)?;
    let old = std::mem::replace(&mut client.secret, world.ids.secret());
    client.old_secret = grace
        .then(|| now.checked_add(GRACE).ok())
        .flatten()
        .map(|until| (old, until));
    client.modified = now;
    let body = rendered(client, true);
    let subject = Subject::new(EntityType::OAuthClient, id, &client.name);
    world.audit(request, subject, AuditAction::Update, Vec::new());
    Ok(Reply::ok(body))
}
