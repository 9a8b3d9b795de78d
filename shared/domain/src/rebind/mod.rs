//! The planner of the Genesys side: from what should hold for a binding and what was seen of its
//! integration and action, to the steps that close the difference, or the reasons not to act.
//!
//! **Order.** Integration before credential before config before enabled state before action:
//! each needs the one before it, and an action is never live under an integration that can't
//! assume its role. A draft is validated and tested before it is published.
//!
//! **Ownership.** We act on what the manifest names by id, on what our own state names, and on
//! what carries our deterministic name. Names are not unique at Genesys Cloud: several matches are
//! refused, one without our mark is adopted only where the manifest says so, and an id that has
//! gone is never recreated, because flows refer to it.

mod action;
mod describe;
mod expect;
mod fresh;
mod integration;
mod lease;
mod mark;
mod number;
mod observed;
mod pair;
mod schema;
mod step;

use self::action::plan_action;
pub use self::expect::fulfils;
pub use self::fresh::{FRESH, may_pass_while_fresh};
use self::integration::plan_integration;
pub use self::integration::{is_of_another_entry, remembered_integration};
pub use self::lease::{
    CREATE_SHOWS_WITHIN, IntegrationRecord, InvalidRecord, Lease, Taken, in_doubt_for,
};
pub use self::mark::{Mark, Templates};
pub use self::number::same_value;
pub use self::observed::{
    ActionSeen, CredentialSeen, DraftSeen, Found, IntegrationSeen, Observed, OwnCredential,
    Reported,
};
pub use self::pair::{ListedAction, Pair, may_move_role};
pub use self::schema::schema_differences;
pub(crate) use self::schema::{normal_form, refers};
pub use self::step::{ActionView, RebindStep};
use crate::binding::{DesiredAction, DesiredIntegration};
use crate::change::BindingState;
use crate::plan::{Plan, Step};
use crate::problem::Problem;

/// The integration type of Lambda data actions (official module `integration-lambda-module`).
pub const INTEGRATION_TYPE: &str = "aws-lambda-data-actions";

/// The credential type that carries a role, and its one field (same source).
pub const ROLE_CREDENTIAL_TYPE: &str = "amazonWebServicesARN";
/// The field of [`ROLE_CREDENTIAL_TYPE`].
pub const ROLE_CREDENTIAL_FIELD: &str = "ARN";

/// Why nothing is done. Nothing was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Each with what to do about it.
    pub problems: Vec<Problem>,
    /// What does not exist.
    pub absent: Absent,
}

/// Which objects of a binding do not exist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Absent {
    /// The integration that the manifest names by id, or that is remembered.
    pub integration: bool,
    /// The action.
    pub action: bool,
}

impl Absent {
    fn of(observed: &Observed) -> Self {
        Self {
            integration: matches!(observed.integration, Found::Gone(_)),
            action: matches!(observed.action, Found::Gone(_) | Found::Nothing),
        }
    }
}

/// The steps to take, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RebindPlan {
    /// In the order in which they must be taken.
    pub steps: Vec<RebindStep>,
    /// What a reader should know.
    pub notices: Vec<String>,
}

impl RebindPlan {
    /// Whether it creates or changes the integration, which bindings share.
    pub fn changes_integration(&self) -> bool {
        self.steps.iter().any(RebindStep::changes_integration)
    }

    /// Whether it opens a draft, which takes a look whether there is one.
    pub fn opens_draft(&self) -> bool {
        let opens = |step: &RebindStep| matches!(step, RebindStep::OpenDraft { .. });
        self.steps.iter().any(opens)
    }

    /// Whether it makes a draft live.
    pub fn publishes(&self) -> bool {
        let publishes = |step: &RebindStep| matches!(step, RebindStep::PublishDraft { .. });
        self.steps.iter().any(publishes)
    }

    /// The action as it is to be, where the plan changes one that exists.
    pub fn changed_to(&self) -> Option<&ActionView> {
        self.steps.iter().find_map(RebindStep::changes_to)
    }
}

impl Plan for RebindPlan {
    /// A test of a draft is a step between others, so it is never left out.
    fn describe(&self, _with_tests: bool) -> Vec<Step> {
        self.steps.iter().map(RebindStep::describe).collect()
    }

    fn notices(&self) -> &[String] {
        &self.notices
    }

    fn replaces_tested(&self) -> bool {
        self.steps.iter().any(RebindStep::binds)
    }
}

/// Plans one binding.
///
/// # Errors
/// Refuses with every reason at once; nothing may be written then.
pub fn plan(
    integration: &DesiredIntegration,
    action: &DesiredAction,
    observed: &Observed,
    state: &BindingState,
) -> Result<RebindPlan, Refusal> {
    let mut plan = RebindPlan::default();
    let mut problems = Vec::new();
    plan_integration(integration, observed, state, &mut plan, &mut problems);
    plan_action(
        integration,
        action,
        observed,
        state,
        &mut plan,
        &mut problems,
    );
    if problems.is_empty() {
        Ok(plan)
    } else {
        Err(Refusal {
            problems,
            absent: Absent::of(observed),
        })
    }
}

fn problem(at: &str, problem: String, fix: &str) -> Problem {
    Problem {
        at: at.to_owned(),
        line: None,
        problem,
        fix: fix.to_owned(),
    }
}

#[cfg(test)]
pub(crate) mod tests;
