//! The draft of a published action, until it is published itself.

use genesys_cloud::{Action, DraftValidation};
use reqwest::Method;
use serde_json::{Value, json};

use super::{ACTION_EDIT, DRAFT, FUNCTION, Writer, config, contract};
use crate::ask::Ask;
use crate::reading::ACTION_VIEW;
use crate::wire::Answer;

impl Writer<'_> {
    /// The draft: stale version, another contract, validation, a stale publish, publish.
    pub(super) async fn drafted(&mut self, action: &str) {
        let ask = Ask::new(Method::POST, DRAFT, ACTION_EDIT).on(action);
        let Some(answer) = self.survey.get(self.wire, "", &ask).await else {
            return;
        };
        self.create_status(
            answer.status,
            format!("{} was answered {}", ask.name(), answer.told()),
        );
        self.survey
            .reads::<Action>(&ask, "", "Action", answer.json());
        let patch = |body: Value| {
            Ask::new(Method::PATCH, DRAFT, ACTION_EDIT)
                .on(action)
                .with(body)
        };
        if let Some(version) = self.draft_version(action).await {
            let ask = patch(json!({"version": version + 7, "config": config(FUNCTION)}));
            if let Ok(answer) = self.survey.ask(self.wire, "stale version", &ask).await {
                self.stale(&answer, "a draft");
            }
        }
        if let Some(version) = self.draft_version(action).await {
            let ask = patch(json!({"version": version, "contract": contract("customer")}));
            if let Ok(answer) = self.survey.ask(self.wire, "another contract", &ask).await {
                self.changed_contract(action, &answer).await;
            }
        }
        let ask = Ask::get(
            "/api/v2/integrations/actions/{actionId}/draft/validation",
            ACTION_EDIT,
        )
        .on(action);
        if let Some(answer) = self.survey.get(self.wire, "", &ask).await {
            self.survey
                .reads::<DraftValidation>(&ask, "", "DraftValidation", answer.json());
        }
        self.publish(action).await;
    }

    pub(super) async fn draft_version(&mut self, action: &str) -> Option<i64> {
        let ask = Ask::get(DRAFT, ACTION_VIEW).on(action);
        let answer = self.survey.get(self.wire, "", &ask).await?;
        answer.json()["version"].as_i64()
    }

    /// An accepted change may still not be kept: the draft is read back.
    pub(super) async fn changed_contract(&mut self, action: &str, answer: &Answer) {
        let how = format!(
            "a draft with another contract was answered {}",
            answer.told()
        );
        if answer.status == 400 || answer.status == 409 {
            return self.survey.settle("draft_contract_change", "refuse", how);
        }
        let ask = Ask::get(DRAFT, ACTION_VIEW)
            .on(action)
            .query("expand", "contract");
        let Some(read) = self.survey.get(self.wire, "with contract", &ask).await else {
            return;
        };
        let text = read.json()["contract"].to_string();
        if text.contains("customer") {
            self.survey.settle("draft_contract_change", "accept", how);
        } else {
            let seen = format!("answered {}, and the contract is unchanged", answer.told());
            self.survey.unclear("draft_contract_change", seen, how);
        }
    }

    pub(super) async fn publish(&mut self, action: &str) {
        let Some(version) = self.draft_version(action).await else {
            return;
        };
        let ask = |version: i64| {
            Ask::new(
                Method::POST,
                "/api/v2/integrations/actions/{actionId}/draft/publish",
                ACTION_EDIT,
            )
            .on(action)
            .with(json!({"version": version}))
        };
        if let Ok(answer) = self
            .survey
            .ask(self.wire, "stale version", &ask(version + 7))
            .await
        {
            let how = "a publish under a version that the draft does not have";
            self.survey
                .settle("stale_draft_publish", answer.told(), how);
        }
        if self
            .survey
            .get(self.wire, "", &ask(version))
            .await
            .is_some()
        {
            self.trail.published = true;
        }
    }
}
