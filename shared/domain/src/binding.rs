//! The desired state of a binding: the action as it should be in Genesys Cloud, bound to the secret
//! versions that are current.

mod integration;
mod previous_release;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::arn::FunctionArn;
use crate::change::{ChangeId, DesiredId, SecretVersion};
use crate::digest::Digest;
use crate::ids::{ActionId, Key, OrganizationId};
use crate::manifest::{
    Action, Contract, DEFAULT_SUCCESS_TEMPLATE, Delivery, LiveTest, Overlap, RAW_REQUEST,
    SECRETS_PLACEHOLDER,
};
use crate::template::Template;

pub use integration::DesiredIntegration;

/// A data action's config as Genesys keeps it, complete with both templates.
///
/// Source: official Python SDK 269.0.0, `ActionConfig`, `RequestConfig`, `ResponseConfig`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ActionConfig {
    /// 1 to 60; absent means Genesys' default.
    pub timeout_seconds: Option<u32>,
    /// For a Lambda action this *is* the function's ARN.
    pub request_url_template: String,
    /// `POST` for Lambda actions.
    pub request_type: String,
    /// The request template.
    pub request_template: Template,
    /// Request headers.
    pub headers: BTreeMap<String, String>,
    /// JSONPath per name.
    pub translation_map: BTreeMap<String, String>,
    /// Defaults per name.
    pub translation_map_defaults: BTreeMap<String, String>,
    /// The success template.
    pub success_template: Template,
    /// What else the config has.
    #[serde(skip_serializing_if = "OtherMembers::is_empty")]
    pub other: OtherMembers,
}

/// The members of a config that Lockstep does not know, as they were read. They are written back,
/// since a config is always written complete.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherMembers {
    /// Of the config itself.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub config: Map<String, Value>,
    /// Of its request.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub request: Map<String, Value>,
    /// Of its response.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub response: Map<String, Value>,
}

impl OtherMembers {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.config.is_empty() && self.request.is_empty() && self.response.is_empty()
    }
}

/// What should hold for one binding.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DesiredAction {
    /// The manifest key.
    pub key: Key,
    /// The id to adopt.
    pub id: Option<ActionId>,
    /// Whether an exact name match may be adopted.
    pub adopt: bool,
    /// The action's name.
    pub name: String,
    /// Its category; `None` leaves an adopted action's as it is.
    pub category: Option<String>,
    /// Whether its data is hidden from flows that are not secure; `None` leaves an adopted action's
    /// as it is.
    pub secure: Option<bool>,
    /// Its contract; `None` leaves an adopted action's as it is.
    pub contract: Option<Contract>,
    /// The function it calls.
    pub function: FunctionArn,
    /// What is managed of its templates.
    pub templates: DesiredTemplates,
    /// 1 to 60; `None` leaves it as it is.
    pub timeout_seconds: Option<u32>,
    /// The versions it is bound to.
    pub secrets: Vec<SecretVersion>,
    /// Whether a failed change can go back: every secret's old version still works.
    pub old_version_still_works: bool,
    /// The live test.
    pub test: Option<LiveTest>,
}

/// What is managed of an action's templates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DesiredTemplates {
    /// `delivery: none` on an adopted action: byte for byte as they are.
    AsFound,
    /// These. What the manifest does not name of an adopted action is `None` and stays as it is.
    Exactly {
        /// The request template.
        request: String,
        /// The success template.
        success: Option<String>,
        /// JSONPath per name.
        translation_map: Option<BTreeMap<String, String>>,
        /// Defaults per name.
        translation_map_defaults: Option<BTreeMap<String, String>>,
    },
}

impl DesiredAction {
    /// What should hold for `action`, given the versions of its secrets that are current, in the
    /// manifest's order.
    pub fn new(action: &Action, secrets: Vec<SecretVersion>) -> Self {
        let templates = if action.keeps_templates() {
            DesiredTemplates::AsFound
        } else {
            DesiredTemplates::Exactly {
                request: request_template(action, &secrets),
                success: action.success_template.clone(),
                translation_map: action.translation_map.clone(),
                translation_map_defaults: action.translation_map_defaults.clone(),
            }
        };
        let keeps_secure = action.is_adopted() && action.secure.is_none();
        let keeps_category = action.is_adopted() && !action.category_given;
        Self {
            key: action.key.clone(),
            id: action.id.clone(),
            adopt: action.adopt,
            name: action.name.clone(),
            category: (!keeps_category).then(|| action.category.clone()),
            secure: (!keeps_secure).then(|| action.secure.unwrap_or_default()),
            contract: action.contract.clone(),
            function: action.function.clone(),
            templates,
            timeout_seconds: action.timeout_seconds.map(u32::from),
            old_version_still_works: action
                .secrets
                .iter()
                .all(|secret| secret.overlap == Overlap::Alternating),
            secrets,
            test: action.test.clone(),
        }
    }

