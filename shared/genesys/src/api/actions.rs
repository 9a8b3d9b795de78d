//! Data actions: what a flow calls. A published action has a version; its contract, its integration
//! and whether it is secure are fixed once published.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::test_result::TestResult;
use super::{deleted, found};
use crate::client::Genesys;
use crate::de::or_default;
use crate::error::Error;
use crate::operation;
use crate::paging::Identified;

/// An action. Description, state and dates do not exist on this platform.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Action {
    /// `custom_-_` and a UUID; `static...` for built-in ones, which can't be changed.
    pub id: String,
    /// Its name. Names are not unique.
    pub name: Option<String>,
    /// The integration it belongs to.
    pub integration_id: Option<String>,
    /// Free text that groups actions.
    pub category: Option<String>,
    /// What goes in and comes out; only where asked for.
    pub contract: Option<ActionContract>,
    /// Counts changes; required when changing.
    pub version: Option<i64>,
    /// Whether only secure flows may call it.
    pub secure: Option<bool>,
    /// What it does; only where asked for.
    pub config: Option<ActionConfig>,
}

impl Action {
    /// Whether the platform made it: nobody can change it (official Terraform provider,
    /// `integration_action`).
    pub fn is_built_in(&self) -> bool {
        self.id.starts_with("static")
    }
}

impl Identified for Action {
    fn identity(&self) -> Option<&str> {
        Some(&self.id)
    }
}

/// An action's config. Write it complete: whether the platform merges a part is not documented.
/// Fields this client does not know are kept as they came.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ActionConfig {
    /// 1 to 60 seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<u32>,
    /// The request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestConfig>,
    /// What is made of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<ResponseConfig>,
    /// Whatever else came.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// How an action asks. For an AWS Lambda action the URL template *is* the function's ARN.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestConfig {
    /// URL, or the ARN of the Lambda function.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_url_template: Option<String>,
    /// The body, a Velocity template. A read may leave it out and give its URI alone:
    /// [`Genesys::action_template`] is the sure source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_template: Option<String>,
    /// Where the template can be read; never written.
    #[serde(skip_serializing)]
    pub request_template_uri: Option<String>,
    /// The HTTP method; `POST` for a Lambda.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_type: Option<String>,
    /// Header templates by name.
    #[serde(default, deserialize_with = "or_default")]
    pub headers: BTreeMap<String, String>,
    /// Whatever else came.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// What an action makes of the answer it gets.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResponseConfig {
    /// JSONPath by name.
    #[serde(default, deserialize_with = "or_default")]
    pub translation_map: BTreeMap<String, String>,
    /// Default by name, as JSON text.
    #[serde(default, deserialize_with = "or_default")]
    pub translation_map_defaults: BTreeMap<String, String>,
    /// A Velocity template; `${rawResult}` passes the answer on. Read it by
    /// [`Genesys::action_template`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub success_template: Option<String>,
    /// Where the template can be read; never written.
    #[serde(skip_serializing)]
    pub success_template_uri: Option<String>,
    /// Whatever else came.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// A contract as read. Schemas are raw JSON: the platform takes more than its model declares
/// (`items`).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ActionContract {
    /// What goes in.
    pub input: Option<ContractInput>,
    /// What comes out.
    pub output: Option<ContractOutput>,
}

/// The input half of a contract.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContractInput {
    /// JSON Schema of the input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_schema: Option<Value>,
}

/// The output half of a contract.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContractOutput {
    /// JSON Schema of a success.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub success_schema: Option<Value>,
}

impl ActionContract {
    /// A contract of two schemas.
    pub fn of(input_schema: Value, success_schema: Value) -> Self {
        Self {
            input: Some(ContractInput {
                input_schema: Some(input_schema),
            }),
            output: Some(ContractOutput {
                success_schema: Some(success_schema),
            }),
        }
    }
}

/// A new action. It is published at once.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewAction {
    /// Up to 256 characters.
    pub name: String,
    /// Up to 256 characters.
    pub category: String,
    /// The integration it belongs to, for ever.
    pub integration_id: String,
    /// Both schemas, for ever.
    pub contract: ActionContract,
    /// What it does.
    pub config: ActionConfig,
    /// Whether only secure flows may call it, for ever.
    pub secure: bool,
}

/// A change of a published action: all that can be changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ActionUpdate {
    /// The version this change was decided on.
    pub version: i64,
    /// A new name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A new category.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// A new config, complete.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<ActionConfig>,
}

