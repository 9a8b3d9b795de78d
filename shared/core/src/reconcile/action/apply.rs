//! Carrying a plan out, step by step, each outcome recorded as it comes.
//!
//! No decisions here but one: what a failed live test means, and that one is the domain's rule of
//! what can be gone back to.

use std::collections::BTreeMap;
use std::time::Duration;

use genesys_cloud as api;
use lockstep_domain::change::Change;
use lockstep_domain::ids::{ActionId, CredentialId, IntegrationId};
use lockstep_domain::plan::{Outcome, Step};
use lockstep_domain::rebind::{
    Found, INTEGRATION, INTEGRATION_TYPE, ROLE_CREDENTIAL_FIELD, RebindPlan, RebindStep, expected,
};
use secrecy::SecretString;

use super::{Binding, Look, RebindError, awaits_create, observe};
use crate::reconcile::live_test::Trial;

/// How long a freshly enabled integration may take to report that it is active.
const ACTIVATION: Duration = Duration::from_secs(60);
/// How long a fresh integration may refuse actions.
const FRESH: Duration = Duration::from_secs(20);
/// Between two looks at it.
const ACTIVATION_POLL: Duration = Duration::from_millis(500);

/// What became of a plan.
pub(super) enum Applied {
    /// All of it was carried out.
    Done,
    /// Somebody else wrote in between, or an answer was lost: look again.
    WorldMoved,
    /// The live test failed before the change was live, and what is live still works.
    Rejected {
        /// What the test said.
        because: String,
    },
}

/// What the steps so far have made or found: later steps refer to it.
#[derive(Default)]
struct Made {
    integration: Option<IntegrationId>,
    credential: Option<CredentialId>,
    draft_version: Option<i64>,
}

