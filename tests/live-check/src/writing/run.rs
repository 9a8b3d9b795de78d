//! Tests and an execution, which fail at the role that does not exist.

use genesys_cloud::TestResult;
use reqwest::Method;
use serde_json::{Value, json};

use super::{ACTION_EXECUTE, INTEGRATION, INTEGRATION_EDIT, Writer};
use crate::ask::Ask;
use crate::reading::INTEGRATION_VIEW;
use crate::wire::Answer;

impl Writer<'_> {
    /// Enables the integration and waits until it has settled.
    pub(super) async fn activated(&mut self, integration: &str) {
        let ask = Ask::new(Method::PATCH, INTEGRATION, INTEGRATION_EDIT)
            .on(integration)
            .with(json!({"intendedState": "ENABLED"}));
        if self.survey.get(self.wire, "", &ask).await.is_none() {
            return;
        }
        let read = Ask::get(INTEGRATION, INTEGRATION_VIEW).on(integration);
        let until = std::time::Instant::now() + self.wire.patience().fresh;
        loop {
            let Some(answer) = self.survey.get(self.wire, "", &read).await else {
                return;
            };
            let state = answer.json()["reportedState"]["code"]
                .as_str()
                .unwrap_or_default();
            if state == "ACTIVE" || state == "ERROR" || std::time::Instant::now() >= until {
                let how = "an enabled integration whose role does not exist";
                return self.survey.settle("enabled_integration_state", state, how);
            }
            let poll = self.wire.patience().poll;
            if let Err(why) = self.wire.wait(poll).await {
                return self.survey.gap(read.name(), "", &why);
            }
        }
    }

    /// Tests and executes. Both fail, as the role does not exist; how they do tells.
    pub(super) async fn run(&mut self, action: &str) {
        let test = |body: Value| {
            Ask::new(
                Method::POST,
                "/api/v2/integrations/actions/{actionId}/test",
                ACTION_EXECUTE,
            )
            .on(action)
            .with(body)
            .running()
        };
        let fits = test(json!({"order": "1", "customer": "1"}));
        let fit = self.survey.get(self.wire, "", &fits).await;
        if let Some(answer) = &fit {
            self.survey
                .reads::<TestResult>(&fits, "", "TestResult", answer.json());
            let steps = answer.json()["operations"].as_array();
            let names: Vec<&str> = steps
                .into_iter()
                .flatten()
                .filter_map(|step| step["name"].as_str())
                .collect();
            self.survey
                .settle("test_steps", names.join(", "), "a test of an action");
            let value = match names.as_slice() {
                [] => "absent",
                names if names.iter().all(|name| is_code(name)) => "codes",
                _ => "words",
            };
            self.survey
                .settle("operation_names", value, "the steps of a test");
            self.trail.ran = true;
        }
        let misfits = test(json!({"order": 1, "customer": 1}));
        if let (Some(fit), Ok(misfit)) = (
            fit,
            self.survey
                .ask(self.wire, "input against the schema", &misfits)
                .await,
        ) {
            self.input_check(&fit, &misfit);
        }
        let ask = Ask::new(
            Method::POST,
            "/api/v2/integrations/actions/{actionId}/execute",
            ACTION_EXECUTE,
        )
        .on(action)
        .with(json!({"order": "1", "customer": "1"}))
        .running();
        if let Ok(answer) = self.survey.ask(self.wire, "", &ask).await {
            self.trail.ran = true;
            let how = "an execution under a role that does not exist";
            self.survey
                .settle("execute_without_role", answer.told(), how);
        }
    }

    /// Compares how an input that fits and one that does not end. Where both end the same way
    /// before anything could look at the input, nothing is known.
    pub(super) fn input_check(&mut self, fit: &Answer, misfit: &Answer) {
        let how = "a test with an input that breaks the contract's schema";
        let ended = |answer: &Answer| {
            let error = &answer.json()["error"];
            let code = error["code"].as_str().unwrap_or_default().to_owned();
            (answer.status, code)
        };
        let (fit, misfit) = (ended(fit), ended(misfit));
        if misfit.0 == 400 && fit.0 != 400 || misfit.1.contains("schema") {
            self.survey.settle("input_check", "schema", how);
        } else if fit == misfit && fit.1 == "invalid.credentials" {
            self.survey.settle("input_check", "lenient", how);
        } else {
            self.survey.unclear(
                "input_check",
                "the results of the tests do not show it",
                how,
            );
        }
    }
}

/// Whether a name is made for programs: no blank in it.
fn is_code(name: &str) -> bool {
    !name.contains(' ')
}
