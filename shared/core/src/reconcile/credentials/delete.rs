//! Deleting credentials of ours that nothing uses any more.

use std::time::Duration;

use lockstep_domain::credentials::CredentialStep;
use lockstep_domain::ids::CredentialId;
use tracing::warn;

use super::{RebindError, SetRun, observe};
use crate::reconcile::kind::{Applied, Done};
use crate::runtime::chain;

/// How long a deleted credential may still be listed. The official Terraform provider waits as
/// long.
const GONE: Duration = Duration::from_secs(30);
/// Between two reads of it.
const GONE_POLL: Duration = Duration::from_millis(500);

impl SetRun<'_, '_> {
    /// Deletes credentials that nothing uses any more. A failed delete is a notice, not a reason to
    /// roll back what works.
    pub(super) async fn retire(
        &mut self,
        steps: &[CredentialStep],
    ) -> Result<Applied, RebindError> {
        for step in steps {
            let CredentialStep::Delete { id, name, .. } = step else {
                continue;
            };
            let described = step.describe();
            match self.delete(id).await {
                Ok(Some(done)) => self.done(&described, done).await?,
                Ok(None) => self
                    .journal()?
                    .skipped(&described, "an integration uses it again"),
                Err(error) if error.is_transient() || error.asks_to_observe_again() => {
                    self.stopped(&described, error).await?;
                    return Ok(Applied::RemoteChanged);
                }
                Err(error) => {
                    let because = chain(&error);
                    warn!(%id, because, "an unused credential could not be deleted");
                    self.failed(&described, &error)?;
                    self.journal()?.notice(&format!(
                        "the unused credential {id} ({name}) could not be deleted: {because}"
                    ));
                }
            }
        }
        self.save().await?;
        Ok(Applied::All)
    }

    /// Deletes a credential and sees that it is gone; none where an integration uses it after all.
    pub(super) async fn delete(&self, id: &CredentialId) -> Result<Option<Done>, RebindError> {
        let genesys = &self.session.genesys;
        if !observe::users_of(genesys, id).await?.is_empty() {
            return Ok(None);
        }
        match genesys.delete_credential(id.as_str()).await {
            Ok(()) => {}
            Err(error) if error.is_not_found() => {
                return Ok(Some(Done::Already(id.to_string())));
            }
            Err(error) => return Err(error.into()),
        }
        let deadline = tokio::time::Instant::now() + GONE;
        while genesys.get_credential(id.as_str()).await?.is_some() {
            if tokio::time::Instant::now() + GONE_POLL > deadline {
                return Err(RebindError::StillThere { id: id.to_string() });
            }
            tokio::time::sleep(GONE_POLL).await;
        }
        Ok(Some(Done::Now(id.to_string())))
    }
}
