//! Before the first write: what must hold, what the record should say, and what can be gone back to.

use lockstep_domain::arn::SecretArn;
use lockstep_domain::change::{BindingState, PreviousAction, SecretVersion};
use lockstep_domain::live_test::limits;
use lockstep_domain::manifest::{Action, Delivery, Integration};
use lockstep_domain::rebind::{ActionView, Found, RebindPlan};

use super::{Binding, Look, RebindError, integration_of};
use crate::aws::Access;
use crate::reconcile::preconditions::may_go_live;
use crate::reconcile::versions::still_work;

impl Binding<'_> {
    pub(super) async fn may_go_live(
        &self,
        look: &Look,
        plan: &RebindPlan,
    ) -> Result<(), RebindError> {
        let found = match &look.observed.integration {
            Found::One(seen) => Some(&seen.id),
            Found::Nothing | Found::Several(_) | Found::Gone(_) => None,
        };
        let integration = self.of_manifest()?;
        let (world, manifest) = (self.world, self.manifest);
        let (session, now) = (self.session, world.now());
        may_go_live(world, session, manifest, integration, found, plan, now).await
    }

    /// The action's integration, as the manifest says.
    pub(super) fn of_manifest(&self) -> Result<&Integration, RebindError> {
        integration_of(self.manifest, self.action)
    }

    /// As far as policies tell: says so, and binds all the same, since a resource policy or a key
    /// policy may allow what the role's own policies don't. Only of what is new to the function: a
    /// rotation needs nothing of IAM.
    pub(super) async fn unreadable_secrets(&self) -> Vec<String> {
        if self.action.delivery == Delivery::None {
            return Vec::new();
        }
        let BindingState {
            function, bound, ..
        } = &self.state.value;
        let same_function = function.as_ref() == Some(&self.action.function);
        let is_new = |arn: &SecretArn| !same_function || bound.iter().all(|one| one.arn != *arn);
        let arns = self.action.secrets.iter().map(|one| one.arn.clone());
        let secrets: Vec<SecretArn> = arns.filter(is_new).collect();
        if secrets.is_empty() {
            return Vec::new();
        }
        let access = self
            .world
            .functions
            .read_access(&self.action.function, &secrets)
            .await;
        let role = access.role.as_deref().unwrap_or("unknown");
        access
            .secrets
            .iter()
            .filter_map(|(secret, access)| match access {
                Access::Allowed => None,
                Access::Denied { because } => Some(format!(
                    "the execution role {role} of {} can't read {secret}: {because}; allow it \
                     secretsmanager:GetSecretValue",
                    self.action.function
                )),
                Access::NotEvaluated { because } => Some(format!(
                    "not evaluated: whether {} can read {secret}: {because}",
                    self.action.function
                )),
            })
            .collect()
    }

    /// Going back means going back to something that works: the change is not about the secret, or
    /// every version that the binding used before still works.
    ///
    /// # Errors
    /// A secret could not be looked at.
    pub(super) async fn can_go_back(&self, look: &Look) -> Result<bool, RebindError> {
        let change = self.state.value.change.as_ref();
        let Some(previous) = change.and_then(|change| change.previous.as_ref()) else {
            return Ok(false);
        };
        if previous.secrets == look.desired.secrets {
            return Ok(true);
        }
        if !look.desired.old_version_still_works {
            return Ok(false);
        }
        let before = previous.secrets.iter();
        let before: Vec<_> = before
            .map(|one| (one.arn.clone(), one.version_id.clone()))
            .collect();
        Ok(still_work(self.world, &before).await?)
    }
}

pub(super) fn untested(action: &Action) -> Option<String> {
    match &action.test {
        Some(test) => limits(test),
        None => Some("it has no live test: that it works is not shown by Lockstep".into()),
    }
}

pub(super) fn previous(look: &Look, bound: &[SecretVersion]) -> Option<PreviousAction> {
    let Found::One(seen) = &look.observed.action else {
        return None;
    };
    let view = ActionView {
        name: seen.name.clone(),
        category: seen.category.clone(),
        config: seen.config.clone(),
    };
    Some(PreviousAction::new(&view, seen.version, bound.to_vec()))
}