    /// What should hold for `action`, whatever the versions of its secrets are: where this is the
    /// same as before, nothing but versions can differ.
    pub fn but_for_versions(action: &Action, integration: &DesiredIntegration) -> Digest {
        let secrets = action.secrets.iter().map(|secret| SecretVersion {
            name: secret.name.to_string(),
            arn: secret.arn.clone(),
            version_id: String::new(),
        });
        Digest::of(&(Self::new(action, secrets.collect()), integration))
    }

    /// The request template that should hold; none where it stays as it is found.
    pub fn request_template(&self) -> Option<&str> {
        match &self.templates {
            DesiredTemplates::AsFound => None,
            DesiredTemplates::Exactly { request, .. } => Some(request),
        }
    }

    /// The success template that should hold; none where it stays as it is found.
    pub fn success_template(&self) -> Option<&str> {
        match &self.templates {
            DesiredTemplates::AsFound => None,
            DesiredTemplates::Exactly { success, .. } => success.as_deref(),
        }
    }

    /// The id of this state. It covers everything that a change acts on: the integration, with the
    /// role that Genesys Cloud assumes for its actions, is part of it.
    pub fn desired_id(
        &self,
        organization: &OrganizationId,
        integration: &DesiredIntegration,
    ) -> DesiredId {
        DesiredId {
            current: ChangeId::of(organization, &self.key, &(self, integration)),
            previous_release: previous_release::id(self, organization),
        }
    }

    /// The complete desired config, given the current one. Genesys does not say whether a partial
    /// config is merged or replaced, so it is always complete.
    pub fn config(&self, found: Option<&ActionConfig>) -> ActionConfig {
        let base = found.cloned().unwrap_or_else(|| ActionConfig {
            timeout_seconds: None,
            request_url_template: String::new(),
            request_type: "POST".into(),
            request_template: RAW_REQUEST.into(),
            headers: BTreeMap::new(),
            translation_map: BTreeMap::new(),
            translation_map_defaults: BTreeMap::new(),
            success_template: DEFAULT_SUCCESS_TEMPLATE.into(),
            other: OtherMembers::default(),
        });
        let mut config = ActionConfig {
            request_url_template: self.function.to_string(),
            timeout_seconds: self.timeout_seconds.or(base.timeout_seconds),
            ..base
        };
        match &self.templates {
            DesiredTemplates::AsFound => {}
            DesiredTemplates::Exactly {
                request,
                success,
                translation_map,
                translation_map_defaults,
            } => {
                config.request_template = request.as_str().into();
                if let Some(success) = success {
                    config.success_template = success.as_str().into();
                }
                replace(&mut config.translation_map, translation_map);
                replace(
                    &mut config.translation_map_defaults,
                    translation_map_defaults,
                );
            }
        }
        config
    }
}

fn replace<T: Clone>(member: &mut T, named: &Option<T>) {
    if let Some(named) = named {
        member.clone_from(named);
    }
}

/// The request template that carries the references, never the values.
fn request_template(action: &Action, secrets: &[SecretVersion]) -> String {
    let template = action.request_template.as_deref();
    match action.delivery {
        Delivery::None => template.unwrap_or(RAW_REQUEST).to_owned(),
        Delivery::Envelope => {
            let references = references(action.pin, secrets);
            match template {
                Some(template) => template.replace(SECRETS_PLACEHOLDER, &references),
                None => format!(r#"{{"input": {RAW_REQUEST}, "secrets": {references}}}"#),
            }
        }
    }
}

/// `{"NAME": {"arn", "version_id"}}`. Neither an ARN nor a [version id](crate::ids::VersionId) can hold
/// `$`, `#` or a quote, so nothing here needs escaping for Velocity.
fn references(pin: bool, secrets: &[SecretVersion]) -> String {
    let map: Map<String, Value> = secrets
        .iter()
        .map(|secret| {
            let mut reference = json!({"arn": secret.arn, "version_id": secret.version_id});
            if pin {
                reference["pin"] = json!(true);
            }
            (secret.name.clone(), reference)
        })
        .collect();
    Value::Object(map).to_string()
}
