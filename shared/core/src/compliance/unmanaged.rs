//! What uses a managed role or function although no binding names it: one listing of all actions.

use genesys_cloud::{Action, ActionFilter};
use lockstep_domain::compliance::{Check, Managed, OrganizationAction, unmanaged_actions};
use lockstep_domain::ids::IntegrationId;
use lockstep_domain::ledger::Row;

use super::states::States;
use super::sweep::Sweep;
use crate::genesys::Session;
use crate::runtime::chain;

impl Sweep<'_> {
    pub(super) async fn unmanaged(
        &self,
        session: Result<&Session, &str>,
        states: &States,
    ) -> Vec<Row> {
        let managed = self.managed(states);
        if managed.integrations.is_empty() {
            return Vec::new();
        }
        let unread = |because: &str| {
            let row = |id: &IntegrationId| {
                let resource = format!("genesys:integration/{id}");
                Row::not_evaluated(Check::ActionUnmanaged, resource, because)
            };
            managed.integrations.iter().map(row).collect()
        };
        let session = match session {
            Ok(session) => session,
            Err(because) => return unread(because),
        };
        let filter = ActionFilter {
            include_config: true,
            ..ActionFilter::default()
        };
        match session.genesys.list_actions(&filter).await {
            Ok(all) => {
                let custom = all.into_iter().filter(|action| !action.is_built_in());
                let listed: Vec<OrganizationAction> = custom.map(reduced).collect();
                unmanaged_actions(&managed, &listed)
            }
            Err(error) => unread(&chain(&error)),
        }
    }

    /// Everything that the manifest names, with the ids that are remembered.
    fn managed(&self, states: &States) -> Managed {
        let mut managed = Managed::default();
        for action in &self.manifest.actions {
            managed.functions.insert(action.function.to_string());
            let state = states.of(&action.key);
            let id = action.id.as_ref();
            match id.or_else(|| state?.action_id.as_ref()) {
                Some(id) => managed.actions.insert(id.clone()),
                None => managed.names.insert(action.name.clone()),
            };
            let integration = state.and_then(|state| state.integration_id.as_ref());
            managed.integrations.extend(integration.cloned());
        }
        managed
    }
}

/// Of somebody else's action nothing is kept but what it calls.
fn reduced(action: Action) -> OrganizationAction {
    let request = action.config.and_then(|config| config.request);
    OrganizationAction {
        id: action.id,
        name: action.name.unwrap_or_default(),
        integration: action.integration_id,
        calls: request.and_then(|request| request.request_url_template),
    }
}