impl Binding<'_> {
    /// Carries a plan out. The plan's steps are the last ones of the recorded change.
    pub(super) async fn apply(
        &mut self,
        look: &Look,
        plan: &RebindPlan,
    ) -> Result<Applied, RebindError> {
        let mut made = Made {
            integration: match &look.observed.integration {
                Found::One(seen) => Some(seen.id.clone()),
                Found::Nothing | Found::Several(_) | Found::Gone(_) => None,
            },
            ..Made::default()
        };
        self.state
            .value
            .lives_in(made.integration.clone(), &self.integration.key);
        let first = self.change()?.steps.len() - plan.steps.len();
        for (index, step) in plan.steps.iter().enumerate() {
            let position = first + index;
            if !plan.steps[index..]
                .iter()
                .any(RebindStep::changes_integration)
            {
                self.release_lease().await;
            }
            let now = self.world.now();
            if self.change()?.about_to_send(position, now) {
                self.save().await?;
            }
            match self.carry_out(step, &mut made).await {
                Ok(id) => self.applied(position, step, id).await?,
                Err(Stop::Rejected { because }) => {
                    let can_go_back = self.can_go_back(look).await?;
                    self.failed(position, "test_failed", &because).await?;
                    // Else the new binding at least has the current version.
                    if can_go_back {
                        return Ok(Applied::Rejected { because });
                    }
                }
                Err(Stop::Error(error)) => {
                    for later in self.change()?.steps.iter_mut().skip(position + 1) {
                        later.outcome = Some(Outcome::Skipped {
                            because: "a step before it failed".into(),
                        });
                    }
                    self.failed(position, error.kind(), &error.to_string())
                        .await?;
                    awaits_create(&self.state.value, self.world.now())?;
                    return if error.asks_to_look_again() {
                        Ok(Applied::WorldMoved)
                    } else {
                        Err(error)
                    };
                }
            }
        }
        Ok(Applied::Done)
    }

    async fn applied(
        &mut self,
        position: usize,
        step: &RebindStep,
        id: String,
    ) -> Result<(), RebindError> {
        let now = self.world.now();
        let client = self.session.client_id.clone();
        let change = self.change()?;
        if let Some(recorded) = change.steps.get_mut(position) {
            recorded.outcome = Some(Outcome::Applied);
            recorded.id = Some(id.clone());
        }
        if !step.writes() {
            return Ok(());
        }
        change.applied_at = Some(now);
        change.written_through(&client, now);
        change.expected.extend(expected(&step.describe(), &id));
        if step.binds() {
            self.state.value.bound = change.secrets.clone();
            self.state.value.function = Some(self.action.function.clone());
        }
        self.save().await
    }

    async fn failed(
        &mut self,
        position: usize,
        kind: &str,
        message: &str,
    ) -> Result<(), RebindError> {
        let now = self.world.now();
        let outcome = Outcome::Failed {
            kind: kind.to_owned(),
            message: message.to_owned(),
        };
        self.change()?.not_applied(position, outcome, now);
        self.save().await
    }

    /// Carries one step out and answers the id of what it was about.
    async fn carry_out(&mut self, step: &RebindStep, made: &mut Made) -> Result<String, Stop> {
        let genesys = self.session.genesys.clone();
        match step {
            RebindStep::CreateIntegration { name, .. } => {
                let id: IntegrationId = genesys
                    .create_integration(name, INTEGRATION_TYPE)
                    .await?
                    .id
                    .parse()
                    .map_err(|_| incomplete("an integration's id"))?;
                self.state
                    .value
                    .lives_in(Some(id.clone()), &self.integration.key);
                if let Some(record) = self.leased() {
                    record.integration_id = Some(id.clone());
                }
                made.integration = Some(id.clone());
                Ok(id.to_string())
            }
            RebindStep::CreateCredential { name, role_arn, .. } => {
                let fields = role_fields(role_arn);
                let slot = self.session.role_slot().await?;
                let id: CredentialId = genesys
                    .create_credential(name, &slot.credential_type, &fields)
                    .await?
                    .id
                    .parse()
                    .map_err(|_| incomplete("a credential's id"))?;
                made.credential = Some(id.clone());
                self.touched_role();
                Ok(id.to_string())
            }
            RebindStep::RewriteCredential {
                id, name, role_arn, ..
            } => {
                let fields = role_fields(role_arn);
                let slot = self.session.role_slot().await?;
                genesys
                    .put_credential(id.as_str(), name, &slot.credential_type, &fields)
                    .await?;
                self.touched_role();
                Ok(id.to_string())
            }
            RebindStep::PointConfig { id, new, .. } => {
                let integration = known(id.as_ref().or(made.integration.as_ref()))?;
                let credential = known(new.as_ref().or(made.credential.as_ref()))?;
                let version = self.point_config(integration, credential).await?;
                self.state.value.credential_id = Some(credential.clone());
                if let Some(record) = self.leased() {
                    record.integration_id = Some(integration.clone());
                    record.credential_id = Some(credential.clone());
                    record.config_version = Some(version);
                }
                self.touched_role();
                Ok(integration.to_string())
            }
            RebindStep::DeleteCredential { id, .. } => {
                genesys.delete_credential(id.as_str()).await?;
                Ok(id.to_string())
            }
            RebindStep::EnableIntegration { id, .. } => {
                let integration = known(id.as_ref().or(made.integration.as_ref()))?;
                genesys
                    .set_intended_state(integration.as_str(), api::IntendedState::Enabled)
                    .await?;
                self.await_active(integration).await?;
                self.touched_role();
                Ok(integration.to_string())
            }
            RebindStep::CreateAction {
                action,
                secure,
                contract,
                ..
            } => {
                let integration = known(made.integration.as_ref())?;
                let new = api::NewAction {
                    name: action.name.clone(),
                    category: action.category.clone(),
                    integration_id: integration.to_string(),
                    secure: *secure,
                    contract: api::ActionContract::of(
                        contract.input.clone(),
                        contract.output.clone(),
                    ),
                    config: observe::config_out(&action.config),
                };
                let created = self.create_action(&new).await?;
                let id: ActionId = created
                    .id
                    .parse()
                    .map_err(|_| incomplete("an action's id"))?;
                self.state.value.action_id = Some(id.clone());
                Ok(id.to_string())
            }
            RebindStep::UpdateAction {
                id, version, new, ..
            } => {
                genesys
                    .patch_action(
                        id.as_str(),
                        &api::ActionUpdate {
                            version: *version,
                            name: Some(new.name.clone()),
                            category: Some(new.category.clone()),
                            config: Some(observe::config_out(&new.config)),
                        },
                    )
                    .await?;
                Ok(id.to_string())
            }
            RebindStep::OpenDraft { id, .. } => {
                let draft = genesys.create_draft(id.as_str()).await?;
                made.draft_version = draft.version;
                Ok(id.to_string())
            }
            RebindStep::UpdateDraft { id, new, .. } => {
                let version = self.draft_version(id, made).await?;
                let draft = genesys
                    .patch_draft(
                        id.as_str(),
                        &api::DraftUpdate {
                            version,
                            name: Some(new.name.clone()),
                            category: Some(new.category.clone()),
                            config: Some(observe::config_out(&new.config)),
                            contract: None,
                        },
                    )
                    .await?;
                made.draft_version = draft.version;
                Ok(id.to_string())
            }
            RebindStep::ValidateDraft { id, .. } => {
                let result = genesys.validate_draft(id.as_str()).await?;
                if result.is_valid() {
                    return Ok(id.to_string());
                }
                Err(Stop::Error(RebindError::InvalidDraft {
                    problems: result.messages().join("; "),
                }))
            }
            RebindStep::TestDraft { id, test, .. } => {
                let record = self.try_out(Trial::Draft, id, test).await?;
                let problem = record.problem.clone();
                self.change()?.test = Some(record);
                match problem {
                    None => Ok(id.to_string()),
                    Some(because) => Err(Stop::Rejected { because }),
                }
            }
            RebindStep::PublishDraft { id, .. } => {
                let version = self.draft_version(id, made).await?;
                genesys.publish_draft(id.as_str(), version).await?;
                Ok(id.to_string())
            }
            RebindStep::DiscardDraft { id, .. } => {
                genesys.delete_draft(id.as_str()).await?;
                Ok(id.to_string())
            }
        }
    }

    /// A fresh integration may refuse actions for a while, with a 400, although it reports that it is
    /// active (the official Terraform provider repeats the create then). Elsewhere a 400 is one.
    async fn create_action(&self, new: &api::NewAction) -> Result<api::Action, api::Error> {
        let is_fresh = self
            .state
            .value
            .change
            .as_ref()
            .is_some_and(made_integration);
        let deadline = tokio::time::Instant::now() + FRESH;
        loop {
            match self.session.genesys.create_action(new).await {
                Err(error)
                    if is_fresh
                        && error.status() == Some(400)
                        && tokio::time::Instant::now() + ACTIVATION_POLL < deadline =>
                {
                    tokio::time::sleep(ACTIVATION_POLL).await;
                }
                created => return created,
            }
        }
    }

    /// Read, then written under the version that was read; every other slot and property as it was.
    /// Answers the new version.
    async fn point_config(
        &self,
        integration: &IntegrationId,
        credential: &CredentialId,
    ) -> Result<i64, RebindError> {
        let genesys = &self.session.genesys;
        let (config, slot) = tokio::try_join!(
            genesys.get_integration_config(integration.as_str()),
            self.session.role_slot(),
        )?;
        let mut config = config.ok_or_else(|| incomplete("the integration's config"))?;
        config.credentials.insert(
            slot.name.clone(),
            api::CredentialRef::to(credential.as_str()),
        );
        let written = genesys.put_integration_config(integration.as_str(), &config);
        Ok(written.await?.version)
    }

    async fn await_active(&self, integration: &IntegrationId) -> Result<(), RebindError> {
        let genesys = self.session.genesys.within(ACTIVATION);
        let deadline = tokio::time::Instant::now() + ACTIVATION;
        loop {
            let seen = genesys.get_integration(integration.as_str()).await?.ok_or(
                RebindError::Incomplete {
                    what: "the integration just enabled",
                },
            )?;
            let state = observe::reported(&seen).unwrap_or_else(|| "unknown".into());
            let still_coming = state != "ERROR";
            if state == "ACTIVE" {
                return Ok(());
            }
            if !still_coming || tokio::time::Instant::now() + ACTIVATION_POLL > deadline {
                return Err(RebindError::NotActive {
                    id: integration.to_string(),
                    state,
                    still_coming,
                });
            }
            tokio::time::sleep(ACTIVATION_POLL).await;
        }
    }

    async fn draft_version(&self, id: &ActionId, made: &Made) -> Result<i64, Stop> {
        if let Some(version) = made.draft_version {
            return Ok(version);
        }
        let draft = self.session.genesys.get_draft(id.as_str()).await?;
        let version = draft.and_then(|draft| draft.version);
        Ok(version.ok_or_else(|| incomplete("the draft's version"))?)
    }
}

/// Why carrying out stops.
enum Stop {
    /// The live test failed.
    Rejected {
        /// What it said.
        because: String,
    },
    /// Something else.
    Error(RebindError),
}

impl<E: Into<RebindError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

/// Whether the change made or enabled the integration, in this run or in one that was cut off.
fn made_integration(change: &Change) -> bool {
    let applied = |step: &Step| step.outcome == Some(Outcome::Applied);
    let mut steps = change.steps.iter();
    steps.any(|step| step.kind == INTEGRATION && applied(step))
}

fn known<T>(id: Option<&T>) -> Result<&T, RebindError> {
    id.ok_or(RebindError::Incomplete {
        what: "the id of what was just made",
    })
}

fn incomplete(what: &'static str) -> RebindError {
    RebindError::Incomplete { what }
}

fn role_fields(role_arn: &str) -> BTreeMap<String, SecretString> {
    BTreeMap::from([(
        ROLE_CREDENTIAL_FIELD.to_owned(),
        SecretString::from(role_arn.to_owned()),
    )])
}
