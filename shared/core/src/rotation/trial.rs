//! testSecret alone, where nobody rotates: `aws secretsmanager rotate-secret --no-rotate-immediately`.
//!
//! It passes where the client in AWSCURRENT signs in and nothing that can be seen beforehand would stop a
//! rotation; else it says what is wrong. Nothing is reset, stored or recorded.

use lockstep_domain::rotation::{self, RotationRefusal, RotationTarget, Strategy};

use super::test_secret::{attempt, compare};
use super::{Rotating, Trouble};

impl Rotating<'_> {
    pub(super) async fn try_current(&self, target: &RotationTarget) -> Result<String, Trouble> {
        let Some(stored) = &self.current else {
            return Err(RotationRefusal::CurrentUnreadable.into());
        };
        let signed_in = attempt(self, &stored.client).await?.0?.signed_in;
        rotation::ensure_current_signs_in(&target.leaves, signed_in)?;
        let session = self.session().await?;
        self.may_be_reset(&session, target).await?;
        if target.strategy == Strategy::Pair {
            compare(&session, target).await?;
        }
        Ok(format!(
            "trial rotation: {} signs in with AWSCURRENT, and {} can be rotated; nothing was \
             changed",
            target.leaves, target.rotates
        ))
    }
}
