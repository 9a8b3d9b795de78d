//! From the text of a file to what it describes.
//!
//! The files hold secrets in clear: headers, templates of web services, and the fields of credentials in a state of
//! Terraform. So an error names the file and the line, never its text, and values that may be secret are passed
//! over while the text is read: they are in no structure.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::sources::{Action, Credential, Integration, Request, Response, Sources, fields_in};
use super::terraform;
use crate::failure::Failure;

/// What a file is, by the members of its JSON.
#[derive(Deserialize)]
struct Shape<'t> {
    #[serde(borrow, rename = "integrationType")]
    integration_type: Option<&'t RawValue>,
    #[serde(borrow)]
    entities: Option<Vec<&'t RawValue>>,
    #[serde(rename = "integrationId")]
    integration_id: Option<IgnoredAny>,
    contract: Option<IgnoredAny>,
    credentials: Option<IgnoredAny>,
    format_version: Option<IgnoredAny>,
    properties: Option<IgnoredAny>,
}

/// Reads one file into `sources`.
pub(super) fn read(file: &str, text: &str, sources: &mut Sources) -> Result<(), Failure> {
    let shape: Shape<'_> = parse(file, text)?;
    if shape.format_version.is_some() {
        return terraform::read(file, text, sources);
    }
    if let Some(entities) = shape.entities {
        return entities
            .into_iter()
            .try_for_each(|entity| read(file, entity.get(), sources));
    }
    let is_object = |raw: &RawValue| raw.get().starts_with('{');
    match shape.integration_type {
        Some(of) if is_object(of) => parse::<ApiIntegration>(file, text)?.add_to(sources),
        Some(_) => {
            let export: ApiAction = parse(file, text)?;
            sources.actions.push(export.into_action(file));
        }
        None if shape.integration_id.is_some() || shape.contract.is_some() => {
            let action: ApiAction = parse(file, text)?;
            sources.actions.push(action.into_action(file));
        }
        None if shape.credentials.is_some() => {
            let config: ApiConfig = parse(file, text)?;
            config.add_to(sources);
        }
        None if shape.properties.is_some() => {
            return Err(Failure::new(
                file,
                "this is a JSON Schema, which is the contract of an action without the action",
                "Pass the action; its file contains the contract.",
            ));
        }
        None => {
            return Err(Failure::new(
                file,
                "this is neither an action, nor an integration, nor a state of Terraform",
                "Pass an action that the Genesys Cloud console exported, the JSON of GET \
                 /api/v2/integrations/actions/{id}?includeConfig=true&expand=contract or of GET \
                 /api/v2/integrations/{id}, or the output of terraform show -json.",
            ));
        }
    }
    Ok(())
}

/// Parses a text without quoting it in the error.
pub(super) fn parse<'t, T: Deserialize<'t>>(file: &str, text: &'t str) -> Result<T, Failure> {
    serde_json::from_str(text).map_err(|error| {
        use serde_json::error::Category;
        let (line, column) = (error.line(), error.column());
        let what = match error.classify() {
            Category::Data => "a member has another type than it should",
            Category::Syntax => "this is not JSON",
            Category::Eof => "the JSON ends too early",
            Category::Io => "the JSON cannot be read",
        };
        Failure::new(
            file,
            format!("{what} (line {line}, column {column}; the text is not shown, because it may contain secrets)"),
            "Export or save the file again.",
        )
    })
}

/// The names of a map's members. The values are passed over, not kept.
#[derive(Debug, Default)]
pub(super) struct Names(pub(super) BTreeSet<String>);

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = Names;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_unit<E>(self) -> Result<Names, E> {
                Ok(Names::default())
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Names, M::Error> {
                let mut names = BTreeSet::new();
                while let Some((name, _)) = map.next_entry::<String, IgnoredAny>()? {
                    names.insert(name);
                }
                Ok(Names(names))
            }
        }
        deserializer.deserialize_any(Keys)
    }
}

/// The headers of a request: their names, and the names of the credential's fields that their values use.
#[derive(Debug, Default, Deserialize)]
#[serde(from = "Option<BTreeMap<String, String>>")]
pub(super) struct Headers {
    names: Vec<String>,
    fields: BTreeSet<String>,
}

impl From<Option<BTreeMap<String, String>>> for Headers {
    fn from(headers: Option<BTreeMap<String, String>>) -> Self {
        let headers = headers.unwrap_or_default();
        Self {
            fields: headers
                .values()
                .flat_map(|value| fields_in(value))
                .collect(),
            names: headers.into_keys().collect(),
        }
    }
}

