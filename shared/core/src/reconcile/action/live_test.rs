//! The live test: wait first, then probe.
//!
//! IAM settles in 10 to 60 s and Genesys' auth caches in about 10 s; probing too early can poison
//! those caches (official Terraform provider, `oauth_client` resource: a first call made at once
//! "could cause bad data to cache"). So a test waits for the settle time after the role, or the
//! credential that names it, was last changed. One that then fails to assume or to invoke within
//! 60 s of that is run again, never rolled back.

use std::time::Duration;

use genesys_cloud as api;
use jiff::{SignedDuration, Timestamp};
use lockstep_domain::change::TestRecord;
use lockstep_domain::ids::ActionId;
use lockstep_domain::manifest::LiveTest;
use lockstep_domain::rebind::fulfils;
use tracing::info;

use super::{Binding, RebindError};

/// For how long after a role's change a failure to assume or invoke proves nothing.
const SETTLING: SignedDuration = SignedDuration::from_secs(60);
/// Between two runs of a test while the role settles.
const SPACING: Duration = Duration::from_secs(5);

/// What is tried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trial {
    /// The draft, before it is live.
    Draft,
    /// The published action.
    Published,
}

impl Binding<'_> {
    /// Notes that what Genesys Cloud needs to assume the role was changed just now.
    pub(super) fn touched_role(&mut self) {
        self.role_touched_at = Some(self.world.now());
    }

    /// Runs the live test, when the role has settled.
    pub(super) async fn try_out(
        &self,
        trial: Trial,
        action: &ActionId,
        test: &LiveTest,
    ) -> Result<TestRecord, RebindError> {
        let marked = self.world.store.role_changed_at(self.role_name()?).await?;
        let changed_at = marked.max(self.role_touched_at);
        self.settle(changed_at).await?;
        loop {
            let genesys = &self.session.genesys;
            let result = match trial {
                Trial::Draft => genesys.test_draft(action.as_str(), &test.input).await?,
                Trial::Published => genesys.test_action(action.as_str(), &test.input).await?,
            };
            let record = judge(self.world.now(), trial, &result, test);
            let settled = changed_at.is_none_or(|at| self.world.now() > at + SETTLING);
            // An answer that was not the expected one was an answer: the role works.
            let Some(problem) = record
                .problem
                .clone()
                .filter(|_| !result.passed() && !settled)
            else {
                return Ok(record);
            };
            info!(
                problem,
                "the live test failed while the role settles: once more"
            );
            if self.ask.deadline.remaining() < SPACING * 2 {
                return Err(RebindError::Settling { problem });
            }
            tokio::time::sleep(SPACING).await;
        }
    }

    async fn settle(&self, changed_at: Option<Timestamp>) -> Result<(), RebindError> {
        let Some(changed_at) = changed_at else {
            return Ok(());
        };
        let since = self.world.now().duration_since(changed_at);
        let settle = SignedDuration::try_from(self.world.config.settle).unwrap_or_default();
        let Ok(left) = Duration::try_from(settle - since) else {
            return Ok(());
        };
        if self.ask.deadline.remaining() < left {
            return Err(RebindError::Settling {
                problem: "there is no time left to wait for it".into(),
            });
        }
        tokio::time::sleep(left).await;
        Ok(())
    }
}

/// The function's answer is not recorded: it may hold what a caller would be told.
fn judge(at: Timestamp, trial: Trial, result: &api::TestResult, test: &LiveTest) -> TestRecord {
    let problem = if !result.passed() {
        Some(why(result))
    } else {
        match &test.expect {
            Some(expected) if !result.final_result.as_ref().is_some_and(|found| fulfils(expected, found)) => Some(
                "the action answered, but not what `test.expect` says; run the test in Genesys \
                 Cloud to see the answer, which is not recorded"
                    .to_owned(),
            ),
            Some(_) | None => None,
        }
    };
    TestRecord {
        at,
        on_draft: trial == Trial::Draft,
        passed: problem.is_none(),
        operations: result
            .operations
            .iter()
            .map(|operation| {
                let name = operation.name.clone().unwrap_or_else(|| "unnamed".into());
                (name, operation.success.unwrap_or_default())
            })
            .collect(),
        problem,
    }
}

