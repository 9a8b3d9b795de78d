//! Making one role right: observe, plan, apply, read again expecting nothing.
//!
//! **Who retries.** Reads that lag behind our own write, and writes that met another writer, are
//! retried here, for seconds. Everything else is the caller's: [`End::Failed`] says whether a
//! redelivery can help.

mod apply;

use std::time::Duration;

use jiff::Timestamp;
use lockstep_domain::arn::RoleArn;
use lockstep_domain::change::ChangeId;
use lockstep_domain::event::{Body, RoleProvisioned, RoleProvisioningFailed};
use lockstep_domain::manifest::Mode;
use lockstep_domain::plan::{Outcome, Step};
use lockstep_domain::problem::Problem;
use lockstep_domain::role::{self, DesiredRole, Keep, RolePlan, RoleRefusal, Stack};
use tracing::{info, warn};

use crate::aws::AwsError;
use crate::config::Config;
use crate::services::Provision;
use crate::store::StoreError;

/// How often a new plan is made because someone else created the role in between.
const MAX_ROUNDS: u32 = 3;

/// IAM's reads may lag behind its writes for some seconds (IAM user guide, "Changes that I make
/// are not always immediately visible"). The first read is at once: it nearly always suffices.
const SECOND_LOOKS: [Duration; 6] = [
    Duration::ZERO,
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];

/// The deployed stack, as far as roles need to know it.
#[must_use]
pub fn stack(config: &Config) -> Stack {
    Stack {
        name: config.stack.clone(),
        partition: config.partition.clone(),
        account: config.account.clone(),
        boundary: config.boundary_arn.clone(),
    }
}

/// The result for one role.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The role.
    pub arn: RoleArn,
    /// The plan, with outcomes where it was applied.
    pub steps: Vec<Step>,
    /// What a reader should know.
    pub notices: Vec<String>,
    /// How it ended.
    pub end: End,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// The role is right: read, or read again after our writes.
    Right,
    /// Mode `plan`: the steps are what would be done.
    Planned,
    /// The role is not ours to change; nothing was written.
    Refused(Vec<Problem>),
    /// It could not be read, corrected, or confirmed to be correct.
    Failed {
        /// What went wrong, with the permission that is missing or the policy as it was sent.
        reason: String,
        /// Whether the same request may succeed later without a repair.
        transient: bool,
    },
}

impl Report {
    /// Of a role that was seen right shortly before, and is not read again.
    #[must_use]
    pub fn seen_right(desired: &DesiredRole) -> Self {
        Self {
            arn: desired.arn.clone(),
            steps: Vec::new(),
            notices: Vec::new(),
            end: End::Right,
        }
    }

    /// Whether anything was written.
    #[must_use]
    pub fn wrote(&self) -> bool {
        self.steps
            .iter()
            .any(|step| step.outcome == Some(Outcome::Applied))
    }

    /// Whether it is exactly as it should be.
    #[must_use]
    pub fn is_right(&self) -> bool {
        match self.end {
            End::Right => true,
            End::Planned | End::Refused(_) | End::Failed { .. } => false,
        }
    }
}

/// What differs between a role and what should hold for it. Reads only.
///
/// # Errors
/// Where the role could not be read: no drift may be concluded from that. The inner [`RoleRefusal`]
/// is a role that is not ours to change.
pub async fn drift(
    world: &Provision,
    desired: &DesiredRole,
) -> Result<Result<RolePlan, RoleRefusal>, AwsError> {
    let observed = world.roles.observe(&desired.name).await?;
    Ok(role::plan(desired, &observed, &Keep::Granted))
}

/// Corrects a role, or in mode `plan` says what would. Never fails as a whole: roles are
/// independent of each other, and one that cannot be corrected must not stop the rest.
pub async fn reconcile(
    world: &Provision,
    desired: &DesiredRole,
    keep: &Keep,
    mode: Mode,
) -> Report {
    let mut report = Report::seen_right(desired);
    report.end = match make_right(world, desired, keep, mode, &mut report).await {
        Ok(end) => end,
        Err(failed) => failed.into(),
    };
    info!(role = %desired.name, end = ?report.end, steps = report.steps.len(), "role");
    report
}

/// Why a role could not be corrected.
#[derive(Debug)]
enum Failed {
    Aws(AwsError),
    Store(StoreError),
    /// A step failed; its outcome says why.
    Step {
        reason: String,
        transient: bool,
    },
    /// Written, and still not seen to be right.
    StillDiffers {
        steps: Vec<String>,
    },
    /// Others kept making and removing the role.
    Unsettled,
}