/// An action as the API gives it (official Python SDK 269.0.0, `Action`), and as the console exports it: that has the
/// type of its integration in the place of the integration's id, and no id of its own.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ApiAction {
    id: Option<String>,
    name: String,
    integration_id: Option<String>,
    integration_type: Option<String>,
    action_type: Option<String>,
    category: Option<String>,
    #[serde(default)]
    secure: Option<bool>,
    #[serde(default)]
    config: ApiActionConfig,
    #[serde(default)]
    contract: Contract,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ApiActionConfig {
    timeout_seconds: Option<u64>,
    request: ApiRequest,
    response: ApiResponse,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ApiRequest {
    request_url_template: Option<String>,
    request_template: Option<String>,
    request_type: Option<String>,
    headers: Headers,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ApiResponse {
    success_template: Option<String>,
    translation_map: BTreeMap<String, String>,
    translation_map_defaults: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Contract {
    input: Input,
    output: Output,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Input {
    input_schema: Option<Value>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Output {
    success_schema: Option<Value>,
}

impl ApiAction {
    fn into_action(self, file: &str) -> Action {
        let config = self.config;
        Action {
            from: file.to_owned(),
            id: self.id,
            name: self.name,
            integration_id: self.integration_id,
            integration_type: self.integration_type,
            signs_in: self.action_type.as_deref() == Some("customAuth"),
            category: self.category,
            secure: self.secure.unwrap_or_default(),
            timeout_seconds: config.timeout_seconds,
            request: request(
                config.request.request_url_template,
                config.request.request_type,
                config.request.request_template,
                config.request.headers,
            ),
            response: Response {
                success_template: config.response.success_template,
                translation_map: config.response.translation_map,
                translation_map_defaults: config.response.translation_map_defaults,
            },
            input: self.contract.input.input_schema,
            output: self.contract.output.success_schema,
        }
    }
}

/// A request with the names of the credential's fields that it uses.
pub(super) fn request(
    url: Option<String>,
    method: Option<String>,
    template: Option<String>,
    headers: Headers,
) -> Request {
    let mut fields = headers.fields;
    for text in [&url, &template].into_iter().flatten() {
        fields.extend(fields_in(text));
    }
    Request {
        url,
        method,
        template,
        headers: headers.names,
        fields,
    }
}

/// Official Python SDK 269.0.0, `Integration`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ApiIntegration {
    id: Option<String>,
    name: Option<String>,
    integration_type: Id,
    config: Option<Current>,
}

#[derive(Deserialize)]
struct Id {
    id: Option<String>,
}

/// What `expand=config.current` adds (official Python SDK 269.0.0, `IntegrationConfigurationInfo`).
#[derive(Deserialize)]
struct Current {
    current: Option<ApiConfig>,
}

/// Official Python SDK 269.0.0, `IntegrationConfiguration`. Its id is that of the integration.
#[derive(Deserialize)]
struct ApiConfig {
    id: Option<String>,
    name: Option<String>,
    #[serde(default)]
    credentials: BTreeMap<String, ApiCredential>,
}

/// Official Python SDK 269.0.0, `CredentialInfo`.
#[derive(Deserialize)]
struct ApiCredential {
    id: Option<String>,
    #[serde(rename = "type")]
    credential_type: Option<Named>,
}

#[derive(Deserialize)]
struct Named {
    name: Option<String>,
}

impl ApiIntegration {
    fn add_to(self, sources: &mut Sources) {
        let current = self.config.and_then(|config| config.current);
        let credentials = current.map(|config| config.credentials);
        let slots = slots(credentials.unwrap_or_default(), sources);
        sources.integrations.push(Integration {
            id: self.id,
            name: self.name,
            integration_type: self.integration_type.id,
            slots,
        });
    }
}

/// The id of the credential in each slot; what is known of the credentials goes into `sources`.
fn slots(
    credentials: BTreeMap<String, ApiCredential>,
    sources: &mut Sources,
) -> BTreeMap<String, String> {
    let mut slots = BTreeMap::new();
    for (slot, credential) in credentials {
        let id = credential.id.unwrap_or_default();
        sources.credentials.push(Credential {
            id: id.clone(),
            credential_type: credential
                .credential_type
                .and_then(|one| one.name)
                .unwrap_or_default(),
            fields: BTreeSet::new(),
        });
        slots.insert(slot, id);
    }
    slots
}

impl ApiConfig {
    /// A config on its own says which credentials an integration has; the integration may come in another file.
    fn add_to(self, sources: &mut Sources) {
        let slots = slots(self.credentials, sources);
        sources.integrations.push(Integration {
            id: self.id,
            name: self.name,
            integration_type: None,
            slots,
        });
    }
}
