//! The live test: wait first, then probe.
//!
//! IAM settles in 10 to 60 s and Genesys' auth caches in about 10 s; probing too early can poison
//! those caches (official Terraform provider, `oauth_client` resource: a first call made at once
//! "could cause bad data to cache"). So a test waits for the settle time after the role, or the
//! credential that names it, was last changed. One that AWS then does not let assume or invoke
//! within 60 s more is run again, never rolled back.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lockstep_domain::change::{Denial, DesiredId, Shown, TestRecord};
use lockstep_domain::ids::ActionId;
use lockstep_domain::manifest::LiveTest;
use tracing::info;

use super::{ActionRun, RebindError};
use crate::config::Config;
use crate::reconcile::live_test::{Ran, Runs, Trial, Verdict, count_unknown, run_again};
use crate::reconcile::preconditions::{Diagnosis, diagnose};
use crate::reconcile::settle::{settle, settled_at};

/// For how long after the settle time a refusal to assume or invoke proves nothing.
const SETTLING: SignedDuration = SignedDuration::from_secs(60);
/// Between two runs of a test while the role settles.
const SPACING: Duration = Duration::from_secs(5);

/// What Genesys Cloud needs to assume a role, and when it was last changed.
#[derive(Clone, Copy, Debug, Default)]
struct Touched {
    /// The role, in IAM.
    role: Option<Timestamp>,
    /// The credential that names it, in Genesys Cloud.
    credential: Option<Timestamp>,
}

impl Touched {
    /// Whether a refusal to assume or invoke proves nothing at `now`.
    fn may_still_settle(self, config: &Config, now: Timestamp) -> bool {
        let role = self.role.map(|at| settled_at(at, config.role_settle));
        let credential = self.credential;
        let credential = credential.map(|at| settled_at(at, config.genesys_settle));
        let settled = role.max(credential);
        settled.is_some_and(|at| now <= at.saturating_add(SETTLING).unwrap_or(Timestamp::MAX))
    }
}

impl ActionRun<'_, '_> {
    /// Notes that what Genesys Cloud needs to assume the role was changed just now.
    pub(super) fn touched_role(&mut self) {
        let now = self.world.now();
        self.kind.role_touched_at = Some(now);
        if let Some(record) = self.leased() {
            record.role_touched_at = Some(now);
        }
    }

    /// Runs the live test, when the role has settled. One that had no verdict in several deliveries
    /// counts as failed. Of one that AWS refused, what IAM and Lambda show is recorded too: Genesys Cloud
    /// answers the same for every cause.
    pub(super) async fn try_out(
        &mut self,
        trial: Trial,
        action: &ActionId,
        test: &LiveTest,
    ) -> Result<TestRecord, RebindError> {
        // Before the test: a repair that overlaps with it counts as one that came later.
        let (role, by_another) =
            tokio::join!(self.role_changed_at(), self.role_touched_by_another());
        let touched = Touched {
            role: role?,
            credential: self.kind.role_touched_at.max(by_another?),
        };
        let mut ran = match self.verdict(trial, action, test, touched).await? {
            Verdict::Ran(ran) => ran,
            Verdict::Unknown(last) => {
                let counts_as_failed = count_unknown(self.change_mut()?, &last);
                self.save().await?;
                let Some(problem) = counts_as_failed else {
                    return Err(RebindError::NoVerdict { problem: last });
                };
                Ran {
                    operations: Vec::new(),
                    problem: Some(problem),
                    denied: false,
                }
            }
        };
        let mut denial = None;
        if ran.denied
            && let Some(problem) = &mut ran.problem
        {
            let found = self.diagnose().await?;
            problem.push_str(". ");
            problem.push_str(&found.text);
            denial = Some(Denial {
                role_changed_at: touched.role,
                shown: found.shown,
            });
        }
        Ok(TestRecord {
            at: self.world.now(),
            on_draft: trial == Trial::Draft,
            passed: ran.problem.is_none(),
            operations: ran.operations,
            problem: ran.problem,
            denial,
        })
    }

    /// When Lockstep last wrote to the role.
    async fn role_changed_at(&self) -> Result<Option<Timestamp>, RebindError> {
        let role = &self.of_manifest()?.role;
        Ok(self.world.role_marks.changed_at(role).await?)
    }

    /// When another binding last changed the role that the integration uses; none where that can't be
    /// known.
    async fn role_touched_by_another(&self) -> Result<Option<Timestamp>, RebindError> {
        let organization = &self.manifest.organization.id;
        let states = &self.world.states;
        let record = states.integration(organization, &self.kind.integration.key);
        match record.await {
            Ok(record) => Ok(record.value.role_touched_at),
            Err(error) if error.is_transient() => Err(error.into()),
            // A rotation needs nothing of it; whoever creates or changes the integration reports it.
            Err(error) => {
                info!(%error, "Lockstep could not read when other bindings changed the integration");
                Ok(None)
            }
        }
    }

    async fn diagnose(&self) -> Result<Diagnosis, RebindError> {
        let integration = self.of_manifest()?;
        let function = &self.kind.action.function;
        Ok(diagnose(self.world, self.manifest, integration, function).await)
    }

    /// Whether a desired state is held because AWS refused its test, and the role has been repaired
    /// since, by Lockstep or by somebody else.
    ///
    /// # Errors
    /// What is remembered of the role could not be read.
    pub(super) async fn is_denial_over(&self, desired: &DesiredId) -> Result<bool, RebindError> {
        let state = &self.state.value;
        let Some(denial) = state.denial().filter(|_| state.holds(desired).is_some()) else {
            return Ok(false);
        };
        if denial.role_changed_since(self.role_changed_at().await?) {
            return Ok(true);
        }
        // IAM is asked only where it showed the cause: nothing else can be seen to be gone.
        Ok(denial.shown == Shown::Cause && denial.cause_is_gone(self.diagnose().await?.shown))
    }

    async fn verdict(
        &self,
        trial: Trial,
        action: &ActionId,
        test: &LiveTest,
        touched: Touched,
    ) -> Result<Verdict, RebindError> {
        let (world, deadline) = (self.world, self.ask.deadline);
        let config = &world.config;
        settle(world, touched.role, config.role_settle, deadline).await?;
        settle(world, touched.credential, config.genesys_settle, deadline).await?;
        let mut runs = Runs::default();
        loop {
            let ran = run_again(&self.session.genesys, trial, action, test, &mut runs).await?;
            let refused = match &ran {
                Verdict::Ran(ran) if ran.denied => ran.problem.clone(),
                Verdict::Ran(_) | Verdict::Unknown(_) => None,
            };
            let may_pass = touched.may_still_settle(config, world.now());
            let Some(problem) = refused.filter(|_| may_pass) else {
                return Ok(ran);
            };
            info!(
                problem,
                "AWS refused the live test while the role settles; testing again"
            );
            if deadline.remaining() < SPACING * 2 {
                return Err(RebindError::Settling { problem });
            }
            tokio::time::sleep(SPACING).await;
        }
    }
}

#[cfg(test)]
#[path = "live_test_tests.rs"]
mod tests;
