//! Carrying out the steps on the integration of an action and on the credential of its role.

use std::collections::BTreeMap;
use std::time::Duration;

use genesys_cloud as api;
use lockstep_domain::ids::{CredentialId, IntegrationId};
use lockstep_domain::rebind::{INTEGRATION_TYPE, ROLE_CREDENTIAL_FIELD, Reported};
use secrecy::SecretString;

use super::{ActionRun, Observation, RebindError, observe};

/// How long a freshly enabled integration may take to report that it is active.
const ACTIVATION: Duration = Duration::from_secs(60);
/// Between two reads of its state.
pub(super) const ACTIVATION_POLL: Duration = Duration::from_millis(500);

/// What the steps so far have created or found: later steps refer to it.
#[derive(Default)]
pub(in crate::reconcile) struct Made {
    pub(super) integration: Option<IntegrationId>,
    pub(super) credential: Option<CredentialId>,
    pub(super) draft_version: Option<i64>,
}

impl Made {
    /// Nothing yet, beside what was observed.
    pub(super) fn of(observation: &Observation) -> Self {
        Self {
            integration: observation.integration().map(|seen| seen.id.clone()),
            ..Self::default()
        }
    }
}

impl ActionRun<'_, '_> {
    pub(super) async fn create_integration(
        &mut self,
        name: &str,
        made: &mut Made,
    ) -> Result<String, RebindError> {
        let genesys = &self.session.genesys;
        let created = genesys.create_integration(name, INTEGRATION_TYPE).await?;
        let id = created.id.parse();
        let id: IntegrationId = id.map_err(|_| RebindError::incomplete("an integration's id"))?;
        let key = &self.kind.integration.key;
        self.state.value.lives_in(Some(id.clone()), key);
        if let Some(record) = self.leased() {
            record.integration_id = Some(id.clone());
        }
        made.integration = Some(id.clone());
        Ok(id.to_string())
    }

    pub(super) async fn create_credential(
        &mut self,
        name: &str,
        role_arn: &str,
        made: &mut Made,
    ) -> Result<String, RebindError> {
        let slot = self.session.role_slot().await?;
        let fields = role_fields(role_arn);
        let genesys = &self.session.genesys;
        let created = genesys.create_credential(name, &slot.credential_type, &fields);
        let id = created.await?.id.parse();
        let id: CredentialId = id.map_err(|_| RebindError::incomplete("a credential's id"))?;
        made.credential = Some(id.clone());
        self.touched_role();
        Ok(id.to_string())
    }

    pub(super) async fn rewrite_credential(
        &mut self,
        id: &CredentialId,
        name: &str,
        role_arn: &str,
    ) -> Result<String, RebindError> {
        let slot = self.session.role_slot().await?;
        let fields = role_fields(role_arn);
        let genesys = &self.session.genesys;
        let written = genesys.put_credential(id.as_str(), name, &slot.credential_type, &fields);
        written.await?;
        self.touched_role();
        Ok(id.to_string())
    }

    /// Points the integration's config at a credential; those that the plan does not name are the
    /// ones just created. Read, then written under the version that was read; every other slot and
    /// property as it was.
    pub(super) async fn point_config(
        &mut self,
        integration: Option<&IntegrationId>,
        credential: Option<&CredentialId>,
        made: &Made,
    ) -> Result<String, RebindError> {
        let integration = known(integration.or(made.integration.as_ref()))?;
        let credential = known(credential.or(made.credential.as_ref()))?;
        let genesys = &self.session.genesys;
        let (config, slot) = tokio::try_join!(
            genesys.get_integration_config(integration.as_str()),
            self.session.role_slot(),
        )?;
        let mut config = config.ok_or(RebindError::incomplete("the integration's config"))?;
        let reference = api::CredentialRef::to(credential.as_str());
        config.credentials.insert(slot.name.clone(), reference);
        let written = genesys.put_integration_config(integration.as_str(), &config);
        let version = written.await?.version;
        if let Some(record) = self.leased() {
            record.integration_id = Some(integration.clone());
            record.config_version = Some(version);
        }
        self.touched_role();
        Ok(integration.to_string())
    }

    /// Enables the integration and waits until it reports that it is active.
    pub(super) async fn enable_integration(
        &mut self,
        integration: Option<&IntegrationId>,
        made: &Made,
    ) -> Result<String, RebindError> {
        let integration = known(integration.or(made.integration.as_ref()))?;
        let genesys = &self.session.genesys;
        let state = api::IntendedState::Enabled;
        genesys
            .set_intended_state(integration.as_str(), state)
            .await?;
        self.await_active(integration).await?;
        self.touched_role();
        Ok(integration.to_string())
    }

    async fn await_active(&self, integration: &IntegrationId) -> Result<(), RebindError> {
        let genesys = self.session.genesys.within(ACTIVATION);
        let deadline = tokio::time::Instant::now() + ACTIVATION;
        loop {
            let seen = genesys.get_integration(integration.as_str()).await?;
            let gone = RebindError::incomplete("the integration just enabled");
            let state = observe::reported(&seen.ok_or(gone)?);
            if state == Reported::Active {
                return Ok(());
            }
            let is_late = tokio::time::Instant::now() + ACTIVATION_POLL > deadline;
            if is_late || !state.may_become_active() {
                let id = integration.to_string();
                return Err(RebindError::NotActive { id, state });
            }
            tokio::time::sleep(ACTIVATION_POLL).await;
        }
    }
}

/// An id that is known when the step is carried out.
///
/// # Errors
/// It is not: an earlier step should have created it.
pub(super) fn known<T>(id: Option<&T>) -> Result<&T, RebindError> {
    id.ok_or(RebindError::incomplete("the id of what was just created"))
}

fn role_fields(role_arn: &str) -> BTreeMap<String, SecretString> {
    BTreeMap::from([(
        ROLE_CREDENTIAL_FIELD.to_owned(),
        SecretString::from(role_arn.to_owned()),
    )])
}