/// Which actions to list. Empty means all.
#[derive(Debug, Clone, Default)]
pub struct ActionFilter {
    /// Part of the name: the platform matches partially, so compare again
    /// ([`Genesys::custom_actions_named`] does).
    pub name: Option<String>,
    /// Only this category.
    pub category: Option<String>,
    /// Only these ids; the platform accepts up to 50 per request, so more need several requests.
    pub ids: Vec<String>,
    /// Answer the configs too.
    pub include_config: bool,
}

/// A template of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Template {
    /// `requesttemplate.vm`
    Request,
    /// `successtemplate.vm`
    Success,
}

impl Template {
    /// Its file name (terraform-provider-genesyscloud, integration action proxy).
    pub(super) fn file_name(self) -> &'static str {
        match self {
            Self::Request => "requesttemplate.vm",
            Self::Success => "successtemplate.vm",
        }
    }
}

/// The platform's limit for the `ids` parameter.
const MOST_IDS: usize = 50;

impl Genesys {
    /// All actions that match, however many pages they take.
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`]. A page that fails fails the list.
    pub async fn list_actions(&self, filter: &ActionFilter) -> Result<Vec<Action>, Error> {
        if filter.ids.is_empty() {
            return self.list_actions_among(filter, None).await;
        }
        let mut all = Vec::new();
        for ids in filter.ids.chunks(MOST_IDS) {
            all.extend(
                self.list_actions_among(filter, Some(&ids.join(",")))
                    .await?,
            );
        }
        Ok(all)
    }

    /// The custom actions of an integration with exactly this name. Names are not unique, and a
    /// built-in action may have the same one.
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`]. A page that fails fails the list.
    pub async fn custom_actions_named(
        &self,
        name: &str,
        integration_id: &str,
    ) -> Result<Vec<Action>, Error> {
        let filter = ActionFilter {
            name: Some(name.to_owned()),
            ..ActionFilter::default()
        };
        let mut actions = self.list_actions(&filter).await?;
        actions.retain(|action| {
            !action.is_built_in()
                && action.name.as_deref() == Some(name)
                && action.integration_id.as_deref() == Some(integration_id)
        });
        Ok(actions)
    }

    async fn list_actions_among(
        &self,
        filter: &ActionFilter,
        ids: Option<&str>,
    ) -> Result<Vec<Action>, Error> {
        let request = self
            .request(&operation::LIST_ACTIONS, &[])?
            .query_some("name", filter.name.as_deref())
            .query_some("category", filter.category.as_deref())
            .query_some("ids", ids)
            .query_some("includeConfig", filter.include_config.then_some("true"));
        self.all_pages(request).await
    }

    /// One published action with contract and config; `None` where there is none.
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`] but `NotFound`.
    pub async fn get_action(&self, id: &str) -> Result<Option<Action>, Error> {
        // Without both parameters the answer has neither contract nor config.
        let request = self
            .request(&operation::GET_ACTION, &[id])?
            .query("expand", "contract")
            .query("includeConfig", "true");
        found(self.json(request).await)
    }

    /// A template's text, byte for byte; `None` where the action has none (or is not there).
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`] but `NotFound`.
    pub async fn action_template(
        &self,
        id: &str,
        template: Template,
    ) -> Result<Option<String>, Error> {
        let request = self.request(&operation::GET_ACTION_TEMPLATE, &[id, template.file_name()])?;
        found(self.text(request.plain_text()).await)
    }

    /// Creates an action, published at once. It is not repeated on a lost answer: see
    /// [`Error::applied_unknown`].
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`]. A fresh integration may answer `BadRequest` until it has settled.
    pub async fn create_action(&self, action: &NewAction) -> Result<Action, Error> {
        let request = self.request(&operation::CREATE_ACTION, &[])?.json(action)?;
        self.json(request.about(format!("action {:?}", action.name)))
            .await
    }

    /// Changes a published action under its version. A second attempt may meet the first one's
    /// success as a `Conflict`, with [`Error::applied_unknown`] true.
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`]; `Conflict` where the version is not the current one.
    pub async fn patch_action(&self, id: &str, update: &ActionUpdate) -> Result<Action, Error> {
        let request = self.request(&operation::PATCH_ACTION, &[id])?;
        self.json(request.json(update)?).await
    }

    /// Deletes an action.
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`].
    pub async fn delete_action(&self, id: &str) -> Result<(), Error> {
        deleted(
            self.done(self.request(&operation::DELETE_ACTION, &[id])?)
                .await,
        )
    }

    /// Runs the published action and reports every step. It really runs.
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`] where there was no report; a failed run is a [`TestResult`].
    pub async fn test_action(&self, id: &str, input: &Value) -> Result<TestResult, Error> {
        let request = self.request(&operation::TEST_ACTION, &[id])?;
        self.json(request.json(input)?).await
    }
}
