//! Trying credentials out through the actions that use them: wait first, then probe.

use std::collections::BTreeMap;

use jiff::Timestamp;
use lockstep_domain::change::TestRecord;
use lockstep_domain::credentials::{CredentialSet, CredentialStep};
use lockstep_domain::ids::{ActionId, Key};
use lockstep_domain::live_test::no_verdict;
use lockstep_domain::manifest::{LiveTest, Manifest};
use lockstep_domain::plan::FailureKind;
use lockstep_domain::rebind::Found;

use super::{RebindError, SetRun, observe};
use crate::genesys::Session;
use crate::reconcile::live_test::{Ran, Trial, Verdict, count_unknown, refused, run};
use crate::reconcile::settle::settle;

/// What the tests of a credential set have shown so far.
#[derive(Default)]
struct Tried {
    operations: Vec<(String, bool)>,
    problems: Vec<String>,
}

impl Tried {
    fn record(self, at: Timestamp) -> TestRecord {
        let Self {
            operations,
            problems,
        } = self;
        TestRecord {
            at,
            on_draft: false,
            denial: None,
            passed: problems.is_empty(),
            operations,
            problem: (!problems.is_empty()).then(|| problems.join("; ")),
        }
    }
}

/// One test of the plan.
struct Trying<'a> {
    step: &'a CredentialStep,
    action_key: &'a Key,
    action: &'a ActionId,
    test: &'a LiveTest,
}

impl<'a> Trying<'a> {
    fn of(step: &'a CredentialStep) -> Option<Self> {
        match step {
            CredentialStep::Test {
                action_key,
                action,
                test,
                ..
            } => Some(Self {
                step,
                action_key,
                action,
                test,
            }),
            CredentialStep::Create { .. }
            | CredentialStep::Point { .. }
            | CredentialStep::Delete { .. } => None,
        }
    }
}

impl SetRun<'_, '_> {
    /// Lets what was pointed elsewhere settle: running flows may learn of it late, and probing too
    /// early can poison caches.
    pub(super) async fn settle(&mut self) -> Result<(), RebindError> {
        let moved_at = self.change()?.applied_at;
        let time = self.world.config.genesys_settle;
        settle(self.world, moved_at, time, self.ask.deadline).await
    }

    /// Runs every test, so that each credential that does not work is named. A failed test is not run
    /// again: unlike a draft, what is tested is live, and every second counts. One without a verdict
    /// is run again at the next delivery, unless another has failed already.
    pub(super) async fn try_out(&mut self, tests: &[CredentialStep]) -> Result<(), RebindError> {
        self.settle().await?;
        let mut tried = Tried::default();
        let mut unknown = Vec::new();
        for trying in tests.iter().filter_map(Trying::of) {
            match self.run(trying.action, trying.test).await? {
                Verdict::Ran(ran) => self.ran(&trying, ran, &mut tried)?,
                Verdict::Unknown(last) => unknown.push((trying, last)),
            }
        }
        if let Some((_, last)) = unknown.first()
            && tried.problems.is_empty()
        {
            let counts_as_failed = count_unknown(self.change_mut()?, last);
            if counts_as_failed.is_none() {
                let problem = last.clone();
                self.save().await?;
                return Err(RebindError::NoVerdict { problem });
            }
        }
        let deliveries = self.change()?.tests_without_verdict.max(1);
        for (trying, last) in unknown {
            let ran = Ran {
                operations: Vec::new(),
                problem: Some(no_verdict(deliveries, &last)),
                denied: false,
            };
            self.ran(&trying, ran, &mut tried)?;
        }
        let record = tried.record(self.world.now());
        self.journal()?.tested(record);
        self.save().await
    }

    /// Records the verdict of one test.
    fn ran(&mut self, trying: &Trying<'_>, ran: Ran, tried: &mut Tried) -> Result<(), RebindError> {
        let action_key = trying.action_key;
        let operations = ran.operations.into_iter();
        let named = operations.map(|(name, passed)| (format!("{action_key}: {name}"), passed));
        tried.operations.extend(named);
        let step = trying.step.describe();
        let writer = self.writer();
        let mut journal = self.journal()?;
        match ran.problem {
            None => journal.applied(&step, trying.action.to_string(), writer),
            Some(problem) => {
                let problem = format!("{action_key}: {problem}");
                journal.trouble(&step.key, &problem);
                tried.problems.push(problem.clone());
                journal.failed(&step, FailureKind::TestFailed, problem, writer.at);
            }
        }
        Ok(())
    }

    /// One test. That it can't be run for good shows as little as that it fails.
    async fn run(&self, action: &ActionId, test: &LiveTest) -> Result<Verdict, RebindError> {
        match run(&self.session.genesys, Trial::Published, action, test).await {
            Err(error) if !error.is_transient() => Ok(Verdict::Ran(refused(&error))),
            answer => Ok(answer?),
        }
    }
}

/// Runs the tests of every credential of a set, and answers what failed, by manifest key. Writes
/// nothing.
///
/// # Errors
/// Where the tests could not be run: nothing may be concluded from that.
pub async fn test_credential_set(
    session: &Session,
    manifest: &Manifest,
    set: &CredentialSet<'_>,
) -> Result<BTreeMap<Key, String>, RebindError> {
    let genesys = &session.genesys;
    let integrations = observe::integrations(session, manifest, set).await?;
    let actions = observe::tests(genesys, manifest, set, &integrations).await?;
    let mut problems = BTreeMap::new();
    for credential in &set.credentials {
        for key in &credential.test {
            let (Some(Found::One(action)), Some(tried)) =
                (actions.get(key), manifest.tried_action(key))
            else {
                let problem = format!("{key}: the action does not exist");
                problems.insert(credential.key.clone(), problem);
                continue;
            };
            let problem = match run(genesys, Trial::Published, action, &tried.test).await? {
                Verdict::Ran(ran) => ran.problem,
                Verdict::Unknown(problem) => return Err(RebindError::NoVerdict { problem }),
            };
            if let Some(problem) = problem {
                problems.insert(credential.key.clone(), format!("{key}: {problem}"));
            }
        }
    }
    Ok(problems)
}
