//! The live test: wait first, then probe.
//!
//! IAM settles in 10 to 60 s and Genesys' auth caches in about 10 s; probing too early can poison
//! those caches (official Terraform provider, `oauth_client` resource: a first call made at once
//! "could cause bad data to cache"). So a test waits for the settle time after the role, or the
//! credential that names it, was last changed. One that then fails to assume or to invoke within
//! 60 s of that is run again, never rolled back.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lockstep_domain::change::TestRecord;
use lockstep_domain::ids::ActionId;
use lockstep_domain::manifest::LiveTest;
use tracing::info;

use super::super::preconditions::settles_in;
use super::{Binding, RebindError};
use crate::reconcile::live_test::{Ran, Trial, Verdict, count_unknown, run};

/// For how long after a role's change a failure to assume or invoke proves nothing.
const SETTLING: SignedDuration = SignedDuration::from_secs(60);
/// Between two runs of a test while the role settles.
const SPACING: Duration = Duration::from_secs(5);

impl Binding<'_> {
    /// Notes that what Genesys Cloud needs to assume the role was changed just now.
    pub(super) fn touched_role(&mut self) {
        self.role_touched_at = Some(self.world.now());
    }

    /// Runs the live test, when the role has settled. One that had no verdict in several deliveries
    /// counts as failed.
    pub(super) async fn try_out(
        &mut self,
        trial: Trial,
        action: &ActionId,
        test: &LiveTest,
    ) -> Result<TestRecord, RebindError> {
        let ran = match self.verdict(trial, action, test).await? {
            Verdict::Ran(ran) => ran,
            Verdict::Unknown(last) => {
                let counts_as_failed = count_unknown(self.change()?, &last);
                self.save().await?;
                let Some(problem) = counts_as_failed else {
                    return Err(RebindError::NoVerdict { problem: last });
                };
                Ran {
                    operations: Vec::new(),
                    problem: Some(problem),
                    answered: false,
                }
            }
        };
        Ok(TestRecord {
            at: self.world.now(),
            on_draft: trial == Trial::Draft,
            passed: ran.problem.is_none(),
            operations: ran.operations,
            problem: ran.problem,
        })
    }

    async fn verdict(
        &self,
        trial: Trial,
        action: &ActionId,
        test: &LiveTest,
    ) -> Result<Verdict, RebindError> {
        let marked = self.world.store.role_changed_at(self.role_name()?).await?;
        let changed_at = marked.max(self.role_touched_at);
        self.settle(changed_at).await?;
        loop {
            let verdict = run(&self.session.genesys, trial, action, test).await?;
            let settled = changed_at.is_none_or(|at| self.world.now() > at + SETTLING);
            // An answer that was not the expected one was an answer: the role works.
            let problem = match &verdict {
                Verdict::Ran(ran) if !ran.answered && !settled => ran.problem.clone(),
                Verdict::Ran(_) | Verdict::Unknown(_) => None,
            };
            let Some(problem) = problem else {
                return Ok(verdict);
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
        let Some(left) = settles_in(self.world.now(), changed_at, self.world.config.settle) else {
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
