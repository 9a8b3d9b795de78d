//! The events about a credential set: each once for each of its credentials, under that one's own
//! key.

use lockstep_domain::change::{BindingState, Change};
use lockstep_domain::event::{BindingIds, CredentialIds};
use lockstep_domain::ids::Key;

use crate::reconcile::kind::EventAbout;
use crate::services::Base;

/// What the events about a change of a credential set are about, one for each credential.
pub(crate) fn events(world: &Base, state: &BindingState, change: &Change) -> Vec<EventAbout> {
    // What a change goes back to is remembered of each of its credentials, and of no other.
    let keys = change.previous_credentials.keys();
    keys.map(|key| {
        let mut event = of_key(world, state, key);
        event.header.about(change);
        if let (None, Some(previous)) = (
            state.credentials.get(key),
            change.previous_credentials.get(key),
        ) {
            event.ids = BindingIds::Credential(CredentialIds {
                integration_id: Some(previous.integration_id.clone()),
                credential_id: previous.credential_id.clone(),
            });
        }
        event
    })
    .collect()
}

/// What an event about one credential is about, whatever the latest change is.
pub(super) fn of_key(world: &Base, state: &BindingState, key: &Key) -> EventAbout {
    let mut header = world.header();
    header.organization_id = Some(state.organization.clone());
    header.key = Some(key.clone());
    let bound = state.credentials.get(key);
    EventAbout {
        key: key.clone(),
        header,
        ids: BindingIds::Credential(CredentialIds {
            integration_id: bound.map(|bound| bound.integration_id.clone()),
            credential_id: bound.map(|bound| bound.credential_id.clone()),
        }),
    }
}
