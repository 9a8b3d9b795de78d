//! Integration credentials: write-only fields, no version, `modifiedDate` as the only mark of a change.
//!
//! Official Python SDK 269.0.0 (Credential, CredentialInfo, CredentialInfoCursorListing).

use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

use crate::audit_log::{AuditAction, EntityType, Subject};
use crate::error::ApiError;
use crate::integration_types::{ARN_TYPE, CREDENTIAL_TYPES, spelled_type};
use crate::paging::{listing as page_listing, page_size};
use crate::request::{Fields, Reply, Request};
use crate::switches::{CredentialRedaction, DeleteUsedCredential, Switches};
use crate::world::{World, written};

/// The official Terraform provider asks the cursor listing for 200.
const MAX_LISTING: usize = 200;
const MODEL_FIELDS: &[&str] = &["id", "name", "type", "credentialFields", "selfUri"];

/// A credential.
#[derive(Debug, Clone)]
pub(crate) struct Credential {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) type_name: &'static str,
    pub(crate) fields: Vec<(String, SecretString)>,
    pub(crate) created: Timestamp,
    pub(crate) modified: Timestamp,
}

impl Credential {
    pub(crate) fn field(&self, name: &str) -> Option<&SecretString> {
        self.fields
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value)
    }

    /// `CredentialInfo`: all but the fields.
    pub(crate) fn info(&self, switches: &Switches) -> Value {
        let type_name = spelled_type(self.type_name, switches);
        json!({
            "id": self.id,
            "name": self.name,
            "createdDate": written(self.created),
            "modifiedDate": written(self.modified),
            "type": {"id": type_name, "name": type_name},
            "selfUri": format!("/api/v2/integrations/credentials/{}", self.id),
        })
    }

    fn redacted(&self, switches: &Switches) -> Value {
        let shown: Map<String, Value> = match switches.credential_redaction {
            CredentialRedaction::Omitted => Map::new(),
            CredentialRedaction::Masked => self
                .fields
                .iter()
                .map(|(name, _)| (name.clone(), json!("********")))
                .collect(),
            CredentialRedaction::ArnVisible => self
                .fields
                .iter()
                .map(|(name, value)| match self.type_name {
                    ARN_TYPE => (name.clone(), json!(value.expose_secret())),
                    _ => (name.clone(), json!("********")),
                })
                .collect(),
        };
        let type_name = spelled_type(self.type_name, switches);
        let mut body = json!({
            "id": self.id,
            "name": self.name,
            "type": {"id": type_name, "name": type_name},
            "selfUri": format!("/api/v2/integrations/credentials/{}", self.id),
        });
        if switches.credential_redaction != CredentialRedaction::Omitted {
            body["credentialFields"] = Value::Object(shown);
        }
        body
    }
}

type Parts = (String, &'static str, Vec<(String, SecretString)>);

fn parsed(request: &Request, switches: &Switches) -> Result<Parts, ApiError> {
    let fields = request.fields("Credential", MODEL_FIELDS, switches)?;
    let kind = Fields::nested(
        fields.required("type")?.clone(),
        "type",
        "CredentialType",
        &["id", "name", "properties", "displayOrder", "required"],
        switches,
    )?;
    let named = match kind.text("name")? {
        Some(name) => name,
        None => kind.required_text("id")?,
    };
    let kind = CREDENTIAL_TYPES
        .iter()
        .find(|kind| spelled_type(kind.name, switches) == named)
        .ok_or_else(|| {
            let known: Vec<&str> = CREDENTIAL_TYPES
                .iter()
                .map(|kind| spelled_type(kind.name, switches))
                .collect();
            ApiError::invalid_value("type.name", &Value::from(named), &known.join(", "))
        })?;
    let values = fields
        .text_map("credentialFields")
        .map_err(without_value)?
        .unwrap_or_default();
    for name in kind.required {
        if !values
            .iter()
            .any(|(key, value)| key == name && !value.is_empty())
        {
            return Err(ApiError::constraint(
                &format!("credentialFields.{name}"),
                format!("credentialFields.{name} may not be empty"),
            ));
        }
    }
    let values = values
        .into_iter()
        .map(|(key, value)| (key, SecretString::from(value)))
        .collect();
    let name = fields.bounded_text("name", 256)?.unwrap_or_default();
    Ok((name, kind.name, values))
}

/// The refusal of a wrong value that does not repeat it: it may be a secret.
fn without_value(mut refusal: ApiError) -> ApiError {
    let field = refusal
        .details
        .first()
        .and_then(|detail| detail.field_name.as_deref())
        .unwrap_or("credentialFields");
    refusal.message = format!("The value of [{field}] is not valid for its field type");
    refusal
}

pub(crate) fn create(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let (name, type_name, fields) = parsed(request, &world.switches)?;
    let now = world.now();
    let credential = Credential {
        id: world.ids.id(),
        name,
        type_name,
        fields,
        created: now,
        modified: now,
    };
    let body = credential.info(&world.switches);
    let subject = Subject::new(EntityType::Credential, &credential.id, &credential.name);
    world.credentials.push(credential);
    world.audit(request, subject, AuditAction::Create, Vec::new());
    Ok(Reply::ok(body))
}

pub(crate) fn list(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let all: Vec<Value> = world
        .credentials
        .iter()
        .map(|credential| credential.info(&world.switches))
        .collect();
    page_listing(
        request,
        "/api/v2/integrations/credentials",
        &all,
        &world.switches,
    )
    .map(Reply::ok)
}

/// The cursor listing: `after` and `before` are ids of entities.
pub(crate) fn listing(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    const PATH: &str = "/api/v2/integrations/credentials/listing";
    let size = page_size(
        "pageSize",
        request.query("pageSize"),
        MAX_LISTING,
        &world.switches,
    )?;
    let all = &world.credentials;
    let place = |name: &'static str| match request.query(name) {
        None => Ok(None),
        Some(id) => all
            .iter()
            .position(|credential| credential.id == id)
            .map(Some)
            .ok_or_else(|| ApiError::invalid_query(name, id, "the id of a credential")),
    };
    let (start, end) = match (place("after")?, place("before")?) {
        (Some(after), _) => (after + 1, (after + 1 + size).min(all.len())),
        (None, Some(before)) => (before.saturating_sub(size), before),
        (None, None) => (0, size.min(all.len())),
    };
    let shown = &all[start..end];
    let entities: Vec<Value> = shown
        .iter()
        .map(|credential| credential.info(&world.switches))
        .collect();
    let mut body = json!({"entities": entities, "selfUri": format!("{PATH}?pageSize={size}")});
    if let Some(last) = shown.last().filter(|_| end < all.len()) {
        body["nextUri"] = format!("{PATH}?pageSize={size}&after={}", last.id).into();
    }
    if let Some(first) = shown.first().filter(|_| start > 0) {
        body["previousUri"] = format!("{PATH}?pageSize={size}&before={}", first.id).into();
    }
    Ok(Reply::ok(body))
}

