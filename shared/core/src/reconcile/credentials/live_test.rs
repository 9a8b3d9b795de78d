//! Trying credentials out through the actions that use them: wait first, then probe.

use std::collections::BTreeMap;

use lockstep_domain::change::TestRecord;
use lockstep_domain::credentials::{CredentialStep, Unit};
use lockstep_domain::ids::{ActionId, Key};
use lockstep_domain::live_test::no_verdict;
use lockstep_domain::manifest::{LiveTest, Manifest};
use lockstep_domain::plan::Outcome;
use lockstep_domain::rebind::Found;

use super::{UnitError, Work, observe};
use crate::genesys::Session;
use crate::reconcile::action::RebindError;
use crate::reconcile::live_test::{Ran, Trial, Verdict, count_unknown, refused, run};
use crate::reconcile::settle::settle;

/// What the tests of a unit have shown so far.
#[derive(Default)]
struct Tried {
    operations: Vec<(String, bool)>,
    problems: Vec<String>,
}

/// Where a test stands among the change's steps, and what it is about.
struct TestStep<'a> {
    position: usize,
    key: &'a Key,
    action_key: &'a Key,
}

impl Work<'_> {
    /// Lets what was pointed elsewhere settle: running flows may learn of it late, and probing too
    /// early can poison caches.
    pub(super) async fn settle(&mut self) -> Result<(), UnitError> {
        let moved_at = self.change()?.applied_at;
        let time = self.world.config.genesys_settle;
        Ok(settle(self.world, moved_at, time, self.ask.deadline).await?)
    }

    /// Runs every test, so that each credential that does not work is named. `first` is where the
    /// tests stand among the change's steps. A failed test is not run again: unlike a draft, what is
    /// tested is live, and every second counts. One without a verdict is run again at the next
    /// delivery, unless another has failed already.
    pub(super) async fn try_out(
        &mut self,
        tests: &[CredentialStep],
        first: usize,
    ) -> Result<(), UnitError> {
        self.settle().await?;
        let mut tried = Tried::default();
        let mut unknown = Vec::new();
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
            let at = TestStep {
                position: first + index,
                key,
                action_key,
            };
            match self.run(action, test).await? {
                Verdict::Ran(ran) => self.ran(&at, ran, &mut tried)?,
                Verdict::Unknown(last) => unknown.push((at, last)),
            }
        }
        if let Some((_, last)) = unknown.first()
            && tried.problems.is_empty()
        {
            let counts_as_failed = count_unknown(self.change()?, last);
            if counts_as_failed.is_none() {
                let problem = last.clone();
                self.save().await?;
                return Err(RebindError::NoVerdict { problem }.into());
            }
        }
        let deliveries = self.change()?.tests_without_verdict.max(1);
        for (at, last) in unknown {
            let ran = Ran {
                operations: Vec::new(),
                problem: Some(no_verdict(deliveries, &last)),
                denied: false,
            };
            self.ran(&at, ran, &mut tried)?;
        }
        let at = self.world.now();
        let Tried {
            operations,
            problems,
        } = tried;
        self.change()?.test = Some(TestRecord {
            at,
            on_draft: false,
            denial: None,
            passed: problems.is_empty(),
            operations,
            problem: (!problems.is_empty()).then(|| problems.join("; ")),
        });
        self.save().await
    }

    /// Records the verdict of one test.
    fn ran(&mut self, at: &TestStep<'_>, ran: Ran, tried: &mut Tried) -> Result<(), UnitError> {
        let action_key = at.action_key;
        tried.operations.extend(
            ran.operations
                .into_iter()
                .map(|(name, passed)| (format!("{action_key}: {name}"), passed)),
        );
        let outcome = match ran.problem {
            None => Outcome::Applied,
            Some(problem) => {
                let problem = format!("{action_key}: {problem}");
                self.trouble(at.key, &problem)?;
                tried.problems.push(problem.clone());
                Outcome::Failed {
                    kind: "test_failed".into(),
                    message: problem,
                }
            }
        };
        if let Some(recorded) = self.change()?.steps.get_mut(at.position) {
            recorded.outcome = Some(outcome);
        }
        Ok(())
    }

    /// One test. That it can't be run for good shows as little as that it fails.
    async fn run(&self, action: &ActionId, test: &LiveTest) -> Result<Verdict, UnitError> {
        match run(&self.session.genesys, Trial::Published, action, test).await {
            Err(error) if !error.is_transient() => Ok(Verdict::Ran(refused(&error))),
            answer => Ok(answer?),
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
            let problem = match run(genesys, Trial::Published, action, &tried.test).await? {
                Verdict::Ran(ran) => ran.problem,
                Verdict::Unknown(problem) => return Err(RebindError::NoVerdict { problem }.into()),
            };
            if let Some(problem) = problem {
                problems.insert(credential.key.clone(), format!("{key}: {problem}"));
            }
        }
    }
    Ok(problems)
}
