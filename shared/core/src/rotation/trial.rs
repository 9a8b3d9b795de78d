//! testSecret alone, where nobody rotates: `aws secretsmanager rotate-secret --no-rotate-immediately`.
//!
//! It passes where the client in AWSCURRENT signs in and nothing that can be seen beforehand would stop a
//! rotation; else it says what is wrong. Nothing is reset, stored or recorded.

use lockstep_domain::rotation::{Refusal, RotationTarget, Strategy};

use super::test_secret::{SignedIn, compare, signs_in};
use super::{Rotating, Trouble};

impl Rotating<'_> {
    pub(super) async fn try_current(&self, target: &RotationTarget) -> Result<String, Trouble> {
        let Some(stored) = &self.current else {
            return Err(Refusal::CurrentUnreadable.into());
        };
        match signs_in(self, &stored.client).await? {
            SignedIn::Yes => {}
            SignedIn::AddressRefused => {
                return Err(Refusal::AddressRefused {
                    client: target.leaves.clone(),
                }
                .into());
            }
            SignedIn::Refused(_) => {
                return Err(Refusal::CurrentRefused {
                    client: target.leaves.clone(),
                }
                .into());
            }
        }
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
