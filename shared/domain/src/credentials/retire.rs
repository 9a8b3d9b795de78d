//! Deleting credentials of ours: which ones nothing uses any more.

use super::{CredentialStep, OwnSeen};
use crate::ids::{CredentialId, IntegrationId};

/// Who uses a credential beside the slots that are about to be pointed elsewhere.
pub(super) fn still_used<'o>(
    own: &'o OwnSeen,
    freed: &[(CredentialId, IntegrationId)],
) -> Vec<&'o str> {
    let is_freed = |integration: &IntegrationId| {
        freed
            .iter()
            .any(|(id, of)| *id == own.id && of == integration)
    };
    own.used_by
        .iter()
        .filter(|integration| !is_freed(integration))
        .map(IntegrationId::as_str)
        .collect()
}

pub(super) fn retirement(own: &OwnSeen) -> CredentialStep {
    CredentialStep::Delete {
        key: own.key.clone(),
        id: own.id.clone(),
        name: own.name.clone(),
        reason: "Lockstep created it, and no integration uses it any longer".into(),
    }
}