/// Words of a refusal by AWS or Genesys Cloud itself.
const REFUSALS: [&str; 9] = [
    "accessdenied",
    "not authorized",
    "assume",
    "credential",
    "integration",
    "timed out",
    "timeout",
    "throttl",
    "resourcenotfound",
];

/// Signs that a text repeats what a function threw (Lambda developer guide, error payloads).
const OF_A_FUNCTION: [&str; 5] = [
    "errormessage",
    "errortype",
    "stacktrace",
    "unhandled",
    "traceback",
];

/// What failed. A function's own words are left out: they may hold a connection string or what a
/// caller told it, and evidence can't be deleted.
fn why(result: &api::TestResult) -> String {
    let step = result
        .operations
        .iter()
        .find(|operation| operation.success == Some(false))
        .and_then(|operation| operation.name.as_deref())
        .map(|name| format!("the step {name:?} failed"));
    let step = step.unwrap_or_else(|| "the test failed".into());
    match result.error_message() {
        Some(message) if is_a_refusal(message) => format!("{step}: {message}"),
        Some(_) => format!(
            "{step}; the words of what failed are not recorded: see the function's log, or run the \
             test in Genesys Cloud"
        ),
        None => format!("{step}, and Genesys Cloud gives no reason"),
    }
}

fn is_a_refusal(message: &str) -> bool {
    let message = message.to_lowercase();
    let holds = |words: &[&str]| words.iter().any(|word| message.contains(word));
    holds(&REFUSALS) && !holds(&OF_A_FUNCTION)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn judged(result: Value, expect: Option<Value>) -> TestRecord {
        let result: api::TestResult = serde_json::from_value(result).unwrap();
        let test = LiveTest {
            input: json!({}),
            expect,
            safe: true,
        };
        judge(Timestamp::UNIX_EPOCH, Trial::Draft, &result, &test)
    }

    #[test]
    fn a_run_that_the_platform_calls_a_success_and_that_answers_as_expected_passes() {
        let result = json!({
            "success": true,
            "operations": [{"name": "Invoke", "success": true}],
            "finalResult": {"status": "ok", "more": 1},
        });
        let record = judged(result, Some(json!({"status": "ok"})));
        assert!(record.passed, "{record:?}");
        assert_eq!(record.operations, [("Invoke".to_owned(), true)]);
    }

    #[test]
    fn an_unexpected_answer_fails_and_is_not_recorded() {
        let answer = json!({"status": "planted-answer"});
        let result = json!({"success": true, "finalResult": answer});
        let record = judged(result, Some(json!({"status": "ok"})));
        assert!(!record.passed);
        assert!(!format!("{record:?}").contains("planted-answer"));
    }

    #[test]
    fn a_failed_run_carries_the_platforms_own_words() {
        let result = json!({
            "success": false,
            "operations": [{"name": "Assume role", "success": false,
                            "error": {"message": "not authorized"}}],
        });
        assert_eq!(
            judged(result, None).problem.as_deref(),
            Some("the step \"Assume role\" failed: not authorized")
        );
    }

    #[test]
    fn what_a_function_threw_is_not_recorded() {
        for thrown in [
            r#"Unhandled: {"errorMessage": "timeout at postgres://app:planted-password@db"}"#,
            "no luck with planted-password",
        ] {
            let result = json!({
                "success": false,
                "operations": [{"name": "Invoke", "success": false, "error": {"message": thrown}}],
            });
            let record = judged(result, None);
            assert!(!record.passed);
            assert!(!format!("{record:?}").contains("planted-password"));
        }
    }

    #[test]
    fn a_run_without_a_verdict_does_not_pass() {
        assert!(!judged(json!({}), None).passed);
    }
}
