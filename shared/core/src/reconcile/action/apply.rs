//! Carrying out one step of a plan. No decisions here: what an outcome means is the domain's.

use genesys_cloud as api;
use lockstep_domain::change::Change;
use lockstep_domain::ids::ActionId;
use lockstep_domain::manifest::LiveTest;
use lockstep_domain::rebind::{ActionView, FRESH, RebindStep, may_pass_while_fresh};

use super::action_config::config_out;
use super::integration::{ACTIVATION_POLL, Made, known};
use super::{ActionRun, RebindError};
use crate::reconcile::kind::Stop;
use crate::reconcile::live_test::Trial;

impl ActionRun<'_, '_> {
    /// Carries one step out and answers the id of what it was about.
    pub(super) async fn carry_out(
        &mut self,
        step: &RebindStep,
        made: &mut Made,
    ) -> Result<String, Stop> {
        match step {
            RebindStep::CreateIntegration { name, .. } => {
                Ok(self.create_integration(name, made).await?)
            }
            RebindStep::CreateCredential { name, role_arn, .. } => {
                Ok(self.create_credential(name, role_arn, made).await?)
            }
            RebindStep::RewriteCredential {
                id, name, role_arn, ..
            } => Ok(self.rewrite_credential(id, name, role_arn).await?),
            RebindStep::PointConfig { id, new, .. } => {
                Ok(self.point_config(id.as_ref(), new.as_ref(), made).await?)
            }
            RebindStep::DeleteCredential { id, .. } => {
                self.session.genesys.delete_credential(id.as_str()).await?;
                Ok(id.to_string())
            }
            RebindStep::EnableIntegration { id, .. } => {
                Ok(self.enable_integration(id.as_ref(), made).await?)
            }
            RebindStep::CreateAction {
                action,
                secure,
                contract,
                ..
            } => {
                let contract =
                    api::ActionContract::of(contract.input.clone(), contract.output.clone());
                Ok(self.create_action(action, *secure, contract, made).await?)
            }
            RebindStep::UpdateAction {
                id, version, new, ..
            } => Ok(self.update_action(id, *version, new).await?),
            RebindStep::OpenDraft { id, .. } => {
                let draft = self.session.genesys.create_draft(id.as_str()).await?;
                made.draft_version = draft.version;
                Ok(id.to_string())
            }
            RebindStep::UpdateDraft { id, new, .. } => Ok(self.update_draft(id, new, made).await?),
            RebindStep::ValidateDraft { id, .. } => Ok(self.validate_draft(id).await?),
            RebindStep::TestDraft { id, test, .. } => self.test_draft(id, test).await,
            RebindStep::PublishDraft { id, .. } => {
                let version = self.draft_version(id, made).await?;
                let genesys = &self.session.genesys;
                let published = genesys.publish_draft(id.as_str(), version).await?;
                self.kind.written = published.version;
                if let Some(version) = published.version {
                    self.change_mut()?.published_as(version);
                }
                Ok(id.to_string())
            }
            RebindStep::DiscardDraft { id, .. } => {
                self.session.genesys.delete_draft(id.as_str()).await?;
                Ok(id.to_string())
            }
        }
    }

    async fn create_action(
        &mut self,
        action: &ActionView,
        secure: bool,
        contract: api::ActionContract,
        made: &Made,
    ) -> Result<String, RebindError> {
        let new = api::NewAction {
            name: action.name.clone(),
            category: action.category.clone(),
            integration_id: known(made.integration.as_ref())?.to_string(),
            secure,
            contract,
            config: config_out(&action.config)?,
        };
        let created = self.create_while_fresh(&new).await?;
        let id = created.id.parse();
        let id: ActionId = id.map_err(|_| RebindError::incomplete("an action's id"))?;
        self.state.value.action_id = Some(id.clone());
        Ok(id.to_string())
    }

    /// Repeats what a fresh integration refuses.
    async fn create_while_fresh(&self, new: &api::NewAction) -> Result<api::Action, api::Error> {
        let change = self.state.value.change.as_ref();
        let is_fresh = change.is_some_and(Change::made_integration);
        let deadline = tokio::time::Instant::now() + FRESH;
        loop {
            match self.session.genesys.create_action(new).await {
                Err(error)
                    if may_pass_while_fresh(error.status(), is_fresh)
                        && tokio::time::Instant::now() + ACTIVATION_POLL < deadline =>
                {
                    tokio::time::sleep(ACTIVATION_POLL).await;
                }
                created => return created,
            }
        }
    }

    async fn update_action(
        &mut self,
        id: &ActionId,
        version: i64,
        new: &ActionView,
    ) -> Result<String, RebindError> {
        let update = api::ActionUpdate {
            version,
            name: Some(new.name.clone()),
            category: Some(new.category.clone()),
            config: Some(config_out(&new.config)?),
        };
        let genesys = &self.session.genesys;
        let written = genesys.patch_action(id.as_str(), &update).await?;
        self.kind.written = written.version;
        Ok(id.to_string())
    }

    async fn update_draft(
        &self,
        id: &ActionId,
        new: &ActionView,
        made: &mut Made,
    ) -> Result<String, RebindError> {
        let update = api::DraftUpdate {
            version: self.draft_version(id, made).await?,
            name: Some(new.name.clone()),
            category: Some(new.category.clone()),
            config: Some(config_out(&new.config)?),
            contract: None,
        };
        let genesys = &self.session.genesys;
        let draft = genesys.patch_draft(id.as_str(), &update).await?;
        made.draft_version = draft.version;
        Ok(id.to_string())
    }

    async fn validate_draft(&self, id: &ActionId) -> Result<String, RebindError> {
        let result = self.session.genesys.validate_draft(id.as_str()).await?;
        if result.is_valid() {
            return Ok(id.to_string());
        }
        Err(RebindError::InvalidDraft {
            problems: result.messages().join("; "),
        })
    }

    async fn test_draft(&mut self, id: &ActionId, test: &LiveTest) -> Result<String, Stop> {
        let record = self.try_out(Trial::Draft, id, test).await?;
        let problem = record.problem.clone();
        self.journal()?.tested(record);
        match problem {
            None => Ok(id.to_string()),
            Some(because) => Err(Stop::TestFailed { because }),
        }
    }

    async fn draft_version(&self, id: &ActionId, made: &Made) -> Result<i64, RebindError> {
        if let Some(version) = made.draft_version {
            return Ok(version);
        }
        let draft = self.session.genesys.get_draft(id.as_str()).await?;
        let version = draft.and_then(|draft| draft.version);
        version.ok_or(RebindError::incomplete("the draft's version"))
    }
}