pub(crate) fn types(world: &mut World, _: &Request) -> Result<Reply, ApiError> {
    let all: Vec<Value> = CREDENTIAL_TYPES
        .iter()
        .map(|kind| {
            let name = spelled_type(kind.name, &world.switches);
            let properties: Map<String, Value> = kind
                .fields
                .iter()
                .map(|field| {
                    (
                        (*field).to_owned(),
                        json!({"type": "string", "title": field}),
                    )
                })
                .collect();
            json!({
                "id": name,
                "name": name,
                "properties": properties,
                "displayOrder": kind.fields,
                "required": kind.required,
            })
        })
        .collect();
    Ok(Reply::ok(Value::Array(all)))
}

pub(crate) fn get(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let credential = world.credential(request.param("credentialId"))?;
    Ok(Reply::ok(credential.redacted(&world.switches)))
}

/// Two writes never show the same time, which is written in milliseconds.
fn next_modified(last: Timestamp, now: Timestamp) -> Timestamp {
    now.max(last + SignedDuration::from_millis(1))
}

pub(crate) fn put(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let id = request.param("credentialId");
    world.credential(id)?;
    let (name, type_name, fields) = parsed(request, &world.switches)?;
    let now = world.now();
    let credential = world
        .credentials
        .iter_mut()
        .find(|credential| credential.id == id)
        .ok_or_else(ApiError::not_found)?;
    credential.name = name;
    credential.type_name = type_name;
    credential.fields = fields;
    credential.modified = next_modified(credential.modified, now);
    let body = credential.info(&world.switches);
    let subject = Subject::new(EntityType::Credential, id, &credential.name);
    world.audit(request, subject, AuditAction::Update, Vec::new());
    Ok(Reply::ok(body))
}

pub(crate) fn delete(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let id = request.param("credentialId");
    let name = world.credential(id)?.name.clone();
    let is_used = world
        .integrations
        .iter()
        .any(|integration| integration.uses(id));
    if is_used && world.switches.delete_used_credential == DeleteUsedCredential::Refuse {
        return Err(ApiError::new(
            StatusCode::CONFLICT,
            "request.conflict",
            "The request conflicts with the current state of the target resource.",
        ));
    }
    world.credentials.retain(|credential| credential.id != id);
    let subject = Subject::new(EntityType::Credential, id, &name);
    world.audit(request, subject, AuditAction::Delete, Vec::new());
    Ok(Reply::no_content())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_writes_in_one_millisecond_show_different_times() {
        let last: Timestamp = "2026-05-01T00:00:00.0005Z".parse().unwrap();
        let next = next_modified(last, last);
        assert_ne!(written(next), written(last));
        let later = last + SignedDuration::from_secs(1);
        assert_eq!(next_modified(last, later), later);
    }
}
