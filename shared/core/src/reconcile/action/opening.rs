//! Before the first write: what must hold, and what the record should say.

use lockstep_domain::arn::SecretArn;
use lockstep_domain::change::{Before, BindingState, PreviousAction, SecretVersion};
use lockstep_domain::live_test::limits;
use lockstep_domain::manifest::{Action, Delivery, Integration};
use lockstep_domain::plan::{ObjectKind, Step};
use lockstep_domain::rebind::{ActionView, RebindPlan};

use super::{ActionRun, Observation, RebindError, integration_of};
use crate::aws::Access;
use crate::reconcile::kind::Recorded;
use crate::reconcile::preconditions::may_go_live;

impl ActionRun<'_, '_> {
    /// Whether what the plan puts live may go live.
    ///
    /// # Errors
    /// It may not, or what it depends on could not be read.
    pub(super) async fn may_go_live(
        &self,
        observation: &Observation,
        plan: &RebindPlan,
    ) -> Result<(), RebindError> {
        let found = observation.integration().map(|seen| &seen.id);
        let integration = self.of_manifest()?;
        let (world, manifest) = (self.world, self.manifest);
        let (session, now) = (self.session, world.now());
        may_go_live(world, session, manifest, integration, found, plan, now).await
    }

    /// The action's integration, as the manifest says.
    pub(super) fn of_manifest(&self) -> Result<&Integration, RebindError> {
        integration_of(self.manifest, self.kind.action)
    }

    /// What a new change records beside its plan.
    pub(super) async fn recorded(&self, observation: &Observation) -> Recorded {
        let mut notices = self.unreadable_secrets().await;
        notices.extend(untested(self.kind.action));
        Recorded {
            secrets: observation.desired.secrets.clone(),
            before: Before::Action(previous(observation, &self.state.value.bound)),
            notices,
        }
    }

    /// The id of what a step without an answer has created or changed.
    pub(super) fn id_of_made(&self, observation: &Observation, step: &Step) -> Option<String> {
        match step.object {
            ObjectKind::Integration | ObjectKind::IntegrationConfig => {
                let seen = observation.integration();
                seen.map(|seen| seen.id.to_string())
            }
            ObjectKind::Credential => credential_of(observation, step),
            ObjectKind::Action | ObjectKind::Draft => {
                let action = self.state.value.action_id.as_ref();
                action.map(ToString::to_string)
            }
            ObjectKind::Role
            | ObjectKind::RoleTrust
            | ObjectKind::RolePolicy
            | ObjectKind::RoleTags
            | ObjectKind::RoleDescription
            | ObjectKind::Binding => None,
        }
    }

    /// Which secrets the function can't read, as far as its role's policies say. Lockstep binds all
    /// the same, since a resource policy or a key policy may allow it. Only of what is new to the
    /// function: a rotation needs nothing of IAM.
    async fn unreadable_secrets(&self) -> Vec<String> {
        if self.kind.action.delivery == Delivery::None {
            return Vec::new();
        }
        let BindingState {
            function, bound, ..
        } = &self.state.value;
        let same_function = function.as_ref() == Some(&self.kind.action.function);
        let is_new = |arn: &SecretArn| !same_function || bound.iter().all(|one| one.arn != *arn);
        let arns = self.kind.action.secrets.iter().map(|one| one.arn.clone());
        let secrets: Vec<SecretArn> = arns.filter(is_new).collect();
        if secrets.is_empty() {
            return Vec::new();
        }
        let access = self
            .world
            .functions
            .read_access(&self.kind.action.function, &secrets)
            .await;
        let role = access.role.as_deref().unwrap_or("unknown");
        access
            .secrets
            .iter()
            .filter_map(|(secret, access)| match access {
                Access::Allowed => None,
                Access::Denied { because } => Some(format!(
                    "the execution role {role} of {} cannot read {secret}: {because}; allow it \
                     secretsmanager:GetSecretValue",
                    self.kind.action.function
                )),
                Access::NotEvaluated { because } => Some(format!(
                    "not evaluated: whether {} can read {secret}: {because}",
                    self.kind.action.function
                )),
            })
            .collect()
    }
}

fn untested(action: &Action) -> Option<String> {
    match &action.test {
        Some(test) => limits(test),
        None => Some("the action has no live test, so Lockstep cannot show that it works".into()),
    }
}

fn previous(observation: &Observation, bound: &[SecretVersion]) -> Option<PreviousAction> {
    let seen = observation.action()?;
    let view = ActionView {
        name: seen.name.clone(),
        category: seen.category.clone(),
        config: seen.config.clone(),
    };
    Some(PreviousAction::new(&view, seen.version, bound.to_vec()))
}

/// The credential of the name that a step was to create, wherever it is.
fn credential_of(observation: &Observation, step: &Step) -> Option<String> {
    let name = step.new.get("name")?.as_str()?;
    let in_slot = observation.integration()?.credential.as_ref();
    let in_slot = in_slot
        .filter(|seen| seen.name == name)
        .map(|seen| &seen.id);
    let unused = || {
        let mut own = observation.observed.own_credentials.iter();
        own.find(|own| own.name == name).map(|own| &own.id)
    };
    in_slot.or_else(unused).map(ToString::to_string)
}
