//! The published action: changed rightly and wrongly.

use reqwest::Method;
use serde_json::{Value, json};

use super::{ACTION_EDIT, FUNCTION, OTHER_FUNCTION, TIMEOUT_SECONDS, Writer, config};
use crate::ask::Ask;
use crate::reading::{ACTION, ACTION_VIEW, read_action, unknown_field, whole_action};
use crate::wire::Answer;

impl Writer<'_> {
    /// The current version of the action, read fresh so that no earlier surprise counts.
    pub(super) async fn version(&mut self, action: &str) -> Option<i64> {
        let answer = self
            .survey
            .get(self.wire, "our own", &whole_action(action))
            .await?;
        answer.json()["version"].as_i64()
    }

    /// A PATCH of the action, counted for the audit trail.
    pub(super) async fn patch(
        &mut self,
        action: &str,
        variant: &str,
        body: Value,
    ) -> Option<Answer> {
        let ask = Ask::new(Method::PATCH, ACTION, ACTION_EDIT)
            .on(action)
            .with(body);
        let answer = self.survey.ask(self.wire, variant, &ask).await.ok()?;
        match answer.status {
            200..300 => self.trail.updates += 1,
            _ if variant == "stale version" => self.trail.stale += 1,
            400 => self.trail.invalid += 1,
            _ => {}
        }
        Some(answer)
    }

    /// The published action: unknown field, invalid value, stale version, a part of the config.
    pub(super) async fn published(&mut self, action: &str) {
        read_action(self.wire, self.survey, action, "our own").await;
        let file = Ask::get(
            "/api/v2/integrations/actions/{actionId}/templates/{fileName}",
            ACTION_VIEW,
        )
        .on(action)
        .on("requesttemplate.vm");
        self.survey.get(self.wire, "", &file).await;
        if let Some(version) = self.version(action).await {
            let body = json!({"version": version, "lockstepLiveCheck": true});
            if let Some(answer) = self.patch(action, "unknown field", body).await {
                unknown_field(self.survey, &answer, "a change of an action");
            }
        }
        if let Some(version) = self.version(action).await {
            let mut config = config(FUNCTION);
            config["timeoutSeconds"] = json!(0);
            let body = json!({"version": version, "config": config});
            if let Some(answer) = self.patch(action, "invalid value", body).await {
                let how = "an action with a timeout of 0 seconds";
                self.survey.settle("invalid_value", answer.told(), how);
            }
        }
        self.qualified(action).await;
        self.partial_config(action).await;
        if let Some(version) = self.version(action).await {
            let body = json!({"version": version - 1, "config": config(FUNCTION)});
            if let Some(answer) = self.patch(action, "stale version", body).await {
                self.stale(&answer, "an action");
            }
        }
    }

    /// Whether the ARN of a function may name an alias.
    pub(super) async fn qualified(&mut self, action: &str) {
        let Some(version) = self.version(action).await else {
            return;
        };
        let body = json!({"version": version, "config": config(&format!("{FUNCTION}:live"))});
        let Some(answer) = self.patch(action, "qualified ARN", body).await else {
            return;
        };
        let how = format!(
            "an action with the ARN of an alias was answered {}",
            answer.told()
        );
        match answer.status {
            200..300 => self.survey.settle("qualified_arns", "accept", how),
            400 => self.survey.settle("qualified_arns", "refuse", how),
            _ => self.survey.unclear("qualified_arns", answer.told(), how),
        }
    }

    pub(super) async fn partial_config(&mut self, action: &str) {
        let Some(version) = self.version(action).await else {
            return;
        };
        let body = json!({
            "version": version,
            "config": {"request": {"requestUrlTemplate": OTHER_FUNCTION}},
        });
        let Some(answer) = self.patch(action, "a part of the config", body).await else {
            return;
        };
        let how = "a change that names one field of the config, read back";
        if !answer.is_success() {
            return self.survey.unclear("patch_config", answer.told(), how);
        }
        let read = whole_action(action);
        if let Some(answer) = self
            .survey
            .get(self.wire, "after a part of the config", &read)
            .await
        {
            let kept = answer.json()["config"]["timeoutSeconds"] == json!(TIMEOUT_SECONDS);
            let value = if kept { "merge" } else { "replace" };
            self.survey.settle("patch_config", value, how);
        }
        if let Some(version) = self.version(action).await {
            let body = json!({"version": version, "config": config(FUNCTION)});
            self.patch(action, "the whole config", body).await;
        }
    }

    /// What a stale version leads to. Action and draft share a switch: where they differ, no value fits.
    pub(super) fn stale(&mut self, answer: &Answer, what: &str) {
        let how = format!(
            "{what} under a stale version was answered {}",
            answer.told()
        );
        let status = answer.status.to_string();
        let before = self.survey.facts.get("stale_action_version").cloned();
        match before.map(|fact| fact.value) {
            Some(Ok(value)) if value != status => {
                let mixed = format!("{value} for an action and {status} for a draft");
                self.survey.unclear("stale_action_version", mixed, how);
            }
            Some(Err(_)) => {}
            Some(Ok(_)) | None if matches!(answer.status, 400 | 408 | 409) => {
                self.survey.settle("stale_action_version", status, how);
            }
            Some(Ok(_)) | None => self.survey.unclear("stale_action_version", status, how),
        }
    }
}
