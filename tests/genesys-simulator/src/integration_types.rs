//! Integration types, their credential slots and config schemas, and the credential types.
//!
//! Type ids: official Terraform modules (integration-lambda-module, aws-event-bridge-module) and
//! terraform-provider-genesyscloud. Credential type `amazonWebServicesARN` with field `ARN` and slot
//! `AmazonWebServicesARN`: integration-lambda-module. The slot `basicAuth` of web services, which takes all
//! three credential types of theirs, and `pureCloudOAuthClient`: examples and guides of
//! terraform-provider-genesyscloud (integration, integration_credential, custom auth action; its acceptance tests
//! for `embedded-client-app`, `webhook` and `custom-smtp-server`). That a slot is optional where the help pages
//! offer *no credentials*, and which slots and properties the types have that Lockstep does not use, is assumed.

use serde_json::{Value, json};

use crate::error::ApiError;
use crate::paging::listing;
use crate::request::{Reply, Request};
use crate::switches::{RoleCredentialType, RoleSlot, Switches};
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
/// The type of integration that calls web services.
pub(crate) const WEB_SERVICES: &str = "custom-rest-actions";
/// The type of integration that calls the platform's own API.
pub(crate) const GENESYS_CLOUD: &str = "purecloud-data-actions";
/// The type of integration that calls Salesforce.
pub(crate) const SALESFORCE: &str = "salesforce-datadip";
/// The type of integration that takes calls of other systems.
pub(crate) const WEBHOOK: &str = "webhook";
/// Sent as the Authorization header of every request (help page on the credential types).
pub(crate) const BASIC_AUTH: &str = "basicAuth";
/// Fields of any name; requests refer to them.
const USER_DEFINED: &str = "userDefined";
/// The same, for an authentication that comes before the requests.
pub(crate) const USER_DEFINED_OAUTH: &str = "userDefinedOAuth";
const WEB_SERVICE_TYPES: &[&str] = &[BASIC_AUTH, USER_DEFINED, USER_DEFINED_OAUTH];
/// The slot that names the role to assume.
pub(crate) const ARN_SLOT: &str = "AmazonWebServicesARN";
pub(crate) const ARN_TYPE: &str = "amazonWebServicesARN";

/// A slot as it goes over the wire, by switch.
pub(crate) fn spelled_slot<'a>(slot: &'a str, switches: &Switches) -> &'a str {
    match (slot, switches.role_slot) {
        (ARN_SLOT, RoleSlot::Lower) => "amazonWebServicesARN",
        (slot, RoleSlot::Lower | RoleSlot::Upper) => slot,
    }
}

/// A credential type as it goes over the wire, by switch.
pub(crate) fn spelled_type(name: &'static str, switches: &Switches) -> &'static str {
    match (name, switches.role_credential_type) {
        (ARN_TYPE, RoleCredentialType::Upper) => "AmazonWebServicesARN",
        (name, RoleCredentialType::Lower | RoleCredentialType::Upper) => name,
    }
}

pub(crate) static TYPES: &[IntegrationType] = &[
    IntegrationType {
        id: LAMBDA,
        name: "AWS Lambda Data Actions",
        holds_actions: HoldsActions::Yes,
        slots: &[(ARN_SLOT, &[ARN_TYPE])],
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
        id: GENESYS_CLOUD,
        name: "Genesys Cloud Data Actions",
        holds_actions: HoldsActions::Yes,
        slots: &[("pureCloudOAuthClient", &["pureCloudOAuthClient"])],
        properties: &[],
    },
    IntegrationType {
        id: WEB_SERVICES,
        name: "Web Services Data Actions",
        holds_actions: HoldsActions::Yes,
        slots: &[("basicAuth", WEB_SERVICE_TYPES)],
        properties: &[],
    },
    IntegrationType {
        id: "function-data-actions",
        name: "Genesys Cloud Function Data Actions",
        holds_actions: HoldsActions::DraftsOnly,
        slots: &[("basicAuth", WEB_SERVICE_TYPES)],
        properties: &[],
    },
    IntegrationType {
        id: SALESFORCE,
        name: "Salesforce Data Actions",
        holds_actions: HoldsActions::Yes,
        slots: &[],
        properties: &[],
    },
    IntegrationType {
        id: "embedded-client-app",
        name: "Client Application",
        holds_actions: HoldsActions::No,
        slots: &[],
        properties: &[
            "url",
            "sandbox",
            "displayType",
            "featureCategory",
            "groupFilter",
            "queueIdFilterList",
            "communicationTypeFilter",
            "permissions",
        ],
    },
    IntegrationType {
        id: WEBHOOK,
        name: "Webhooks",
        holds_actions: HoldsActions::No,
        slots: &[],
        properties: &["groups"],
    },
    IntegrationType {
        id: "custom-smtp-server",
        name: "Custom SMTP Server",
        holds_actions: HoldsActions::No,
        slots: &[("basicAuth", &[BASIC_AUTH])],
        properties: &["smtpHost"],
    },
];

/// A credential type. One without fields of its own takes fields of any name.
#[derive(Debug)]
pub(crate) struct CredentialType {
    pub(crate) name: &'static str,
    pub(crate) fields: &'static [&'static str],
    pub(crate) required: &'static [&'static str],
}

impl CredentialType {
    const fn of(name: &'static str, fields: &'static [&'static str]) -> Self {
        Self {
            name,
            fields,
            required: fields,
        }
    }
}

/// That `basicAuth` may have no password, and the type `callJourney`: acceptance tests of
/// terraform-provider-genesyscloud (integration_credential), which run against the live platform.
pub(crate) static CREDENTIAL_TYPES: &[CredentialType] = &[
    CredentialType::of(ARN_TYPE, &["ARN"]),
    CredentialType {
        name: BASIC_AUTH,
        fields: &["userName", "password"],
        required: &["userName"],
    },
    CredentialType::of(USER_DEFINED, &[]),
    CredentialType::of(USER_DEFINED_OAUTH, &[]),
    CredentialType::of("pureCloudOAuthClient", &["clientId", "clientSecret"]),
    CredentialType::of("callJourney", &["authToken"]),
];

pub(crate) fn find(id: &str) -> Option<&'static IntegrationType> {
    TYPES.iter().find(|known| known.id == id)
}

impl IntegrationType {
    fn needs_credential(&self) -> bool {
        self.slots
            .iter()
            .all(|(_, types)| *types != WEB_SERVICE_TYPES)
    }

    fn rendered(&self, switches: &Switches) -> Value {
        let credentials: serde_json::Map<String, Value> = self
            .slots
            .iter()
            .map(|(slot, types)| {
                let slot = spelled_slot(slot, switches);
                let types: Vec<&str> = types
                    .iter()
                    .map(|name| spelled_type(name, switches))
                    .collect();
                (
                    slot.to_owned(),
                    json!({"required": self.needs_credential(), "title": slot, "credentialTypes": types}),
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
    let all: Vec<Value> = TYPES
        .iter()
        .map(|kind| kind.rendered(&world.switches))
        .collect();
    listing(request, "/api/v2/integrations/types", &all, &world.switches).map(Reply::ok)
}

pub(crate) fn get(world: &mut World, request: &Request) -> Result<Reply, ApiError> {
    find(request.param("typeId"))
        .map(|found| Reply::ok(found.rendered(&world.switches)))
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
