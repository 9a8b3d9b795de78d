//! Trying credentials out through the actions that use them: wait first, then probe.

use std::collections::BTreeMap;
use std::time::Duration;

use genesys_cloud as api;
use jiff::SignedDuration;
use lockstep_domain::change::TestRecord;
use lockstep_domain::credentials::{CredentialStep, Unit};
use lockstep_domain::ids::{ActionId, Key};
use lockstep_domain::manifest::{LiveTest, Manifest};
use lockstep_domain::plan::Outcome;
use lockstep_domain::rebind::{Found, fulfils};

use super::{UnitError, Work, observe};
use crate::genesys::Session;
use crate::reconcile::action::RebindError;
use crate::runtime::chain;

/// What one run said.
struct Ran {
    operations: Vec<(String, bool)>,
    problem: Option<String>,
}

impl Work<'_> {
    /// Lets what was pointed elsewhere settle: running flows may learn of it late, and probing too
    /// early can poison caches.
    pub(super) async fn settle(&mut self) -> Result<(), UnitError> {
        let Some(moved_at) = self.change()?.applied_at else {
            return Ok(());
        };
        let since = self.world.now().duration_since(moved_at);
        let settle = SignedDuration::try_from(self.world.config.settle).unwrap_or_default();
        let Ok(left) = Duration::try_from(settle - since) else {
            return Ok(());
        };
        if self.ask.deadline.remaining() < left {
            let problem = "there is no time left to wait for it".into();
            return Err(RebindError::Settling { problem }.into());
        }
        tokio::time::sleep(left).await;
        Ok(())
    }

    /// Runs every test, so that each credential that does not work is named. `first` is where the
    /// tests stand among the change's steps. Not run again on a failure: unlike a draft, what is
    /// tested is live, and every second counts.
    pub(super) async fn try_out(
        &mut self,
        tests: &[CredentialStep],
        first: usize,
    ) -> Result<(), UnitError> {
        self.settle().await?;
        let mut operations = Vec::new();
        let mut problems = Vec::new();
        for (index, step) in tests.iter().enumerate() {
            let CredentialStep::Test {
                key,
                action_key,
                action,
                test,
            } = step
            else {
                continue;
            };
            let ran = self.run(action, test).await?;
            operations.extend(
                ran.operations
                    .into_iter()
                    .map(|(name, passed)| (format!("{action_key}: {name}"), passed)),
            );
            let outcome = match ran.problem {
                None => Outcome::Applied,
                Some(problem) => {
                    let problem = format!("{action_key}: {problem}");
                    self.trouble(key, &problem)?;
                    problems.push(problem.clone());
                    Outcome::Failed {
                        kind: "test_failed".into(),
                        message: problem,
                    }
                }
            };
            if let Some(recorded) = self.change()?.steps.get_mut(first + index) {
                recorded.outcome = Some(outcome);
            }
        }
        let at = self.world.now();
        self.change()?.test = Some(TestRecord {
            at,
            on_draft: false,
            passed: problems.is_empty(),
            operations,
            problem: (!problems.is_empty()).then(|| problems.join("; ")),
        });
        self.save().await
    }

    /// One test. That it can't be run for good shows as little as that it fails.
    async fn run(&self, action: &ActionId, test: &LiveTest) -> Result<Ran, UnitError> {
        let genesys = &self.session.genesys;
        match genesys.test_action(action.as_str(), &test.input).await {
            Ok(result) => Ok(judge(&result, test)),
            Err(error) if error.is_transient() => Err(error.into()),
            Err(error) => Ok(Ran {
                operations: Vec::new(),
                problem: Some(format!("the test could not be run: {}", chain(&error))),
            }),
        }
    }

    /// Remembers what is wrong with one credential.
    pub(super) fn trouble(&mut self, key: &Key, what: &str) -> Result<(), UnitError> {
        let troubles = &mut self.change()?.troubles;
        match troubles.get_mut(key) {
            Some(known) if known.contains(what) => {}
            Some(known) => {
                known.push_str("; ");
                known.push_str(what);
            }
            None => {
                troubles.insert(key.clone(), what.to_owned());
            }
        }
        Ok(())
    }
}

