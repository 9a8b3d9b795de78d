//! Integration types, their credential slots and config schemas, and the credential types.
//!
//! Type ids: official Terraform modules (integration-lambda-module, aws-event-bridge-module) and
//! terraform-provider-genesyscloud. Credential type `amazonWebServicesARN` with field `ARN` and slot
//! `AmazonWebServicesARN`: integration-lambda-module.

use serde_json::{Value, json};

use crate::error::ApiError;
use crate::paging::listing;
use crate::request::{Reply, Request};
use crate::world::World;

/// Whether published or drafted actions can stand under an integration of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HoldsActions {
    No,
    /// Only through drafts: a create of a published one is refused.
    DraftsOnly,
    Yes,
}

/// An integration type.
#[derive(Debug)]
pub(crate) struct IntegrationType {
    pub(crate) id: &'static str,
    name: &'static str,
    pub(crate) holds_actions: HoldsActions,
    /// Slot in the config's `credentials`, and the credential types it takes.
    pub(crate) slots: &'static [(&'static str, &'static [&'static str])],
    properties: &'static [&'static str],
}

/// The type of integration that invokes Lambda functions.
pub(crate) const LAMBDA: &str = "aws-lambda-data-actions";
/// The slot that names the role to assume.
pub(crate) const ARN_SLOT: &str = "AmazonWebServicesARN";

pub(crate) static TYPES: &[IntegrationType] = &[
    IntegrationType {
        id: LAMBDA,
        name: "AWS Lambda Data Actions",
        holds_actions: HoldsActions::Yes,
        slots: &[(ARN_SLOT, &["amazonWebServicesARN"])],
        properties: &[],
    },
    IntegrationType {
        id: "amazon-eventbridge-source",
        name: "Amazon EventBridge Source",
        holds_actions: HoldsActions::No,
        slots: &[],
        properties: &[
            "eventSourceSuffix",
            "awsAccountId",
            "awsAccountRegion",
            "eventFilter",
        ],
    },
    IntegrationType {
        id: "purecloud-data-actions",
        name: "Genesys Cloud Data Actions",
        holds_actions: HoldsActions::Yes,
        slots: &[("pureCloudOAuthClient", &["pureCloudOAuthClient"])],
        properties: &[],
    },
    IntegrationType {
        id: "custom-rest-actions",
        name: "Web Services Data Actions",
        holds_actions: HoldsActions::Yes,
        slots: &[(
            "basicAuth",
            &["basicAuth", "userDefined", "userDefinedOAuth"],
        )],
        properties: &[],
    },
    IntegrationType {
        id: "function-data-actions",
        name: "Genesys Cloud Function Data Actions",
        holds_actions: HoldsActions::DraftsOnly,
        slots: &[(
            "basicAuth",
            &["basicAuth", "userDefined", "userDefinedOAuth"],
        )],
        properties: &[],
    },
];

/// A credential type: its name and required fields. Types without any take fields of any name.
pub(crate) static CREDENTIAL_TYPES: &[(&str, &[&str])] = &[
    ("amazonWebServicesARN", &["ARN"]),
    ("basicAuth", &["userName", "password"]),
    ("userDefined", &[]),
    ("userDefinedOAuth", &[]),
    ("pureCloudOAuthClient", &["clientId", "clientSecret"]),
];

pub(crate) fn find(id: &str) -> Option<&'static IntegrationType> {
    TYPES.iter().find(|known| known.id == id)
}

impl IntegrationType {
    fn rendered(&self) -> Value {
        let credentials: serde_json::Map<String, Value> = self
            .slots
            .iter()
            .map(|(slot, types)| {
                (
                    (*slot).to_owned(),
                    json!({"required": true, "title": slot, "credentialTypes": types}),
                )
            })
            .collect();
        json!({
            "id": self.id,
            "name": self.name,
            "description": self.name,
            "provider": "clientapps",
            "category": "Data Actions",
            "configPropertiesSchemaUri": format!("/api/v2/integrations/types/{}/configschemas/properties", self.id),
            "configAdvancedSchemaUri": format!("/api/v2/integrations/types/{}/configschemas/advanced", self.id),
            "vendorName": "Genesys",
            "credentials": credentials,
            "nonInstallable": false,
            "userPermissions": [],
            "vendorOAuthClientIds": [],
            "selfUri": format!("/api/v2/integrations/types/{}", self.id),
        })
    }
}

pub(crate) fn list(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let all: Vec<Value> = TYPES.iter().map(IntegrationType::rendered).collect();
    listing(request, "/api/v2/integrations/types", &all, &world.switches).map(Reply::ok)
}

pub(crate) fn get(_: &mut World, request: &Request) -> Result<Reply, ApiError> {
    find(request.param("typeId"))
        .map(|found| Reply::ok(found.rendered()))
        .ok_or_else(ApiError::not_found)
}

pub(crate) fn config_schema(_: &mut World, request: &Request) -> Result<Reply, ApiError> {
    let found = find(request.param("typeId")).ok_or_else(ApiError::not_found)?;
    let properties: &[&str] = match request.param("configType") {
        "properties" => found.properties,
        "advanced" => &[],
        _ => return Err(ApiError::not_found()),
    };
    let properties: serde_json::Map<String, Value> = properties
        .iter()
        .map(|name| ((*name).to_owned(), json!({})))
        .collect();
    Ok(Reply::ok(json!({
        "$schema": "http://json-schema.org/draft-04/schema#",
        "title": found.name,
        "type": "object",
        "properties": properties,
    })))
}