impl From<AwsError> for Failed {
    fn from(error: AwsError) -> Self {
        Self::Aws(error)
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Failed> for End {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Aws(error) => Self::Failed {
                reason: error.to_string(),
                transient: error.is_transient(),
            },
            Failed::Store(error) => Self::Failed {
                reason: error.to_string(),
                transient: error.is_transient(),
            },
            Failed::Step { reason, transient } => Self::Failed { reason, transient },
            Failed::StillDiffers { steps } => Self::Failed {
                reason: format!(
                    "IAM accepted every step, but the role still differs: {}",
                    steps.join("; ")
                ),
                transient: true,
            },
            Failed::Unsettled => Self::Failed {
                reason: "others created and deleted the role while Lockstep was correcting it"
                    .to_owned(),
                transient: true,
            },
        }
    }
}

async fn make_right(
    world: &Provision,
    desired: &DesiredRole,
    keep: &Keep,
    mode: Mode,
    report: &mut Report,
) -> Result<End, Failed> {
    for _ in 0..MAX_ROUNDS {
        let observed = world.roles.observe(&desired.name).await?;
        let plan = match role::plan(desired, &observed, keep) {
            Ok(plan) => plan,
            Err(RoleRefusal { problems }) => return Ok(End::Refused(problems)),
        };
        report.arn = plan.arn.clone();
        report.steps = plan.describe();
        report.notices.clone_from(&plan.notices);
        if mode == Mode::Plan {
            return Ok(End::Planned);
        }
        if plan.is_empty() {
            return Ok(End::Right);
        }
        let applied = apply::apply(world, desired, &plan).await?;
        if applied.somebody_was_faster {
            continue;
        }
        report.steps = applied.steps;
        if let Some((reason, transient)) = applied.failed {
            return Err(Failed::Step { reason, transient });
        }
        return confirm(world, desired, keep).await;
    }
    Err(Failed::Unsettled)
}

/// Observes and plans again, expecting an empty plan.
async fn confirm(world: &Provision, desired: &DesiredRole, keep: &Keep) -> Result<End, Failed> {
    let mut left = Vec::new();
    for wait in SECOND_LOOKS {
        tokio::time::sleep(wait).await;
        let observed = world.roles.observe(&desired.name).await?;
        match role::plan(desired, &observed, keep) {
            Ok(plan) if plan.is_empty() => return Ok(End::Right),
            Ok(plan) => left = plan.describe(),
            Err(RoleRefusal { problems }) => return Ok(End::Refused(problems)),
        }
    }
    warn!(role = %desired.name, "the role still differs after it was written");
    Err(Failed::StillDiffers {
        steps: left.into_iter().map(|step| step.reason).collect(),
    })
}

/// Emits how a role ended, once for each trigger, steps and end: the redeliveries of a message keep
/// its `trigger_id`. Nothing in mode `plan`.
///
/// # Errors
/// The bus did not take it.
pub async fn announce(
    world: &Provision,
    desired: &DesiredRole,
    report: &Report,
    change_id: Option<ChangeId>,
    occasion: &str,
    trigger_id: &str,
) -> Result<(), AwsError> {
    let mut header = world.header();
    header.occurrence = Some(trigger_id.to_owned());
    header.organization_id = Some(desired.organization.clone());
    header.key = Some(desired.key.clone());
    header.change_id = change_id;
    let role_arn = Some(report.arn.to_string());
    let notices = report.notices.clone();
    let mut functions = desired.functions.iter();
    let function_arn = match (functions.next(), functions.next()) {
        (Some(only), None) => Some(only.clone()),
        (_, _) => None,
    };
    let failed = |reason: String, errors: &[Problem]| RoleProvisioningFailed {
        role_arn: role_arn.clone(),
        function_arn: function_arn.clone(),
        notices: notices.clone(),
        errors: errors.to_vec(),
        reason: Some(reason),
    };
    let body: Body = match &report.end {
        End::Planned => return Ok(()),
        End::Right => RoleProvisioned {
            role_arn,
            function_arn,
            notices,
            reason: Some(occasion.to_owned()),
        }
        .into(),
        End::Refused(problems) => {
            let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
            failed(said.join(" "), problems).into()
        }
        End::Failed { reason, .. } => failed(reason.clone(), &[]).into(),
    };
    let of = (
        "role",
        trigger_id,
        report.arn.to_string(),
        body.event_type().as_str(),
        body.reason(),
        &report.steps,
    );
    world.emit_once(&of, header, body.clone()).await.map(drop)
}

/// The moment of a write to a role's access, remembered so that nobody probes it too early.
async fn remember(world: &Provision, desired: &DesiredRole) -> Result<(), StoreError> {
    let now: Timestamp = world.now();
    world
        .role_mark_writer
        .mark_changed(&desired.name, now)
        .await
}
