//! The organization, and who one is in it. Official Python SDK 269.0.0 (OrganizationApi, AuthorizationApi,
//! TokensApi, with their models).

use serde_json::{Value, json};

use crate::error::ApiError;
use crate::request::{Reply, Request};
use crate::world::{World, written};

/// What the organization has bought. The official Terraform provider asks for it first of all.
const PRODUCTS: &[&str] = &["genesysCloud3"];

pub(crate) fn me(world: &mut World, _: &Request) -> Result<Reply, ApiError> {
    Ok(Reply::ok(json!({
        "id": world.organization_id,
        "name": world.organization_name,
        "defaultLanguage": "en-us",
        "defaultCountryCode": "US",
        "thirdPartyOrgName": world.organization_name.to_lowercase().replace(' ', "-"),
        "domain": world.organization_name.to_lowercase().replace(' ', "-"),
        "version": 1,
        "state": "active",
        "voicemailEnabled": false,
        "productPlatform": "GenesysCloud",
        "features": {},
        "selfUri": "/api/v2/organizations/me",
    })))
}

pub(crate) fn products(_: &mut World, _: &Request) -> Result<Reply, ApiError> {
    let entities: Vec<Value> = PRODUCTS.iter().map(|id| json!({"id": id})).collect();
    Ok(Reply::ok(json!({
        "pageSize": entities.len(),
        "pageNumber": 1,
        "total": entities.len(),
        "pageCount": 1,
        "entities": entities,
    })))
}

pub(crate) fn home_division(world: &mut World, _: &Request) -> Result<Reply, ApiError> {
    let id = &world.oauth.home_division;
    Ok(Reply::ok(json!({
        "id": id,
        "name": "Home",
        "description": "",
        "homeDivision": true,
        "selfUri": format!("/api/v2/authorization/divisions/{id}"),
    })))
}

/// The client that one is signed in with.
pub(crate) fn token(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let organization = json!({"id": world.organization_id, "name": world.organization_name});
    let client = world
        .oauth
        .client(&request.caller)
        .ok_or_else(ApiError::not_found)?;
    Ok(Reply::ok(json!({
        "organization": organization,
        "homeOrganization": organization,
        "OAuthClient": {
            "id": client.id,
            "name": client.name,
            "dateCreated": written(client.created),
            "dateModified": written(client.modified),
            "authorizedGrantType": client.grant,
            "scope": client.kept.scope,
            "roleDivisions": client.role_divisions(),
            "state": client.state.text(),
            "organization": organization,
        },
    })))
}
