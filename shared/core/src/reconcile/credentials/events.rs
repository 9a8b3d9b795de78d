//! The events about a credential set: each once for each of its credentials, under that one's own
//! key.

use lockstep_domain::change::{BindingState, Change};
use lockstep_domain::event::Detail;
use lockstep_domain::ids::Key;

use crate::services::Base;

/// The details of events about a change of a credential set, one for each credential.
pub(crate) fn details(world: &Base, state: &BindingState, change: &Change) -> Vec<(Key, Detail)> {
    // What a change goes back to is remembered of each of its credentials, and of no other.
    let keys = change.previous_credentials.keys();
    keys.map(|key| {
        let mut detail = of_key(world, state, key);
        detail.about(change);
        if let (None, Some(previous)) = (
            state.credentials.get(key),
            change.previous_credentials.get(key),
        ) {
            detail.integration_id = Some(previous.integration_id.clone());
            detail.credential_id.clone_from(&previous.credential_id);
        }
        (key.clone(), detail)
    })
    .collect()
}

/// The detail of an event about one credential, whatever the latest change is.
pub(super) fn of_key(world: &Base, state: &BindingState, key: &Key) -> Detail {
    let mut detail = world.detail();
    detail.organization_id = Some(state.organization.clone());
    detail.key = Some(key.clone());
    if let Some(bound) = state.credentials.get(key) {
        detail.integration_id = Some(bound.integration_id.clone());
        detail.credential_id = Some(bound.credential_id.clone());
    }
    detail
}