/// Runs the tests of every credential of a unit, and answers what failed, by manifest key. Writes
/// nothing.
///
/// # Errors
/// Where the tests could not be run: nothing may be concluded from that.
pub async fn try_unit(
    session: &Session,
    manifest: &Manifest,
    unit: &Unit<'_>,
) -> Result<BTreeMap<Key, String>, UnitError> {
    let genesys = &session.genesys;
    let actions = observe::tests(genesys, manifest, unit).await?;
    let mut problems = BTreeMap::new();
    for credential in &unit.credentials {
        for key in &credential.test {
            let (Some(Found::One(action)), Some(tried)) =
                (actions.get(key), manifest.tried_action(key))
            else {
                let problem = format!("{key}: there is no such action");
                problems.insert(credential.key.clone(), problem);
                continue;
            };
            let result = genesys
                .test_action(action.as_str(), &tried.test.input)
                .await?;
            if let Some(problem) = judge(&result, &tried.test).problem {
                problems.insert(credential.key.clone(), format!("{key}: {problem}"));
            }
        }
    }
    Ok(problems)
}

/// The answer is not recorded: it may hold what a caller would be told, or what the other side
/// repeats of the credential.
fn judge(result: &api::TestResult, test: &LiveTest) -> Ran {
    let unexpected = || {
        let expected = test.expect.as_ref()?;
        let found = result.final_result.as_ref();
        (!found.is_some_and(|found| fulfils(expected, found))).then(|| {
            "the action answered, but not what `test.expect` says; run the test in Genesys Cloud to \
             see the answer, which is not recorded"
                .to_owned()
        })
    };
    Ran {
        problem: if result.passed() {
            unexpected()
        } else {
            Some(why(result))
        },
        operations: result
            .operations
            .iter()
            .map(|operation| {
                let name = operation.name.clone().unwrap_or_else(|| "unnamed".into());
                (name, operation.success.unwrap_or_default())
            })
            .collect(),
    }
}

/// Which step failed, and the platform's code for it. Its words are left out: they may hold what
/// the other side answered, and evidence can't be deleted.
fn why(result: &api::TestResult) -> String {
    let failed = result
        .operations
        .iter()
        .find(|operation| operation.success == Some(false));
    let step = failed.and_then(|operation| operation.name.as_deref());
    let what = match step {
        Some(name) => format!("the step {name:?} failed"),
        None => "the test failed".into(),
    };
    let errors = result
        .error
        .iter()
        .chain(failed.and_then(|operation| operation.error.as_ref()));
    let code = errors
        .filter_map(|error| error.get("code")?.as_str())
        .find(|code| is_code(code));
    match code {
        Some(code) => format!("{what} with {code}; run it in Genesys Cloud to see more"),
        None => format!("{what}; run it in Genesys Cloud to see more"),
    }
}

/// Such as `invalid.credentials`: nothing that a value of a secret would be mistaken for, since
/// codes are words of the platform's own.
fn is_code(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_lowercase() || b == b'.';
    text.len() <= 64 && text.contains('.') && text.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn problem(result: Value, expect: Option<Value>) -> Option<String> {
        let result: api::TestResult = serde_json::from_value(result).unwrap();
        let test = LiveTest {
            input: json!({}),
            expect,
            safe: true,
        };
        judge(&result, &test).problem
    }

    #[test]
    fn a_run_that_succeeds_and_answers_as_expected_passes() {
        let result = json!({"success": true, "finalResult": {"ok": true, "more": 1}});
        assert_eq!(problem(result.clone(), None), None);
        assert_eq!(problem(result.clone(), Some(json!({"ok": true}))), None);
        assert!(problem(result, Some(json!({"ok": false}))).is_some());
        assert!(problem(json!({}), None).is_some(), "no verdict is no pass");
    }

    #[test]
    fn what_the_other_side_said_is_not_recorded() {
        let result = json!({
            "success": false,
            "operations": [{"name": "Execute", "success": false, "error": {
                "message": "401 for user planted with credential planted",
                "code": "invalid.credentials",
            }}],
            "error": {"message": "planted", "code": "Planted!"},
        });
        let problem = problem(result, None).unwrap();
        assert!(!problem.to_lowercase().contains("planted"), "{problem}");
        assert!(problem.contains("invalid.credentials"), "{problem}");
        assert!(problem.contains("Execute"), "{problem}");
    }
}
