//! The organization. Official Python SDK 269.0.0 (OrganizationApi, Organization).

use serde_json::json;

use crate::error::ApiError;
use crate::request::{Reply, Request};
use crate::world::World;

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
