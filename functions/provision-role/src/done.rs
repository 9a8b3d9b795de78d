//! What a delivery of a message has done when the message only waits for the first binding of a
//! rotation: the next delivery, seconds later, does not do it again.

use lockstep::services::Provision;
use lockstep_domain::digest::Digest;
use lockstep_domain::role::DesiredRole;
use tracing::warn;

use crate::scope::Scope;

/// That for one trigger the roles of one organization were seen right, and everything except what
/// waits was handed on.
pub struct Done(Digest);

impl Done {
    /// For these roles: a manifest that changes one is another matter.
    pub fn of(scope: &Scope<'_>, desired: &[DesiredRole], trigger_id: &str) -> Self {
        let organization = &scope.manifest.organization.id;
        let roles: Vec<_> = desired
            .iter()
            .map(|role| {
                let DesiredRole {
                    name: _,
                    arn,
                    key: _,
                    at: _,
                    organization: _,
                    genesys_account: _,
                    trust,
                    functions,
                    description,
                    tags,
                    boundary,
                } = role;
                let arn = arn.to_string();
                (arn, trust, functions, description, tags, boundary)
            })
            .collect();
        Self(Digest::of(&("handed on", organization, trigger_id, roles)))
    }

    /// Whether an earlier delivery did it. Where that can't be read it is done again.
    pub async fn is_recorded(&self, world: &Provision) -> bool {
        world
            .store
            .was_emitted(&self.0)
            .await
            .unwrap_or_else(|error| {
                warn!(%error, "Lockstep repeats the work of an earlier delivery");
                false
            })
    }

    /// Records it. Where that fails it is done again.
    pub async fn record(&self, world: &Provision) {
        if let Err(error) = world.store.mark_emitted(&self.0).await {
            warn!(%error, "the next delivery repeats this work");
        }
    }
}
