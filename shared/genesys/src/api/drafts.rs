//! Drafts: a change of an action that is not live yet. An action has at most one.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::actions::{Action, ActionConfig, ActionContract};
use super::test_result::TestResult;
use super::{deleted, found};
use crate::client::Genesys;
use crate::de::or_default;
use crate::error::Error;
use crate::operation;

/// A change of a draft. Left out means unchanged.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DraftUpdate {
    /// The draft's version this change was decided on.
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
    /// A new contract. Whether the platform takes one for an action already published is not
    /// documented.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract: Option<ActionContract>,
}

/// What the platform thinks of a draft.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DraftValidation {
    /// Whether it can be published.
    pub valid: Option<bool>,
    /// Why not: `ErrorBody` of the published swagger, each.
    #[serde(default, deserialize_with = "or_default")]
    pub errors: Vec<Value>,
}

impl DraftValidation {
    /// True only where the platform said so.
    pub fn is_valid(&self) -> bool {
        self.valid == Some(true)
    }

    /// The messages of what is wrong.
    pub fn messages(&self) -> Vec<String> {
        let text = |error: &Value| error.get("message")?.as_str().map(str::to_owned);
        self.errors.iter().filter_map(text).collect()
    }
}

impl Genesys {
    /// An action's draft with contract and config; `None` where it has none.
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`] but `NotFound`.
    pub async fn get_draft(&self, action_id: &str) -> Result<Option<Action>, Error> {
        let request = self
            .request(&operation::GET_DRAFT, &[action_id])?
            .query("expand", "contract")
            .query("includeConfig", "true");
        found(self.json(request).await)
    }

    /// Makes a draft of the published action. It is not repeated on a lost answer: see
    /// [`Error::applied_unknown`].
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`]; `BadRequest` with code `policy.violation` where drafts are not
    /// allowed.
    pub async fn create_draft(&self, action_id: &str) -> Result<Action, Error> {
        self.json(self.request(&operation::CREATE_DRAFT, &[action_id])?)
            .await
    }

    /// Changes a draft under its version.
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`]; `Conflict` where the version is not the draft's current one.
    pub async fn patch_draft(
        &self,
        action_id: &str,
        update: &DraftUpdate,
    ) -> Result<Action, Error> {
        let request = self.request(&operation::PATCH_DRAFT, &[action_id])?;
        self.json(request.json(update)?).await
    }

    /// Asks whether the draft can be published.
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`].
    pub async fn validate_draft(&self, action_id: &str) -> Result<DraftValidation, Error> {
        self.json(self.request(&operation::VALIDATE_DRAFT, &[action_id])?)
            .await
    }

    /// Runs the draft and reports every step. It really runs.
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`] where there was no report; a failed run is a [`TestResult`].
    pub async fn test_draft(&self, action_id: &str, input: &Value) -> Result<TestResult, Error> {
        let request = self.request(&operation::TEST_DRAFT, &[action_id])?;
        self.json(request.json(input)?).await
    }

    /// Publishes the draft under *its* version; the answer carries the action's new one. It is not
    /// repeated on a lost answer, as another draft may have taken its place: see
    /// [`Error::applied_unknown`].
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`]; `Conflict` where the version is not the draft's current one.
    pub async fn publish_draft(
        &self,
        action_id: &str,
        draft_version: i64,
    ) -> Result<Action, Error> {
        let request = self.request(&operation::PUBLISH_DRAFT, &[action_id])?;
        self.json(request.json(&json!({"version": draft_version}))?)
            .await
    }

    /// Throws the draft away.
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`].
    pub async fn delete_draft(&self, action_id: &str) -> Result<(), Error> {
        deleted(
            self.done(self.request(&operation::DELETE_DRAFT, &[action_id])?)
                .await,
        )
    }
}
